// What a program observes and does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace rlsys::core {

// Actions `start` to `start + n - 1`.
struct Discrete {
  int64_t n = 1;
  int64_t start = 0;
};

// Vectors of actions, each from 0 to its n - 1.
struct MultiDiscrete {
  std::vector<int64_t> n;
};

// Arrays of numbers between bounds.
struct Box {
  std::vector<uint64_t> shape;
  // One bound for all values, or one per value in C order. They may be infinite.
  std::vector<double> low;
  std::vector<double> high;
  // Whole numbers 0..255, one byte each. Only for observations.
  bool bytes = false;

  size_t size() const;
  double LowOf(size_t value) const { return low[low.size() == 1 ? 0 : value]; }
  double HighOf(size_t value) const { return high[high.size() == 1 ? 0 : value]; }
};

using Space = std::variant<Discrete, MultiDiscrete, Box>;

// Returns how many outputs a network needs for an action space.
size_t OutputsOf(const Space& space);

// Returns how many numbers an action has.
size_t NumbersOf(const Space& space);

// Returns a space for messages, such as "Discrete(4)".
std::string Describe(const Space& space);

}  // namespace rlsys::core
