#include "models.h"

#include <rlsys/distributed/v1/trainer.pb.h>
#include <zstd.h>

#include <random>

namespace rlsys::testing {
namespace {

namespace pb = ::rlsys::distributed::v1;

// CRC-32, bit by bit: not the code that is tested.
uint32_t Checksum(const std::string& bytes) {
  uint32_t rest = ~0U;
  for (const char byte : bytes) {
    rest ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1U) * 0xEDB88320U);
  }
  return ~rest;
}

std::string Compress(const std::string& bytes) {
  std::string compressed(ZSTD_compressBound(bytes.size()), '\0');
  compressed.resize(
      ZSTD_compress(compressed.data(), compressed.size(), bytes.data(), bytes.size(), 3));
  return compressed;
}

class Builder {
 public:
  explicit Builder(const ModelSpec& spec) : outputs_(spec.outputs.size()) {
    const std::string activations = AddLayers(spec);
    if (spec.exploration == "gaussian") {
      Add("decoding.low", {outputs_}, std::vector<float>(outputs_, -1));
      Add("decoding.high", {outputs_}, std::vector<float>(outputs_, 1));
      Add("exploration.log_std", {outputs_}, std::vector<float>(outputs_, 0));
      update_.mutable_exploration()->mutable_gaussian();
    } else if (spec.exploration == "epsilon") {
      update_.mutable_exploration()->mutable_epsilon_greedy()->set_epsilon(0);
    } else {
      update_.mutable_exploration()->mutable_softmax();
    }
    const std::string kind = spec.exploration == "gaussian" ? "clip" : "argmax";
    update_.set_header(
        R"({"format": "rlsys.network/1", "shape": "stack", "notes": {}, "masked": )" +
        std::string(spec.masked ? "true" : "false") + R"(, "decoding": {"kind": ")" + kind +
        R"(", "start": 0, "sizes": []}, "activations": {"layers": [)" + activations + "]}}");
    update_.set_version(spec.version);
    update_.set_incarnation(spec.incarnation);
    update_.set_encoding(pb::EXACT);
    update_.set_checksum(Checksum(data_) ^ (spec.wrong_checksum ? 1U : 0U));
  }

  const std::string& data() const { return data_; }

  std::string Whole() {
    update_.set_data(Compress(data_));
    update_.set_size(data_.size());
    return update_.SerializeAsString();
  }

  std::string Difference(const Builder& old) {
    std::string planes;
    for (size_t plane = 0; plane < 4; ++plane) {
      for (size_t i = plane; i < data_.size(); i += 4) {
        planes.push_back(static_cast<char>(data_[i] ^ old.data_[i]));
      }
    }
    update_.clear_header();
    update_.clear_tensors();
    update_.set_base(old.update_.version());
    update_.set_data(Compress(planes));
    update_.set_size(planes.size());
    return update_.SerializeAsString();
  }

 private:
  // Returns the layers' activations for the header.
  std::string AddLayers(const ModelSpec& spec) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal(0.0F, 0.2F);
    std::string activations;
    std::string name = "layers.0";
    size_t inputs = spec.inputs;
    for (const size_t size : spec.hidden) {
      std::vector<float> weights(size * inputs);
      for (float& weight : weights) weight = normal(random);
      Add(name + ".weight", {size, inputs}, weights);
      Add(name + ".bias", {size}, std::vector<float>(size, 0.1F));
      activations += "\"tanh\", ";
      ++name.back();
      inputs = size;
    }
    std::vector<float> weights(outputs_ * inputs, 0.0F);
    if (!spec.hidden.empty()) {
      for (float& weight : weights) weight = normal(random);
    }
    weights[0] = spec.weight;
    Add(name + ".weight", {outputs_, inputs}, weights);
    Add(name + ".bias", {outputs_}, spec.outputs);
    return activations + "\"linear\"";
  }

  void Add(const std::string& name, const std::vector<uint64_t>& shape,
           const std::vector<float>& values) {
    pb::TensorName& tensor = *update_.add_tensors();
    tensor.set_name(name);
    tensor.set_type(pb::FLOAT32);
    for (const uint64_t size : shape) tensor.add_shape(size);
    data_.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  }

  size_t outputs_;
  pb::ModelUpdate update_;
  std::string data_;
};

}  // namespace

std::string WholeUpdate(const ModelSpec& spec) { return Builder(spec).Whole(); }

std::string ExactUpdate(const ModelSpec& old, const ModelSpec& spec) {
  return Builder(spec).Difference(Builder(old));
}

}  // namespace rlsys::testing
