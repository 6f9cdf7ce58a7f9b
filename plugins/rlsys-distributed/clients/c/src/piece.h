// Consecutive steps of one episode, as they are sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rlsys::core {

// How the steps end, with the protocol's own values.
enum class Ending { kNone = 0, kCut = 1, kTerminated = 2, kTruncated = 3 };

// So many steps in a row were chosen by one version.
struct VersionRun {
  uint64_t version = 0;
  uint32_t steps = 0;
};

struct Piece {
  uint64_t episode = 0;
  // Number of the first step in the episode.
  uint64_t first_step = 0;
  Ending ending = Ending::kNone;

  // One after another, as bytes: float32 or uint8.
  std::string observations;
  // Either integers or floats.
  std::vector<int64_t> integers;
  std::vector<float> floats;
  std::vector<double> rewards;
  std::vector<float> log_probabilities;
  // Whether every step's log probability means something.
  bool has_log_probabilities = true;
  // A byte per action and step; empty without masks.
  std::string masks;
  // What was observed after the last step; empty if terminated.
  std::string next_observation;
  std::string next_mask;
  std::vector<VersionRun> versions;
  // Of the model that chose; empty if none was there.
  std::string incarnation;

  size_t steps() const { return rewards.size(); }

  // Counts a step for a version.
  void CountVersion(uint64_t version);

  // Returns the steps from `begin` to before `end`: `kCut`, with the next observation, unless they
  // are the last ones.
  Piece Slice(size_t begin, size_t end) const;
};

}  // namespace rlsys::core
