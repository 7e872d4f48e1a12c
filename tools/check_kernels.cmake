# Every program the library can build, for every legal dtype, through clang as OpenCL C 1.2.
cmake_policy(VERSION 3.25)

if(NOT CLANG)
  message("SKIP: no clang; apt install clang")
  return()
endif()
set(work ${BUILD}/check_kernels)
file(REMOVE_RECURSE ${work})
file(MAKE_DIRECTORY ${work})
execute_process(COMMAND ${DUMP} ${work} COMMAND_ERROR_IS_FATAL ANY)
file(GLOB programs ${work}/*.cl)
foreach(program IN LISTS programs)
  execute_process(
    COMMAND ${CLANG} -x cl -cl-std=CL1.2 --target=spir64-unknown-unknown
      -Xclang -finclude-default-header -Xclang -fdeclare-opencl-builtins
      -Wall -Wextra -Wno-unused-function -Werror -ffp-contract=off
      -fsyntax-only ${program}
    RESULT_VARIABLE failed)
  if(failed)
    get_filename_component(name ${program} NAME)
    message(SEND_ERROR "${name} does not compile")
  endif()
endforeach()
list(LENGTH programs count)
message("kernels: ${count} programs compiled")
if(count EQUAL 0)
  message(SEND_ERROR "there were no programs")
endif()
