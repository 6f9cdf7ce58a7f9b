// How a network's outputs become its own decision.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace rlsys::core {

struct Decoding {
  enum class Kind { kArgmax, kMultiArgmax, kClip, kTanh };

  Kind kind = Kind::kArgmax;
  // Number of the first discrete action.
  int64_t start = 0;
  // Outputs of each group, for kMultiArgmax.
  std::vector<size_t> sizes;
  // Bounds of continuous actions, one per output.
  std::vector<float> low;
  std::vector<float> high;

  bool continuous() const { return kind == Kind::kClip || kind == Kind::kTanh; }

  // kArgmax and kMultiArgmax: writes one action per group. `mask` has a byte per output, 0 for a
  // forbidden action; it may be nullptr. The lowest index wins a tie.
  void Integers(const float* outputs, size_t count, const uint8_t* mask, int64_t* actions) const;

  // kClip and kTanh: writes one number per output.
  void Floats(const float* outputs, size_t count, float* actions) const;
};

// Returns the index of the largest allowed output; the lowest index wins a tie.
size_t Best(const float* outputs, size_t count, const uint8_t* mask);

}  // namespace rlsys::core
