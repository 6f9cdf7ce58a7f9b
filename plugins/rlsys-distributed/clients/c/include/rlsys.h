/*
 * rlsys: let a running program act with a learned policy, and learn from what comes of it.
 *
 * An agent holds a copy of the model that a server trains. It decides locally, without waiting for
 * the network, and sends what came of its decisions in the background.
 *
 *     rlsys_agent *agent = rlsys_agent_open("client.json");
 *     rlsys_trajectory *trajectory = NULL;
 *     uint64_t action;
 *     int64_t act;
 *     for (each step) {
 *       rlsys_request_for_action(agent, &trajectory, observation, 4, NULL, 0, &action);
 *       rlsys_act_integers(trajectory, &act, 1);
 *       rlsys_add_to_trajectory(trajectory, action);
 *       reward = ...;   do `act` and see what comes of it
 *       rlsys_update_reward(trajectory, action, reward);
 *       if (the episode is over)
 *         rlsys_mark_end_of_trajectory(trajectory, action, 0, NULL, 0, NULL, 0);
 *     }
 *     rlsys_trajectory_free(trajectory);
 *     rlsys_agent_close(agent);
 *
 * Errors: functions return RLSYS_OK or another status; those that make something return NULL.
 * rlsys_last_error() then says what is wrong. Nothing is thrown, and an agent stays usable after
 * every error but RLSYS_ERROR_INTERNAL.
 *
 * Threads: an agent may be used from several threads at once. A trajectory may be used from one
 * thread at a time; every thread, and every copy of an environment, has its own.
 *
 * fork: in the child, an agent goes on acting with the model that it holds and sends nothing. No
 * agent can be opened in a child of a process that has opened one, because gRPC does not survive a
 * fork; fork first, or start another program.
 */
#ifndef RLSYS_H_
#define RLSYS_H_

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define RLSYS_API
#else
#define RLSYS_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define RLSYS_VERSION "0.1.0"

/* What a function returns. The numbers stay the same in all versions. */
typedef enum rlsys_status {
  RLSYS_OK = 0,
  /* NULL where something is needed, an array of the wrong size, or a value that is not a byte. */
  RLSYS_ERROR_ARGUMENT = 1,
  /* The configuration: a file that cannot be read, an unknown key, a wrong type or range. */
  RLSYS_ERROR_CONFIG = 2,
  /* Calls in an order without sense, such as a reward for an action that was not requested. */
  RLSYS_ERROR_STATE = 3,
  /* NaN or infinity in an observation or a reward. */
  RLSYS_ERROR_NOT_FINITE = 4,
  /* The time was over before everything was done. */
  RLSYS_ERROR_TIMEOUT = 5,
  /* The server has refused this agent for good: it goes on acting and sends nothing. */
  RLSYS_ERROR_GAVE_UP = 6,
  /* The agent was made before a fork, and this is the child. */
  RLSYS_ERROR_FORKED = 7,
  /* The model: damaged, not one for these spaces, or its outputs are not finite. */
  RLSYS_ERROR_MODEL = 8,
  /* An error in this library, or no memory. */
  RLSYS_ERROR_INTERNAL = 9
} rlsys_status;

/* A connection to a server, and the model. */
typedef struct rlsys_agent rlsys_agent;
/* What happens between a program and its model, one episode after another. */
typedef struct rlsys_trajectory rlsys_trajectory;

/* Returns the version of the library that is loaded, such as "0.1.0". */
RLSYS_API const char* rlsys_version(void);

/*
 * Returns why the last call in this thread failed, as one line; "" if none has failed yet. It is
 * valid until the next call in this thread. (A Go program calls it with the thread locked.)
 */
RLSYS_API const char* rlsys_last_error(void);

/*
 * Says where messages for people go: at most one for each kind of event. `text` is one line without
 * the line's end, valid during the call, which may come from any thread. The function must not call
 * this library. NULL: to stderr, as at the start.
 *
 * gRPC writes to stderr by itself, one or more lines for every connection that it cannot encrypt.
 * The environment variable GRPC_VERBOSITY=NONE, set before the first agent is opened, stops that.
 */
