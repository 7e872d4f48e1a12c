# Every C file is as clang-format 14 writes it; other versions differ in small things.
cmake_policy(VERSION 3.25)

find_program(CLANG_FORMAT NAMES clang-format-14 clang-format)
if(CLANG_FORMAT)
  execute_process(COMMAND ${CLANG_FORMAT} --version OUTPUT_VARIABLE version)
endif()
if(NOT version MATCHES "version 14\\.")
  message("SKIP: no clang-format 14")
  return()
endif()
file(GLOB_RECURSE files ${ROOT}/src/*.[ch] ${ROOT}/include/*.h ${ROOT}/tests/*.[ch]
  ${ROOT}/examples/*.[ch] ${ROOT}/tools/*.[ch])
execute_process(COMMAND ${CLANG_FORMAT} --dry-run --Werror --ferror-limit=1 ${files}
  WORKING_DIRECTORY ${ROOT} RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "format: run  clang-format -i  on the files above")
endif()
message("format: fine")
