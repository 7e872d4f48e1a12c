# Release builds optimise the shared library as a whole: a sixth of an op's own cost is calls
# between files. It has objects of its own for that, since the archive must not need the
# compiler's version. -DCMAKE_INTERPROCEDURAL_OPTIMIZATION=OFF (or ON) leaves it to CMake.
set(whole_objects eager_objects)
set(whole_properties "")
if(DEFINED CMAKE_INTERPROCEDURAL_OPTIMIZATION OR EAGERCL_SANITIZE
   OR NOT CMAKE_BUILD_TYPE MATCHES "^(Release|RelWithDebInfo|MinSizeRel)$")
  return()
endif()
include(CheckIPOSupported)
check_ipo_supported(RESULT EAGERCL_HAVE_IPO OUTPUT reason LANGUAGES C)
if(NOT EAGERCL_HAVE_IPO)
  message(STATUS "The shared library is not optimised as a whole: ${reason}")
  return()
endif()
set(whole_objects eager_objects_whole)
set(whole_properties INTERPROCEDURAL_OPTIMIZATION ON)
add_library(${whole_objects} OBJECT $<TARGET_PROPERTY:eager_objects,SOURCES>)
set_target_properties(${whole_objects} PROPERTIES
  POSITION_INDEPENDENT_CODE ON ${whole_properties})
target_include_directories(${whole_objects}
  PRIVATE $<TARGET_PROPERTY:eager_objects,INCLUDE_DIRECTORIES>)
target_link_libraries(${whole_objects} PRIVATE $<TARGET_PROPERTY:eager_objects,LINK_LIBRARIES>)
