// How the arrays of a trajectory are shaped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "config.h"

namespace rlsys::core {

struct Shapes {
  explicit Shapes(const Config& config)
      : observation(config.observation.shape),
        values(config.observation.size()),
        bytes(config.observation.bytes),
        floats(std::holds_alternative<Box>(config.action)),
        numbers(NumbersOf(config.action)),
        outputs(OutputsOf(config.action)),
        mask(config.masked ? outputs : 0) {
    if (const auto* box = std::get_if<Box>(&config.action)) action = box->shape;
    if (std::holds_alternative<MultiDiscrete>(config.action)) action = {numbers};
  }

  // Of one observation.
  std::vector<uint64_t> observation;
  size_t values;
  // Whether a value is one byte, not four.
  bool bytes;
  // Of one action; empty for Discrete.
  std::vector<uint64_t> action;
  bool floats;
  size_t numbers;
  // Of the network.
  size_t outputs;
  // Bytes of a mask; 0 without masks.
  size_t mask;

  // Bytes of an observation.
  size_t observation_bytes() const { return values * (bytes ? 1 : sizeof(float)); }
  // Most bytes that one more step adds to a trajectory on the wire. A run of versions takes up
  // to 19.
  size_t step_bytes() const {
    return observation_bytes() + numbers * (floats ? 4 : 8) + mask + sizeof(double) +
           sizeof(float) + 19;
  }
  // Most bytes that a trajectory without steps takes on the wire: what comes after the last step,
  // and names, numbers and shapes.
  size_t frame_bytes() const { return observation_bytes() + mask + 1024; }
};

}  // namespace rlsys::core