typedef void (*rlsys_log_function)(const char* text, void* context);
RLSYS_API void rlsys_set_log(rlsys_log_function function, void* context);

/*
 * Opens an agent from a configuration file, or from its text. It connects in the background: this
 * call does not wait for the server, and does not fail without one.
 *
 * Returns NULL if the configuration is wrong, a file that it names cannot be used, or in a child of
 * a process that has opened an agent.
 * Close the agent with rlsys_agent_close.
 */
RLSYS_API rlsys_agent* rlsys_agent_open(const char* path);
RLSYS_API rlsys_agent* rlsys_agent_open_json(const char* text);

/*
 * Sends what is complete and waits up to 5 seconds until the server has it, if it is connected;
 * then disconnects and frees the agent. Steps of episodes that have not ended are dropped: end them
 * as truncated to keep them. Trajectories stay valid but must only be freed. NULL does nothing.
 */
RLSYS_API void rlsys_agent_close(rlsys_agent* agent);

/* Kinds of action spaces: one integer, several integers, floats. */
typedef enum rlsys_kind {
  RLSYS_KIND_DISCRETE = 0,
  RLSYS_KIND_MULTI_DISCRETE = 1,
  RLSYS_KIND_BOX = 2
} rlsys_kind;

/* Writes the kind of the action space, and how many numbers an action has. Errors: ARGUMENT. */
RLSYS_API rlsys_status rlsys_action_kind(const rlsys_agent* agent, rlsys_kind* kind, size_t* count);

/*
 * Decides what to do. The first call waits up to `first_model_timeout` for the first model; no
 * other call waits for anything.
 *
 * trajectory: points to NULL for a new trajectory, which the caller frees; otherwise to the one of
 *   the last call. After an end the next episode begins.
 * observation: `values` numbers in C order, as many as the observation space has. For a uint8 space
 *   whole numbers 0 to 255; anything else is an error of the kind ARGUMENT.
 * mask: a byte for every action, 0 if it is forbidden; `mask_values` of them. Needed if the
 *   configuration says `masked`, otherwise NULL and 0.
 * action: gets a number that stands for this decision in the calls below.
 *
 * Errors: ARGUMENT, NOT_FINITE, MODEL. Nothing is recorded then.
 */
RLSYS_API rlsys_status rlsys_request_for_action(rlsys_agent* agent, rlsys_trajectory** trajectory,
                                                const float* observation, size_t values,
                                                const uint8_t* mask, size_t mask_values,
                                                uint64_t* action);

/*
 * Write what the last request of a trajectory decided. Discrete: one integer, `start` included;
 * MultiDiscrete: an integer for each; Box: floats within the space's bounds, in C order. `count`
 * must be what rlsys_action_kind says.
 *
 * Errors: ARGUMENT, STATE (nothing was requested yet).
 */
RLSYS_API rlsys_status rlsys_act_integers(const rlsys_trajectory* trajectory, int64_t* values,
                                          size_t count);
RLSYS_API rlsys_status rlsys_act_floats(const rlsys_trajectory* trajectory, float* values,
                                        size_t count);

/*
 * Records the last requested action as done. An action that is not recorded is not learned from:
 * the steps before it end as truncated, and those after it count as a new episode.
 *
 * Errors: STATE (not the last requested action, or recorded already).
 */
RLSYS_API rlsys_status rlsys_add_to_trajectory(rlsys_trajectory* trajectory, uint64_t action);

/*
 * Says what came of an action; 0 if this is never called. It can be called again until the steps
 * are sent, which is at the end of the episode or after `max_traj_length` steps.
 *
 * Errors: NOT_FINITE, STATE (no such action in this trajectory, or already sent).
 */
RLSYS_API rlsys_status rlsys_update_reward(rlsys_trajectory* trajectory, uint64_t action,
                                           double reward);

