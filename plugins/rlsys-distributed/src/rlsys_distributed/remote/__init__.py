"""The agent `remote`: an environment is played here, and a server learns from it."""
