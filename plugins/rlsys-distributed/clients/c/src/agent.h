// One program's connection to a server, and the model that it acts with.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "announcements.h"
#include "config.h"
#include "connection.h"
#include "forking.h"
#include "model_slot.h"
#include "outbox.h"
#include "rlsys.h"
#include "shapes.h"

namespace rlsys::core {

// May be used from several threads.
class Agent final : private Forkable {
 public:
  // Connects in the background.
  //
  // Throws Error in a child of a process that has made an agent.
  static std::shared_ptr<Agent> Make(Config config, Timing timing = {});

  const Config& config() const { return config_; }
  const Shapes& shapes() const { return shapes_; }

  // For trajectories.
  void Refresh(std::shared_ptr<const Model>& held, uint64_t& seen);
  void Complete(Piece piece);
  uint64_t NextEpisode() { return episodes_.fetch_add(1, std::memory_order_relaxed); }
  uint64_t NextSeed();
  void CountDecision() { decisions_.fetch_add(1, std::memory_order_relaxed); }
  // Steps after which a trajectory is cut.
  size_t most_steps() const { return most_steps_.load(std::memory_order_relaxed); }

  Outbox::Flushed Flush(double seconds);
  // Sends what is complete if there is a connection, and disconnects. Can be called again.
  void Close();
  // `which`: an rlsys_statistic or an rlsys_text; programs in other languages may pass anything.
  uint64_t Statistic(int which) const;
  std::string Text(int which) const;
  // Whether this process is a child of the one that made the agent.
  bool forked() const { return fork_depth_ != ForkDepth(); }

 private:
  Agent(Config config, Timing timing);
  ~Agent();
  static void Delete(Agent* agent);

  void LockForFork() override;
  void UnlockAfterFork() override;
  void TakeVersion(const Version& version);
  void TakeLimits(const ServerLimits& limits);

  const Config config_;
  const Shapes shapes_;
  const Timing timing_;
  const uint64_t fork_depth_;
  Announcements announcements_;
  ModelSlot models_;
  Outbox outbox_;
  std::atomic<size_t> most_steps_;
  std::atomic<uint64_t> episodes_{0};
  std::atomic<uint64_t> seeds_{0};
  std::atomic<uint64_t> decisions_{0};
  std::atomic<uint64_t> versions_{0};
  std::atomic<bool> said_no_model_{false};
  std::atomic<bool> said_forked_{false};
  uint64_t seed_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace rlsys::core