/*
 * Ends the episode after its last action.
 *
 * truncated: 0 if the episode is over and nothing comes after it. 1 if it was stopped from outside,
 *   by a time limit for example, and would have gone on.
 * last_observation: what was observed after the last action; `values` numbers, as in a request.
 *   Needed if truncated, otherwise ignored and may be NULL.
 * last_mask: the actions that were allowed then; `mask_values` bytes. Needed if truncated and the
 *   configuration says `masked`, otherwise ignored.
 *
 * The action is recorded if it has not been. Ending an ended episode does nothing.
 *
 * Errors: ARGUMENT, NOT_FINITE, STATE (not the last requested action). The episode goes on then.
 */
RLSYS_API rlsys_status rlsys_mark_end_of_trajectory(rlsys_trajectory* trajectory, uint64_t action,
                                                    int truncated, const float* last_observation,
                                                    size_t values, const uint8_t* last_mask,
                                                    size_t mask_values);

/* Frees a trajectory; steps of an episode that has not ended are dropped. NULL does nothing. */
RLSYS_API void rlsys_trajectory_free(rlsys_trajectory* trajectory);

/*
 * Sends everything that is complete, and waits until the server has it (or has refused it).
 *
 * seconds: how long to wait at most, 0 or more.
 * Errors: TIMEOUT, GAVE_UP, FORKED, ARGUMENT.
 */
RLSYS_API rlsys_status rlsys_flush(rlsys_agent* agent, double seconds);

/* Numbers about an agent, since it was opened. */
typedef enum rlsys_statistic {
  /* 1 while it is registered with a server. */
  RLSYS_STATISTIC_CONNECTED = 0,
  /* The version of the model that it acts with; 0: none yet. */
  RLSYS_STATISTIC_VERSION = 1,
  /* Versions received. */
  RLSYS_STATISTIC_MODELS = 2,
  /* Actions requested. */
  RLSYS_STATISTIC_DECISIONS = 3,
  /* Trajectories completed; pieces are counted one by one. All of those below are parts of this. */
  RLSYS_STATISTIC_TRAJECTORIES = 4,
  /* The server has them, or has refused them. */
  RLSYS_STATISTIC_ACKNOWLEDGED = 5,
  /* Neither acknowledged nor lost. */
  RLSYS_STATISTIC_WAITING = 6,
  /* Lost: too many were unsent, one was too large, or the server has refused this program. */
  RLSYS_STATISTIC_DROPPED = 7,
  /* Of the acknowledged ones: nothing is learned from them. */
  RLSYS_STATISTIC_REFUSED = 8,
  /* Times that it has registered. */
  RLSYS_STATISTIC_CONNECTIONS = 9,
  /* Not sent, because nothing would be learned from versions that old. */
  RLSYS_STATISTIC_STALE = 10
} rlsys_statistic;

/* Writes a number; `which` is an rlsys_statistic. Errors: ARGUMENT. */
RLSYS_API rlsys_status rlsys_get_statistic(const rlsys_agent* agent, int which, uint64_t* value);

/* Texts about an agent. */
typedef enum rlsys_text {
  RLSYS_TEXT_MODEL = 0,       /* the model's name, as the server says; "" before that */
  RLSYS_TEXT_ALGORITHM = 1,   /* "ppo" or "dqn", as the server says; "" before that */
  RLSYS_TEXT_SETTINGS = 2,    /* the settings in use, as JSON; "" before the server has said them */
  RLSYS_TEXT_PROBLEM = 3,     /* why it is not connected; "" if it is */
  RLSYS_TEXT_LAST_REFUSAL = 4 /* the server's words for the last refused trajectory; "": none */
} rlsys_text;

/*
 * Writes a text with a 0 behind it, cut to `size` bytes in all; `needed` gets the bytes that the
 * whole text takes, and may be NULL. `buffer` may be NULL if `size` is 0. `which` is an rlsys_text.
 *
 * Errors: ARGUMENT.
 */
RLSYS_API rlsys_status rlsys_get_text(const rlsys_agent* agent, int which, char* buffer,
                                      size_t size, size_t* needed);

#ifdef __cplusplus
}
#endif

#endif /* RLSYS_H_ */
