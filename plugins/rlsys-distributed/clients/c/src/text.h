// Puts messages together.
#pragma once

#include <algorithm>
#include <sstream>
#include <string>

namespace rlsys::core {

// Returns all parts, one after another, as text.
template <typename... Parts>
std::string Cat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// Whether a text has only printable characters of ASCII, as what goes into gRPC's metadata must.
inline bool IsPrintable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace rlsys::core
