#include "network.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "error.h"
#include "golden.h"

namespace rlsys::core {
namespace {

constexpr size_t kMostBytes = 1 << 20;

struct Case {
  Layout layout;
  std::string data;
  size_t items;

  explicit Case(const nlohmann::json& golden)
      : layout(golden.at("header"), TensorNames(golden.at("tensors")), kMostBytes),
        data(FromBase64(golden.at("data"))),
        items(golden.at("items")) {}

  Network network() const { return Network(layout, data, items); }
};

nlohmann::json OneCase(const std::string& name) {
  for (const nlohmann::json& one : ReadGolden("networks.json")) {
    if (one.at("name") == name) return one;
  }
  throw std::runtime_error("no case " + name);
}

TEST(Network, HasTheOutputsOfNumPy) {
  for (const nlohmann::json& golden : ReadGolden("networks.json")) {
    SCOPED_TRACE(golden.at("name").get<std::string>());
    const Network network = Case(golden).network();
    Scratch scratch;
    for (size_t i = 0; i < golden.at("observations").size(); ++i) {
      const auto observation = golden.at("observations")[i].get<std::vector<float>>();
      const auto wanted = golden.at("outputs")[i].get<std::vector<double>>();
      ASSERT_EQ(observation.size(), network.inputs());
      ASSERT_EQ(wanted.size(), network.outputs());
      const float* found = network.Outputs(observation.data(), scratch);
      for (size_t o = 0; o < wanted.size(); ++o) {
        EXPECT_NEAR(found[o], wanted[o], 2e-5 * (1 + std::abs(wanted[o])));
      }
    }
  }
}

TEST(Network, DecidesAsNumPyDoes) {
  for (const nlohmann::json& golden : ReadGolden("networks.json")) {
    SCOPED_TRACE(golden.at("name").get<std::string>());
    const Network network = Case(golden).network();
    const Decoding& decoding = network.decoding();
    EXPECT_EQ(network.masked(), !golden.at("masks").is_null());
    Scratch scratch;
    for (size_t i = 0; i < golden.at("observations").size(); ++i) {
      const auto observation = golden.at("observations")[i].get<std::vector<float>>();
      const auto wanted = golden.at("actions")[i].get<std::vector<double>>();
      const float* outputs = network.Outputs(observation.data(), scratch);
      std::vector<uint8_t> mask;
      if (network.masked()) mask = golden.at("masks")[i].get<std::vector<uint8_t>>();
      if (decoding.continuous()) {
        std::vector<float> found(wanted.size());
        decoding.Floats(outputs, found.size(), found.data());
        for (size_t a = 0; a < wanted.size(); ++a) EXPECT_NEAR(found[a], wanted[a], 2e-5);
      } else {
        std::vector<int64_t> found(wanted.size());
        decoding.Integers(outputs, network.outputs(), mask.empty() ? nullptr : mask.data(),
                          found.data());
        for (size_t a = 0; a < wanted.size(); ++a) {
          EXPECT_EQ(found[a], static_cast<int64_t>(wanted[a]));
        }
      }
    }
  }
}

TEST(Network, TheLowestIndexWinsATie) {
  const float outputs[] = {1.0F, 3.0F, 3.0F, 2.0F};
  const uint8_t mask[] = {1, 0, 1, 1};
  EXPECT_EQ(Best(outputs, 4, nullptr), 1U);
  EXPECT_EQ(Best(outputs, 4, mask), 2U);
}

TEST(Network, LayersOfEverySizeAreComputed) {
  for (size_t outputs = 1; outputs < 70; ++outputs) {
    const size_t inputs = outputs % 7 + 1;
    std::vector<float> weight(outputs * inputs), bias(outputs), x(inputs);
    for (size_t i = 0; i < weight.size(); ++i) weight[i] = static_cast<float>(i % 11) - 5;
    for (size_t o = 0; o < outputs; ++o) bias[o] = static_cast<float>(o);
    for (size_t i = 0; i < inputs; ++i) x[i] = static_cast<float>(i + 1);
    const Dense dense(weight.data(), bias.data(), outputs, inputs, Activation::kLinear);
    std::vector<float> y(dense.padded_outputs());
    dense.Run(x.data(), y.data());
    for (size_t o = 0; o < outputs; ++o) {
      float wanted = bias[o];
      for (size_t i = 0; i < inputs; ++i) wanted += x[i] * weight[o * inputs + i];
      EXPECT_EQ(y[o], wanted);
    }
  }
}

TEST(Network, RefusesWeightsThatAreNotFinite) {
  Case one(OneCase("stack tanh"));
  const Tensor* tensor = one.layout.Find("layers.1.weight");
  const float bad = std::nanf("");
  std::memcpy(one.data.data() + tensor->offset + 8, &bad, sizeof bad);
  EXPECT_THROW(one.network(), Error);
  const float infinite = INFINITY;
  std::memcpy(one.data.data() + tensor->offset + 8, &infinite, sizeof infinite);
  EXPECT_THROW(one.network(), Error);
}

TEST(Network, RefusesOtherFormatsAndMissingTensors) {
  nlohmann::json golden = OneCase("stack tanh");
  nlohmann::json header = nlohmann::json::parse(golden.at("header").get<std::string>());
  header["format"] = "rlsys.network/2";
  golden["header"] = header.dump();
  EXPECT_THROW(Case(golden).network(), Error);
  golden["header"] = "[]";
  EXPECT_THROW(Case(golden).network(), Error);
  golden = OneCase("stack tanh");
  golden["tensors"][0]["name"] = "layers.9.weight";
  EXPECT_THROW(Case(golden).network(), Error);
}

}  // namespace
}  // namespace rlsys::core
