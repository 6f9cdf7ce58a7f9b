"""Seeds and endings of the copies of a batch, as Gymnasium's `VectorEnv` passes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import UserError

Array = NDArray[Any]
Seeds = int | Sequence[int | None] | NDArray[np.integer[Any]] | None
"""The argument `seed` of ``VectorEnv.reset``."""


def copy_seeds(seed: Seeds, num_envs: int) -> list[int | None]:
    """Return the seed of each copy; None for a copy that continues its random stream.

    Args:
        seed: an int s gives copy i the seed s + i; a list has one seed, or None, per copy; None
            gives no copy a seed.

    Raises:
        ValueError: the list has another length.
    """
    if seed is None:
        return [None] * num_envs
    if isinstance(seed, int | np.integer):
        return [int(seed) + copy for copy in range(num_envs)]
    if len(seed) != num_envs:
        raise ValueError(f"one seed per copy is needed: {num_envs}, not {len(seed)}")
    return [None if one is None else int(one) for one in seed]


def final_infos(
    ended: NDArray[np.bool_], metrics: Mapping[str, Any], observations: Array | None = None
) -> dict[str, Any]:
    """Return the infos of a step that ends episodes, as Gymnasium's same-step autoreset has them.

    Args:
        ended: the copies whose episode has ended, (num_envs,).
        metrics: of the whole episode, by name: (num_envs,) or (num_envs, parts). The values of
            copies that have not ended do not matter; 0 is returned in their place.
        observations: the last ones of the episodes, (num_envs, ...); None in an environment with
            roles, where nobody sees them.

    Returns:
        ``final_info``, ``final_obs`` (unless None) and their masks; new arrays throughout.

    Raises:
        ValueError: a metric does not have one entry per copy.
    """
    final: dict[str, Array] = {}
    for name, values in metrics.items():
        kept = np.array(values)
        if kept.shape[:1] != ended.shape:
            raise ValueError(
                f"the metric {name!r} has shape {kept.shape}; it needs one entry per copy: "
                f"({len(ended)}, ...)"
            )
        kept[~ended] = 0
        final[name] = kept
        final[f"_{name}"] = ended.copy()
    infos: dict[str, Any] = {"final_info": final, "_final_info": ended.copy()}
    if observations is not None:
        infos |= {"final_obs": np.array(observations), "_final_obs": ended.copy()}
    return infos


def final_metric(infos: Mapping[str, Any], name: str, ended: NDArray[np.bool_]) -> Array:
    """Return a metric of the episodes that have just ended, float64 (episodes,) or (episodes, n).

    Reads both the infos of `final_infos` and those that Gymnasium's own batches collect.

    Args:
        infos: of the step.
        ended: the copies whose episode has ended, (num_envs,).

    Raises:
        UserError: an episode ended without this metric, or it is not a number.
    """
    told = infos.get("final_info")
    if not isinstance(told, Mapping) or name not in told:
        have = sorted(n for n in told if not n.startswith("_")) if told else []
        raise UserError(
            f"an episode ended without the metric {name!r}; infos['final_info'] has {have}: return "
            "it there, or leave it out of the description's metrics"
        )
    silent = ended & ~np.asarray(told.get(f"_{name}", ended), dtype=bool)
    if silent.any():
        raise UserError(
            f"the episode of copy {np.flatnonzero(silent)[0]} ended without the metric {name!r}, "
            "which others have: return it at the end of every episode"
        )
    values = np.asarray(told[name])[ended]
    try:
        return np.array(values.tolist() if values.dtype == object else values, np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(
            f"the metric {name!r} is {values[0]!r}, not a number or a list of numbers"
        ) from error
