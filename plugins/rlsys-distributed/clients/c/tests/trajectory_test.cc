// What a trajectory has in it when it reaches the server.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <tuple>

#include "helpers.h"

namespace rlsys::testing {
namespace {

constexpr double kLong = 300;

template <typename Number>
std::vector<Number> Numbers(const pb::Tensor& tensor) {
  std::vector<Number> numbers(tensor.data().size() / sizeof(Number));
  std::memcpy(numbers.data(), tensor.data().data(), tensor.data().size());
  return numbers;
}

std::vector<uint64_t> Shape(const pb::Tensor& tensor) {
  return {tensor.shape().begin(), tensor.shape().end()};
}

class TrajectoryTest : public ::testing::Test {
 protected:
  TrajectoryTest() {
    state_.Do([](ServerState& s) { s.updates.push_back(WholeUpdate({})); });
  }

  Agent Open(const std::string& more = "") {
    return Agent::from_json(ConfigText(server_.address(), more));
  }
  // An agent with spaces of its own.
  Agent OpenWith(const std::string& keys) {
    return Agent::from_json(R"({"client_id": "test", "train_server_address": ")" +
                            server_.address() + "\", " + keys + "}");
  }
  std::vector<pb::Trajectory> Sent(Agent& agent) {
    EXPECT_TRUE(agent.flush(kLong));
    return state_.Get<std::vector<pb::Trajectory>>([](ServerState& s) { return s.trajectories; });
  }

  LogKeeper log_;
  ServerState state_;
  FakeServer server_{state_};
};

TEST_F(TrajectoryTest, HasEveryStepAsItWas) {
  Agent agent = Open();
  Trajectory trajectory;
  Action action;
  std::vector<float> observed;
  std::vector<int64_t> done;
  for (int step = 0; step < 5; ++step) {
    std::vector<float> observation = {static_cast<float>(step), 1, 2, 3};
    std::tie(trajectory, action) = agent.request_for_action(trajectory, observation);
    agent.add_to_trajectory(trajectory, action);
    action.update_reward(7);
    action.update_reward(0.5 * step);  // the last one counts
    observed.insert(observed.end(), observation.begin(), observation.end());
    done.push_back(action.act);
  }
  agent.mark_end_of_trajectory(trajectory, action);
  const std::vector<pb::Trajectory> sent = Sent(agent);
  ASSERT_EQ(sent.size(), 1U);
  const pb::Trajectory& one = sent[0];
  EXPECT_EQ(one.sequence(), 1U);
  EXPECT_EQ(one.episode(), 0U);
  EXPECT_EQ(one.first_step(), 0U);
  EXPECT_EQ(one.ending(), pb::TERMINATED);
  EXPECT_EQ(Shape(one.observations()), (std::vector<uint64_t>{5, 4}));
  EXPECT_EQ(one.observations().type(), pb::FLOAT32);
  EXPECT_EQ(Numbers<float>(one.observations()), observed);
  EXPECT_EQ(Shape(one.actions()), std::vector<uint64_t>{5});
  EXPECT_EQ(Numbers<int64_t>(one.actions()), done);
  EXPECT_EQ(Numbers<double>(one.rewards()), (std::vector<double>{0, 0.5, 1, 1.5, 2}));
  for (const float value : Numbers<float>(one.log_probabilities())) {
    EXPECT_NEAR(value, std::log(0.5), 1e-6);
  }
  EXPECT_FALSE(one.has_masks());
  EXPECT_FALSE(one.has_next_observation());
  ASSERT_EQ(one.versions_size(), 1);
  EXPECT_EQ(one.versions(0).version(), 1U);
  EXPECT_EQ(one.versions(0).steps(), 5U);
  EXPECT_EQ(one.incarnation(), "incarnation-one-");
}

TEST_F(TrajectoryTest, ATruncatedOneHasWhatWasObservedLast) {
  Agent agent = Open();
  auto [trajectory, action] = agent.request_for_action({}, kObservation);
  agent.add_to_trajectory(trajectory, action);
  EXPECT_THROW(agent.mark_end_of_trajectory(trajectory, action, true), Error);
  const float last[] = {9, 8, 7, 6};
  agent.mark_end_of_trajectory(trajectory, action, true, last);
  agent.mark_end_of_trajectory(trajectory, action, true, last);  // does nothing
  const std::vector<pb::Trajectory> sent = Sent(agent);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].ending(), pb::TRUNCATED);
  EXPECT_EQ(Numbers<float>(sent[0].next_observation()), (std::vector<float>{9, 8, 7, 6}));
  EXPECT_EQ(Shape(sent[0].next_observation()), std::vector<uint64_t>{4});
}

