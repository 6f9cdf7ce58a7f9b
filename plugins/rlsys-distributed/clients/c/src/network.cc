#include "network.h"

#include <algorithm>

#include "network_reader.h"

namespace rlsys::core {
namespace {

// Runs layers one after another; returns where the last one wrote: in `first` or `second`. `x` must
// lie in neither.
const float* Run(const std::vector<Dense>& layers, const float* x, std::vector<float>& first,
                 std::vector<float>& second) {
  std::vector<float>* to = &second;
  std::vector<float>* other = &first;
  for (const Dense& layer : layers) {
    if (to->size() < layer.padded_outputs()) to->resize(layer.padded_outputs());
    layer.Run(x, to->data());
    x = to->data();
    std::swap(to, other);
  }
  return x;
}

size_t Width(const std::vector<Dense>& layers, size_t inputs) {
  return layers.empty() ? inputs : layers.back().outputs();
}

}  // namespace

Network::Network(const Layout& layout, const std::string& data, size_t items) {
  const NetworkReader reader(layout, data);
  scorer_ = reader.scorer();
  masked_ = reader.masked();
  if (scorer_) {
    items_ = items;
    encoder_ = reader.Layers("encoder", 0);
    features_ = encoder_.empty() ? 0 : encoder_.front().inputs();
    const size_t code = Width(encoder_, features_);
    scorer_layers_ = reader.Layers("scorer", 2 * code);
    rest_ = reader.Layers("rest", code);
    reader.Expect(features_ > 0, "a scorer needs encoder layers");
    reader.Expect(Width(scorer_layers_, 2 * code) == 1, "a scorer has one logit per item");
    outputs_ = items_ + (rest_.empty() ? 0 : Width(rest_, code));
  } else {
    layers_ = reader.Layers("layers", 0);
    reader.Expect(!layers_.empty(), "a stack needs layers");
    features_ = layers_.front().inputs();
    outputs_ = layers_.back().outputs();
  }
  inputs_ = items_ * features_;
  clip_low_ = reader.Floats("input_clip.low", features_);
  clip_high_ = reader.Floats("input_clip.high", features_);
  shift_ = reader.Floats("transform.shift", features_);
  scale_ = reader.Floats("transform.scale", features_);
  reader.Expect(clip_low_.size() == clip_high_.size() && shift_.size() == scale_.size(),
                "half of input_clip or of transform is missing");
  if (!shift_.empty()) {
    const std::vector<double> bounds = reader.Doubles("transform.clip", 2);
    reader.Expect(bounds.size() == 2, "transform.clip is missing");
    transform_low_ = static_cast<float>(bounds[0]);
    transform_high_ = static_cast<float>(bounds[1]);
  }
  decoding_ = reader.ReadDecoding(outputs_);
}

const float* Network::Outputs(const float* observation, Scratch& scratch) const {
  const float* x = Prepared(observation, scratch);
  if (scorer_) return Scores(observation, x, scratch);
  return Run(layers_, x, scratch.first, scratch.second);
}

const float* Network::Prepared(const float* observation, Scratch& scratch) const {
  if (clip_low_.empty() && shift_.empty()) return observation;
  scratch.observation.assign(observation, observation + inputs_);
  float* x = scratch.observation.data();
  for (size_t begin = 0; begin < inputs_; begin += features_) {
    float* item = x + begin;
    if (!clip_low_.empty()) {
      for (size_t f = 0; f < features_; ++f) {
        item[f] = std::min(std::max(item[f], clip_low_[f]), clip_high_[f]);
      }
    }
    if (!shift_.empty()) {
      for (size_t f = 0; f < features_; ++f) {
        const float scaled = (item[f] - shift_[f]) * scale_[f];
        item[f] = std::min(std::max(scaled, transform_low_), transform_high_);
      }
    }
  }
  return x;
}

const float* Network::Scores(const float* observation, const float* x, Scratch& scratch) const {
  const size_t code = Width(encoder_, features_);
  scratch.codes.resize(items_ * code);
  scratch.context.assign(code, 0.0F);
  scratch.outputs.resize(outputs_);
  float count = 0;
  for (size_t i = 0; i < items_; ++i) {
    const float* found = Run(encoder_, x + i * features_, scratch.first, scratch.second);
    std::copy(found, found + code, scratch.codes.begin() + static_cast<ptrdiff_t>(i * code));
    // Presence is read before the transform, and after the clip.
    float present = observation[i * features_];
    if (!clip_low_.empty()) present = std::min(std::max(present, clip_low_[0]), clip_high_[0]);
    count += present;
    for (size_t c = 0; c < code; ++c) scratch.context[c] += found[c] * present;
  }
  for (float& value : scratch.context) value /= std::max(count, 1.0F);

  scratch.joined.resize(2 * code);
  std::copy(scratch.context.begin(), scratch.context.end(),
            scratch.joined.begin() + static_cast<ptrdiff_t>(code));
  for (size_t i = 0; i < items_; ++i) {
    const float* one = scratch.codes.data() + i * code;
    std::copy(one, one + code, scratch.joined.begin());
    scratch.outputs[i] = *Run(scorer_layers_, scratch.joined.data(), scratch.first, scratch.second);
  }
  if (!rest_.empty()) {
    const float* others = Run(rest_, scratch.context.data(), scratch.first, scratch.second);
    std::copy(others, others + (outputs_ - items_),
              scratch.outputs.begin() + static_cast<ptrdiff_t>(items_));
  }
  return scratch.outputs.data();
}

}  // namespace rlsys::core
