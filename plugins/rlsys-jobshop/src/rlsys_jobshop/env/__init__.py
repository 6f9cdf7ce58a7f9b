"""The environment of rlsys: instances to learn on, observations, rewards, baselines, oracle."""
