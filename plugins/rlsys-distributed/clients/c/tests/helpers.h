// What the tests of the public functions share.
#pragma once

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fake_server.h"
#include "models.h"
#include "rlsys.hpp"

namespace rlsys::testing {

// Keys of a configuration as JSON text: four values are observed, two actions are there.
inline std::string ConfigText(const std::string& address, const std::string& more = "") {
  return R"({"client_id": "test", "train_server_address": ")" + address +
         R"(", "algorithm_parameters": {"input_size": 4, "act_dim": 2}, "seed": 1)" +
         (more.empty() ? "" : ", " + more) + "}";
}

// An address where nobody listens: that of a server that is gone.
inline std::string DeadAddress() {
  ServerState state;
  return FakeServer(state).address();
}

// Collects what the library says, while it lives.
class LogKeeper {
 public:
  LogKeeper() { rlsys_set_log(&LogKeeper::Take, this); }
  ~LogKeeper() { rlsys_set_log(nullptr, nullptr); }

  // Returns how many lines have the text.
  size_t Count(const std::string& text) {
    const std::lock_guard lock(mutex_);
    size_t count = 0;
    for (const std::string& line : lines_) count += line.find(text) != std::string::npos ? 1 : 0;
    return count;
  }

 private:
  static void Take(const char* text, void* context) {
    auto* keeper = static_cast<LogKeeper*>(context);
    const std::lock_guard lock(keeper->mutex_);
    keeper->lines_.emplace_back(text);
  }

  std::mutex mutex_;
  std::vector<std::string> lines_;
};

// Asks until it holds; false if that takes minutes.
template <typename Holds>
bool Eventually(const Holds& holds) {
  for (int i = 0; i < 15'000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

inline constexpr float kObservation[4] = {0.1F, 0.2F, 0.3F, 0.4F};

// Plays an episode of some steps; the reward of each is its number, from 0.
inline void Play(Agent& agent, size_t steps) {
  Trajectory trajectory;
  Action action;
  for (size_t step = 0; step < steps; ++step) {
    std::tie(trajectory, action) = agent.request_for_action(trajectory, kObservation);
    agent.add_to_trajectory(trajectory, action);
    action.update_reward(static_cast<double>(step));
  }
  agent.mark_end_of_trajectory(trajectory, action);
}

}  // namespace rlsys::testing
