// The C functions: they turn errors into a status and a text, and nothing is thrown over them.
#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string>

#include "agent.h"
#include "error.h"
#include "log.h"
#include "rlsys.h"
#include "text.h"
#include "trajectory.h"

struct rlsys_agent {
  std::shared_ptr<rlsys::core::Agent> agent;
};

struct rlsys_trajectory {
  explicit rlsys_trajectory(std::shared_ptr<rlsys::core::Agent> agent)
      : trajectory(std::move(agent)) {}
  rlsys::core::Trajectory trajectory;
};

namespace {

using rlsys::core::Cat;
using rlsys::core::Error;

// Of the last call in this thread.
thread_local std::string last_error;

rlsys_status Fail(rlsys_status status, const char* text) noexcept {
  try {
    last_error = text;
  } catch (...) {
    last_error.clear();
  }
  return status;
}

// Runs the body of a function.
template <typename Body>
rlsys_status Guard(const Body& body) noexcept {
  try {
    return body();
  } catch (const Error& error) {
    return Fail(error.status(), error.what());
  } catch (const std::bad_alloc&) {
    return Fail(RLSYS_ERROR_INTERNAL, "no memory");
  } catch (const std::exception& error) {
    return Fail(RLSYS_ERROR_INTERNAL, error.what());
  } catch (...) {
    return Fail(RLSYS_ERROR_INTERNAL, "an unknown error");
  }
}

template <typename Pointer>
Pointer* Needed(Pointer* pointer, const char* name) {
  if (pointer == nullptr) throw Error(RLSYS_ERROR_ARGUMENT, Cat(name, " is NULL"));
  return pointer;
}

template <typename Read>
rlsys_agent* Open(const char* given, const Read& read) noexcept {
  rlsys_agent* opened = nullptr;
  Guard([&] {
    auto agent = std::make_unique<rlsys_agent>();
    agent->agent = rlsys::core::Agent::Make(read(Needed(given, "the configuration")));
    opened = agent.release();
    return RLSYS_OK;
  });
  return opened;
}

template <typename Number>
rlsys_status CopyAct(const std::vector<Number>& act, bool kind_fits, Number* values, size_t count) {
  Needed(values, "values");
  if (!kind_fits) {
    throw Error(RLSYS_ERROR_ARGUMENT, "the action space has the other kind of numbers");
  }
  if (count != act.size()) {
    throw Error(RLSYS_ERROR_ARGUMENT, Cat("an action has ", act.size(), " numbers, not ", count));
  }
  std::memcpy(values, act.data(), count * sizeof(Number));
  return RLSYS_OK;
}

}  // namespace

const char* rlsys_version(void) { return RLSYS_VERSION; }

const char* rlsys_last_error(void) { return last_error.c_str(); }

void rlsys_set_log(rlsys_log_function function, void* context) {
  Guard([&] {
    rlsys::core::SetLog(function, context);
    return RLSYS_OK;
  });
}

rlsys_agent* rlsys_agent_open(const char* path) {
  return Open(path, [](const char* given) { return rlsys::core::ReadConfigFile(given); });
}

rlsys_agent* rlsys_agent_open_json(const char* text) {
  return Open(text, [](const char* given) { return rlsys::core::ReadConfig(given, "config"); });
}

void rlsys_agent_close(rlsys_agent* agent) {
  if (agent == nullptr) return;
  Guard([&] {
    agent->agent->Close();
    return RLSYS_OK;
  });
  delete agent;
}

rlsys_status rlsys_action_kind(const rlsys_agent* agent, rlsys_kind* kind, size_t* count) {
  return Guard([&] {
    const rlsys::core::Space& space = Needed(agent, "agent")->agent->config().action;
    // The variant has its alternatives in the order of the kinds.
    *Needed(kind, "kind") = static_cast<rlsys_kind>(space.index());
    *Needed(count, "count") = rlsys::core::NumbersOf(space);
    return RLSYS_OK;
  });
}

