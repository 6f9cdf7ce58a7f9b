// What a program shows to a server, and whom it trusts.
#pragma once

#include <optional>
#include <string>

namespace rlsys::core {

class Keys;

// Contents of the files for an encrypted connection; empty: none.
struct Tls {
  std::string ca;
  std::string cert;
  std::string key;
};

// Reads `token`, `token_file` or the variable RLSYS_TOKEN; "" if there is none.
//
// Throws Error: a file that cannot be read or is empty, or a token that is not printable.
std::string ReadToken(Keys& keys);

// Reads `tls`; nullopt if it is missing.
//
// Throws Error: a file that cannot be read or is of another kind, or half of `cert` and `key`.
std::optional<Tls> ReadTls(Keys& keys);

}  // namespace rlsys::core
