// An agent and its server: what goes right, and everything that can break.
#include <gtest/gtest.h>

#include <chrono>
#include <tuple>

#include "helpers.h"

namespace rlsys::testing {
namespace {

// Codes of gRPC.
constexpr int kInvalidArgument = 3, kAlreadyExists = 6, kResourceExhausted = 8,
              kFailedPrecondition = 9, kUnavailable = 14, kUnauthenticated = 16;
constexpr double kLong = 300;

class AgentTest : public ::testing::Test {
 protected:
  AgentTest() { state_.updates.push_back(WholeUpdate({})); }

  size_t Received() {
    return state_.Get<size_t>([](ServerState& s) { return s.trajectories.size(); });
  }
  size_t Registers() {
    return state_.Get<size_t>([](ServerState& s) { return s.registers.size(); });
  }

  LogKeeper log_;
  ServerState state_;
};

TEST_F(AgentTest, ActsWithTheModelAndSendsWhatComesOfIt) {
  const FakeServer server(state_);
  Agent agent = Agent::from_json(ConfigText(server.address(), R"("model": "shared")"));
  for (int i = 0; i < 20; ++i) Play(agent, 5);
  ASSERT_TRUE(agent.flush(kLong));
  EXPECT_EQ(Received(), 20U);
  const Statistics statistics = agent.statistics();
  EXPECT_TRUE(statistics.connected);
  EXPECT_EQ(statistics.version, 1U);
  EXPECT_EQ(statistics.models, 1U);
  EXPECT_EQ(statistics.decisions, 100U);
  EXPECT_EQ(statistics.trajectories, 20U);
  EXPECT_EQ(statistics.acknowledged, 20U);
  EXPECT_EQ(statistics.waiting, 0U);
  EXPECT_EQ(statistics.model, "shared");
  EXPECT_EQ(statistics.algorithm, "ppo");
  EXPECT_EQ(statistics.problem, "");
  const auto request =
      state_.Get<pb::RegisterRequest>([](ServerState& s) { return s.registers[0]; });
  EXPECT_EQ(request.client_id(), "test");
  EXPECT_EQ(request.instance().size(), 16U);
  EXPECT_EQ(request.model(), "shared");
  EXPECT_EQ(request.observation().box().shape(0), 4U);
  EXPECT_EQ(request.action().discrete().n(), 2);
  EXPECT_EQ(request.first_sequence(), 1U);
}

TEST_F(AgentTest, TakesNewVersionsWhileItActs) {
  ModelSpec first, second;
  first.outputs = {100, 0};
  second.outputs = {0, 100};
  second.version = 2;
  state_.updates = {WholeUpdate(first)};
  const FakeServer server(state_);
  Agent agent = Agent::from_json(ConfigText(server.address()));
  auto [trajectory, action] = agent.request_for_action({}, kObservation);
  EXPECT_EQ(action.act, 0);
  state_.Do([&](ServerState& s) { s.updates.push_back(ExactUpdate(first, second)); });
  ASSERT_TRUE(Eventually([&] { return agent.statistics().version == 2; }));
  std::tie(trajectory, action) = agent.request_for_action(trajectory, kObservation);
  EXPECT_EQ(action.act, 1);
}

TEST_F(AgentTest, SendsAgainAfterTheServerWasKilled) {
  auto server = std::make_unique<FakeServer>(state_);
  Agent agent = Agent::from_json(ConfigText(server->address()));
  for (int i = 0; i < 3; ++i) Play(agent, 4);
  ASSERT_TRUE(agent.flush(kLong));
  // The server keeps what comes now, but is killed before it says so.
  state_.Do([](ServerState& s) { s.most_acknowledged = 3; });
  for (int i = 0; i < 3; ++i) Play(agent, 4);
  ASSERT_TRUE(state_.WaitFor([](ServerState& s) { return s.trajectories.size() == 6; }));
  const int port = server->port();
  server.reset();
  for (int i = 0; i < 3; ++i) Play(agent, 4);  // it goes on acting
  ASSERT_TRUE(Eventually([&] { return !agent.statistics().connected; }));
  EXPECT_NE(agent.statistics().problem, "");
  // It forgets one of them, as a disk that was not written to.
  state_.Do([](ServerState& s) {
    s.trajectories.pop_back();
    s.most_acknowledged = std::numeric_limits<uint64_t>::max();
  });
  server = std::make_unique<FakeServer>(state_, port);
  ASSERT_TRUE(agent.flush(kLong));
  EXPECT_EQ(Received(), 9U);
  ASSERT_TRUE(state_.WaitFor([](ServerState& s) { return s.models_requests.size() >= 2; }));
  state_.Do([](ServerState& s) {
    for (size_t i = 0; i < s.trajectories.size(); ++i) {
      EXPECT_EQ(s.trajectories[i].sequence(), i + 1);
      EXPECT_EQ(s.trajectories[i].episode(), i);
    }
    EXPECT_EQ(s.registers.front().instance(), s.registers.back().instance());
    EXPECT_EQ(s.registers.back().first_sequence(), 4U);
    // It holds the model, and says so.
    EXPECT_EQ(s.models_requests.back().version(), 1U);
  });
  EXPECT_EQ(agent.statistics().acknowledged, 9U);
}

TEST_F(AgentTest, AcknowledgementsThatComeTwiceChangeNothing) {
  state_.twice = true;
  const FakeServer server(state_);
  Agent agent = Agent::from_json(ConfigText(server.address()));
  for (int i = 0; i < 30; ++i) Play(agent, 2);
  ASSERT_TRUE(agent.flush(kLong));
  EXPECT_EQ(Received(), 30U);
  EXPECT_EQ(agent.statistics().acknowledged, 30U);
}

TEST_F(AgentTest, KeepsToTheWindow) {
  state_.window = 3;
  state_.most_acknowledged = 0;
  const FakeServer server(state_);
  Agent agent = Agent::from_json(ConfigText(server.address()));
  for (int i = 0; i < 10; ++i) Play(agent, 2);
  ASSERT_TRUE(state_.WaitFor([](ServerState& s) { return s.trajectories.size() == 3; }));
  EXPECT_FALSE(agent.flush(0.3));
  EXPECT_EQ(Received(), 3U);
  // Smaller: one after another.
  state_.Do([](ServerState& s) {
    s.window = 1;
    s.most_acknowledged = std::numeric_limits<uint64_t>::max();
  });
  ASSERT_TRUE(agent.flush(kLong));
  EXPECT_EQ(Received(), 10U);
  EXPECT_LE(state_.Get<uint64_t>([](ServerState& s) { return s.most_under_way; }), 3U);
}

TEST_F(AgentTest, CountsRefusalsAndSaysEachKindOnce) {
  for (uint64_t i = 1; i <= 4; ++i) state_.refusals[i] = pb::Refusal::STALE;
  state_.refusals[5] = pb::Refusal::BAD;
  const FakeServer server(state_);
  Agent agent = Agent::from_json(ConfigText(server.address()));
  for (int i = 0; i < 8; ++i) Play(agent, 2);
  ASSERT_TRUE(agent.flush(kLong));
  const Statistics statistics = agent.statistics();
  EXPECT_EQ(statistics.refused, 5U);
  EXPECT_EQ(statistics.acknowledged, 8U);
  EXPECT_EQ(statistics.last_refusal, "refused 5");
  EXPECT_EQ(log_.Count("(stale)"), 1U);
  EXPECT_EQ(log_.Count("(bad)"), 1U);
}

TEST_F(AgentTest, AWrongTokenMakesItGiveUpAndIsNotInAnyMessage) {
  state_.token = "right";
  const FakeServer server(state_);
  Agent agent = Agent::from_json(
      ConfigText(server.address(), R"("token": "wrong-secret", "first_model_timeout": 300)"));
  Play(agent, 3);  // does not wait 300 s once the server has refused
  try {
    agent.flush(kLong);
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.status(), RLSYS_ERROR_GAVE_UP);
    EXPECT_EQ(std::string(error.what()), "no or a wrong token");
  }
  Play(agent, 3);
  EXPECT_EQ(Registers(), 1U);
  EXPECT_EQ(log_.Count("refuses this program"), 1U);
  EXPECT_EQ(log_.Count("wrong-secret"), 0U);
  EXPECT_EQ(agent.statistics().dropped, 2U);
}

TEST_F(AgentTest, TheRightTokenIsSentWithEveryCall) {
  state_.token = "right";
  const FakeServer server(state_);
  Agent agent = Agent::from_json(ConfigText(server.address(), R"("token": "right")"));
  Play(agent, 3);
  EXPECT_TRUE(agent.flush(kLong));
  EXPECT_EQ(agent.statistics().version, 1U);
}

TEST_F(AgentTest, AnIdInUseIsTriedAgain) {
  state_.register_failures = {{kAlreadyExists, "in use"}, {kAlreadyExists, "in use"}};
  const FakeServer server(state_);
  Agent agent = Agent::from_json(ConfigText(server.address(), R"("first_model_timeout": 300)"));
  Play(agent, 3);
  EXPECT_TRUE(agent.flush(kLong));
  EXPECT_EQ(Registers(), 3U);
}

TEST_F(AgentTest, GivesUpOnlyForReasonsThatDoNotPass) {
  state_.register_failures = {{kUnavailable, "starting"}, {kResourceExhausted, "too many"}};
  {
    const FakeServer server(state_);
    Agent agent = Agent::from_json(ConfigText(server.address(), R"("first_model_timeout": 300)"));
    Play(agent, 1);
    EXPECT_TRUE(agent.flush(kLong));
  }
  for (const int code : {kInvalidArgument, kFailedPrecondition, kUnauthenticated}) {
    state_.register_failures = {{code, "no way\nsecond line"}};
    const FakeServer server(state_);
    Agent agent = Agent::from_json(ConfigText(server.address(), R"("first_model_timeout": 300)"));
    Play(agent, 1);
    EXPECT_THROW(agent.flush(kLong), Error);
    EXPECT_EQ(agent.statistics().problem, "no way");
  }
}

TEST_F(AgentTest, AnUnknownSessionMakesItRegisterAgain) {
  state_.trajectories_failures = {{kUnauthenticated, "an unknown session"}};
  const FakeServer server(state_);
  Agent agent = Agent::from_json(ConfigText(server.address()));
  Play(agent, 3);
  EXPECT_TRUE(agent.flush(kLong));
  EXPECT_EQ(agent.statistics().connections, 2U);
}

TEST_F(AgentTest, AServerOfAnotherProtocolIsNamed) {
  state_.protocol = "2";
  const FakeServer server(state_);
  Agent agent = Agent::from_json(ConfigText(server.address(), R"("first_model_timeout": 300)"));
  Play(agent, 2);
  EXPECT_THROW(agent.flush(kLong), Error);
  EXPECT_EQ(log_.Count("refuses this program: this server speaks protocol 2"), 1U);
}

TEST_F(AgentTest, SplitsWhatIsTooLargeForTheServer) {
  state_.limits.set_trajectory_bytes(2000);
  state_.limits.set_part_bytes(100);
  const std::string address = DeadAddress();
  Agent agent = Agent::from_json(ConfigText(address, R"("first_model_timeout": 0)"));
  Play(agent, 100);  // recorded before the limit is known
  const FakeServer server(state_, std::stoi(address.substr(address.rfind(':') + 1)));
  ASSERT_TRUE(agent.flush(kLong));
  Play(agent, 100);  // cut while it is recorded
  ASSERT_TRUE(agent.flush(kLong));
  state_.Do([](ServerState& s) {
    size_t steps = 0;
    for (const pb::Trajectory& one : s.trajectories) {
      EXPECT_LE(one.ByteSizeLong(), 2000U);
      steps += one.rewards().shape(0);
    }
    EXPECT_EQ(steps, 200U);
    EXPECT_GT(s.most_parts, 5U);
  });
}

TEST_F(AgentTest, DropsStepsThatAreLargerThanTheServerTakes) {
  state_.limits.set_trajectory_bytes(10);
  const FakeServer server(state_);
  Agent agent = Agent::from_json(ConfigText(server.address()));
  Play(agent, 3);
  EXPECT_TRUE(agent.flush(kLong));
  EXPECT_EQ(Received(), 0U);
  EXPECT_GT(agent.statistics().dropped, 0U);
  EXPECT_EQ(log_.Count("at most 10 bytes"), 1U);
}

TEST_F(AgentTest, CutsAtTheServersStepsAndAtItsOwn) {
  state_.limits.set_trajectory_steps(4);
  const FakeServer server(state_);
  Agent agent = Agent::from_json(ConfigText(server.address(), R"("max_traj_length": 100)"));
  Play(agent, 10);
  ASSERT_TRUE(agent.flush(kLong));
  state_.Do([](ServerState& s) {
    ASSERT_EQ(s.trajectories.size(), 3U);
    EXPECT_EQ(s.trajectories[1].first_step(), 4U);
    EXPECT_EQ(s.trajectories[1].ending(), pb::CUT);
    EXPECT_EQ(s.trajectories[2].rewards().shape(0), 2U);
    EXPECT_EQ(s.trajectories[2].ending(), pb::TERMINATED);
  });
}

TEST_F(AgentTest, ADamagedModelIsAskedForAgainAndTheOldOneKept) {
  ModelSpec good, bad, later;
  bad.version = 2;
  bad.wrong_checksum = true;
  later.version = 3;
  later.outputs = {0, 100};
  state_.updates = {WholeUpdate(good)};
  const FakeServer server(state_);
  Agent agent = Agent::from_json(ConfigText(server.address()));
  ASSERT_TRUE(Eventually([&] { return agent.statistics().version == 1; }));
  state_.Do([&](ServerState& s) { s.updates.push_back(ExactUpdate(good, bad)); });
  ASSERT_TRUE(state_.WaitFor([](ServerState& s) { return s.models_requests.size() >= 2; }));
  EXPECT_EQ(state_.Get<uint64_t>([](ServerState& s) { return s.models_requests[1].version(); }),
            0U);
  Play(agent, 2);
  EXPECT_EQ(agent.statistics().version, 1U);
  state_.Do([&](ServerState& s) { s.updates.push_back(WholeUpdate(later)); });
  ASSERT_TRUE(Eventually([&] { return agent.statistics().version == 3; }));
  EXPECT_EQ(log_.Count("the checksum differs"), 1U);
  EXPECT_EQ(agent.statistics().connections, 1U);  // trajectories went on meanwhile
}

TEST_F(AgentTest, ADivergedModelIsNotTaken) {
  ModelSpec bad;
  bad.version = 2;
  bad.weight = std::numeric_limits<float>::quiet_NaN();
  const FakeServer server(state_);
  Agent agent = Agent::from_json(ConfigText(server.address()));
  ASSERT_TRUE(Eventually([&] { return agent.statistics().version == 1; }));
  state_.Do([&](ServerState& s) { s.updates.push_back(WholeUpdate(bad)); });
  ASSERT_TRUE(state_.WaitFor([](ServerState& s) { return s.models_requests.size() >= 2; }));
  EXPECT_EQ(agent.statistics().version, 1U);
  EXPECT_EQ(log_.Count("layers.0.weight has NaN"), 1U);
}

TEST_F(AgentTest, WithoutAServerItActsAtRandomAndSendsLater) {
  const std::string address = DeadAddress();
  Agent agent = Agent::from_json(ConfigText(address, R"("first_model_timeout": 0.1)"));
  for (int i = 0; i < 5; ++i) Play(agent, 4);
  EXPECT_EQ(agent.statistics().version, 0U);
  ASSERT_TRUE(Eventually([&] { return log_.Count("trying again") == 1; }));
  EXPECT_EQ(log_.Count("no model yet"), 1U);
  const FakeServer server(state_, std::stoi(address.substr(address.rfind(':') + 1)));
  ASSERT_TRUE(agent.flush(kLong));
  EXPECT_EQ(Received(), 5U);
  state_.Do([](ServerState& s) {
    EXPECT_EQ(s.trajectories[0].versions(0).version(), 0U);
    EXPECT_EQ(s.trajectories[0].versions(0).steps(), 4U);
    EXPECT_EQ(s.trajectories[0].incarnation(), "incarnation-one-");
  });
}

TEST_F(AgentTest, LeavesOutWhatNothingIsLearnedFrom) {
  state_.limits.set_max_lag(4);
  state_.updates.clear();
  const FakeServer server(state_);
  Agent agent = Agent::from_json(
      ConfigText(server.address(), R"("first_model_timeout": 0, "send_frequency": 2)"));
  Play(agent, 3);  // at random, and kept until there is a second one
  state_.Do([](ServerState& s) { s.updates.push_back(WholeUpdate({})); });
  ASSERT_TRUE(Eventually([&] { return agent.statistics().version == 1; }));
  Play(agent, 3);
  ASSERT_TRUE(agent.flush(kLong));
  EXPECT_EQ(agent.statistics().stale, 1U);
  EXPECT_EQ(agent.statistics().acknowledged, 1U);
  EXPECT_EQ(Received(), 1U);
}

TEST_F(AgentTest, TheFirstModelMayComeLate) {
  state_.updates.clear();
  const FakeServer server(state_);
  Agent agent = Agent::from_json(ConfigText(server.address(), R"("first_model_timeout": 0.2)"));
  Play(agent, 2);
  EXPECT_EQ(agent.statistics().version, 0U);
  state_.Do([](ServerState& s) { s.updates.push_back(WholeUpdate({})); });
  ASSERT_TRUE(Eventually([&] { return agent.statistics().version == 1; }));
  Play(agent, 2);
  ASSERT_TRUE(agent.flush(kLong));
  state_.Do([](ServerState& s) {
    EXPECT_EQ(s.trajectories.at(0).versions(0).version(), 0U);
    EXPECT_EQ(s.trajectories.at(1).versions(0).version(), 1U);
  });
}

TEST_F(AgentTest, TheFirstRequestWaitsForTheModel) {
  state_.updates.clear();
  const FakeServer server(state_);
  Agent agent = Agent::from_json(ConfigText(server.address(), R"("first_model_timeout": 300)"));
  std::thread learner([this] {
    state_.WaitFor([](ServerState& s) { return !s.models_requests.empty(); });
    state_.Do([](ServerState& s) { s.updates.push_back(WholeUpdate({})); });
  });
  Play(agent, 2);
  learner.join();
  ASSERT_TRUE(agent.flush(kLong));
  state_.Do([](ServerState& s) { EXPECT_EQ(s.trajectories.at(0).versions(0).version(), 1U); });
}

TEST_F(AgentTest, ClosesWithoutAServer) {
  Agent agent = Agent::from_json(ConfigText(DeadAddress(), R"("first_model_timeout": 0)"));
  Play(agent, 3);
  agent.close();
  agent.close();
  EXPECT_THROW(agent.statistics(), Error);
}

TEST_F(AgentTest, ClosingSendsWhatIsComplete) {
  const FakeServer server(state_);
  {
    Agent agent = Agent::from_json(ConfigText(server.address(), R"("send_frequency": 100)"));
    ASSERT_TRUE(Eventually([&] { return agent.statistics().connected; }));
    for (int i = 0; i < 5; ++i) Play(agent, 3);
    EXPECT_EQ(agent.statistics().waiting, 5U);
  }
  EXPECT_EQ(Received(), 5U);
}

TEST_F(AgentTest, DropsTheOldestIfTheServerIsAwayForLong) {
  const std::string address = DeadAddress();
  Agent agent = Agent::from_json(
      ConfigText(address, R"("first_model_timeout": 0, "buffer_trajectories": 3)"));
  for (int i = 0; i < 10; ++i) Play(agent, 1);
  EXPECT_EQ(agent.statistics().dropped, 7U);
  EXPECT_EQ(agent.statistics().waiting, 3U);
  const FakeServer server(state_, std::stoi(address.substr(address.rfind(':') + 1)));
  ASSERT_TRUE(agent.flush(kLong));
  state_.Do([](ServerState& s) {
    ASSERT_EQ(s.trajectories.size(), 3U);
    EXPECT_EQ(s.trajectories[0].episode(), 7U);
    EXPECT_EQ(s.trajectories[0].sequence(), 1U);
  });
}

TEST_F(AgentTest, OneThatOnlyActsSendsNothing) {
  const FakeServer server(state_);
  Agent agent = Agent::from_json(ConfigText(server.address(), R"("explore": false)"));
  for (int i = 0; i < 5; ++i) Play(agent, 3);
  EXPECT_TRUE(agent.flush(kLong));
  EXPECT_EQ(agent.statistics().version, 1U);
  EXPECT_EQ(agent.statistics().trajectories, 0U);
  agent.close();
  EXPECT_EQ(Received(), 0U);
}

TEST_F(AgentTest, SeveralThreadsShareOneAgent) {
  const FakeServer server(state_);
  Agent agent = Agent::from_json(ConfigText(server.address()));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&agent] {
      for (int i = 0; i < 25; ++i) Play(agent, 8);
    });
  }
  ModelSpec old;
  for (uint64_t version = 2; version < 6; ++version) {
    ModelSpec next = old;
    next.version = version;
    next.outputs = {static_cast<float>(version), 0};
    state_.Do([&](ServerState& s) { s.updates.push_back(WholeUpdate(next)); });
    old = next;
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(agent.flush(kLong));
  EXPECT_EQ(Received(), 100U);
  EXPECT_EQ(agent.statistics().decisions, 800U);
}

}  // namespace
}  // namespace rlsys::testing
