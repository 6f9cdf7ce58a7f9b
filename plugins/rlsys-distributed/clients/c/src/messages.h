// Between the library's own types and the protocol's messages.
#pragma once

#include <rlsys/distributed/v1/trainer.pb.h>

#include <string>

#include "config.h"
#include "piece.h"
#include "shapes.h"
#include "update.h"

namespace rlsys::core {

namespace pb = ::rlsys::distributed::v1;

// Fills what a program says about itself. `instance` has 16 random bytes.
void FillRegister(const Config& config, const std::string& instance, pb::RegisterRequest& request);

// Returns a trajectory as bytes. `incarnation` is that of the server's model; it counts if no model
// chose any of the actions.
std::string SerializeTrajectory(const Piece& piece, uint64_t sequence, const Shapes& shapes,
                                const std::string& incarnation, bool log_probabilities);

// Returns a model update. Throws Error if the bytes are not one.
Update ParseUpdate(const std::string& bytes);

}  // namespace rlsys::core
