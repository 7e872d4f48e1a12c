# What clang-format does not see: ASCII, 92 columns everywhere, no `##`, at most ten
# function-like macros, kernels without `#if`, files of one noun.
cmake_policy(VERSION 3.25)
include(${CMAKE_CURRENT_LIST_DIR}/lines.cmake)

set(long 92)
set(limit 400)
string(REPEAT "." ${long} any)
file(GLOB sources ${ROOT}/src/*/*.[ch])
file(GLOB headers ${ROOT}/include/eagercl/*.h)
file(GLOB kernels ${ROOT}/cl_kernels/*.cl)
file(GLOB others ${ROOT}/tests/*.[ch] ${ROOT}/tests/*/*.[ch] ${ROOT}/examples/*.[ch]
  ${ROOT}/examples/*/*.[ch] ${ROOT}/tools/*.[ch] ${ROOT}/tools/*/*.[ch]
  ${ROOT}/tools/*/*/*.[ch])

foreach(file IN LISTS sources headers kernels others)
  refuse(${file} "[^\n\t -~]" "not ASCII")
  refuse(${file} "\t| \n" "a tab or a space at the end")
  refuse(${file} "[^\n]${any}" "over ${long} columns")
endforeach()

set(macros 0)
foreach(file IN LISTS sources headers)
  refuse(${file} "##" "no ## : a name must be found by searching")
  file(STRINGS ${file} lines REGEX "^# *define +[A-Za-z_0-9]+\\(")
  list(LENGTH lines count)
  math(EXPR macros "${macros} + ${count}")
endforeach()
if(macros GREATER 13) # two of them public, six the table of elementwise rows
  message(SEND_ERROR "${macros} function-like macros in src and include; ten are enough")
endif()

foreach(file IN LISTS kernels)
  if(NOT file MATCHES "/prelude\\.cl$")
    refuse(${file} "^ *# *(if|ifdef|ifndef|elif)" "only prelude.cl has #if")
    refuse(${file} "(^|[^A-Za-z_0-9])native_[a-z0-9]+" "native_ functions have no accuracy")
  endif()
endforeach()

foreach(file IN LISTS sources headers kernels)
  read_lines(${file} lines)
  list(LENGTH lines count)
  if(count GREATER limit AND NOT file MATCHES "/ops\\.h$")
    file(READ ${file} text LIMIT 4000)
    if(NOT text MATCHES "[Ll]ong because")
      report(${file} ${count} "over ${limit} lines; split it, or say \"Long because ...\"")
    endif()
  endif()
endforeach()
finish("style")
