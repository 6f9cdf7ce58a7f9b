// One version of a model, as bytes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "layout.h"

namespace rlsys::core {

// How a program tries actions while the model learns.
struct Exploration {
  enum class Kind { kNone, kSoftmax, kGaussian, kEpsilonGreedy };
  Kind kind = Kind::kNone;
  double epsilon = 0;  // for kEpsilonGreedy
};

struct Version {
  // 1, 2, ... within an incarnation.
  uint64_t number = 0;
  std::string incarnation;
  std::shared_ptr<const Layout> layout;
  // All tensors one after another, little endian.
  std::string data;
  Exploration exploration;
};

}  // namespace rlsys::core
