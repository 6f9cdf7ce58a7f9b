"""The requirements of agents: the conformance class, and a training that is observed."""