rlsys_status rlsys_request_for_action(rlsys_agent* agent, rlsys_trajectory** trajectory,
                                      const float* observation, size_t values, const uint8_t* mask,
                                      size_t mask_values, uint64_t* action) {
  return Guard([&] {
    Needed(agent, "agent");
    Needed(trajectory, "trajectory");
    Needed(action, "action");
    if (*trajectory != nullptr && (*trajectory)->trajectory.agent() != agent->agent.get()) {
      throw Error(RLSYS_ERROR_ARGUMENT, "the trajectory belongs to another agent");
    }
    std::unique_ptr<rlsys_trajectory> made;
    if (*trajectory == nullptr) made = std::make_unique<rlsys_trajectory>(agent->agent);
    rlsys::core::Trajectory& used = (made ? made.get() : *trajectory)->trajectory;
    *action = used.Request(observation, values, mask, mask_values);
    if (made) *trajectory = made.release();
    return RLSYS_OK;
  });
}

rlsys_status rlsys_act_integers(const rlsys_trajectory* trajectory, int64_t* values, size_t count) {
  return Guard([&] {
    const rlsys::core::Trajectory& used = Needed(trajectory, "trajectory")->trajectory;
    return CopyAct(used.choice().integers, !used.agent()->shapes().floats, values, count);
  });
}

rlsys_status rlsys_act_floats(const rlsys_trajectory* trajectory, float* values, size_t count) {
  return Guard([&] {
    const rlsys::core::Trajectory& used = Needed(trajectory, "trajectory")->trajectory;
    return CopyAct(used.choice().floats, used.agent()->shapes().floats, values, count);
  });
}

rlsys_status rlsys_add_to_trajectory(rlsys_trajectory* trajectory, uint64_t action) {
  return Guard([&] {
    Needed(trajectory, "trajectory")->trajectory.Add(action);
    return RLSYS_OK;
  });
}

rlsys_status rlsys_update_reward(rlsys_trajectory* trajectory, uint64_t action, double reward) {
  return Guard([&] {
    Needed(trajectory, "trajectory")->trajectory.UpdateReward(action, reward);
    return RLSYS_OK;
  });
}

rlsys_status rlsys_mark_end_of_trajectory(rlsys_trajectory* trajectory, uint64_t action,
                                          int truncated, const float* last_observation,
                                          size_t values, const uint8_t* last_mask,
                                          size_t mask_values) {
  return Guard([&] {
    Needed(trajectory, "trajectory")
        ->trajectory.MarkEnd(action, truncated != 0, last_observation, values, last_mask,
                             mask_values);
    return RLSYS_OK;
  });
}

void rlsys_trajectory_free(rlsys_trajectory* trajectory) { delete trajectory; }

rlsys_status rlsys_flush(rlsys_agent* agent, double seconds) {
  return Guard([&] {
    Needed(agent, "agent");
    if (!(seconds >= 0 && seconds <= 1e6)) {
      throw Error(RLSYS_ERROR_ARGUMENT, Cat("seconds must be 0 to 1e6, not ", seconds));
    }
    switch (agent->agent->Flush(seconds)) {
      case rlsys::core::Outbox::Flushed::kYes:
        break;
      case rlsys::core::Outbox::Flushed::kTimeout:
        throw Error(RLSYS_ERROR_TIMEOUT,
                    Cat("the server has not acknowledged everything within ", seconds, " s"));
      case rlsys::core::Outbox::Flushed::kGaveUp:
        throw Error(RLSYS_ERROR_GAVE_UP, agent->agent->Text(RLSYS_TEXT_PROBLEM));
    }
    return RLSYS_OK;
  });
}

rlsys_status rlsys_get_statistic(const rlsys_agent* agent, int which, uint64_t* value) {
  return Guard([&] {
    *Needed(value, "value") = Needed(agent, "agent")->agent->Statistic(which);
    return RLSYS_OK;
  });
}

rlsys_status rlsys_get_text(const rlsys_agent* agent, int which, char* buffer, size_t size,
                            size_t* needed) {
  return Guard([&] {
    const std::string text = Needed(agent, "agent")->agent->Text(which);
    if (needed != nullptr) *needed = text.size() + 1;
    if (size > 0) {
      const size_t copied = std::min(text.size(), size - 1);
      std::memcpy(Needed(buffer, "buffer"), text.data(), copied);
      buffer[copied] = '\0';
    }
    return RLSYS_OK;
  });
}
