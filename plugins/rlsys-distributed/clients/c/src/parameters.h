// The settings of the algorithm, from RL4Sys's names to rlsys's.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace rlsys::core {

struct Parameters {
  // Settings under rlsys's names, as a JSON object; empty if there are none.
  std::string settings;
  // Sizes that describe spaces.
  std::optional<uint64_t> input_size;
  std::optional<uint64_t> act_dim;
  // One line that names the keys without a meaning here, and why; empty if there are none.
  std::string warning;
};

// Throws Error if a size is not a whole number of at least 1, or two keys say the same setting.
Parameters ReadParameters(const nlohmann::json& object, const std::string& path);

}  // namespace rlsys::core
