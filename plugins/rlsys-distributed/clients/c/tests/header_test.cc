// The C functions: what they return for what makes no sense, and that a C program can use them.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "helpers.h"

extern "C" int rlsys_test_play_in_c(const char* config, int steps);

namespace rlsys::testing {
namespace {

TEST(Header, ACProgramPlaysAnEpisode) {
  ServerState state;
  state.updates = {WholeUpdate({})};
  const FakeServer server(state);
  EXPECT_EQ(rlsys_test_play_in_c(ConfigText(server.address()).c_str(), 10), RLSYS_OK);
  state.Do([](ServerState& s) {
    ASSERT_EQ(s.trajectories.size(), 1U);
    EXPECT_EQ(s.trajectories[0].rewards().shape(0), 10U);
  });
}

TEST(Header, NullIsRefusedWithATextEverywhere) {
  uint64_t number = 0;
  size_t size = 0;
  rlsys_kind kind;
  rlsys_trajectory* trajectory = nullptr;
  const float observation[4] = {};
  int64_t integer = 0;
  float value = 0;
  EXPECT_EQ(rlsys_agent_open(nullptr), nullptr);
  EXPECT_STRNE(rlsys_last_error(), "");
  EXPECT_EQ(rlsys_agent_open_json(nullptr), nullptr);
  EXPECT_EQ(rlsys_action_kind(nullptr, &kind, &size), RLSYS_ERROR_ARGUMENT);
  EXPECT_EQ(rlsys_request_for_action(nullptr, &trajectory, observation, 4, nullptr, 0, &number),
            RLSYS_ERROR_ARGUMENT);
  EXPECT_EQ(rlsys_act_integers(nullptr, &integer, 1), RLSYS_ERROR_ARGUMENT);
  EXPECT_EQ(rlsys_act_floats(nullptr, &value, 1), RLSYS_ERROR_ARGUMENT);
  EXPECT_EQ(rlsys_add_to_trajectory(nullptr, 1), RLSYS_ERROR_ARGUMENT);
  EXPECT_EQ(rlsys_update_reward(nullptr, 1, 1), RLSYS_ERROR_ARGUMENT);
  EXPECT_EQ(rlsys_mark_end_of_trajectory(nullptr, 1, 0, nullptr, 0, nullptr, 0),
            RLSYS_ERROR_ARGUMENT);
  EXPECT_EQ(rlsys_flush(nullptr, 1), RLSYS_ERROR_ARGUMENT);
  EXPECT_EQ(rlsys_get_statistic(nullptr, RLSYS_STATISTIC_VERSION, &number), RLSYS_ERROR_ARGUMENT);
  EXPECT_EQ(rlsys_get_text(nullptr, RLSYS_TEXT_MODEL, nullptr, 0, &size), RLSYS_ERROR_ARGUMENT);
  rlsys_agent_close(nullptr);
  rlsys_trajectory_free(nullptr);
  EXPECT_STREQ(rlsys_version(), RLSYS_VERSION);
}

TEST(Header, ArgumentsOfALivingAgentAreChecked) {
  LogKeeper log;
  const std::string config = ConfigText(DeadAddress(), R"("first_model_timeout": 0)");
  rlsys_agent* agent = rlsys_agent_open_json(config.c_str());
  rlsys_agent* other = rlsys_agent_open_json(config.c_str());
  ASSERT_NE(agent, nullptr);
  ASSERT_NE(other, nullptr);
  rlsys_trajectory* trajectory = nullptr;
  uint64_t action = 0;
  EXPECT_EQ(rlsys_request_for_action(agent, &trajectory, nullptr, 4, nullptr, 0, &action),
            RLSYS_ERROR_ARGUMENT);
  EXPECT_EQ(rlsys_request_for_action(agent, &trajectory, kObservation, 3, nullptr, 0, &action),
            RLSYS_ERROR_ARGUMENT);
  EXPECT_STREQ(rlsys_last_error(), "the observation has 3 values, not 4");
  EXPECT_EQ(trajectory, nullptr);
  const uint8_t mask[2] = {1, 1};
  EXPECT_EQ(rlsys_request_for_action(agent, &trajectory, kObservation, 4, mask, 2, &action),
            RLSYS_ERROR_ARGUMENT);
  ASSERT_EQ(rlsys_request_for_action(agent, &trajectory, kObservation, 4, nullptr, 0, &action),
            RLSYS_OK);
  EXPECT_EQ(rlsys_request_for_action(other, &trajectory, kObservation, 4, nullptr, 0, &action),
            RLSYS_ERROR_ARGUMENT);
  int64_t integers[2] = {};
  float value = 0;
  EXPECT_EQ(rlsys_act_integers(trajectory, integers, 2), RLSYS_ERROR_ARGUMENT);
  EXPECT_EQ(rlsys_act_floats(trajectory, &value, 1), RLSYS_ERROR_ARGUMENT);
  EXPECT_EQ(rlsys_act_integers(trajectory, integers, 1), RLSYS_OK);
  EXPECT_EQ(rlsys_update_reward(trajectory, 99, 1), RLSYS_ERROR_STATE);
  EXPECT_EQ(rlsys_flush(agent, -1), RLSYS_ERROR_ARGUMENT);
  EXPECT_EQ(rlsys_flush(agent, std::nan("")), RLSYS_ERROR_ARGUMENT);
  uint64_t number = 0;
  EXPECT_EQ(rlsys_get_statistic(agent, 99, &number), RLSYS_ERROR_ARGUMENT);
  EXPECT_EQ(rlsys_get_text(agent, -1, nullptr, 0, nullptr), RLSYS_ERROR_ARGUMENT);
  char text[4] = "???";
  size_t needed = 0;
  ASSERT_TRUE(Eventually([&] {
    return rlsys_get_text(agent, RLSYS_TEXT_PROBLEM, text, sizeof text, &needed) == RLSYS_OK &&
           needed > 4;
  }));
  EXPECT_EQ(std::strlen(text), 3U);
  rlsys_agent_close(agent);
  rlsys_agent_close(other);
  rlsys_trajectory_free(trajectory);
}

TEST(Header, AWrongConfigurationIsExplained) {
  EXPECT_EQ(rlsys_agent_open_json(R"({"client": "a"})"), nullptr);
  EXPECT_EQ(std::string(rlsys_last_error()).find("config: client_id is missing"), 0U);
  EXPECT_EQ(rlsys_agent_open("/no/such/file.json"), nullptr);
  EXPECT_NE(std::string(rlsys_last_error()).find("/no/such/file.json"), std::string::npos);
  EXPECT_THROW(Agent("/no/such/file.json"), Error);
}

}  // namespace
}  // namespace rlsys::testing
