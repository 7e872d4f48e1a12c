# What tests are made of, for the tests themselves and for tools/matrix, which links them
# into one program: the library eager_test_support, and what a test's first line says.
find_package(cmocka REQUIRED)

file(GLOB public_headers CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/include/eagercl/*.h)
set(public_calls ${generated}/public_calls.h)
add_custom_command(OUTPUT ${public_calls}
  COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -DOUT=${public_calls}
    -P ${CMAKE_CURRENT_LIST_DIR}/calls.cmake
  DEPENDS ${public_headers} ${CMAKE_CURRENT_LIST_DIR}/calls.cmake)
file(GLOB support_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/*.c)
add_library(eager_test_support STATIC ${support_sources} ${public_calls})
target_include_directories(eager_test_support PUBLIC
  ${CMAKE_CURRENT_LIST_DIR} ${PROJECT_SOURCE_DIR}/src ${generated} ${CMOCKA_INCLUDE_DIR})
# Tables of cases leave out what is zero.
target_compile_options(eager_test_support PUBLIC -Wno-missing-field-initializers)
target_link_libraries(eager_test_support PUBLIC
  eagercl_static eager_flags OpenCL::OpenCL Threads::Threads ${CMOCKA_LIBRARIES} m)

# Reads a test's first line into the caller's devices, labels, timeout, serial and tuned.
function(read_ctest_line source)
  set(devices "")
  set(labels "")
  set(timeout 150)
  set(serial OFF)
  set(tuned OFF)
  file(STRINGS ${source} line LIMIT_COUNT 1)
  if(line MATCHES "^/\\* *ctest:(.*)\\*/$")
    string(REGEX MATCHALL "[^ ]+" words "${CMAKE_MATCH_1}")
    foreach(word IN LISTS words)
      if(word MATCHES "^(devices|labels|timeout)=(.+)$")
        string(REPLACE "," ";" ${CMAKE_MATCH_1} "${CMAKE_MATCH_2}")
      elseif(word MATCHES "^(serial|tuned)$")
        set(${word} ON)
      else()
        message(FATAL_ERROR "${source}: unknown word '${word}' in its ctest line")
      endif()
    endforeach()
  elseif(line MATCHES "ctest")
    message(FATAL_ERROR "${source}: its first line is no ctest line: ${line}")
  endif()
  if(devices STREQUAL "all")
    set(devices ${EAGERCL_TEST_LANES})
  endif()
  math(EXPR timeout "${timeout} * ${EAGERCL_TIMEOUT_FACTOR}")
  return(PROPAGATE devices labels timeout serial tuned)
endfunction()
