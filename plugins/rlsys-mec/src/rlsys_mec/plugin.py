"""The hooks under the name that the entry point had before; `rlsys_mec_plugin` has them."""

from __future__ import annotations

from rlsys_mec_plugin import rlsys_environments

__all__ = ["rlsys_environments"]
