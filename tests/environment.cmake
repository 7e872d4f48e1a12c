# The drivers that tests and fuzz harnesses run on: test_environment.
set(EAGERCL_DEVICE_MATRIX ${PROJECT_BINARY_DIR}/device-matrix
  CACHE PATH "Folder for the drivers' list and what drivers compiled; builds may share it")

# The environment of every test: ctest gives the same result from any shell.
set(matrix_options --dir ${EAGERCL_DEVICE_MATRIX})
if(EAGERCL_SANITIZE)
  list(APPEND matrix_options --without mesa)
endif()
execute_process(
  COMMAND ${PROJECT_SOURCE_DIR}/tools/device-matrix-env ${matrix_options} --plain
  OUTPUT_VARIABLE matrix OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
string(REPLACE "\n" ";" test_environment "${matrix}")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/tools/device-matrix-env)
list(APPEND test_environment
  EAGERCL_CACHE_DIR=${EAGERCL_DEVICE_MATRIX}/kernel-cache
  EAGERCL_TEST_PROGRAMS=${PROJECT_BINARY_DIR} EAGERCL_TEST_SOURCES=${PROJECT_SOURCE_DIR})
if(EAGERCL_SANITIZE)
  # LLVM, inside PoCL, replaces a thread's signal stack; ASan would unmap the wrong one. And
  # it guesses wrongly where loaded libraries' thread-local memory lies, and its leak checker
  # dies of reading there.
  list(APPEND test_environment
    "ASAN_OPTIONS=use_sigaltstack=0:intercept_tls_get_addr=0"
    "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=ignore_noninstrumented_modules=1 halt_on_error=1"
    "LSAN_OPTIONS=suppressions=${CMAKE_CURRENT_LIST_DIR}/lsan.supp print_suppressions=0")
endif()
