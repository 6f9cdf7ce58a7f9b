// Suggests what a misspelt name may have meant.
#pragma once

#include <string>
#include <vector>

namespace rlsys::core {

// Returns " (did you mean 'x'? known: a, b, x)", or only the known names where none is near.
std::string DidYouMean(const std::string& name, const std::vector<std::string>& known);

}  // namespace rlsys::core
