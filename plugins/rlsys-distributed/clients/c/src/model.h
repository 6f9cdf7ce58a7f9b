// A version of a model that is ready to act.
#pragma once

#include <memory>
#include <string>

#include "choosing.h"
#include "network.h"
#include "spaces.h"
#include "version.h"

namespace rlsys::core {

// Never changed once it is made: all threads may use it.
struct Model {
  // Throws Error if the version is not a network for these spaces.
  Model(const Version& version, const Box& observation, const Space& action, bool masked,
        bool items, bool explore);

  uint64_t number;
  std::string incarnation;
  Network network;
  Chooser chooser;
};

}  // namespace rlsys::core
