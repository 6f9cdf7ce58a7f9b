# Stubs of the protocol, written by protoc at build time.
set(RLSYS_PROTO_ROOT ${CMAKE_CURRENT_SOURCE_DIR}/../../proto CACHE PATH
  "Folder that has rlsys/distributed/v1/trainer.proto")
set(proto ${RLSYS_PROTO_ROOT}/rlsys/distributed/v1/trainer.proto)
set(generated ${CMAKE_CURRENT_BINARY_DIR}/generated)
set(stubs ${generated}/rlsys/distributed/v1/trainer)

file(MAKE_DIRECTORY ${generated})
add_custom_command(
  OUTPUT ${stubs}.pb.cc ${stubs}.pb.h ${stubs}.grpc.pb.cc ${stubs}.grpc.pb.h
  COMMAND ${PROTOC} -I${RLSYS_PROTO_ROOT} --cpp_out=${generated} --grpc_out=${generated}
    --plugin=protoc-gen-grpc=${GRPC_CPP_PLUGIN} ${proto}
  DEPENDS ${proto}
  VERBATIM)

# Not compiled with rlsys_flags: what warnings and sanitizers find in generated code is not ours, and
# compiling it with them takes minutes.
add_library(rlsys_protocol OBJECT ${stubs}.pb.cc ${stubs}.grpc.pb.cc ${stubs}.pb.h
  ${stubs}.grpc.pb.h)
target_include_directories(rlsys_protocol SYSTEM PUBLIC ${generated})
target_compile_definitions(rlsys_protocol PUBLIC GRPC_USE_PROTO_LITE)
target_link_libraries(rlsys_protocol PUBLIC PkgConfig::GRPC PkgConfig::PROTOBUF_LITE)
