# Includes point down: graph > ops > runtime > tensor > cl > base. OpenCL is seen by src/cl and by
# runtime/interop.c only. The library never ends the process and never prints.
cmake_policy(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/lines.cmake)

set(floors base cl tensor runtime ops graph)
set(above ${floors})
foreach(floor IN LISTS floors)
  list(REMOVE_ITEM above ${floor})
  file(GLOB files ${ROOT}/src/${floor}/*.[ch])
  foreach(file IN LISTS files)
    if(above)
      list(JOIN above "|" names)
      refuse(${file} "# *include +\"(${names})/" "${floor} includes a floor above it")
    endif()
    refuse(${file} "# *include +\"[^/\"]*/[^\"]*/" "includes go one floor deep")
    if(NOT floor STREQUAL "cl" AND NOT file MATCHES "runtime/interop\\.c$")
      refuse(${file} "# *include +[<\"](CL/|clblast|eagercl/opencl)"
        "only src/cl and runtime/interop.c see OpenCL and CLBlast")
    endif()
    refuse(${file} "(^|[^a-z_0-9])(abort|exit|_exit|_Exit|quick_exit|raise) *\\("
      "the library never ends the process")
    # The default log and eager_tensor_print are the two doors to the terminal.
    if(NOT file MATCHES "base/log\\.[ch]$")
      refuse(${file} "(^|[^a-z_0-9])(printf|puts|putchar|perror|vprintf) *\\(|stderr"
        "the library never prints")
    endif()
    if(NOT file MATCHES "(base/log|runtime/values)\\.[ch]$")
      refuse(${file} "(^|[^a-z_])stdout" "the library never prints")
    endif()
  endforeach()
endforeach()

file(GLOB headers ${ROOT}/include/eagercl/*.h)
foreach(file IN LISTS headers)
  refuse(${file} "# *include +\"" "public headers include <eagercl/...>")
  if(NOT file MATCHES "/opencl\\.h$")
    refuse(${file} "CL/cl|(^|[^a-z_])cl_(mem|event|context|device_id|command_queue)[^a-z_]"
      "OpenCL belongs in opencl.h")
  endif()
endforeach()
file(GLOB files ${ROOT}/examples/*.[ch] ${ROOT}/examples/*/*.[ch] ${ROOT}/tools/eagercl_*.c
  ${ROOT}/tools/*/*.[ch] ${ROOT}/tools/*/*/*.[ch])
foreach(file IN LISTS files)
  refuse(${file} "# *include +\"(base|cl|tensor|runtime|ops|graph)/"
    "examples and tools use the public headers only")
endforeach()
finish("floors")
