"""Agents for environments with several roles: one policy a role, trained together.

Reached through `rlsys.agents`, which describes them.
"""
