# What `cmake --install` writes, so that find_package(rlsys CONFIG) works.
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/rlsys)
install(TARGETS rlsys EXPORT rlsysTargets)
install(FILES include/rlsys.h include/rlsys.hpp TYPE INCLUDE)
install(EXPORT rlsysTargets NAMESPACE rlsys:: DESTINATION ${package})
configure_package_config_file(cmake/rlsysConfig.cmake.in rlsysConfig.cmake
  INSTALL_DESTINATION ${package})
# 0.x: every minor version may change something.
write_basic_package_version_file(rlsysConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/rlsysConfig.cmake
  ${CMAKE_CURRENT_BINARY_DIR}/rlsysConfigVersion.cmake DESTINATION ${package})
add_library(rlsys::rlsys ALIAS rlsys)
