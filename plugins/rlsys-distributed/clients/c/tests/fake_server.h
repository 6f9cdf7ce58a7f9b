// A learning server for tests: it does what it is told, and remembers what it got.
#pragma once

#include <rlsys/distributed/v1/trainer.pb.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace rlsys::testing {

namespace pb = ::rlsys::distributed::v1;

// What a server does, and what has reached it. It outlives a server that is killed, as a disk does.
// All of it is guarded by `mutex`.
struct ServerState {
  std::mutex mutex;
  std::condition_variable changed;

  // What it does.
  std::string protocol = "1";
  std::string token;
  std::string algorithm = "ppo";
  pb::Limits limits;
  // Codes and texts that the next calls of Register fail with, the first one first.
  std::vector<std::pair<int, std::string>> register_failures;
  // The same for Trajectories.
  std::vector<std::pair<int, std::string>> trajectories_failures;
  // Serialised updates. A stream sends the last one at its start, and then those that come.
  std::vector<std::string> updates;
  // Acknowledges no further than this.
  uint64_t most_acknowledged = std::numeric_limits<uint64_t>::max();
  uint32_t window = 8;
  // Says every acknowledgement twice.
  bool twice = false;
  // Sequence numbers that are refused, with the reason.
  std::map<uint64_t, pb::Refusal::Reason> refusals;

  // What has reached it.
  std::vector<pb::RegisterRequest> registers;
  std::vector<pb::ModelsRequest> models_requests;
  std::vector<pb::Trajectory> trajectories;
  uint64_t duplicates = 0;
  // Parts of the largest trajectory.
  size_t most_parts = 0;
  // Most trajectories that were there and not acknowledged.
  uint64_t most_under_way = 0;

  // Changes something.
  void Do(const std::function<void(ServerState&)>& change);
  // Returns something.
  template <typename Value>
  Value Get(const std::function<Value(ServerState&)>& value) {
    const std::lock_guard lock(mutex);
    return value(*this);
  }
  // Waits until it holds; false if that takes minutes.
  bool WaitFor(const std::function<bool(ServerState&)>& holds);
};

class FakeServer {
 public:
  // `port` 0: any free one.
  explicit FakeServer(ServerState& state, int port = 0);
  // Kills it: every call breaks at once.
  ~FakeServer();

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  struct Service;
  struct Running;

  int port_ = 0;
  std::unique_ptr<Service> service_;
  std::unique_ptr<Running> running_;
};

}  // namespace rlsys::testing
