// One dense layer.
#pragma once

#include <cstddef>
#include <vector>

namespace rlsys::core {

enum class Activation { kLinear, kRelu, kTanh };

// activation(x W^T + b) for one x.
//
// The weights are kept in blocks of outputs: first the weights of a block's outputs for input 0,
// then those for input 1, and so on. So a block's sums stay in registers, the weights are read
// from front to back, and no sum is reordered.
class Dense {
 public:
  // `weight` has the shape (outputs, inputs), in C order; `bias` (outputs,).
  Dense(const float* weight, const float* bias, size_t outputs, size_t inputs,
        Activation activation);

  size_t inputs() const { return inputs_; }
  size_t outputs() const { return outputs_; }
  // Values that Run writes: outputs, rounded up to a multiple of four. Those behind are 0.
  size_t padded_outputs() const { return bias_.size(); }

  // Reads inputs() values and writes padded_outputs() values, which must not overlap.
  void Run(const float* x, float* y) const;

 private:
  size_t inputs_;
  size_t outputs_;
  Activation activation_;
  std::vector<float> bias_;
  std::vector<float> blocks_;
};

}  // namespace rlsys::core
