#include "space_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "keys.h"
#include "text.h"

namespace rlsys::core {
namespace {

constexpr int64_t kMostActions = 1'000'000;
constexpr uint64_t kMostValues = 100'000'000;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<uint64_t> ReadSizes(Keys& keys, const std::string& key, uint64_t most) {
  const nlohmann::json* found = keys.Find(key);
  if (found == nullptr) throw Error(RLSYS_ERROR_CONFIG, Cat(keys.path(), key, " is missing"));
  std::vector<uint64_t> sizes;
  uint64_t product = 1;
  for (const nlohmann::json& one : found->is_array() ? *found : nlohmann::json::array({-1})) {
    const bool whole = one.is_number_unsigned() && one.get<uint64_t>() >= 1 &&
                       one.get<uint64_t>() <= most / product;
    if (!whole)
      throw keys.Wrong(key,
                       Cat("a list of whole numbers, at least 1 each, at most ", most, " in all"));
    sizes.push_back(one.get<uint64_t>());
    product *= sizes.back();
  }
  return sizes;
}

std::vector<double> ReadBounds(Keys& keys, const std::string& key, double missing, size_t values) {
  const nlohmann::json* found = keys.Find(key);
  if (found == nullptr) return {missing};
  std::vector<double> bounds;
  for (const nlohmann::json& one : found->is_array() ? *found : nlohmann::json::array({*found})) {
    if (!one.is_number() && !one.is_null()) throw keys.Wrong(key, "a number or a list of numbers");
    bounds.push_back(one.is_null() ? missing : one.get<double>());
  }
  if (bounds.size() != 1 && bounds.size() != values) {
    throw keys.Wrong(key, Cat("one number or a list of ", values));
  }
  return bounds;
}

bool IsByte(double bound) { return bound >= 0 && bound <= 255 && bound == std::floor(bound); }

Box ReadBox(Keys& keys) {
  Box box;
  std::string type = "float32";
  keys.Read("dtype", type);
  if (type != "float32" && type != "uint8") throw keys.Wrong("dtype", "float32 or uint8");
  box.bytes = type == "uint8";
  box.shape = ReadSizes(keys, "shape", kMostValues);
  box.low = ReadBounds(keys, "low", box.bytes ? 0 : -kInfinity, box.size());
  box.high = ReadBounds(keys, "high", box.bytes ? 255 : kInfinity, box.size());
  for (const auto& [key, bounds] : {std::pair("low", &box.low), std::pair("high", &box.high)}) {
    if (box.bytes && !std::all_of(bounds->begin(), bounds->end(), IsByte)) {
      throw keys.Wrong(key, "whole numbers from 0 to 255, because dtype is uint8");
    }
  }
  for (size_t i = 0; i < box.size(); ++i) {
    if (box.LowOf(i) > box.HighOf(i)) throw keys.Wrong("low", "at most `high`, value by value");
  }
  return box;
}

}  // namespace

Space ReadSpace(const nlohmann::json& object, const std::string& path) {
  if (!object.is_object() || object.size() != 1) {
    throw Error(RLSYS_ERROR_CONFIG,
                Cat(path, " must have one of discrete, multi_discrete and box, such as ",
                    R"({"discrete": {"n": 4}} or {"box": {"shape": [8]}})"));
  }
  Keys kinds(object, path + ".");
  for (const char* kind : {"discrete", "multi_discrete", "box"}) kinds.Find(kind);
  kinds.ExpectNoOthers();
  const std::string kind = object.begin().key();
  Keys keys(object.begin().value(), Cat(path, ".", kind, "."));
  Space space;
  if (kind == "discrete") {
    uint64_t n = 0;
    keys.Read("n", n, 1, kMostActions);
    if (n == 0) throw Error(RLSYS_ERROR_CONFIG, Cat(keys.path(), "n is missing"));
    Discrete discrete{static_cast<int64_t>(n), 0};
    if (const nlohmann::json* start = keys.Find("start")) {
      if (!start->is_number_integer()) throw keys.Wrong("start", "a whole number");
      discrete.start = start->get<int64_t>();
    }
    space = discrete;
  } else if (kind == "multi_discrete") {
    MultiDiscrete multi;
    size_t sum = 0;
    for (const uint64_t n : ReadSizes(keys, "n", std::numeric_limits<uint64_t>::max())) {
      sum += n > kMostActions ? kMostActions + 1 : n;
      multi.n.push_back(static_cast<int64_t>(n));
    }
    if (multi.n.empty() || sum > kMostActions) {
      throw keys.Wrong("n", Cat("a list of sizes, at most ", kMostActions, " together"));
    }
    space = multi;
  } else {
    space = ReadBox(keys);
  }
  keys.ExpectNoOthers();
  return space;
}

}  // namespace rlsys::core
