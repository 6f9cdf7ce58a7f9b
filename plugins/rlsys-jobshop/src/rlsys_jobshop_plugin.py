"""What this plugin provides to rlsys; imports nothing heavy.

It lies beside the package because importing the package imports Gymnasium.
"""

from __future__ import annotations
