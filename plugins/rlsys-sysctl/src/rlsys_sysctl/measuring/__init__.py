"""Measuring: run a benchmark, score it against the default, race and confirm configurations."""