TEST_F(TrajectoryTest, ALongOneIsCutWithTheNextObservation) {
  Agent agent = Open(R"("max_traj_length": 2)");
  Trajectory trajectory;
  Action action;
  for (int step = 0; step < 4; ++step) {
    const float observation[] = {static_cast<float>(step), 0, 0, 0};
    std::tie(trajectory, action) = agent.request_for_action(trajectory, observation);
    agent.add_to_trajectory(trajectory, action);
  }
  agent.mark_end_of_trajectory(trajectory, action);
  const std::vector<pb::Trajectory> sent = Sent(agent);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].ending(), pb::CUT);
  EXPECT_EQ(Numbers<float>(sent[0].next_observation())[0], 2);
  EXPECT_EQ(sent[1].ending(), pb::TERMINATED);
  EXPECT_EQ(sent[1].first_step(), 2U);
  EXPECT_EQ(sent[1].episode(), 0U);
}

TEST_F(TrajectoryTest, ANewOneBeginsAfterTheEnd) {
  Agent agent = Open();
  Trajectory trajectory;
  Action action;
  for (int episode = 0; episode < 3; ++episode) {
    std::tie(trajectory, action) = agent.request_for_action(trajectory, kObservation);
    agent.mark_end_of_trajectory(trajectory, action);  // records the action, too
  }
  const std::vector<pb::Trajectory> sent = Sent(agent);
  ASSERT_EQ(sent.size(), 3U);
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(sent[i].episode(), i);
}

TEST_F(TrajectoryTest, AnActionThatIsNotRecordedEndsWhatWasBefore) {
  Agent agent = Open();
  Trajectory trajectory;
  Action action;
  for (int step = 0; step < 4; ++step) {
    const float observation[] = {static_cast<float>(step), 0, 0, 0};
    std::tie(trajectory, action) = agent.request_for_action(trajectory, observation);
    if (step != 2) agent.add_to_trajectory(trajectory, action);
  }
  agent.mark_end_of_trajectory(trajectory, action);
  const std::vector<pb::Trajectory> sent = Sent(agent);
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].ending(), pb::TRUNCATED);
  EXPECT_EQ(sent[0].rewards().shape(0), 2U);
  EXPECT_EQ(Numbers<float>(sent[0].next_observation())[0], 2);
  EXPECT_EQ(sent[1].episode(), 1U);
  EXPECT_EQ(sent[1].first_step(), 0U);
  EXPECT_EQ(sent[1].rewards().shape(0), 1U);
}

