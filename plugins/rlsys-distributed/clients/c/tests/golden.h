// Reads the numbers that make_golden.py has written.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "layout.h"

namespace rlsys::core {

nlohmann::json ReadGolden(const std::string& name);

std::string FromBase64(const std::string& text);

std::vector<TensorName> TensorNames(const nlohmann::json& tensors);

}  // namespace rlsys::core
