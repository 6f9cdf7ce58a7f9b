#include "dense.h"

#include <cstring>

#include "tanh.h"

namespace rlsys::core {
namespace {

constexpr size_t kLanes = 4;
using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));

Lanes Load(const float* from) {
  Lanes lanes;
  std::memcpy(&lanes, from, sizeof lanes);
  return lanes;
}

template <size_t kVectors>
void RunBlock(const float* weights, const float* bias, const float* x, size_t inputs, float* y) {
  Lanes sums[kVectors];
  for (size_t v = 0; v < kVectors; ++v) sums[v] = Load(bias + v * kLanes);
  for (size_t i = 0; i < inputs; ++i) {
    const Lanes value = {x[i], x[i], x[i], x[i]};
    for (size_t v = 0; v < kVectors; ++v) sums[v] += value * Load(weights + v * kLanes);
    weights += kVectors * kLanes;
  }
  std::memcpy(y, sums, sizeof sums);
}

// Returns how many outputs the block that begins with `first` has: 32, 16, 8 or 4.
size_t BlockSize(size_t first, size_t padded_outputs) {
  size_t size = 8 * kLanes;
  while (size > padded_outputs - first) size /= 2;
  return size;
}

}  // namespace

Dense::Dense(const float* weight, const float* bias, size_t outputs, size_t inputs,
             Activation activation)
    : inputs_(inputs), outputs_(outputs), activation_(activation) {
  const size_t padded = (outputs + kLanes - 1) / kLanes * kLanes;
  bias_.assign(bias, bias + outputs);
  bias_.resize(padded, 0.0F);
  blocks_.reserve(padded * inputs);
  for (size_t first = 0; first < padded;) {
    const size_t size = BlockSize(first, padded);
    for (size_t i = 0; i < inputs; ++i) {
      for (size_t o = first; o < first + size; ++o) {
        blocks_.push_back(o < outputs ? weight[o * inputs + i] : 0.0F);
      }
    }
    first += size;
  }
}

void Dense::Run(const float* x, float* y) const {
  const size_t padded = bias_.size();
  const float* weights = blocks_.data();
  for (size_t first = 0; first < padded;) {
    const size_t size = BlockSize(first, padded);
    const float* bias = bias_.data() + first;
    switch (size / kLanes) {
      case 8:
        RunBlock<8>(weights, bias, x, inputs_, y + first);
        break;
      case 4:
        RunBlock<4>(weights, bias, x, inputs_, y + first);
        break;
      case 2:
        RunBlock<2>(weights, bias, x, inputs_, y + first);
        break;
      default:
        RunBlock<1>(weights, bias, x, inputs_, y + first);
    }
    weights += size * inputs_;
    first += size;
  }
  if (activation_ == Activation::kTanh) {
    TanhInPlace(y, padded);
  } else if (activation_ == Activation::kRelu) {
    for (size_t o = 0; o < padded; ++o) y[o] = y[o] > 0.0F ? y[o] : 0.0F;
  }
}

}  // namespace rlsys::core
