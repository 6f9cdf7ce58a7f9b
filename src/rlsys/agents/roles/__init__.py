"""Agents for environments with several roles: one policy per role, trained together.

`rlsys.agents` describes them.
"""
