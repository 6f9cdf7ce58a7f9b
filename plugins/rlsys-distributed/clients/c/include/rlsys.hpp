// rlsys for C++17: the functions of rlsys.h with objects that free themselves and exceptions.
//
//     rlsys::Agent agent("client.json");
//     rlsys::Trajectory trajectory;
//     rlsys::Action action;
//     while (running) {
//       std::tie(trajectory, action) = agent.request_for_action(trajectory, observation);
//       agent.add_to_trajectory(trajectory, action);
//       reward = ...;  // do `action.act` and see what comes of it
//       action.update_reward(reward);
//       if (over) agent.mark_end_of_trajectory(trajectory, action);
//     }
//     agent.close();
//
// The calls are those of the Python client. Threads: an agent may be used from several threads at
// once, a trajectory and its actions from one at a time.
#ifndef RLSYS_HPP_
#define RLSYS_HPP_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "rlsys.h"

namespace rlsys {

// What every failing call throws; what() is one line. The agent stays usable.
class Error : public std::runtime_error {
 public:
  Error(rlsys_status status, const std::string& text) : std::runtime_error(text), status_(status) {}

  rlsys_status status() const noexcept { return status_; }

 private:
  rlsys_status status_;
};

namespace detail {

inline void check(rlsys_status status) {
  if (status != RLSYS_OK) throw Error(status, rlsys_last_error());
}

struct FreeTrajectory {
  void operator()(rlsys_trajectory* trajectory) const noexcept {
    rlsys_trajectory_free(trajectory);
  }
};
using TrajectoryHandle = std::unique_ptr<rlsys_trajectory, FreeTrajectory>;

struct CloseAgent {
  void operator()(rlsys_agent* agent) const noexcept { rlsys_agent_close(agent); }
};

}  // namespace detail

// Looks at numbers that lie one after another, for the time of a call: a std::vector, a std::array,
// an array, or a pointer and a size.
template <typename Number>
class View {
 public:
  View() = default;
  View(const Number* data, std::size_t size) : data_(data), size_(size) {}
  View(const std::vector<Number>& numbers) : View(numbers.data(), numbers.size()) {}
  template <std::size_t kSize>
  View(const std::array<Number, kSize>& numbers) : View(numbers.data(), kSize) {}
  template <std::size_t kSize>
  View(const Number (&numbers)[kSize]) : View(numbers, kSize) {}

  const Number* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }

 private:
  const Number* data_ = nullptr;
  std::size_t size_ = 0;
};

using Observation = View<float>;
// A byte per action, 0 if it is forbidden.
using Mask = View<std::uint8_t>;

// What to do. A Discrete action converts to a whole number: `int a = action.act;`.
class Act {
 public:
  // The number of a Discrete action, `start` included. Throws Error for other spaces.
  std::int64_t integer() const {
    if (floats_.empty() && integers_.empty()) return integer_;
    throw Error(RLSYS_ERROR_STATE,
                "the action is not one whole number; use integers() or floats()");
  }
  operator std::int64_t() const { return integer(); }

  // The numbers of a MultiDiscrete action; empty for other spaces.
  const std::vector<std::int64_t>& integers() const noexcept { return integers_; }
  // The numbers of a Box action in C order, within its bounds; empty for other spaces.
  const std::vector<float>& floats() const noexcept { return floats_; }

 private:
  friend class Agent;
  std::int64_t integer_ = 0;
  std::vector<std::int64_t> integers_;
  std::vector<float> floats_;
};

// One episode after another, for one thread at a time. Copies stand for the same trajectory.
class Trajectory {
 public:
  Trajectory() = default;

  // Whether nothing has been requested yet.
  bool empty() const noexcept { return handle_ == nullptr; }

 private:
  friend class Agent;
  friend class Action;
  std::shared_ptr<detail::TrajectoryHandle> handle_;
};

// One decision.
class Action {
 public:
  Action() = default;

  // What the program does.
  Act act;

  // Says what came of it: any finite number, 0 if it is never said. It can be said again until the
  // episode ends, or `max_traj_length` steps are complete.
  void update_reward(double reward) {
    detail::check(rlsys_update_reward(handle_ ? handle_->get() : nullptr, number_, reward));
  }

 private:
  friend class Agent;
  std::shared_ptr<detail::TrajectoryHandle> handle_;
  std::uint64_t number_ = 0;
};

// What has become of what a program did; see rlsys_statistic.
struct Statistics {
  bool connected = false;
  std::uint64_t version = 0;
  std::uint64_t models = 0;
  std::uint64_t decisions = 0;
  std::uint64_t trajectories = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t waiting = 0;
  std::uint64_t dropped = 0;
  std::uint64_t stale = 0;
  std::uint64_t refused = 0;
  std::uint64_t connections = 0;
  std::string model;
  std::string algorithm;
  std::string settings;
  std::string problem;
  std::string last_refusal;
};

// Decides for a running program, and lets a server learn from what comes of it.
class Agent {
 public:
  // Reads a configuration file (JSON) and connects in the background. Throws Error.
  explicit Agent(const std::string& path) : Agent(rlsys_agent_open(path.c_str())) {}

  // The same from JSON text.
  static Agent from_json(const std::string& text) {
    return Agent(rlsys_agent_open_json(text.c_str()));
  }

