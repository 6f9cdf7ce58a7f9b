#include "network_reader.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <numeric>

#include "error.h"
#include "text.h"

namespace rlsys::core {
namespace {

constexpr char kFormat[] = "rlsys.network/1";

template <typename Named>
Named Lookup(const std::map<std::string, Named>& known, const std::string& name, const char* what) {
  const auto found = known.find(name);
  if (found == known.end()) {
    throw Error(RLSYS_ERROR_MODEL,
                Cat("the model's ", what, " is '", name, "', which this library does not know"));
  }
  return found->second;
}

const std::map<std::string, Activation> kActivations = {
    {"linear", Activation::kLinear}, {"relu", Activation::kRelu}, {"tanh", Activation::kTanh}};
const std::map<std::string, Decoding::Kind> kDecodings = {
    {"argmax", Decoding::Kind::kArgmax},
    {"multi-argmax", Decoding::Kind::kMultiArgmax},
    {"clip", Decoding::Kind::kClip},
    {"tanh", Decoding::Kind::kTanh}};
const std::map<std::string, bool> kShapes = {{"stack", false}, {"scorer", true}};

}  // namespace

NetworkReader::NetworkReader(const Layout& layout, const std::string& data)
    : layout_(layout), data_(data) {
  try {
    const nlohmann::json header = nlohmann::json::parse(layout.header());
    const std::string format = header.at("format").get<std::string>();
    Expect(format == kFormat, Cat("its format is '", format, "', not '", kFormat, "'"));
    scorer_ = Lookup(kShapes, header.at("shape").get<std::string>(), "shape");
    masked_ = header.at("masked").get<bool>();
    header.at("activations").get_to(activations_);
    const nlohmann::json& decoding = header.at("decoding");
    decoding_.kind = Lookup(kDecodings, decoding.at("kind").get<std::string>(), "decoding");
    decoding.at("start").get_to(decoding_.start);
    decoding.at("sizes").get_to(decoding_.sizes);
  } catch (const nlohmann::json::exception& error) {
    throw Error(RLSYS_ERROR_MODEL, Cat("the model's header cannot be read: ", error.what()));
  }
}

void NetworkReader::Expect(bool holds, const std::string& why) const {
  if (!holds) throw Error(RLSYS_ERROR_MODEL, Cat("the model cannot be used: ", why));
}

template <typename Number>
std::vector<Number> NetworkReader::Numbers(const std::string& name, DataType type) const {
  const Tensor* tensor = layout_.Find(name);
  if (tensor == nullptr) return {};
  Expect(tensor->type == type, Cat(name, " has another type than a network's"));
  std::vector<Number> numbers(tensor->count);
  std::memcpy(numbers.data(), data_.data() + tensor->offset, tensor->bytes);
  for (const Number number : numbers) Expect(!std::isnan(number), Cat(name, " has NaN"));
  return numbers;
}

std::vector<float> NetworkReader::Floats(const std::string& name, size_t count) const {
  const Tensor* tensor = layout_.Find(name);
  std::vector<float> numbers;
  if (tensor != nullptr && tensor->type == DataType::kFloat64) {
    for (const double number : Numbers<double>(name, DataType::kFloat64)) {
      numbers.push_back(static_cast<float>(number));
    }
  } else {
    numbers = Numbers<float>(name, DataType::kFloat32);
  }
  Expect(numbers.empty() || numbers.size() == count,
         Cat(name, " has ", numbers.size(), " values, not ", count));
  return numbers;
}

std::vector<double> NetworkReader::Doubles(const std::string& name, size_t count) const {
  std::vector<double> numbers = Numbers<double>(name, DataType::kFloat64);
  Expect(numbers.empty() || numbers.size() == count,
         Cat(name, " has ", numbers.size(), " values, not ", count));
  return numbers;
}

std::vector<Dense> NetworkReader::Layers(const std::string& role, size_t inputs) const {
  std::vector<Dense> layers;
  const auto found = activations_.find(role);
  if (found == activations_.end()) return layers;
  for (const std::string& activation : found->second) {
    const std::string name = Cat(role, ".", layers.size());
    const Tensor* weight = layout_.Find(name + ".weight");
    const Tensor* bias = layout_.Find(name + ".bias");
    Expect(weight != nullptr && bias != nullptr, Cat(name, " has no weight or no bias"));
    Expect(weight->shape.size() == 2 && bias->count == weight->shape[0] && weight->count > 0,
           Cat(name, ": the weight must be (outputs, inputs) and the bias (outputs,)"));
    Expect(inputs == 0 || weight->shape[1] == inputs,
           Cat(name, " takes ", weight->shape[1], " values, but gets ", inputs));
    const std::vector<float> weights = Floats(name + ".weight", weight->count);
    const std::vector<float> biases = Floats(name + ".bias", bias->count);
    const auto finite = [](float value) { return std::isfinite(value); };
    Expect(std::all_of(weights.begin(), weights.end(), finite) &&
               std::all_of(biases.begin(), biases.end(), finite),
           Cat(name, " has infinite values"));
    layers.emplace_back(weights.data(), biases.data(), weight->shape[0], weight->shape[1],
                        Lookup(kActivations, activation, "activation"));
    inputs = weight->shape[0];
  }
  return layers;
}

Decoding NetworkReader::ReadDecoding(size_t outputs) const {
  Decoding decoding = decoding_;
  decoding.low = Floats("decoding.low", outputs);
  decoding.high = Floats("decoding.high", outputs);
  const std::vector<size_t>& sizes = decoding.sizes;
  if (decoding.kind == Decoding::Kind::kMultiArgmax) {
    Expect(std::accumulate(sizes.begin(), sizes.end(), size_t{0}) == outputs &&
               std::find(sizes.begin(), sizes.end(), size_t{0}) == sizes.end(),
           "the groups of its decoding are not its outputs");
  }
  if (decoding.continuous()) {
    Expect(decoding.low.size() == outputs && decoding.high.size() == outputs,
           "its decoding has no bounds");
  }
  return decoding;
}

}  // namespace rlsys::core
