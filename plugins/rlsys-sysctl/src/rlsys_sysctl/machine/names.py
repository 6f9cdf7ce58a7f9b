"""Names of kernel parameters, in the two ways that sysctl(8) writes them.

The first separator decides: in ``net.ipv4.conf.eth0/100.mtu`` a dot separates and a slash stands
for a dot inside a part; in ``net/ipv4/conf/eth0.100/mtu`` it is the other way round.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from rlsys.errors import ConfigError

_SWAP = str.maketrans("./", "/.")


def canonical(name: str) -> str:
    """Return `name` with dots as separators.

    Raises:
        ConfigError: it cannot name a parameter, for instance because it leads out of /proc/sys.
    """
    first = next((letter for letter in name if letter in "./"), ".")
    dotted = name.translate(_SWAP) if first == "/" else name
    parts = dotted.split(".")
    odd = any(part.translate(_SWAP) in ("", ".", "..") or part != part.strip() for part in parts)
    if odd or len(parts) < 2 or "\0" in name:
        raise ConfigError(
            f"{name!r} is not the name of a kernel parameter; write it like vm.swappiness"
        )
    return dotted


def relative_path(name: str) -> str:
    """Return where the parameter with the canonical name `name` is below /proc/sys."""
    return name.translate(_SWAP)


def from_path(path: str) -> str:
    """Return the canonical name of the parameter at `path` below /proc/sys."""
    return path.translate(_SWAP)


def normal(written: str) -> str:
    """Return the value `written` with single spaces; the kernel separates fields with tabs."""
    return " ".join(written.split())


def nearest(name: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)``, or nothing if no known name is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f" (did you mean {near[0]!r}?)" if near else ""
