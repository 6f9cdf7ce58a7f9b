#include "trajectory.h"

#include <cmath>

#include "error.h"
#include "forking.h"
#include "observing.h"
#include "text.h"

namespace rlsys::core {

Trajectory::Trajectory(std::shared_ptr<Agent> agent)
    : agent_(std::move(agent)), fork_depth_(ForkDepth()), random_(agent_->NextSeed()) {}

uint64_t Trajectory::Request(const float* observation, size_t values, const uint8_t* mask,
                             size_t mask_values) {
  ReadObservation(agent_->shapes(), observation, values, observation_);
  ReadMask(agent_->shapes(), mask, mask_values, mask_);
  if (fork_depth_ != ForkDepth()) {
    // Parent and child would otherwise draw the same actions.
    random_.Reseed();
    fork_depth_ = ForkDepth();
  }
  agent_->Refresh(model_, seen_models_);
  Decide(observation, agent_->shapes().mask == 0 ? nullptr : mask);
  ContinueOrBegin(observation_, mask_);
  ++pending_.action;
  pending_.observation.swap(observation_);
  pending_.mask.swap(mask_);
  pending_.log_probability = choice_.log_probability;
  if (pending_.model != model_) pending_.model = model_;
  pending_.reward = 0;
  pending_.added = false;
  agent_->CountDecision();
  return pending_.action;
}

void Trajectory::Decide(const float* observation, const uint8_t* mask) {
  if (!model_) {
    ChooseUniformly(agent_->config().action, mask, random_, choice_);
    return;
  }
  const float* outputs = model_->network.Outputs(observation, scratch_);
  float sum = 0;
  for (size_t i = 0; i < model_->network.outputs(); ++i) sum += outputs[i] * 0.0F;
  if (sum != 0.0F) {  // infinity and NaN times 0 are NaN
    throw Error(RLSYS_ERROR_MODEL,
                Cat("version ", model_->number,
                    " of the model has outputs that are not finite for this observation"));
  }
  model_->chooser.Choose(outputs, mask, random_, choice_);
}

void Trajectory::ContinueOrBegin(const std::string& observation, const std::string& mask) {
  if (ended_) {
    Begin();
  } else if (!pending_.added) {
    // Nobody knows what was done instead, so these steps do not follow those before.
    if (piece_.steps() > 0) Complete(Ending::kTruncated, pending_.observation, pending_.mask);
    Begin();
  } else {
    const bool other_model =
        model_ && !piece_.incarnation.empty() && piece_.incarnation != model_->incarnation;
    if (piece_.steps() >= agent_->most_steps() || other_model) {
      Complete(Ending::kCut, observation, mask);
    }
  }
}

void Trajectory::Begin() {
  piece_ = Piece();
  piece_.episode = agent_->NextEpisode();
  ended_ = false;
}

void Trajectory::Complete(Ending ending, const std::string& next_observation,
                          const std::string& next_mask) {
  Piece rest;
  rest.episode = piece_.episode;
  rest.first_step = piece_.first_step + piece_.steps();
  piece_.ending = ending;
  if (ending != Ending::kTerminated) {
    piece_.next_observation = next_observation;
    piece_.next_mask = next_mask;
  }
  agent_->Complete(std::move(piece_));
  piece_ = std::move(rest);
}

const Choice& Trajectory::choice() const {
  if (pending_.action == 0) {
    throw Error(RLSYS_ERROR_STATE, "no action has been requested yet");
  }
  return choice_;
}

void Trajectory::ExpectLast(uint64_t action) const {
  if (ended_ || action != pending_.action) {
    throw Error(RLSYS_ERROR_STATE,
                Cat("action ", action, " is not the last one that was requested",
                    ended_ ? "; the episode has ended" : Cat(", which is ", pending_.action)));
  }
}

void Trajectory::Add(uint64_t action) {
  ExpectLast(action);
  if (pending_.added) {
    throw Error(RLSYS_ERROR_STATE, Cat("action ", action, " is in the trajectory already"));
  }
  AddPending();
}

void Trajectory::AddPending() {
  if (piece_.steps() == 0) first_action_ = pending_.action;
  piece_.observations += pending_.observation;
  piece_.masks += pending_.mask;
  const auto& integers = choice_.integers;
  const auto& floats = choice_.unclipped;
  if (agent_->shapes().floats) {
    piece_.floats.insert(piece_.floats.end(), floats.begin(), floats.end());
  } else {
    piece_.integers.insert(piece_.integers.end(), integers.begin(), integers.end());
  }
  piece_.rewards.push_back(pending_.reward);
  piece_.log_probabilities.push_back(static_cast<float>(pending_.log_probability));
  const Model* model = pending_.model.get();
  piece_.CountVersion(model == nullptr ? 0 : model->number);
  if (model != nullptr) {
    if (!model->chooser.has_log_probability()) piece_.has_log_probabilities = false;
    piece_.incarnation = model->incarnation;
  }
  pending_.added = true;
}

void Trajectory::UpdateReward(uint64_t action, double reward) {
  if (!std::isfinite(reward)) {
    throw Error(RLSYS_ERROR_NOT_FINITE,
                Cat("the reward is ", reward, "; it must be a finite number"));
  }
  if (!ended_ && !pending_.added && action == pending_.action) {
    pending_.reward = reward;
  } else if (!ended_ && piece_.steps() > 0 && action >= first_action_ &&
             action - first_action_ < piece_.steps()) {
    piece_.rewards[action - first_action_] = reward;
  } else {
    throw Error(RLSYS_ERROR_STATE, Cat("action ", action,
                                       action == 0 || action > pending_.action
                                           ? " was not requested from this trajectory"
                                           : " is complete: its reward cannot change any more"));
  }
}

void Trajectory::MarkEnd(uint64_t action, bool truncated, const float* last_observation,
                         size_t values, const uint8_t* last_mask, size_t mask_values) {
  if (ended_ && action == pending_.action && action != 0) return;
  ExpectLast(action);
  if (truncated) {
    if (last_observation == nullptr) {
      throw Error(RLSYS_ERROR_ARGUMENT,
                  "a truncated trajectory needs the last observation: what was observed after its "
                  "last step");
    }
    ReadObservation(agent_->shapes(), last_observation, values, observation_);
    ReadMask(agent_->shapes(), last_mask, mask_values, mask_);
  }
  if (!pending_.added) AddPending();
  Complete(truncated ? Ending::kTruncated : Ending::kTerminated, observation_, mask_);
  ended_ = true;
}

}  // namespace rlsys::core
