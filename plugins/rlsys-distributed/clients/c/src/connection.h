// The connection to the server: it runs in the background, and nothing in the program waits for it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "announcements.h"
#include "config.h"
#include "outbox.h"
#include "shapes.h"
#include "version.h"

namespace rlsys::core {

// What the server allows; 0: no limit was said.
struct ServerLimits {
  size_t trajectory_bytes = 0;
  size_t trajectory_steps = 0;
  std::optional<uint64_t> max_lag;
};

// Times in seconds; only tests change them.
struct Timing {
  // How long the server may say that the client's id is in use: the client's own earlier connection
  // may still be open.
  double patience = 30;
  // How long closing waits for what is complete.
  double close = 5;
};

class Connection {
 public:
  // Called from the connection's threads.
  struct Events {
    // A new version of the model. May throw Error if it cannot be used.
    std::function<void(const Version&)> version;
    std::function<void(const ServerLimits&)> limits;
    std::function<void()> gave_up;
  };
  struct Texts {
    std::string model;
    std::string algorithm;
    std::string settings;
    std::string problem;
    std::string last_refusal;
  };

  // All references must live longer than the connection.
  Connection(const Config& config, const Shapes& shapes, Outbox& outbox,
             Announcements& announcements, Events events, Timing timing);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Start();
  // Ends all calls and waits for the threads. Can be called again.
  void Close();

  bool connected() const { return connected_; }
  uint64_t connections() const { return connections_; }
  uint64_t refused() const { return refused_; }
  Texts texts() const;

  void LockForFork() { mutex_.lock(); }
  void UnlockAfterFork() { mutex_.unlock(); }

 private:
  // Everything that has a type of gRPC.
  struct Calls;
  struct Session;
  struct Outcome;

  void Run();
  Outcome Attempt();
  bool Register(Session& session, Outcome& outcome);
  void ReadModels(Session& session);
  void ReadAcknowledgements(Session& session);
  void WriteTrajectories(Session& session);
  bool GoesOn(const Outcome& outcome);
  void GiveUp(const std::string& why);
  bool closing() const;
  void SetProblem(const std::string& problem);
  void TakeUpdate(const std::string& bytes);

  const Config& config_;
  const Shapes& shapes_;
  Outbox& outbox_;
  Announcements& announcements_;
  const Events events_;
  const Timing timing_;
  const std::string instance_;

  std::atomic<bool> connected_{false};
  std::atomic<uint64_t> connections_{0};
  std::atomic<uint64_t> refused_{0};
  // Whether the server has sent anything on the current connection.
  std::atomic<bool> heard_{false};

  // Never held while another lock of the agent is taken; see forking.h.
  mutable std::mutex mutex_;
  std::condition_variable closed_;
  bool closing_ = false;
  Texts texts_;
  // Since when the id has been in use, in seconds of the steady clock; negative: it is not.
  double in_use_since_ = -1;

  // Only for the thread that reads models.
  std::unique_ptr<Version> held_;
  std::string incarnation_;

  std::unique_ptr<Calls> calls_;
};

}  // namespace rlsys::core
