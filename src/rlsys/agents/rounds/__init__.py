"""Agents that learn in rounds from labelled states: by their own best samples, or from an oracle.

Reached through `rlsys.agents`, which describes them.
"""
