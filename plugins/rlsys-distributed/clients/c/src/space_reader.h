// Reads spaces from a configuration.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "spaces.h"

namespace rlsys::core {

// Reads {"discrete": {"n": 4, "start": 0}}, {"multi_discrete": {"n": [3, 2]}} or
// {"box": {"shape": [8], "low": -1, "high": 1, "dtype": "float32"}}. Bounds may be one number, a
// list with one per value, or null for none; those of bytes are then 0 and 255. `path` is what
// leads to it, with its name.
//
// Throws Error.
Space ReadSpace(const nlohmann::json& object, const std::string& path);

}  // namespace rlsys::core
