#include "choosing.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "error.h"

namespace rlsys::core {
namespace {

constexpr size_t kDraws = 200'000;

// Pearson's statistic of the counts, against probabilities; those of 0 must not be drawn.
double ChiSquare(const std::vector<size_t>& counts, const std::vector<double>& probabilities) {
  double total = 0;
  for (const size_t count : counts) total += static_cast<double>(count);
  double statistic = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    const double expected = probabilities[i] * total;
    if (expected == 0) {
      EXPECT_EQ(counts[i], 0U);
      continue;
    }
    const double difference = static_cast<double>(counts[i]) - expected;
    statistic += difference * difference / expected;
  }
  return statistic;
}

std::vector<double> Softmax(const std::vector<float>& logits, const std::vector<uint8_t>& mask) {
  std::vector<double> probabilities;
  double total = 0;
  for (size_t i = 0; i < logits.size(); ++i) {
    const bool allowed = mask.empty() || mask[i] != 0;
    probabilities.push_back(allowed ? std::exp(static_cast<double>(logits[i])) : 0.0);
    total += probabilities.back();
  }
  for (double& one : probabilities) one /= total;
  return probabilities;
}

Exploration Of(Exploration::Kind kind, double epsilon = 0) { return {kind, epsilon}; }

TEST(Choosing, SoftmaxDrawsWithItsProbabilities) {
  const std::vector<float> logits = {0.5F, -1.0F, 2.0F, 0.0F, 1.0F};
  const Chooser chooser(Discrete{5, 10}, {}, Of(Exploration::Kind::kSoftmax), {}, true);
  EXPECT_TRUE(chooser.has_log_probability());
  for (const std::vector<uint8_t>& mask :
       {std::vector<uint8_t>{}, std::vector<uint8_t>{1, 0, 0, 1, 1}}) {
    const std::vector<double> probabilities = Softmax(logits, mask);
    std::vector<size_t> counts(5);
    Random random(1);
    Choice choice;
    for (size_t i = 0; i < kDraws; ++i) {
      chooser.Choose(logits.data(), mask.empty() ? nullptr : mask.data(), random, choice);
      const auto index = static_cast<size_t>(choice.integers.at(0) - 10);
      ++counts.at(index);
      ASSERT_NEAR(choice.log_probability, std::log(probabilities[index]), 1e-6);
    }
    EXPECT_LT(ChiSquare(counts, probabilities), 23.5);  // 1 in 10,000 with 4 degrees of freedom
  }
}

TEST(Choosing, GroupsAreDrawnOneByOne) {
  const std::vector<float> logits = {0.0F, 1.0F, 2.0F, -1.0F, 0.0F};
  Decoding decoding;
  decoding.kind = Decoding::Kind::kMultiArgmax;
  decoding.sizes = {2, 3};
  const Chooser chooser(MultiDiscrete{{2, 3}}, decoding, Of(Exploration::Kind::kSoftmax), {}, true);
  const std::vector<double> first = Softmax({0.0F, 1.0F}, {});
  const std::vector<double> second = Softmax({2.0F, -1.0F, 0.0F}, {});
  std::vector<double> probabilities;
  for (const double a : first) {
    for (const double b : second) probabilities.push_back(a * b);
  }
  std::vector<size_t> counts(6);
  Random random(2);
  Choice choice;
  for (size_t i = 0; i < kDraws; ++i) {
    chooser.Choose(logits.data(), nullptr, random, choice);
    const auto index = static_cast<size_t>(choice.integers.at(0) * 3 + choice.integers.at(1));
    ++counts.at(index);
    ASSERT_NEAR(choice.log_probability, std::log(probabilities[index]), 1e-6);
  }
  EXPECT_LT(ChiSquare(counts, probabilities), 25.8);  // 1 in 10,000 with 5 degrees of freedom
}

TEST(Choosing, NormalNoiseHasItsMomentsAndDensity) {
  Decoding decoding;
  decoding.kind = Decoding::Kind::kClip;
  decoding.low = {-1.0F, -1.0F};
  decoding.high = {1.0F, 1.0F};
  const std::vector<float> log_std = {std::log(0.5F), std::log(2.0F)};
  const Chooser chooser(Box{{2}, {-1}, {1}, false}, decoding, Of(Exploration::Kind::kGaussian),
                        log_std, true);
  const float outputs[] = {0.25F, -3.0F};
  Random random(3);
  Choice choice;
  double sums[2] = {}, squares[2] = {};
  for (size_t i = 0; i < kDraws; ++i) {
    chooser.Choose(outputs, nullptr, random, choice);
    double log_density = 0;
    for (size_t d = 0; d < 2; ++d) {
      const double deviation = d == 0 ? 0.5 : 2.0;
      const double z = (choice.unclipped[d] - static_cast<double>(outputs[d])) / deviation;
      sums[d] += z;
      squares[d] += z * z;
      log_density -= 0.5 * z * z + std::log(deviation * std::sqrt(2 * std::numbers::pi));
      ASSERT_EQ(choice.floats[d], std::min(std::max(choice.unclipped[d], -1.0F), 1.0F));
    }
    ASSERT_NEAR(choice.log_probability, log_density, 1e-5);
  }
  for (size_t d = 0; d < 2; ++d) {
    EXPECT_NEAR(sums[d] / kDraws, 0, 0.01);
    EXPECT_NEAR(squares[d] / kDraws, 1, 0.02);
  }
}

TEST(Choosing, EpsilonGreedyTriesEveryAllowedAction) {
  const float outputs[] = {0.0F, 5.0F, 9.0F, 1.0F};
  const uint8_t mask[] = {1, 1, 0, 1};
  const Chooser chooser(Discrete{4, 0}, {}, Of(Exploration::Kind::kEpsilonGreedy, 0.3), {}, true);
  EXPECT_FALSE(chooser.has_log_probability());
  std::vector<size_t> counts(4);
  Random random(4);
  Choice choice;
  for (size_t i = 0; i < kDraws; ++i) {
    chooser.Choose(outputs, mask, random, choice);
    ++counts.at(static_cast<size_t>(choice.integers.at(0)));
  }
  EXPECT_LT(ChiSquare(counts, {0.1, 0.8, 0.0, 0.1}), 18.4);  // 1 in 10,000, 2 degrees of freedom
}

TEST(Choosing, WithoutExploringTheNetworkDecides) {
  const float outputs[] = {0.0F, 5.0F, 9.0F};
  const Chooser chooser(Discrete{3, 4}, {}, Of(Exploration::Kind::kSoftmax), {}, false);
  Random random(5);
  Choice choice;
  for (int i = 0; i < 100; ++i) {
    chooser.Choose(outputs, nullptr, random, choice);
    EXPECT_EQ(choice.integers.at(0), 6);
  }
  EXPECT_FALSE(chooser.has_log_probability());
}

TEST(Choosing, BeforeTheFirstModelEverythingIsEquallyLikely) {
  Random random(6);
  Choice choice;
  std::vector<size_t> counts(4);
  const uint8_t mask[] = {1, 0, 1, 1};
  for (size_t i = 0; i < kDraws; ++i) {
    ChooseUniformly(Discrete{4, -1}, mask, random, choice);
    ++counts.at(static_cast<size_t>(choice.integers.at(0) + 1));
    ASSERT_NEAR(choice.log_probability, -std::log(3.0), 1e-12);
  }
  EXPECT_LT(ChiSquare(counts, {1 / 3.0, 0.0, 1 / 3.0, 1 / 3.0}), 18.4);

  ChooseUniformly(MultiDiscrete{{2, 5}}, nullptr, random, choice);
  EXPECT_EQ(choice.integers.size(), 2U);
  EXPECT_NEAR(choice.log_probability, -std::log(10.0), 1e-12);

  const Box box{{2}, {-2.0, -INFINITY}, {4.0, 0.0}, false};
  for (int i = 0; i < 1000; ++i) {
    ChooseUniformly(box, nullptr, random, choice);
    ASSERT_TRUE(choice.floats[0] >= -2 && choice.floats[0] <= 4);
    ASSERT_TRUE(choice.floats[1] >= -1 && choice.floats[1] <= 1);
    ASSERT_NEAR(choice.log_probability, -std::log(6.0) - std::log(2.0), 1e-12);
  }
}

TEST(Choosing, RefusesWhatDoesNotFitTheSpace) {
  Decoding clip;
  clip.kind = Decoding::Kind::kClip;
  const Space discrete = Discrete{3, 0};
  const Space box = Box{{2}, {-1}, {1}, false};
  EXPECT_THROW(Chooser(discrete, clip, Of(Exploration::Kind::kSoftmax), {}, true), Error);
  EXPECT_THROW(Chooser(discrete, {}, Of(Exploration::Kind::kGaussian), {}, true), Error);
  EXPECT_THROW(Chooser(discrete, {}, Of(Exploration::Kind::kNone), {}, true), Error);
  EXPECT_THROW(Chooser(discrete, clip, Of(Exploration::Kind::kNone), {}, false), Error);
  EXPECT_THROW(Chooser(box, clip, Of(Exploration::Kind::kGaussian), {0.0F}, true), Error);
  EXPECT_THROW(Chooser(box, {}, Of(Exploration::Kind::kNone), {}, false), Error);
}

}  // namespace
}  // namespace rlsys::core
