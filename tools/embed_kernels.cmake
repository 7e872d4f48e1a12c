# cmake -DKERNELS=a.cl|b.cl -DOUTPUT=kernel_table.c -P embed_kernels.cmake
# Bytes, not string literals: C11 promises only 4095 characters of those.
string(REPLACE "|" ";" kernels "${KERNELS}")
set(arrays "")
set(rows "")
set(count 0)
foreach(kernel IN LISTS kernels)
  get_filename_component(name ${kernel} NAME_WE)
  file(SIZE ${kernel} size)
  file(READ ${kernel} hex HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(APPEND arrays "static const unsigned char eager__cl_${name}[] = {\n${bytes}0};\n\n")
  string(APPEND rows "  {\"${name}\", (const char *)eager__cl_${name}, ${size}},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUTPUT} "/* Generated from cl_kernels by tools/embed_kernels.cmake. */
#include \"cl/kernel_table.h\"

${arrays}const eager__kernel_source eager__kernel_sources[] = {
${rows}  {0, 0, 0},
};
const int eager__kernel_source_count = ${count};
")
