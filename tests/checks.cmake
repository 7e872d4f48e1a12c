# Tests that read the tree or what was built from it, each a tools/check_<name>.cmake.
function(add_check name)
  add_test(NAME check/${name}
    COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -DBUILD=${PROJECT_BINARY_DIR}
      ${ARGN} -P ${PROJECT_SOURCE_DIR}/tools/check_${name}.cmake)
  set_tests_properties(check/${name} PROPERTIES LABELS check TIMEOUT 300
    ENVIRONMENT "${test_environment}" SKIP_REGULAR_EXPRESSION "^SKIP: ")
endfunction()

get_property(ops GLOBAL PROPERTY eager_ops)
list(JOIN ops "," ops)
add_check(floors)
add_check(style)
add_check(format)
add_check(ops -DOPS=${ops})
add_check(headers -DCC=${CMAKE_C_COMPILER} -DCXX=${CMAKE_CXX_COMPILER}
  -DOPENCL=${OpenCL_INCLUDE_DIRS})
add_check(symbols -DNM=${CMAKE_NM} -DLIBRARY=$<TARGET_FILE:eagercl>)
add_check(consumer -DCC=${CMAKE_C_COMPILER} -DGENERATOR=${CMAKE_GENERATOR})
add_check(readme -DCC=${CMAKE_C_COMPILER} -DLIBRARY=$<TARGET_FILE:eagercl>)

add_executable(eagercl-ops-table ${PROJECT_SOURCE_DIR}/tools/ops_table.c)
target_link_libraries(eagercl-ops-table PRIVATE eager_test_support)
add_check(docs -DTABLE=$<TARGET_FILE:eagercl-ops-table>)
add_check(matrix -DTABLE=$<TARGET_FILE:eagercl-ops-table>)

if(EXISTS ${PROJECT_SOURCE_DIR}/tools/dump_kernels.c)
  add_executable(eagercl-dump-kernels ${PROJECT_SOURCE_DIR}/tools/dump_kernels.c
    ${PROJECT_SOURCE_DIR}/tools/dump_fused.c)
  target_link_libraries(eagercl-dump-kernels PRIVATE eager_test_support)
  find_program(CLANG NAMES clang clang-19 clang-18 clang-17 clang-16 clang-15 clang-14)
  mark_as_advanced(CLANG)
  add_check(kernels -DCLANG=${CLANG} -DDUMP=$<TARGET_FILE:eagercl-dump-kernels>)
endif()
