"""Run rlsys on Ray: work units on a cluster, and RLlib's PPO as another agent."""
