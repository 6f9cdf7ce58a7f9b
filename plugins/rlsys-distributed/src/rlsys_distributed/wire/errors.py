"""What a received message can be refused for."""

from __future__ import annotations


class WireError(ValueError):
    """A message that says something impossible; its text is one line for the sender."""
