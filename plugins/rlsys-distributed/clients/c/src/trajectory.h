// What happens between a program and its model, one step after another.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "agent.h"
#include "choosing.h"
#include "model.h"
#include "network.h"
#include "piece.h"
#include "random.h"

namespace rlsys::core {

// For one thread at a time. After an end, the next request begins another episode. Every function
// throws Error, and changes nothing then.
class Trajectory {
 public:
  explicit Trajectory(std::shared_ptr<Agent> agent);

  // Decides; returns the action's number. `mask` has a byte per action, 0 for a forbidden one.
  uint64_t Request(const float* observation, size_t values, const uint8_t* mask,
                   size_t mask_values);

  // What the last request decided.
  const Choice& choice() const;

  void Add(uint64_t action);
  void UpdateReward(uint64_t action, double reward);
  void MarkEnd(uint64_t action, bool truncated, const float* last_observation, size_t values,
               const uint8_t* last_mask, size_t mask_values);

  const Agent* agent() const { return agent_.get(); }

 private:
  // The last request.
  struct Pending {
    uint64_t action = 0;
    std::string observation;
    std::string mask;
    double log_probability = 0;
    // That chose; nullptr before the first one.
    std::shared_ptr<const Model> model;
    double reward = 0;
    bool added = true;
  };

  void Decide(const float* observation, const uint8_t* mask);
  void ContinueOrBegin(const std::string& observation, const std::string& mask);
  void Begin();
  void Complete(Ending ending, const std::string& next_observation, const std::string& next_mask);
  void ExpectLast(uint64_t action) const;
  void AddPending();

  std::shared_ptr<Agent> agent_;
  uint64_t fork_depth_;
  Random random_;
  std::shared_ptr<const Model> model_;
  uint64_t seen_models_ = 0;
  Scratch scratch_;
  Choice choice_;
  Pending pending_;
  // Of the request that is being looked at.
  std::string observation_;
  std::string mask_;
  Piece piece_;
  // Number of the piece's first action.
  uint64_t first_action_ = 0;
  bool ended_ = true;
};

}  // namespace rlsys::core
