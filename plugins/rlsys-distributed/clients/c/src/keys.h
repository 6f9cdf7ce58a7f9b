// Reads keys of a JSON object; every message names the key, its value, and what is allowed.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "error.h"

namespace rlsys::core {

class Keys {
 public:
  // `path` is what leads to the object, such as "client.json: " or "client.json: tls.".
  //
  // Throws Error if `object` is not one.
  Keys(const nlohmann::json& object, std::string path);

  // Return a key's value, or nullptr if it is missing or null.
  const nlohmann::json* Find(const std::string& key);

  // Set `value` if the key is there.
  void Read(const std::string& key, std::string& value);
  void Read(const std::string& key, bool& value);
  void Read(const std::string& key, double& value, double least, double most);
  void Read(const std::string& key, uint64_t& value, uint64_t least, uint64_t most);

  // Throws Error if there is a key that nothing has asked for.
  void ExpectNoOthers() const;

  // Returns the error for a key.
  Error Wrong(const std::string& key, const std::string& allowed) const;

  const std::string& path() const { return path_; }

 private:
  const nlohmann::json& object_;
  std::string path_;
  std::set<std::string> known_;
};

}  // namespace rlsys::core
