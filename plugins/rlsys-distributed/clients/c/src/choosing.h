// From a network's outputs to an action, and the probability with which it was drawn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "decoding.h"
#include "random.h"
#include "spaces.h"
#include "version.h"

namespace rlsys::core {

// One decision; its buffers are used again for the next one.
struct Choice {
  // Discrete and MultiDiscrete: what is done and recorded.
  std::vector<int64_t> integers;
  // Box: what is done, and what is recorded, which is the action before clipping.
  std::vector<float> floats;
  std::vector<float> unclipped;
  // Of the action when it was drawn; for floats the density. 0 if nothing was drawn.
  double log_probability = 0;
  // Buffer for probabilities.
  std::vector<double> weights;
};

// Draws every (allowed) action with equal probability, for the time before the first model. A box
// is drawn between its bounds, and between -1 and 1 where a value does not have both.
void ChooseUniformly(const Space& space, const uint8_t* mask, Random& random, Choice& choice);

// Chooses as a version of a model says. It is never changed, so all threads may use it.
class Chooser {
 public:
  // `log_std`: logarithms of the standard deviations, only for normal noise. `explore`: whether to
  // try actions; otherwise the network's own decision is taken.
  //
  // Throws Error if the exploration or the decoding does not fit the space.
  Chooser(const Space& space, const Decoding& decoding, const Exploration& exploration,
          const std::vector<float>& log_std, bool explore);

  // `outputs` has as many values as the space needs. `mask` has a byte per action, at least one of
  // them not 0, or is nullptr.
  void Choose(const float* outputs, const uint8_t* mask, Random& random, Choice& choice) const;

  // Whether the log probability of a choice means something.
  bool has_log_probability() const;

 private:
  void ChooseInteger(const float* outputs, const uint8_t* mask, Random& random,
                     Choice& choice) const;
  void ChooseFloats(const float* outputs, Random& random, Choice& choice) const;

  Decoding decoding_;
  Exploration exploration_;
  bool explore_;
  // Outputs of each group of integers; one group for Discrete.
  std::vector<size_t> groups_;
  int64_t start_ = 0;
  size_t outputs_;
  std::vector<float> low_, high_, deviation_;
  double log_constant_ = 0;
};

}  // namespace rlsys::core
