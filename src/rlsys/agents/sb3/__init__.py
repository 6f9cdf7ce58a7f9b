"""Agents based on Stable-Baselines3: PPO with and without masks, DQN, SAC.

Each one returns a portable network. `rlsys.agents` describes them.
"""
