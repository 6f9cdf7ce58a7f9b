#include "messages.h"

#include <type_traits>

#include "error.h"

namespace rlsys::core {
namespace {

constexpr char kSoftware[] = "librlsys " RLSYS_VERSION " (C++)";

void FillSpace(const Space& space, pb::Space& message) {
  if (const auto* discrete = std::get_if<Discrete>(&space)) {
    message.mutable_discrete()->set_n(discrete->n);
    message.mutable_discrete()->set_start(discrete->start);
  } else if (const auto* multi = std::get_if<MultiDiscrete>(&space)) {
    for (const int64_t n : multi->n) message.mutable_multi_discrete()->add_n(n);
  } else {
    const Box& box = std::get<Box>(space);
    pb::Space::Box& told = *message.mutable_box();
    told.set_type(box.bytes ? pb::UINT8 : pb::FLOAT32);
    for (const uint64_t size : box.shape) told.add_shape(size);
    for (const double bound : box.low) told.add_low(bound);
    for (const double bound : box.high) told.add_high(bound);
  }
}

// Fills a tensor: `first` is the size of the first dimension, if there is one before `shape`.
void FillBytes(pb::DataType type, const size_t* first, const std::vector<uint64_t>& shape,
               const void* data, size_t bytes, pb::Tensor& tensor) {
  tensor.set_type(type);
  if (first != nullptr) tensor.add_shape(*first);
  for (const uint64_t size : shape) tensor.add_shape(size);
  tensor.set_data(data, bytes);
}

template <typename Number>
void FillNumbers(pb::DataType type, size_t first, const std::vector<uint64_t>& shape,
                 const std::vector<Number>& numbers, pb::Tensor& tensor) {
  FillBytes(type, &first, shape, numbers.data(), numbers.size() * sizeof(Number), tensor);
}

Exploration ExplorationOf(const pb::Exploration& message) {
  switch (message.kind_case()) {
    case pb::Exploration::kSoftmax:
      return {Exploration::Kind::kSoftmax, 0};
    case pb::Exploration::kGaussian:
      return {Exploration::Kind::kGaussian, 0};
    case pb::Exploration::kEpsilonGreedy:
      return {Exploration::Kind::kEpsilonGreedy, message.epsilon_greedy().epsilon()};
    case pb::Exploration::KIND_NOT_SET:
      break;
  }
  return {};
}

}  // namespace

void FillRegister(const Config& config, const std::string& instance, pb::RegisterRequest& request) {
  request.set_client_id(config.client_id);
  request.set_instance(instance);
  request.set_model(config.model);
  FillSpace(config.observation, *request.mutable_observation());
  FillSpace(config.action, *request.mutable_action());
  request.set_masked(config.masked);
  request.set_items(config.items);
  request.set_algorithm(config.algorithm);
  request.set_settings(config.settings);
  request.set_software(kSoftware);
  request.add_encodings(static_cast<pb::Encoding>(config.encoding));
}

std::string SerializeTrajectory(const Piece& piece, uint64_t sequence, const Shapes& shapes,
                                const std::string& incarnation, bool log_probabilities) {
  const size_t steps = piece.steps();
  const pb::DataType type = shapes.bytes ? pb::UINT8 : pb::FLOAT32;
  pb::Trajectory told;
  told.set_sequence(sequence);
  told.set_episode(piece.episode);
  told.set_first_step(piece.first_step);
  told.set_ending(static_cast<pb::Ending>(piece.ending));
  FillBytes(type, &steps, shapes.observation, piece.observations.data(), piece.observations.size(),
            *told.mutable_observations());
  if (shapes.floats) {
    FillNumbers(pb::FLOAT32, steps, shapes.action, piece.floats, *told.mutable_actions());
  } else {
    FillNumbers(pb::INT64, steps, shapes.action, piece.integers, *told.mutable_actions());
  }
  FillNumbers(pb::FLOAT64, steps, {}, piece.rewards, *told.mutable_rewards());
  if (log_probabilities && piece.has_log_probabilities) {
    FillNumbers(pb::FLOAT32, steps, {}, piece.log_probabilities, *told.mutable_log_probabilities());
  }
  const bool next = piece.ending != Ending::kTerminated;
  if (next) {
    FillBytes(type, nullptr, shapes.observation, piece.next_observation.data(),
              piece.next_observation.size(), *told.mutable_next_observation());
  }
  if (shapes.mask != 0) {
    FillBytes(pb::BOOL, &steps, {shapes.mask}, piece.masks.data(), piece.masks.size(),
              *told.mutable_masks());
    if (next) {
      FillBytes(pb::BOOL, nullptr, {shapes.mask}, piece.next_mask.data(), piece.next_mask.size(),
                *told.mutable_next_mask());
    }
  }
  for (const VersionRun& run : piece.versions) {
    pb::VersionRun& one = *told.add_versions();
    one.set_version(run.version);
    one.set_steps(run.steps);
  }
  told.set_incarnation(piece.incarnation.empty() ? incarnation : piece.incarnation);
  return told.SerializeAsString();
}

Update ParseUpdate(const std::string& bytes) {
  pb::ModelUpdate message;
  if (!message.ParseFromString(bytes)) {
    throw Error(RLSYS_ERROR_MODEL, "the server has sent something that is not a model update");
  }
  Update update;
  update.version = message.version();
  update.incarnation = message.incarnation();
  update.base = message.base();
  update.encoding = static_cast<Encoding>(message.encoding());
  update.header = message.header();
  for (const pb::TensorName& tensor : message.tensors()) {
    update.tensors.push_back({tensor.name(),
                              static_cast<DataType>(tensor.type()),
                              {tensor.shape().begin(), tensor.shape().end()}});
  }
  update.data = std::move(*message.mutable_data());
  update.size = message.size();
  update.checksum = message.checksum();
  update.exploration = ExplorationOf(message.exploration());
  return update;
}

}  // namespace rlsys::core
