#include "credentials.h"

#include <cstdlib>

#include "error.h"
#include "files.h"
#include "keys.h"
#include "text.h"

namespace rlsys::core {
namespace {

std::string FirstLine(const std::string& text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

// The server leaves out what surrounds the token in its file, too.
std::string WithoutSpaces(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string ReadTokenFile(const std::string& path, const std::string& name) {
  const std::string token = WithoutSpaces(FirstLine(ReadFile(path, name)));
  if (token.empty()) {
    throw Error(RLSYS_ERROR_CONFIG,
                Cat(name, " '", path, "' is empty; write the token into its first line"));
  }
  return token;
}

// Returns what is in a file of `tls`; "" if the key is missing. It must have `label`: gRPC takes an
// empty file for none. Then it trusts all authorities of the system, or leaves out the client's own
// certificate.
std::string ReadPem(Keys& files, const char* key, const char* label, const char* what) {
  std::string path;
  files.Read(key, path);
  if (files.Find(key) == nullptr) return "";
  const std::string name = files.path() + key;
  std::string bytes = ReadFile(path, name);
  if (bytes.find(label) == std::string::npos) {
    throw Error(RLSYS_ERROR_CONFIG, Cat(name, " '", path, "' has no ", what, " in PEM"));
  }
  return bytes;
}

}  // namespace

std::string ReadToken(Keys& keys) {
  std::string token, file;
  keys.Read("token", token);
  keys.Read("token_file", file);
  if (token.empty() && keys.Find("token_file") != nullptr) {
    token = ReadTokenFile(file, Cat(keys.path(), "token_file"));
  } else if (token.empty()) {
    const char* variable = std::getenv("RLSYS_TOKEN");
    token = variable == nullptr ? "" : variable;
  }
  token = FirstLine(token);
  if (!IsPrintable(token)) {
    throw Error(RLSYS_ERROR_CONFIG,
                Cat(keys.path(), "the token must be printable characters of ASCII"));
  }
  return token;
}

std::optional<Tls> ReadTls(Keys& keys) {
  const nlohmann::json* object = keys.Find("tls");
  if (object == nullptr) return std::nullopt;
  Keys files(*object, keys.path() + "tls.");
  Tls tls{ReadPem(files, "ca", "CERTIFICATE-----", "certificate"),
          ReadPem(files, "cert", "CERTIFICATE-----", "certificate"),
          ReadPem(files, "key", "PRIVATE KEY-----", "private key")};
  files.ExpectNoOthers();
  if (tls.cert.empty() != tls.key.empty()) {
    throw Error(RLSYS_ERROR_CONFIG, Cat(files.path(), "cert and key: give both or neither"));
  }
  return tls;
}

}  // namespace rlsys::core
