#include "decoding.h"

#include <algorithm>
#include <limits>

#include "tanh.h"

namespace rlsys::core {

size_t Best(const float* outputs, size_t count, const uint8_t* mask) {
  size_t best = 0;
  float highest = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < count; ++i) {
    if ((mask == nullptr || mask[i] != 0) && outputs[i] > highest) {
      highest = outputs[i];
      best = i;
    }
  }
  return best;
}

void Decoding::Integers(const float* outputs, size_t count, const uint8_t* mask,
                        int64_t* actions) const {
  if (kind == Kind::kArgmax) {
    actions[0] = static_cast<int64_t>(Best(outputs, count, mask)) + start;
    return;
  }
  for (const size_t size : sizes) {
    *actions++ = static_cast<int64_t>(Best(outputs, size, nullptr));
    outputs += size;
  }
}

void Decoding::Floats(const float* outputs, size_t count, float* actions) const {
  for (size_t i = 0; i < count; ++i) {
    if (kind == Kind::kTanh) {
      const float unit = (Tanh(outputs[i]) + 1.0F) * 0.5F;
      actions[i] = low[i] + unit * (high[i] - low[i]);
    } else {
      actions[i] = std::min(std::max(outputs[i], low[i]), high[i]);
    }
  }
}

}  // namespace rlsys::core
