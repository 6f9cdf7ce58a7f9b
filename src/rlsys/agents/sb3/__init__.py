"""Agents on Stable-Baselines3: PPO with and without masks, DQN, SAC; each gives a portable network.

Reached through `rlsys.agents`, which describes them.
"""
