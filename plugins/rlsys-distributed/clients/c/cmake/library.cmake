# The library. Everything but the C functions is one object library, so that the tests reach what
# the shared library hides.
add_library(rlsys_core OBJECT
  src/agent.cc
  src/announcements.cc
  src/backoff.cc
  src/checksum.cc
  src/choosing.cc
  src/config.cc
  src/connection.cc
  src/credentials.cc
  src/decoding.cc
  src/dense.cc
  src/explaining.cc
  src/files.cc
  src/forking.cc
  src/keys.cc
  src/layout.cc
  src/log.cc
  src/messages.cc
  src/model.cc
  src/model_slot.cc
  src/nearest.cc
  src/network.cc
  src/network_reader.cc
  src/observing.cc
  src/outbox.cc
  src/parameters.cc
  src/parts.cc
  src/piece.cc
  src/space_reader.cc
  src/spaces.cc
  src/trajectory.cc
  src/update.cc)
target_include_directories(rlsys_core PUBLIC
  ${CMAKE_CURRENT_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR}/include)
target_link_libraries(rlsys_core PUBLIC rlsys_flags rlsys_protocol PkgConfig::ZSTD
  nlohmann_json::nlohmann_json Threads::Threads)

add_library(rlsys SHARED src/c_api.cc $<TARGET_OBJECTS:rlsys_core>
  $<TARGET_OBJECTS:rlsys_protocol>)
set_target_properties(rlsys PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION 0
  LINK_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cmake/rlsys.map)
target_include_directories(rlsys
  PUBLIC $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>
         $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
  PRIVATE src)
target_link_libraries(rlsys PRIVATE $<BUILD_INTERFACE:rlsys_flags> PkgConfig::GRPC
  PkgConfig::PROTOBUF_LITE PkgConfig::ZSTD Threads::Threads)
target_link_options(rlsys PRIVATE
  -Wl,--version-script=${CMAKE_CURRENT_SOURCE_DIR}/cmake/rlsys.map -Wl,--as-needed)
