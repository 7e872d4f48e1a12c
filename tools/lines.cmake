# Included by the check scripts.
cmake_policy(VERSION 3.25)

# The lines of a file as a list. CMake's lists cannot hold ; [ ] or a backslash: each stands
# as a neighbour of its own kind.
function(read_lines file out)
  file(READ ${file} text)
  string(REPLACE "\\" "/" text "${text}")
  string(REPLACE ";" "," text "${text}")
  string(REPLACE "[" "(" text "${text}")
  string(REPLACE "]" ")" text "${text}")
  string(REPLACE "\n" ";" text "${text}")
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

# One finding, as compilers print them; finish() fails when there was any.
function(report file line text)
  file(RELATIVE_PATH name ${ROOT} ${file})
  message("${name}:${line}: ${text}")
  set_property(GLOBAL APPEND PROPERTY findings x)
endfunction()

function(finish what)
  get_property(findings GLOBAL PROPERTY findings)
  list(LENGTH findings count)
  if(count GREATER 0)
    message(FATAL_ERROR "${what}: ${count} finding(s)")
  endif()
  message("${what}: fine")
endfunction()

# Every line of `file` that matches `regex` is a finding.
function(refuse file regex text)
  file(READ ${file} content)
  if(NOT content MATCHES "${regex}")
    return()
  endif()
  read_lines(${file} lines)
  set(number 0)
  foreach(line IN LISTS lines)
    math(EXPR number "${number} + 1")
    if(line MATCHES "${regex}")
      report(${file} ${number} "${text}")
    endif()
  endforeach()
endfunction()
