// What an agent does in the child of a fork.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <thread>
#include <tuple>

#include "helpers.h"

namespace rlsys::testing {
namespace {

constexpr double kLong = 300;

// Runs something in a child; returns what the child's exit code is, or -1 if it was killed. The
// child ends by itself after minutes, in case that it hangs.
template <typename Work>
int InChild(const Work& work) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(200);
    int code = 100;
    try {
      code = work();
    } catch (const Error&) {
      code = 101;
    }
    _exit(code);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// The address sanitizer of GCC 12 does not let go of its own allocator's locks in a child, which
// then hangs in `new`.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kChildrenMayHang = true;
#else
constexpr bool kChildrenMayHang = false;
#endif

TEST(Fork, TheChildGoesOnActingAndSendsNothing) {
  if (kChildrenMayHang) GTEST_SKIP() << "the address sanitizer does not survive a fork";
  ServerState state;
  ModelSpec spec;
  spec.outputs = {0, 100};
  state.updates = {WholeUpdate(spec)};
  const FakeServer server(state);
  auto agent = std::make_unique<Agent>(Agent::from_json(ConfigText(server.address())));
  Play(*agent, 3);
  ASSERT_TRUE(agent->flush(kLong));
  Trajectory open;
  Action action;
  std::tie(open, action) = agent->request_for_action(open, kObservation);
  agent->add_to_trajectory(open, action);

  for (int i = 0; i < 5; ++i) {
    const int code = InChild([&] {
      LogKeeper log;
      if (!std::get<1>(agent->request_for_action(open, kObservation)).act) return 1;
      for (int episode = 0; episode < 20; ++episode) Play(*agent, 3);
      if (agent->statistics().version != 1 || agent->statistics().connected) return 2;
      if (log.Count("forked") != 1) return 3;
      try {
        agent->flush(1);
        return 4;
      } catch (const Error& error) {
        if (error.status() != RLSYS_ERROR_FORKED) return 5;
      }
      try {
        Agent::from_json(ConfigText(server.address()));
        return 6;
      } catch (const Error&) {
      }
      agent.reset();  // must not hang
      return 0;
    });
    ASSERT_EQ(code, 0);
    // The parent is as it was.
    Play(*agent, 3);
    ASSERT_TRUE(agent->flush(kLong));
  }
  agent->mark_end_of_trajectory(open, action);
  ASSERT_TRUE(agent->flush(kLong));
  EXPECT_EQ(agent->statistics().connections, 1U);
  EXPECT_EQ(state.Get<size_t>([](ServerState& s) { return s.trajectories.size(); }), 7U);
}

TEST(Fork, NoLockStaysLockedInTheChild) {
  if (kChildrenMayHang) GTEST_SKIP() << "the address sanitizer does not survive a fork";
  ServerState state;
  state.updates = {WholeUpdate({})};
  const FakeServer server(state);
  Agent agent = Agent::from_json(ConfigText(server.address()));
  std::atomic<bool> stop{false};
  std::thread busy([&] {
    while (!stop) Play(agent, 2);
  });
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(InChild([&] {
                const LogKeeper log;
                Play(agent, 2);
                return 0;
              }),
              0);
  }
  stop = true;
  busy.join();
}

}  // namespace
}  // namespace rlsys::testing
