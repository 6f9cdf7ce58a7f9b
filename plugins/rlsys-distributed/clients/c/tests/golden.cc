#include "golden.h"

#include "files.h"

namespace rlsys::core {

nlohmann::json ReadGolden(const std::string& name) {
  return nlohmann::json::parse(ReadFile(std::string(RLSYS_GOLDEN) + "/" + name, "golden"));
}

std::string FromBase64(const std::string& text) {
  static const std::string kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  uint32_t buffer = 0;
  int bits = 0;
  for (const char digit : text) {
    if (digit == '=') break;
    buffer = (buffer << 6) | static_cast<uint32_t>(kDigits.find(digit));
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<char>((buffer >> bits) & 0xFFU));
    }
  }
  return bytes;
}

std::vector<TensorName> TensorNames(const nlohmann::json& tensors) {
  std::vector<TensorName> names;
  for (const nlohmann::json& one : tensors) {
    names.push_back({one.at("name"), static_cast<DataType>(one.at("type").get<int>()),
                     one.at("shape").get<std::vector<uint64_t>>()});
  }
  return names;
}

}  // namespace rlsys::core
