// Model updates: from the version that is held to the next one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "version.h"

namespace rlsys::core {

// How the numbers of an update are written, with the protocol's own values.
enum class Encoding { kExact = 1, kFloat16 = 2, kInt8 = 3 };

struct Update {
  uint64_t version = 0;
  std::string incarnation;
  // The version that this is a difference to; 0: it is whole.
  uint64_t base = 0;
  Encoding encoding = Encoding::kExact;
  // Only if whole.
  std::string header;
  std::vector<TensorName> tensors;
  // Compressed with zstd.
  std::string data;
  // Bytes of `data` once decompressed.
  uint64_t size = 0;
  // CRC-32 of all tensors of the new version.
  uint32_t checksum = 0;
  Exploration exploration;
};

// Returns the version that `update` makes of `held`, which may be nullptr.
//
// Throws Error if it is malformed, larger than `most_bytes`, or a difference to another version,
// or if the checksum differs.
Version Apply(const Version* held, const Update& update, size_t most_bytes);

}  // namespace rlsys::core
