// Why a connection fails, in terms of the configuration.
#pragma once

#include <optional>
#include <string>

#include "credentials.h"

namespace rlsys::core {

// Returns what gRPC says about a connection that cannot be made, with what may be wrong with `tls`
// behind it: gRPC only says which step has failed.
std::string Explain(const std::string& message, const std::optional<Tls>& tls);

}  // namespace rlsys::core
