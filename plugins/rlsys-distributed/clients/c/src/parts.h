// Large messages in parts, so that none comes near gRPC's limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace rlsys::core {

// Most bytes of data in one part, whatever the server allows.
constexpr size_t kPartBytes = 256 * 1024;

// Puts the parts of one stream together.
class Assembler {
 public:
  // `most_bytes`: of one message.
  explicit Assembler(size_t most_bytes) : most_bytes_(most_bytes) {}

  // Takes a part; returns whether it ends a message, which message() then has. `size` counts in a
  // first part.
  //
  // Throws Error if the message is larger than allowed, or not as large as its first part said.
  bool Take(std::string_view data, bool end, uint64_t size);

  // The message, until the next call of Take.
  const std::string& message() const { return message_; }

 private:
  size_t most_bytes_;
  uint64_t size_ = 0;
  bool complete_ = true;
  std::string message_;
};

}  // namespace rlsys::core
