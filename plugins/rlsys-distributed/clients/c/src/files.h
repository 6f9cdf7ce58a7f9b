// Reads files.
#pragma once

#include <string>

namespace rlsys::core {

// Returns a file's bytes. `what` names it in the message, such as "token_file".
//
// Throws Error if it cannot be read.
std::string ReadFile(const std::string& path, const std::string& what);

}  // namespace rlsys::core