TEST_F(TrajectoryTest, MasksAreKeptAndSent) {
  ModelSpec spec;
  spec.masked = true;
  spec.outputs = {50, 0, 0};
  state_.Do([&](ServerState& s) { s.updates = {WholeUpdate(spec)}; });
  Agent agent =
      OpenWith(R"("masked": true, "algorithm_parameters": {"input_size": 4, "act_dim": 3})");
  const std::vector<std::uint8_t> mask = {0, 1, 0};
  const std::vector<std::uint8_t> nothing = {0, 0, 0};
  EXPECT_THROW(agent.request_for_action({}, kObservation), Error);
  EXPECT_THROW(agent.request_for_action({}, kObservation, nothing), Error);
  auto [trajectory, action] = agent.request_for_action({}, kObservation, mask);
  EXPECT_EQ(action.act, 1);
  EXPECT_THROW(agent.mark_end_of_trajectory(trajectory, action, true, kObservation), Error);
  const std::vector<std::uint8_t> last = {1, 0, 200};
  agent.mark_end_of_trajectory(trajectory, action, true, kObservation, last);
  const std::vector<pb::Trajectory> sent = Sent(agent);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(Shape(sent[0].masks()), (std::vector<uint64_t>{1, 3}));
  EXPECT_EQ(sent[0].masks().type(), pb::BOOL);
  EXPECT_EQ(Numbers<uint8_t>(sent[0].masks()), mask);
  EXPECT_EQ(Numbers<uint8_t>(sent[0].next_mask()), (std::vector<uint8_t>{1, 0, 1}));
  EXPECT_NEAR(Numbers<float>(sent[0].log_probabilities())[0], 0, 1e-6);
}

TEST_F(TrajectoryTest, ContinuousActionsAreSentBeforeTheyAreClipped) {
  ModelSpec spec;
  spec.exploration = "gaussian";
  spec.outputs = {3, -3};
  state_.Do([&](ServerState& s) { s.updates = {WholeUpdate(spec)}; });
  Agent agent = OpenWith(R"("observation_space": {"box": {"shape": [4]}},
      "action_space": {"box": {"shape": [2], "low": -1, "high": 1}})");
  auto [trajectory, action] = agent.request_for_action({}, kObservation);
  const std::vector<float> act = action.act.floats();
  EXPECT_THROW(action.act.integer(), Error);
  agent.mark_end_of_trajectory(trajectory, action);
  const std::vector<pb::Trajectory> sent = Sent(agent);
  const std::vector<float> told = Numbers<float>(sent.at(0).actions());
  ASSERT_EQ(told.size(), 2U);
  EXPECT_EQ(Shape(sent[0].actions()), (std::vector<uint64_t>{1, 2}));
  double log_density = -std::log(2 * M_PI);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(act[i], std::min(std::max(told[i], -1.0F), 1.0F));
    const double z = told[i] - static_cast<double>(spec.outputs[i]);
    log_density -= 0.5 * z * z;
  }
  EXPECT_NEAR(Numbers<float>(sent[0].log_probabilities())[0], log_density, 1e-4);
}

TEST_F(TrajectoryTest, EpsilonGreedyHasNoLogProbabilities) {
  ModelSpec spec;
  spec.exploration = "epsilon";
  spec.outputs = {0, 1};
  state_.Do([&](ServerState& s) {
    s.updates = {WholeUpdate(spec)};
    s.algorithm = "dqn";
  });
  Agent agent = Open(R"("algorithm_name": "DQN", "type": "offpolicy")");
  auto [trajectory, action] = agent.request_for_action({}, kObservation);
  EXPECT_EQ(action.act, 1);
  agent.mark_end_of_trajectory(trajectory, action);
  EXPECT_FALSE(Sent(agent).at(0).has_log_probabilities());
}

TEST_F(TrajectoryTest, BytesAreSentAsBytes) {
  ModelSpec spec;
  spec.inputs = 6;
  state_.Do([&](ServerState& s) { s.updates = {WholeUpdate(spec)}; });
  Agent agent = OpenWith(R"("observation_space": {"box": {"shape": [2, 3], "low": 0, "high": 255,
      "dtype": "uint8"}}, "action_space": {"discrete": {"n": 2, "start": 5}})");
  const float fraction[] = {0, 1, 2, 3, 4.5F, 5};
  EXPECT_THROW(agent.request_for_action({}, fraction), Error);
  const float bytes[] = {0, 1, 2, 3, 254, 255};
  auto [trajectory, action] = agent.request_for_action({}, bytes);
  EXPECT_GE(action.act, 5);
  agent.mark_end_of_trajectory(trajectory, action);
  const pb::Trajectory one = Sent(agent).at(0);
  EXPECT_EQ(one.observations().type(), pb::UINT8);
  EXPECT_EQ(Shape(one.observations()), (std::vector<uint64_t>{1, 2, 3}));
  EXPECT_EQ(Numbers<uint8_t>(one.observations()), (std::vector<uint8_t>{0, 1, 2, 3, 254, 255}));
  EXPECT_EQ(Numbers<int64_t>(one.actions())[0], action.act);
}

