"""Job shops: instances, simulator, rules, searches, and learned dispatching.

`gymnasium.make("rlsys_jobshop:rlsys/Jobshop-v0")` imports this package, and expects that it
registers its environment. So importing it, or any module in it, imports Gymnasium. Every `rlsys`
command imports only `rlsys_jobshop_plugin`, which lies beside this package and is light.
"""

from typing import TYPE_CHECKING, Any

from rlsys_jobshop.env.registration import register

if TYPE_CHECKING:
    from rlsys_jobshop.solving import Solution, solve

__all__ = ["Solution", "solve"]

register()


def __getattr__(name: str) -> Any:
    """Import `solve` at its first use, because it needs Numba."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rlsys_jobshop import solving

    return getattr(solving, name)
