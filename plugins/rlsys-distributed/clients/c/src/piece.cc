#include "piece.h"

#include <algorithm>

namespace rlsys::core {
namespace {

// Returns the values of some steps, of an array that has equally many for each of `steps`.
template <typename Array>
Array Part(const Array& all, size_t steps, size_t begin, size_t end) {
  const size_t each = all.size() / steps;
  return Array(all.begin() + static_cast<ptrdiff_t>(begin * each),
               all.begin() + static_cast<ptrdiff_t>(end * each));
}

}  // namespace

void Piece::CountVersion(uint64_t version) {
  if (versions.empty() || versions.back().version != version) versions.push_back({version, 0});
  ++versions.back().steps;
}

Piece Piece::Slice(size_t begin, size_t end) const {
  const size_t all = steps();
  Piece part;
  part.episode = episode;
  part.first_step = first_step + begin;
  part.observations = Part(observations, all, begin, end);
  part.integers = Part(integers, all, begin, end);
  part.floats = Part(floats, all, begin, end);
  part.rewards = Part(rewards, all, begin, end);
  part.log_probabilities = Part(log_probabilities, all, begin, end);
  part.has_log_probabilities = has_log_probabilities;
  part.masks = Part(masks, all, begin, end);
  part.incarnation = incarnation;
  size_t first = 0;
  for (const VersionRun& run : versions) {
    const size_t from = std::max(first, begin);
    const size_t to = std::min(first + run.steps, end);
    if (from < to) part.versions.push_back({run.version, static_cast<uint32_t>(to - from)});
    first += run.steps;
  }
  const bool last = end == all;
  part.ending = last ? ending : Ending::kCut;
  part.next_observation = last ? next_observation : Part(observations, all, end, end + 1);
  part.next_mask = last ? next_mask : Part(masks, all, end, end + 1);
  return part;
}

}  // namespace rlsys::core
