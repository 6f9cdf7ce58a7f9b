"""The Python client: acts with a local copy of the model, and sends what came of it.

It needs neither torch nor Gymnasium.
"""

from __future__ import annotations

from rlsys_distributed.client.agent import Agent
from rlsys_distributed.client.loop import play
from rlsys_distributed.client.trajectory import Action, Trajectory

__all__ = ["Action", "Agent", "Trajectory", "play"]
