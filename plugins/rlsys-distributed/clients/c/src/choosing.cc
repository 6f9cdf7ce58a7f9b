#include "choosing.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "error.h"
#include "text.h"

namespace rlsys::core {
namespace {

// Draws an index with the softmax of the allowed outputs; adds the logarithm of its probability.
size_t DrawSoftmax(const float* outputs, size_t count, const uint8_t* mask, Random& random,
                   std::vector<double>& weights, double& log_probability) {
  const double highest = outputs[Best(outputs, count, mask)];
  if (weights.size() < count) weights.resize(count);
  double total = 0;
  for (size_t i = 0; i < count; ++i) {
    const bool allowed = mask == nullptr || mask[i] != 0;
    weights[i] = allowed ? std::exp(outputs[i] - highest) : 0.0;
    total += weights[i];
  }
  double left = random.Uniform() * total;
  // Rounding can leave a little behind the last one: then the last possible action is taken.
  size_t drawn = 0;
  for (size_t i = 0; i < count; ++i) {
    if (weights[i] == 0) continue;
    drawn = i;
    left -= weights[i];
    if (left < 0) break;
  }
  log_probability += outputs[drawn] - highest - std::log(total);
  return drawn;
}

// Draws the index of any allowed action; adds the logarithm of its probability.
size_t DrawAny(size_t count, const uint8_t* mask, Random& random, double& log_probability) {
  size_t allowed = count;
  if (mask != nullptr) {
    allowed = static_cast<size_t>(
        std::count_if(mask, mask + count, [](uint8_t byte) { return byte != 0; }));
  }
  log_probability -= std::log(static_cast<double>(allowed));
  size_t left = random.Below(allowed);
  if (mask == nullptr) return left;
  size_t index = 0;
  while (mask[index] == 0 || left-- > 0) ++index;
  return index;
}

}  // namespace

void ChooseUniformly(const Space& space, const uint8_t* mask, Random& random, Choice& choice) {
  choice.log_probability = 0;
  choice.integers.clear();
  if (const auto* discrete = std::get_if<Discrete>(&space)) {
    const size_t drawn =
        DrawAny(static_cast<size_t>(discrete->n), mask, random, choice.log_probability);
    choice.integers.push_back(static_cast<int64_t>(drawn) + discrete->start);
  } else if (const auto* multi = std::get_if<MultiDiscrete>(&space)) {
    for (const int64_t n : multi->n) {
      const size_t drawn = DrawAny(static_cast<size_t>(n), nullptr, random, choice.log_probability);
      choice.integers.push_back(static_cast<int64_t>(drawn));
    }
  } else {
    const Box& box = std::get<Box>(space);
    choice.floats.resize(box.size());
    for (size_t i = 0; i < choice.floats.size(); ++i) {
      const bool bounded = std::isfinite(box.LowOf(i)) && std::isfinite(box.HighOf(i));
      const double low = bounded ? box.LowOf(i) : -1.0;
      const double high = bounded ? box.HighOf(i) : 1.0;
      choice.floats[i] = static_cast<float>(low + (high - low) * random.Uniform());
      if (high > low) choice.log_probability -= std::log(high - low);
    }
    choice.unclipped = choice.floats;
  }
}

Chooser::Chooser(const Space& space, const Decoding& decoding, const Exploration& exploration,
                 const std::vector<float>& log_std, bool explore)
    : decoding_(decoding),
      exploration_(exploration),
      explore_(explore),
      outputs_(OutputsOf(space)) {
  using Kind = Exploration::Kind;
  const auto* discrete = std::get_if<Discrete>(&space);
  const auto* multi = std::get_if<MultiDiscrete>(&space);
  const auto* box = std::get_if<Box>(&space);
  bool fits;
  if (discrete != nullptr) {
    fits = decoding.kind == Decoding::Kind::kArgmax &&
           (exploration.kind == Kind::kSoftmax || exploration.kind == Kind::kEpsilonGreedy);
    groups_ = {outputs_};
    start_ = discrete->start;
    decoding_.start = start_;
  } else if (multi != nullptr) {
    groups_.assign(multi->n.begin(), multi->n.end());
    fits = decoding.kind == Decoding::Kind::kMultiArgmax && decoding.sizes == groups_ &&
           exploration.kind == Kind::kSoftmax;
  } else {
    fits = (decoding.kind == Decoding::Kind::kClip && exploration.kind == Kind::kGaussian &&
            log_std.size() == outputs_) ||
           (decoding.continuous() && !explore);
    for (size_t i = 0; i < outputs_; ++i) {
      low_.push_back(static_cast<float>(box->LowOf(i)));
      high_.push_back(static_cast<float>(box->HighOf(i)));
    }
  }
  if (!fits && (explore || (discrete != nullptr || multi != nullptr) == decoding.continuous())) {
    throw Error(
        RLSYS_ERROR_MODEL,
        Cat("the model's decoding or exploration does not fit the action space ", Describe(space)));
  }
  for (const float value : log_std) {
    deviation_.push_back(std::exp(value));
    log_constant_ -= value + 0.5 * std::log(2 * std::numbers::pi);
  }
}

bool Chooser::has_log_probability() const {
  return explore_ && exploration_.kind != Exploration::Kind::kEpsilonGreedy;
}

void Chooser::Choose(const float* outputs, const uint8_t* mask, Random& random,
                     Choice& choice) const {
  choice.log_probability = 0;
  if (groups_.empty()) {
    ChooseFloats(outputs, random, choice);
  } else {
    choice.integers.resize(groups_.size());
    ChooseInteger(outputs, mask, random, choice);
  }
}

void Chooser::ChooseInteger(const float* outputs, const uint8_t* mask, Random& random,
                            Choice& choice) const {
  using Kind = Exploration::Kind;
  if (!explore_ || exploration_.kind == Kind::kEpsilonGreedy) {
    if (explore_ && random.Uniform() < exploration_.epsilon) {
      double unused = 0;
      choice.integers[0] = static_cast<int64_t>(DrawAny(outputs_, mask, random, unused)) + start_;
    } else {
      decoding_.Integers(outputs, outputs_, mask, choice.integers.data());
    }
    return;
  }
  for (size_t g = 0; g < groups_.size(); ++g) {
    const size_t drawn =
        DrawSoftmax(outputs, groups_[g], mask, random, choice.weights, choice.log_probability);
    choice.integers[g] = static_cast<int64_t>(drawn) + start_;
    outputs += groups_[g];
  }
}

void Chooser::ChooseFloats(const float* outputs, Random& random, Choice& choice) const {
  choice.floats.resize(outputs_);
  choice.unclipped.resize(outputs_);
  if (!explore_) {
    decoding_.Floats(outputs, outputs_, choice.floats.data());
    choice.unclipped = choice.floats;
    return;
  }
  choice.log_probability = log_constant_;
  for (size_t i = 0; i < outputs_; ++i) {
    const float drawn = outputs[i] + deviation_[i] * static_cast<float>(random.Normal());
    // Of what is recorded: float32 has rounded the sum.
    const double distance = (static_cast<double>(drawn) - outputs[i]) / deviation_[i];
    choice.log_probability -= 0.5 * distance * distance;
    choice.unclipped[i] = drawn;
    choice.floats[i] = std::min(std::max(drawn, low_[i]), high_[i]);
  }
}

}  // namespace rlsys::core
