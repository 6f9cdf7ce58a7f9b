// The portable network (docs/network.md): from an observation to outputs, in plain loops.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "decoding.h"
#include "dense.h"
#include "layout.h"

namespace rlsys::core {

// Buffers for one decision at a time. They grow at the first one, and are used again.
struct Scratch {
  std::vector<float> observation;
  std::vector<float> first;
  std::vector<float> second;
  std::vector<float> codes;
  std::vector<float> joined;
  std::vector<float> context;
  std::vector<float> outputs;
};

class Network {
 public:
  // `data` has the bytes of the layout's tensors. `items` is how many items an observation has; it
  // counts for a scorer only.
  //
  // Throws Error if the header or a tensor is not that of a network, does not fit the others, or is
  // NaN or infinite.
  Network(const Layout& layout, const std::string& data, size_t items);

  // Values of an observation.
  size_t inputs() const { return inputs_; }
  // Numbers before mask and decoding.
  size_t outputs() const { return outputs_; }
  bool masked() const { return masked_; }
  const Decoding& decoding() const { return decoding_; }

  // Returns outputs() numbers, valid until `scratch` is used again. `observation` has inputs()
  // values.
  const float* Outputs(const float* observation, Scratch& scratch) const;

 private:
  using Layers = std::vector<Dense>;

  const float* Prepared(const float* observation, Scratch& scratch) const;
  const float* Scores(const float* observation, const float* x, Scratch& scratch) const;

  bool scorer_ = false;
  bool masked_ = false;
  size_t items_ = 1;
  size_t features_ = 0;  // of an item; for a stack those of the observation
  size_t inputs_ = 0;
  size_t outputs_ = 0;
  Layers layers_;
  Layers encoder_;
  Layers scorer_layers_;
  Layers rest_;
  // One value per feature; empty: not done.
  std::vector<float> clip_low_, clip_high_;
  std::vector<float> shift_, scale_;
  float transform_low_ = 0;
  float transform_high_ = 0;
  Decoding decoding_;
};

}  // namespace rlsys::core
