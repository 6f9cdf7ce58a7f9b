"""``policy_weights.json``: the whole policy as text, for tools that can read only JSON.

Layout (format ``rlsys.policy-weights/1``):

* ``q10_scale``: 1024, and ``q10_rounding``: the rounding rule of the ``*_q10`` values;
* ``shape``: ``stack`` or ``scorer`` (see `rlsys.network`), ``masked``: whether actions must be
  chosen under a mask;
* ``input_clip``, only if there is one: bounds ``low`` and ``high`` per feature (null where open)
  that observations are clipped to before the transform;
* ``transform``: null, or ``shift`` and ``scale`` per feature and the clip bounds ``low`` and
  ``high`` (null where open): ``clip((x - shift) * scale, low, high)``;
* ``decoding``: ``kind``, ``start``, ``sizes``, and for continuous actions ``low`` and ``high``;
* ``layers``: in order of use, each with ``name`` (``role.index``; the role of a stack is
  ``layers``, those of a scorer ``encoder``, ``scorer`` and ``rest``), ``activation``,
  ``weight_shape`` [outputs, inputs], ``weights`` (one row per output), ``biases``, and both in Q10;
* ``notes``: information for people.

Every float32 is written as the decimal of its exact value, so reading it gives the same bits.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys.errors import UserError
from rlsys.exporters.checking import checking_batch, same_actions
from rlsys.exporters.context import Check, ExportContext, ExportReport
from rlsys.network import Decoding, Dense, InputClip, Network, Scorer, Stack, Transform

FILE = "policy_weights.json"
FORMAT = "rlsys.policy-weights/1"
Q10_SCALE = 1024
Q10_ROUNDING = "floor(value * 1024 + 0.5)"


def q10(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return `values` in Q10: ``floor(value * 1024 + 0.5)``; halves round up, even if negative.

    Computed in float64, where the product of a float32 and 1024 is exact.

    Raises:
        UserError: a value does not fit into a 32-bit integer.
    """
    scaled = np.floor(np.asarray(values, dtype=np.float64) * Q10_SCALE + 0.5)
    limits = np.iinfo(np.int32)
    if scaled.size and not (limits.min <= scaled.min() and scaled.max() <= limits.max):
        worst = float(np.asarray(values).flat[int(np.argmax(np.abs(scaled)))])
        raise UserError(
            f"weight {worst:g} does not fit into Q10 with 32 bits (allowed: up to "
            f"+-{2**31 // Q10_SCALE}); train with weight decay or a lower learning rate"
        )
    return scaled.astype(np.int64)


def export(network: Network, directory: Path, context: ExportContext) -> ExportReport:
    """Write ``policy_weights.json`` and check that reading it gives the same policy."""
    path = directory / FILE
    document = to_document(network, context.provenance())
    path.write_text(_pretty(document), encoding="utf-8")
    again = load_json(path)
    observations, masks = checking_batch(network, context)
    decisions = same_actions(
        "json-same-actions",
        network,
        observations,
        masks,
        again.logits(observations),
        again.act(observations, masks),
    )
    weights, weights_again = _all_weights(network), _all_weights(again)
    exact: Check = {
        "name": "json-exact-weights",
        "holds": weights.tobytes() == weights_again.tobytes(),
        "figures": {
            "parameters": len(weights),
            "largest_q10_rounding": float(np.abs(weights - q10(weights) / Q10_SCALE).max()),
        },
    }
    return ExportReport((path,), (exact, decisions))


