"""Runs rlsys on Ray: work units on a cluster, and RLlib's PPO as one more agent."""