  // Decides. A trajectory that is empty or has ended begins another episode. `observation` has as
  // many numbers as the observation space, in C order; `mask` is needed if the configuration says
  // `masked`. The first call waits up to `first_model_timeout` for the first model.
  //
  // Returns the trajectory and the action; what to do is its `act`. Throws Error.
  std::pair<Trajectory, Action> request_for_action(Trajectory trajectory, Observation observation,
                                                   Mask mask = {}) {
    rlsys_trajectory* raw = trajectory.empty() ? nullptr : trajectory.handle_->get();
    const bool made = raw == nullptr;
    Action action;
    detail::check(rlsys_request_for_action(handle(), &raw, observation.data(), observation.size(),
                                           mask.data(), mask.size(), &action.number_));
    if (made) {
      trajectory.handle_ =
          std::make_shared<detail::TrajectoryHandle>(detail::TrajectoryHandle(raw));
    }
    action.handle_ = trajectory.handle_;
    if (kind_ == RLSYS_KIND_BOX) {
      action.act.floats_.resize(numbers_);
      detail::check(rlsys_act_floats(raw, action.act.floats_.data(), numbers_));
    } else if (kind_ == RLSYS_KIND_DISCRETE) {
      detail::check(rlsys_act_integers(raw, &action.act.integer_, 1));
    } else {
      action.act.integers_.resize(numbers_);
      detail::check(rlsys_act_integers(raw, action.act.integers_.data(), numbers_));
    }
    return {std::move(trajectory), std::move(action)};
  }

  // Records an action as done. Throws Error if it is not the last requested one, or is recorded.
  void add_to_trajectory(const Trajectory& trajectory, const Action& action) {
    detail::check(rlsys_add_to_trajectory(raw(trajectory), action.number_));
  }

  // Ends an episode after its last action, which is recorded if it has not been. `truncated`: it
  // was only stopped from outside, by a time limit for example; then `last_observation`, what was
  // observed after the action, is needed, and `last_mask` if there are masks. Throws Error.
  void mark_end_of_trajectory(const Trajectory& trajectory, const Action& action,
                              bool truncated = false, Observation last_observation = {},
                              Mask last_mask = {}) {
    detail::check(rlsys_mark_end_of_trajectory(raw(trajectory), action.number_, truncated ? 1 : 0,
                                               last_observation.data(), last_observation.size(),
                                               last_mask.data(), last_mask.size()));
  }

  // Sends what is complete; returns whether the server has it within `seconds`. Throws Error if the
  // server has refused this program, or after a fork.
  bool flush(double seconds = 30) {
    const rlsys_status status = rlsys_flush(handle(), seconds);
    if (status == RLSYS_ERROR_TIMEOUT) return false;
    detail::check(status);
    return true;
  }

  Statistics statistics() const {
    Statistics found;
    found.connected = number(RLSYS_STATISTIC_CONNECTED) != 0;
    found.version = number(RLSYS_STATISTIC_VERSION);
    found.models = number(RLSYS_STATISTIC_MODELS);
    found.decisions = number(RLSYS_STATISTIC_DECISIONS);
    found.trajectories = number(RLSYS_STATISTIC_TRAJECTORIES);
    found.acknowledged = number(RLSYS_STATISTIC_ACKNOWLEDGED);
    found.waiting = number(RLSYS_STATISTIC_WAITING);
    found.dropped = number(RLSYS_STATISTIC_DROPPED);
    found.stale = number(RLSYS_STATISTIC_STALE);
    found.refused = number(RLSYS_STATISTIC_REFUSED);
    found.connections = number(RLSYS_STATISTIC_CONNECTIONS);
    found.model = text(RLSYS_TEXT_MODEL);
    found.algorithm = text(RLSYS_TEXT_ALGORITHM);
    found.settings = text(RLSYS_TEXT_SETTINGS);
    found.problem = text(RLSYS_TEXT_PROBLEM);
    found.last_refusal = text(RLSYS_TEXT_LAST_REFUSAL);
    return found;
  }

  // Sends what is complete for up to 5 seconds, if there is a connection, and disconnects. The
  // destructor does the same. Any later call but close throws Error.
  void close() noexcept { agent_.reset(); }

 private:
  explicit Agent(rlsys_agent* agent) : agent_(agent) {
    if (agent == nullptr) throw Error(RLSYS_ERROR_CONFIG, rlsys_last_error());
    detail::check(rlsys_action_kind(agent, &kind_, &numbers_));
  }

  rlsys_agent* handle() const {
    if (!agent_) throw Error(RLSYS_ERROR_STATE, "the agent is closed");
    return agent_.get();
  }

  static rlsys_trajectory* raw(const Trajectory& trajectory) {
    if (trajectory.empty()) throw Error(RLSYS_ERROR_STATE, "the trajectory is empty");
    return trajectory.handle_->get();
  }

  std::uint64_t number(rlsys_statistic which) const {
    std::uint64_t value = 0;
    detail::check(rlsys_get_statistic(handle(), which, &value));
    return value;
  }

  std::string text(rlsys_text which) const {
    std::size_t needed = 0;
    detail::check(rlsys_get_text(handle(), which, nullptr, 0, &needed));
    std::string found(needed, '\0');
    detail::check(rlsys_get_text(handle(), which, found.data(), found.size(), &needed));
    // It may have become longer or shorter in between.
    found.resize(found.find('\0'));
    return found;
  }

  std::unique_ptr<rlsys_agent, detail::CloseAgent> agent_;
  rlsys_kind kind_ = RLSYS_KIND_DISCRETE;
  std::size_t numbers_ = 0;
};

}  // namespace rlsys

#endif  // RLSYS_HPP_
