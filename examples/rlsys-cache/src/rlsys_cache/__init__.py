"""A cache that learns what to evict: a third-party plugin for rlsys."""
