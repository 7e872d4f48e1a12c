# Every public header compiles alone, included twice, as C11 and as C++, without a warning.
cmake_policy(VERSION 3.25)

set(warnings -fsyntax-only -Wall -Wextra -Wpedantic -Wundef -Wshadow -Werror
  -I${ROOT}/include -isystem ${OPENCL})
set(work ${BUILD}/check_headers)
file(GLOB headers RELATIVE ${ROOT}/include ${ROOT}/include/eagercl/*.h)
foreach(header IN LISTS headers)
  file(WRITE ${work}/one.c "#include <${header}>\n#include <${header}>\nextern int unit;\n")
  execute_process(COMMAND ${CC} -std=c11 -Wstrict-prototypes ${warnings} ${work}/one.c
    RESULT_VARIABLE failed)
  if(failed)
    message(SEND_ERROR "${header} does not stand alone as C11")
  endif()
  if(CXX)
    file(WRITE ${work}/one.cc "#include <${header}>\n#include <${header}>\nextern int unit;\n")
    execute_process(COMMAND ${CXX} -std=c++11 ${warnings} ${work}/one.cc
      RESULT_VARIABLE failed)
    if(failed)
      message(SEND_ERROR "${header} does not stand alone as C++")
    endif()
  endif()
endforeach()
list(LENGTH headers count)
message("headers: ${count} read")
if(NOT CXX)
  message("not read as C++: no compiler for it here")
endif()
