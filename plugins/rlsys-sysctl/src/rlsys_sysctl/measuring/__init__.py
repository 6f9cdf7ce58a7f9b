"""Measuring: a benchmark is run, scored against the default, raced and confirmed."""