def to_document(network: Network, provenance: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the content of the file as plain JSON values.

    Raises:
        UserError: a weight does not fit into Q10.
    """
    decoding, transform = network.decoding, network.transform
    return {
        "format": FORMAT,
        "q10_scale": Q10_SCALE,
        "q10_rounding": Q10_ROUNDING,
        "shape": "scorer" if isinstance(network.body, Scorer) else "stack",
        "masked": network.masked,
        **_clip_of(network),
        "transform": None
        if transform is None
        else {
            "shift": transform.shift.tolist(),
            "scale": transform.scale.tolist(),
            "low": _bound(transform.low),
            "high": _bound(transform.high),
        },
        "decoding": {
            "kind": decoding.kind,
            "start": decoding.start,
            "sizes": list(decoding.sizes),
            "low": _bounds(decoding.low),
            "high": _bounds(decoding.high),
        },
        "layers": [
            _layer(f"{role}.{index}", dense)
            for role, group in network.layers().items()
            for index, dense in enumerate(group)
        ],
        "notes": {**network.notes, **(provenance or {})},
    }


def load_json(path: str | Path) -> Network:
    """Read ``policy_weights.json`` back.

    Raises:
        UserError: the file is missing, truncated, of another format, or contradicts itself.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError(f"its format is not {FORMAT!r}")
        return _from_document(document)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file") from error
    except UserError as error:
        raise UserError(f"{path}: {error}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else error
        raise UserError(f"{path}: not readable policy weights: {reason}") from error


def _from_document(document: dict[str, Any]) -> Network:
    roles = ("encoder", "scorer", "rest") if document["shape"] == "scorer" else ("layers",)
    groups: dict[str, list[Dense]] = {role: [] for role in roles}
    for layer in document["layers"]:
        role, _, index = layer["name"].partition(".")
        if role not in groups or index != str(len(groups[role])):
            raise ValueError(f"layer {layer['name']!r} is unknown or out of order")
        weight = np.asarray(layer["weights"], dtype=np.float32)
        if list(weight.shape) != layer["weight_shape"]:
            raise ValueError(f"layer {layer['name']!r} has weights of shape {weight.shape}")
        groups[role].append(
            Dense(weight, np.asarray(layer["biases"], dtype=np.float32), layer["activation"])
        )
    parts = {role: tuple(group) for role, group in groups.items()}
    body = Scorer(**parts) if document["shape"] == "scorer" else Stack(**parts)
    needed = "scorer" if "scorer" in groups else "layers"
    if not groups[needed]:
        raise ValueError(f"it has no layer of the role {needed!r}")
    transform = document["transform"]
    decoding = document["decoding"]
    return Network(
        body,
        Decoding(
            decoding["kind"],
            decoding["start"],
            tuple(decoding["sizes"]),
            _unbounds(decoding["low"], -math.inf),
            _unbounds(decoding["high"], math.inf),
        ),
        None
        if transform is None
        else Transform(
            np.asarray(transform["shift"], dtype=np.float32),
            np.asarray(transform["scale"], dtype=np.float32),
            -math.inf if transform["low"] is None else transform["low"],
            math.inf if transform["high"] is None else transform["high"],
        ),
        document["masked"],
        document["notes"],
        _input_clip(document.get("input_clip")),
    )


def _clip_of(network: Network) -> dict[str, Any]:
    clip = network.input_clip
    return (
        {}
        if clip is None
        else {"input_clip": {"low": _bounds(clip.low), "high": _bounds(clip.high)}}
    )


def _input_clip(found: dict[str, Any] | None) -> InputClip | None:
    if found is None:
        return None
    low, high = (
        np.asarray([missing if v is None else v for v in found[side]], dtype=np.float32)
        for side, missing in (("low", -math.inf), ("high", math.inf))
    )
    return InputClip(low, high)


def _layer(name: str, dense: Dense) -> dict[str, Any]:
    return {
        "name": name,
        "activation": dense.activation,
        "weight_shape": list(dense.weight.shape),
        "weights": dense.weight.tolist(),
        "biases": dense.bias.tolist(),
        "weights_q10": q10(dense.weight).tolist(),
        "biases_q10": q10(dense.bias).tolist(),
    }


def _all_weights(network: Network) -> NDArray[np.float64]:
    parts = [
        array.ravel()
        for group in network.layers().values()
        for dense in group
        for array in (dense.weight, dense.bias)
    ]
    return np.concatenate(parts).astype(np.float64)


def _bound(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _bounds(values: Iterable[Any] | None) -> list[float | None] | None:
    return None if values is None else [_bound(float(value)) for value in values]


def _unbounds(values: list[float | None] | None, missing: float) -> NDArray[np.float32] | None:
    if values is None:
        return None
    return np.asarray([missing if v is None else v for v in values], dtype=np.float32)


def _pretty(value: Any, indent: int = 0) -> str:
    """Return JSON with objects spread over lines, and one line per row of numbers."""
    pad = "  " * (indent + 1)
    end = "\n" + "  " * indent
    if isinstance(value, dict) and value:
        rows = (
            f"{pad}{json.dumps(key)}: {_pretty(item, indent + 1)}" for key, item in value.items()
        )
        text = "{\n" + ",\n".join(rows) + end + "}"
    elif isinstance(value, list) and any(isinstance(item, list | dict) for item in value):
        text = "[\n" + ",\n".join(pad + _pretty(item, indent + 1) for item in value) + end + "]"
    else:
        text = json.dumps(value, allow_nan=False)
    return text + ("\n" if indent == 0 else "")
