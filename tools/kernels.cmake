# The text of every cl_kernels/*.cl becomes one generated table, read by src/cl/program.c.
file(GLOB kernels CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/cl_kernels/*.cl)
set(kernel_table ${generated}/kernel_table.c)
list(JOIN kernels "|" kernel_list)
add_custom_command(OUTPUT ${kernel_table} VERBATIM
  COMMAND ${CMAKE_COMMAND} "-DKERNELS=${kernel_list}" -DOUTPUT=${kernel_table}
          -P ${PROJECT_SOURCE_DIR}/tools/embed_kernels.cmake
  DEPENDS ${kernels} ${PROJECT_SOURCE_DIR}/tools/embed_kernels.cmake
  COMMENT "Embedding the kernels")
target_sources(eager_objects PRIVATE ${kernel_table})
