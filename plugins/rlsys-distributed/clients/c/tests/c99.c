/* A C program that uses the library; compiled as C99 with all warnings. */
#include "rlsys.h"

int rlsys_test_play_in_c(const char* config, int steps);

int rlsys_test_play_in_c(const char* config, int steps) {
  const float observation[4] = {0.0F, 0.1F, 0.2F, 0.3F};
  rlsys_agent* agent = rlsys_agent_open_json(config);
  rlsys_trajectory* trajectory = NULL;
  rlsys_status status = agent == NULL ? RLSYS_ERROR_CONFIG : RLSYS_OK;
  uint64_t action = 0;
  int64_t act = 0;
  int step;
  for (step = 0; step < steps && status == RLSYS_OK; ++step) {
    status = rlsys_request_for_action(agent, &trajectory, observation, 4, NULL, 0, &action);
    if (status == RLSYS_OK) status = rlsys_act_integers(trajectory, &act, 1);
    if (status == RLSYS_OK) status = rlsys_add_to_trajectory(trajectory, action);
    if (status == RLSYS_OK) status = rlsys_update_reward(trajectory, action, (double)act);
  }
  if (status == RLSYS_OK) {
    status = rlsys_mark_end_of_trajectory(trajectory, action, 0, NULL, 0, NULL, 0);
  }
  if (status == RLSYS_OK) status = rlsys_flush(agent, 300.0);
  rlsys_trajectory_free(trajectory);
  rlsys_agent_close(agent);
  return (int)status;
}
