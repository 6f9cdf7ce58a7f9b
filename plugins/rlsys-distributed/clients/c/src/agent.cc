#include "agent.h"

#include <algorithm>

#include "error.h"
#include "log.h"
#include "text.h"

namespace rlsys::core {
namespace {

// Set at the first agent, to the depth of its process: gRPC does not survive a fork.
std::atomic<uint64_t> connected_depth{0};
std::atomic<bool> connected_once{false};

uint64_t SystemSeed() {
  std::random_device device;
  return (static_cast<uint64_t>(device()) << 32) | device();
}

}  // namespace

std::shared_ptr<Agent> Agent::Make(Config config, Timing timing) {
  if (connected_once && connected_depth != ForkDepth()) {
    throw Error(
        RLSYS_ERROR_FORKED,
        "an agent was opened before the fork, and gRPC does not survive one; fork first, or "
        "start another program");
  }
  connected_depth = ForkDepth();
  connected_once = true;
  std::shared_ptr<Agent> agent(new Agent(std::move(config), timing), &Agent::Delete);
  WatchForks(agent.get());
  for (const std::string& warning : agent->config_.warnings) Log(warning);
  agent->connection_->Start();
  return agent;
}

Agent::Agent(Config config, Timing timing)
    : config_(std::move(config)),
      shapes_(config_),
      timing_(timing),
      fork_depth_(ForkDepth()),
      outbox_(config_.buffer_trajectories, config_.send_frequency),
      most_steps_(config_.max_traj_length),
      seed_(config_.seed ? *config_.seed : SystemSeed()) {
  Connection::Events events;
  events.version = [this](const Version& version) { TakeVersion(version); };
  events.limits = [this](const ServerLimits& limits) { TakeLimits(limits); };
  events.gave_up = [this] { models_.StopWaiting(); };
  connection_ =
      std::make_unique<Connection>(config_, shapes_, outbox_, announcements_, events, timing);
}

Agent::~Agent() {
  Close();
  StopWatchingForks(this);
}

void Agent::Delete(Agent* agent) {
  // In a child, threads that do not exist there still count as waiting for locks and for their end.
  // Nothing can be taken apart; it stays until the process ends.
  if (agent->forked()) {
    StopWatchingForks(agent);
  } else {
    delete agent;
  }
}

void Agent::LockForFork() {
  announcements_.LockForFork();
  models_.LockForFork();
  outbox_.LockForFork();
  connection_->LockForFork();
}

void Agent::UnlockAfterFork() {
  connection_->UnlockAfterFork();
  outbox_.UnlockAfterFork();
  models_.UnlockAfterFork();
  announcements_.UnlockAfterFork();
}

void Agent::Refresh(std::shared_ptr<const Model>& held, uint64_t& seen) {
  if (!forked()) {
    models_.WaitForFirst(std::chrono::duration<double>(config_.first_model_timeout));
    if (models_.version() == 0 && !said_no_model_.exchange(true)) {
      const std::string problem = Text(RLSYS_TEXT_PROBLEM);
      Log(Cat("no model yet (", problem.empty() ? "the server has sent none" : problem,
              "): actions are drawn at random until there is one"));
    }
  } else if (!said_forked_.exchange(true)) {
    Log("this process was forked from the one that is connected: its agent goes on "
        "acting and sends nothing");
  }
  models_.Refresh(held, seen);
}

void Agent::Complete(Piece piece) {
  if (config_.explore && !forked()) outbox_.Put(std::move(piece));
}

uint64_t Agent::NextSeed() {
  // Neighbouring seeds give unrelated numbers only after mixing: each step is one of a Weyl
  // sequence by the golden ratio.
  return seed_ + 0x9E3779B97F4A7C15U * (1 + seeds_.fetch_add(1, std::memory_order_relaxed));
}

void Agent::TakeVersion(const Version& version) {
  models_.Set(std::make_shared<const Model>(version, config_.observation, config_.action,
                                            config_.masked, config_.items, config_.explore));
  versions_.fetch_add(1, std::memory_order_relaxed);
  outbox_.Hold(version.number, version.incarnation);
}

void Agent::TakeLimits(const ServerLimits& limits) {
  size_t most = config_.max_traj_length;
  if (limits.trajectory_steps > 0) most = std::min<size_t>(most, limits.trajectory_steps);
  if (limits.trajectory_bytes > 0) {
    const size_t frame = std::min(limits.trajectory_bytes, shapes_.frame_bytes());
    most = std::min(most, (limits.trajectory_bytes - frame) / shapes_.step_bytes());
  }
  if (most == 0) {
    announcements_.Once("too large",
                        Cat("the server takes trajectories of at most ", limits.trajectory_bytes,
                            " bytes, and one step is larger: all are dropped"));
  }
  outbox_.LimitLag(limits.max_lag);
  outbox_.LimitSteps(most);
  most_steps_.store(std::max<size_t>(most, 1), std::memory_order_relaxed);
}

Outbox::Flushed Agent::Flush(double seconds) {
  if (forked()) throw Error(RLSYS_ERROR_FORKED, "a child of a fork sends nothing");
  return outbox_.Flush(std::chrono::duration<double>(seconds));
}

void Agent::Close() {
  if (forked()) return;
  if (connection_->connected()) outbox_.Flush(std::chrono::duration<double>(timing_.close));
  connection_->Close();
  models_.StopWaiting();
}

uint64_t Agent::Statistic(int which) const {
  const Outbox::Counts counts = outbox_.counts();
  switch (which) {
    case RLSYS_STATISTIC_CONNECTED:
      return !forked() && connection_->connected() ? 1 : 0;
    case RLSYS_STATISTIC_VERSION:
      return models_.version();
    case RLSYS_STATISTIC_MODELS:
      return versions_.load(std::memory_order_relaxed);
    case RLSYS_STATISTIC_DECISIONS:
      return decisions_.load(std::memory_order_relaxed);
    case RLSYS_STATISTIC_TRAJECTORIES:
      return counts.completed;
    case RLSYS_STATISTIC_ACKNOWLEDGED:
      return counts.acknowledged;
    case RLSYS_STATISTIC_WAITING:
      return counts.waiting;
    case RLSYS_STATISTIC_STALE:
      return counts.stale;
    case RLSYS_STATISTIC_DROPPED:
      return counts.dropped;
    case RLSYS_STATISTIC_REFUSED:
      return connection_->refused();
    case RLSYS_STATISTIC_CONNECTIONS:
      return connection_->connections();
  }
  throw Error(RLSYS_ERROR_ARGUMENT, Cat("there is no statistic ", which));
}

std::string Agent::Text(int which) const {
  const Connection::Texts texts = connection_->texts();
  switch (which) {
    case RLSYS_TEXT_MODEL:
      return texts.model;
    case RLSYS_TEXT_ALGORITHM:
      return texts.algorithm;
    case RLSYS_TEXT_SETTINGS:
      return texts.settings;
    case RLSYS_TEXT_PROBLEM:
      return texts.problem;
    case RLSYS_TEXT_LAST_REFUSAL:
      return texts.last_refusal;
  }
  throw Error(RLSYS_ERROR_ARGUMENT, Cat("there is no text ", which));
}

}  // namespace rlsys::core
