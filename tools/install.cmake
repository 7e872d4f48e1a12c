# cmake --install: libraries, headers, eagercl-info, find_package and pkg-config files.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS eagercl EXPORT eagercl_shared
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(TARGETS eagercl_static EXPORT eagercl_static
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/eagercl
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
if(TARGET eagercl-info)
  install(TARGETS eagercl-info eagercl-tune RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/eagercl)
install(EXPORT eagercl_shared NAMESPACE eagercl:: FILE eagercl-shared.cmake
  DESTINATION ${package_dir})
install(EXPORT eagercl_static NAMESPACE eagercl:: FILE eagercl-static.cmake
  DESTINATION ${package_dir})
configure_package_config_file(${PROJECT_SOURCE_DIR}/tools/eagercl-config.cmake.in
  ${PROJECT_BINARY_DIR}/eagercl-config.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/eagercl-config-version.cmake
  COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/eagercl-config.cmake
  ${PROJECT_BINARY_DIR}/eagercl-config-version.cmake DESTINATION ${package_dir})

# The .pc file finds its prefix from where it lies, so an installed tree may be moved.
file(RELATIVE_PATH prefix_from_pc
  ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
set(pc_requires "OpenCL, zlib")
if(have_clblast)
  string(APPEND pc_requires ", clblast")
endif()
configure_file(${PROJECT_SOURCE_DIR}/tools/eagercl.pc.in
  ${PROJECT_BINARY_DIR}/eagercl.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/eagercl.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
