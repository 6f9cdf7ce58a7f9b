"""Agents that learn in rounds from labelled states: from their best samples or from an oracle.

`rlsys.agents` describes them.
"""