TEST_F(TrajectoryTest, ANewVersionAndANewModelAreTold) {
  Agent agent = Open();
  Trajectory trajectory;
  Action action;
  const auto step = [&] {
    std::tie(trajectory, action) = agent.request_for_action(trajectory, kObservation);
    agent.add_to_trajectory(trajectory, action);
  };
  step();
  ModelSpec spec;
  spec.version = 2;
  state_.Do([&](ServerState& s) { s.updates.push_back(WholeUpdate(spec)); });
  ASSERT_TRUE(Eventually([&] { return agent.statistics().version == 2; }));
  step();
  step();
  spec.version = 1;
  spec.incarnation = "incarnation-two-";
  state_.Do([&](ServerState& s) { s.updates.push_back(WholeUpdate(spec)); });
  ASSERT_TRUE(Eventually([&] { return agent.statistics().models == 3; }));
  step();
  agent.mark_end_of_trajectory(trajectory, action);
  const std::vector<pb::Trajectory> sent = Sent(agent);
  ASSERT_EQ(sent.size(), 2U);
  ASSERT_EQ(sent[0].versions_size(), 2);
  EXPECT_EQ(sent[0].versions(1).steps(), 2U);
  EXPECT_EQ(sent[0].ending(), pb::CUT);
  EXPECT_EQ(sent[1].incarnation(), "incarnation-two-");
}

TEST_F(TrajectoryTest, WhatIsNotFiniteIsRefusedAndTheAgentGoesOn) {
  Agent agent = Open();
  Trajectory trajectory;
  Action action;
  for (const float bad : {std::nanf(""), INFINITY, -INFINITY}) {
    const float observation[] = {0, 1, bad, 3};
    try {
      agent.request_for_action(trajectory, observation);
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.status(), RLSYS_ERROR_NOT_FINITE);
      EXPECT_NE(std::string(error.what()).find("value 2 of the observation"), std::string::npos);
    }
    std::tie(trajectory, action) = agent.request_for_action(trajectory, kObservation);
    agent.add_to_trajectory(trajectory, action);
    EXPECT_THROW(action.update_reward(static_cast<double>(bad)), Error);
    action.update_reward(1);
  }
  EXPECT_THROW(agent.request_for_action(trajectory, std::vector<float>(3)), Error);
  EXPECT_THROW(agent.request_for_action(trajectory, std::vector<float>(5)), Error);
  agent.mark_end_of_trajectory(trajectory, action);
  const std::vector<pb::Trajectory> sent = Sent(agent);
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(Numbers<double>(sent[0].rewards()), (std::vector<double>{1, 1, 1}));
}

TEST_F(TrajectoryTest, CallsInAnOrderWithoutSenseAreRefused) {
  Agent agent = Open();
  EXPECT_THROW(Action().update_reward(1), Error);
  auto [trajectory, action] = agent.request_for_action({}, kObservation);
  agent.add_to_trajectory(trajectory, action);
  EXPECT_THROW(agent.add_to_trajectory(trajectory, action), Error);
  const Action first = action;
  std::tie(trajectory, action) = agent.request_for_action(trajectory, kObservation);
  EXPECT_THROW(agent.add_to_trajectory(trajectory, first), Error);
  EXPECT_THROW(agent.mark_end_of_trajectory(trajectory, first), Error);
  agent.mark_end_of_trajectory(trajectory, action);
  EXPECT_THROW(action.update_reward(1), Error);
  EXPECT_THROW(agent.add_to_trajectory(trajectory, action), Error);
}

}  // namespace
}  // namespace rlsys::testing
