// Small models for the fake server.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rlsys::testing {

struct ModelSpec {
  uint64_t version = 1;
  std::string incarnation = "incarnation-one-";
  size_t inputs = 4;
  // Sizes of tanh layers with weights drawn from a fixed seed.
  std::vector<size_t> hidden;
  // Biases of the last layer, which is linear. Its weights are 0 if nothing is hidden, so these are
  // the outputs for every observation.
  std::vector<float> outputs = {0, 0};
  // "softmax", "gaussian" (with log standard deviations of 0) or "epsilon" (of 0).
  std::string exploration = "softmax";
  bool masked = false;
  bool wrong_checksum = false;
  // The first weight of the last layer, such as NaN.
  float weight = 0;
};

// Returns a whole update as a serialised ModelUpdate.
std::string WholeUpdate(const ModelSpec& spec);

// Returns an exact difference to the version before, between two specs that differ in `outputs`.
std::string ExactUpdate(const ModelSpec& old, const ModelSpec& spec);

}  // namespace rlsys::testing
