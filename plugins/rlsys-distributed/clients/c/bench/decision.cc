// Measures whole decisions, with everything that a program calls for one step: request the action,
// read it, record it, give the reward. A server in the same process takes the trajectories
// meanwhile.
//
//     decision_bench [DECISIONS]
//
// Prints one JSON document with nanoseconds per decision, by network.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "fake_server.h"
#include "models.h"
#include "rlsys.h"

namespace {

using Clock = std::chrono::steady_clock;
constexpr uint64_t kEpisode = 500;

void Check(rlsys_status status) {
  if (status == RLSYS_OK) return;
  std::fprintf(stderr, "%s\n", rlsys_last_error());
  std::exit(1);
}

double Percentile(const std::vector<double>& sorted, double share) {
  return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
}

// Returns the time of every decision in nanoseconds, from the shortest to the longest.
std::vector<double> Measure(const std::vector<size_t>& hidden, size_t decisions) {
  rlsys::testing::ServerState state;
  rlsys::testing::ModelSpec spec;
  spec.hidden = hidden;
  state.updates = {rlsys::testing::WholeUpdate(spec)};
  const rlsys::testing::FakeServer server(state);
  const std::string config = R"({"client_id": "bench", "train_server_address": ")" +
                             server.address() +
                             R"(", "algorithm_parameters": {"input_size": 4, "act_dim": 2}})";
  rlsys_agent* agent = rlsys_agent_open_json(config.c_str());
  if (agent == nullptr) Check(RLSYS_ERROR_CONFIG);
  rlsys_trajectory* trajectory = nullptr;
  std::vector<double> times;
  times.reserve(decisions);
  float observation[4] = {0.01F, -0.02F, 0.03F, -0.04F};
  for (size_t i = 0; i < decisions; ++i) {
    uint64_t action = 0;
    int64_t act = 0;
    const auto begin = Clock::now();
    Check(rlsys_request_for_action(agent, &trajectory, observation, 4, nullptr, 0, &action));
    Check(rlsys_act_integers(trajectory, &act, 1));
    Check(rlsys_add_to_trajectory(trajectory, action));
    Check(rlsys_update_reward(trajectory, action, 1.0));
    const auto end = Clock::now();
    observation[0] = act == 1 ? 0.5F : -0.5F;
    if ((i + 1) % kEpisode == 0) {
      Check(rlsys_mark_end_of_trajectory(trajectory, action, 0, nullptr, 0, nullptr, 0));
    }
    if (i > 0) times.push_back(std::chrono::duration<double, std::nano>(end - begin).count());
  }
  uint64_t version = 0;
  Check(rlsys_get_statistic(agent, RLSYS_STATISTIC_VERSION, &version));
  rlsys_trajectory_free(trajectory);
  rlsys_agent_close(agent);
  if (version == 0) {
    std::fprintf(stderr, "no model has arrived\n");
    std::exit(1);
  }
  std::sort(times.begin(), times.end());
  return times;
}

}  // namespace

int main(int count, char** arguments) {
  const size_t decisions = count > 1 ? std::strtoul(arguments[1], nullptr, 10) : 200'000;
  if (decisions < 2) {
    std::fprintf(stderr, "DECISIONS must be a whole number of at least 2\n");
    return 1;
  }
  const struct {
    const char* name;
    std::vector<size_t> hidden;
  } networks[] = {{"4-2", {}}, {"4-64-64-2 tanh", {64, 64}}, {"4-256-256-2 tanh", {256, 256}}};
  std::printf("{");
  const char* between = "";
  for (const auto& network : networks) {
    const std::vector<double> times = Measure(network.hidden, decisions);
    std::printf(
        "%s\"%s\": {\"decisions\": %zu, \"p50_ns\": %.0f, \"p99_ns\": %.0f, \"p999_ns\": %.0f}",
        between, network.name, times.size(), Percentile(times, 0.5), Percentile(times, 0.99),
        Percentile(times, 0.999));
    between = ", ";
  }
  std::printf("}\n");
  return 0;
}
