"""A cache that learns what to evict: an rlsys plugin for a system that is none of rlsys's own."""
