"""What all exporters share: refuse what must not ship, write a folder whole or not at all, judge.

An exporter's factory only writes files into the folder it is given and says what it checked.
Everything that protects the user (no NaN, no missing package, no foreign file overwritten, nothing
half-written, no folder whose checks did not hold) happens here, once for all exporters.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlsys import __version__
from rlsys.application import Application
from rlsys.descriptors import ExporterSpec, resolve
from rlsys.errors import CheckFailed, UserError
from rlsys.folders import files_below
from rlsys.network import Decoding, Network, Scorer
from rlsys.requirements import check_requirements

MARKER = "rlsys-export.json"
"""The file that says which files of a folder an earlier export wrote."""
MARKER_FORMAT = "rlsys.export/1"

RANDOM_OBSERVATIONS = 10_000
RANDOM_ITEMS = 8

TOLERANCE = 1e-5
"""Two float32 implementations may round logits differently by this share of the largest one."""

Array = NDArray[Any]
Verdict = dict[str, Any]
"""``{"name": str, "holds": bool, "figures": {name: number or text}}``."""


@dataclass(frozen=True)
class ExportContext:
    """What an exporter may know besides the network.

    Attributes:
        observations: (N, ...) observations to check with, best from the policy's own episodes.
        masks: bool (N, n_actions), the masks that belong to `observations`.
        low, high: bounds of one observation; random observations lie within them.
        environment: name of the environment the network was trained in.
        case: name of the case it was trained on.
        notes: further facts for the exported files, JSON values only.
        make_env: ``make_env(num_envs)`` makes the batched environment of the case, see
            `rlsys.rollout`.
        episodes: seeds of the held-out episodes.
        application: what a program on a device would do with the policy.
        optional: whether the exporter may leave out, with a note in its report, what cannot be
            done on this machine.
    """

    observations: Array | None = None
    masks: Array | None = None
    low: Array | None = None
    high: Array | None = None
    environment: str = ""
    case: str = ""
    notes: Mapping[str, Any] = field(default_factory=dict)
    make_env: Callable[[int], Any] | None = None
    episodes: Sequence[int] = ()
    application: Application | None = None
    optional: bool = False

    def provenance(self) -> dict[str, Any]:
        """Return where the network comes from, for exported files."""
        return {"environment": self.environment, "case": self.case, **self.notes}


@dataclass(frozen=True)
class ExportReport:
    """What an exporter wrote, how its checks ended, and what it left out and why."""

    files: Sequence[Path]
    checks: Sequence[Verdict] = ()
    notes: Sequence[str] = ()

    @property
    def shown(self) -> Sequence[Path]:
        """Return what to name to a user: the files, or the folder where they fill several."""
        folders = {path.parent for path in self.files}
        if len(folders) < 2:
            return self.files
        return (min(folders, key=lambda folder: len(folder.parts)),)


def export_network(
    network: Network,
    spec: ExporterSpec,
    directory: str | Path,
    context: ExportContext,
    settings: Any = None,
) -> ExportReport:
    """Export `network` into `directory`, which afterwards holds this export and nothing else.

    The files are written to a temporary sibling and moved into place when all checks hold; an
    earlier export in `directory` stays as it was until then.

    Args:
        network: what to export.
        spec: the exporter.
        directory: absent, empty, or with nothing but the unchanged files of an earlier export.
        context: see `ExportContext`.
        settings: of the exporter, a model of its `config`; None: the defaults.

    Returns:
        The files at their final place and the verdicts, all of which hold.

    Raises:
        UserError: NaN or infinite numbers in the network, a missing requirement, a folder that
            holds something else or cannot be written, or a network that the exporter refuses.
        CheckFailed: a check of the exporter does not hold; nothing was written.
    """
    check_exportable(network)
    check_requirements(f"exporter {spec.name!r}", spec.requires)
    target = Path(directory).resolve()
    factory = resolve(spec.factory)
    arguments: tuple[Any, ...] = (context,)
    if spec.config is not None:
        settings = resolve(spec.config)() if settings is None else settings
        arguments = (context, settings)
    try:
        _check_replaceable(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as scratch:
            # A folder inside the scratch folder: the latter is private (mode 700), this one is
            # made with the user's own file mode.
            fresh = Path(scratch) / "new"
            fresh.mkdir()
            report: ExportReport = factory(network, fresh, *arguments)
            _raise_unless_all_hold(spec.name, report.checks)
            files = _files_in(fresh)
            _write_marker(fresh, files, _identity(spec, context, settings), report)
            _move_into_place(fresh, target, Path(scratch) / "old")
    except OSError as error:
        raise UserError(
            f"{target}: export cannot be written: {error.strerror or error}; "
            "free space or choose another folder"
        ) from error
    written = tuple(target / name for name in (*files, MARKER))
    return ExportReport(written, tuple(report.checks), tuple(report.notes))


def check_exportable(network: Network) -> None:
    """Refuse NaN anywhere, and infinity anywhere but in open bounds.

    Raises:
        UserError: naming the part.
    """
    network.check_finite()
    parts: dict[str, bool] = {}
    transform, decoding = network.transform, network.decoding
    if transform is not None:
        parts["observation shift"] = bool(np.isfinite(transform.shift).all())
        parts["observation scale"] = bool(np.isfinite(transform.scale).all())
        parts["observation clip"] = transform.low <= transform.high  # False for NaN
    if decoding.low is not None and decoding.high is not None:
        parts["action bounds"] = bool(np.all(decoding.low <= decoding.high))
        if decoding.kind == "tanh":
            finite = np.isfinite(decoding.low).all() and np.isfinite(decoding.high).all()
            parts["action bounds"] &= bool(finite)
    for part, good in parts.items():
        if not good:
            raise UserError(
                f"the network's {part} holds NaN, infinity or crossed bounds and cannot be "
                "exported; check the environment's spaces and train again"
            )


def checking_batch(network: Network, context: ExportContext) -> tuple[Array, Array | None]:
    """Return observations (float32) and masks to check an export with.

    They are the context's own; where it has none, `RANDOM_OBSERVATIONS` seeded random ones within
    its bounds (normally distributed where there is no bound), with random masks that always allow
    an action.

    Raises:
        UserError: observations of a masked network without their masks.
    """
    if context.observations is None:
        rng = np.random.default_rng(0)
        observations = _random_observations(network, context, rng)
        masks = None
        if network.masked:
            actions = network.logits(observations[:1]).shape[1]
            masks = rng.random((len(observations), actions)) < 0.5
            masks[np.arange(len(masks)), rng.integers(actions, size=len(masks))] = True
        return observations, masks
    observations = np.asarray(context.observations, dtype=np.float32)
    if not network.masked:
        return observations, None
    if context.masks is None or len(context.masks) != len(observations):
        raise UserError(
            "the network was trained with action masks: give the export check one mask for each "
            f"of its {len(observations)} observations"
        )
    return observations, np.asarray(context.masks, dtype=bool)


def same_actions(
    name: str,
    network: Network,
    observations: Array,
    masks: Array | None,
    logits: Array,
    actions: Array,
) -> Verdict:
    """Judge whether another implementation of `network` decides as it does.

    A discrete action may differ only where the network's own logits of the two actions are equal
    up to float32 rounding (`TOLERANCE`): such a tie has no right side, and it is counted.
    Continuous actions may differ by that much.

    Args:
        name: of the verdict.
        network: the original.
        observations, masks: what both were given, see `Network.act`.
        logits, actions: what the other implementation returned.
    """
    ours = network.logits(observations)
    expected = network.act(observations, masks)
    allowed = ours if masks is None else np.where(masks, ours, np.float32(-np.inf))
    apart = _apart(network.decoding, allowed, expected, np.asarray(actions))
    differs = (actions != expected).reshape(len(expected), -1).any(axis=1)
    # Not "apart > ...": that would let a NaN pass.
    wrong = ~(apart <= TOLERANCE * np.maximum(1.0, np.abs(ours).max(axis=1)))
    return {
        "name": name,
        "holds": not wrong.any(),
        "figures": {
            "observations": len(observations),
            "different_actions": int(wrong.sum()),
            "ties_within_rounding": int((differs & ~wrong).sum()),
            "largest_logit_difference": float(np.abs(logits - ours).max()),
        },
    }


def observed_features(network: Network) -> int:
    """Return how many values the network observes: all of them, or those of one item."""
    body = network.body
    if not isinstance(body, Scorer):
        return int(body.layers[0].weight.shape[1])
    if body.encoder:
        return int(body.encoder[0].weight.shape[1])
    return int(body.scorer[0].weight.shape[1]) // 2


def _apart(decoding: Decoding, logits: Array, expected: Array, actions: Array) -> Array:
    """Return for each observation how far the two actions are apart, in logits or in action."""
    if decoding.kind in ("clip", "tanh"):
        return np.asarray(np.abs(expected - actions).max(axis=1))
    if decoding.kind == "argmax":
        offsets, sizes = np.zeros(1, dtype=np.int64), np.array([logits.shape[1]])
        expected, actions = (a[:, None] - decoding.start for a in (expected, actions))
    else:
        offsets, sizes = np.cumsum((0, *decoding.sizes[:-1])), np.array(decoding.sizes)
    exists = (actions >= 0) & (actions < sizes)
    rows = np.arange(len(logits))[:, None]
    first = logits[rows, expected + offsets].astype(np.float64)
    second = logits[rows, np.where(exists, actions, 0) + offsets].astype(np.float64)
    # Equal ones apart: where everything is masked both are -inf.
    gaps = np.abs(np.subtract(first, second, where=first != second, out=np.zeros_like(first)))
    return np.asarray(np.where(exists, gaps, np.inf).max(axis=1))


def _random_observations(
    network: Network, context: ExportContext, rng: np.random.Generator
) -> Array:
    shape = _observation_shape(network, context)
    values = rng.standard_normal((RANDOM_OBSERVATIONS, *shape))
    if context.low is not None and context.high is not None:
        low, high = (np.broadcast_to(v, shape).astype(float) for v in (context.low, context.high))
        bounded = np.isfinite(low) & np.isfinite(high)
        span = np.where(bounded, high, 1.0) - np.where(bounded, low, 0.0)
        uniform = np.where(bounded, low, 0.0) + rng.random(values.shape) * span
        values = np.where(bounded, uniform, np.clip(values, low, high))
    if isinstance(network.body, Scorer):
        values[..., 0] = rng.random(values.shape[:2]) < 0.75
        values *= values[..., :1]
    return values.astype(np.float32)


def _observation_shape(network: Network, context: ExportContext) -> tuple[int, ...]:
    if context.low is not None:
        return np.shape(context.low)
    features = observed_features(network)
    return (RANDOM_ITEMS, features) if isinstance(network.body, Scorer) else (features,)


def _raise_unless_all_hold(exporter: str, checks: Sequence[Verdict]) -> None:
    for check in checks:
        if not check["holds"]:
            figures = ", ".join(f"{name} {value}" for name, value in check["figures"].items())
            raise CheckFailed(
                f"export {exporter!r}: check {check['name']!r} does not hold ({figures}); "
                "nothing was written"
            )


def _files_in(directory: Path) -> list[str]:
    return [path.relative_to(directory).as_posix() for path in files_below(directory)]


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _identity(spec: ExporterSpec, context: ExportContext, settings: Any) -> dict[str, Any]:
    """Return what an export was made by and from; JSON values."""
    return {
        "format": MARKER_FORMAT,
        "exporter": spec.name,
        "rlsys": __version__,
        "settings": {} if settings is None else settings.model_dump(mode="json"),
        "from": context.provenance(),
    }


def _write_marker(
    directory: Path, files: Sequence[str], identity: Mapping[str, Any], report: ExportReport
) -> None:
    document = {
        **identity,
        "checks": list(report.checks),
        "notes": list(report.notes),
        "files": {name: _hash(directory / name) for name in files},
    }
    text = json.dumps(document, indent=2, allow_nan=False) + "\n"
    (directory / MARKER).write_text(text, encoding="utf-8")


def finished_export(
    spec: ExporterSpec, directory: str | Path, context: ExportContext, settings: Any = None
) -> ExportReport | None:
    """Return the report of an earlier export that need not be made again, or None.

    It is the same exporter with the same settings, for a policy with the same provenance; it left
    nothing out, and its files are as it wrote them.
    """
    target = Path(directory).resolve()
    try:
        _check_replaceable(target)
        document = json.loads((target / MARKER).read_text(encoding="utf-8"))
    except (OSError, UserError):  # nothing there, or not as it was left: then it is made again
        return None
    wanted = json.loads(json.dumps(_identity(spec, context, settings)))
    if any(document.get(key) != value for key, value in wanted.items()) or document["notes"]:
        return None
    files = [name for name in document["files"] if (target / name).exists()]
    if len(files) < len(document["files"]):
        return None
    return ExportReport(tuple(target / name for name in (*files, MARKER)), document["checks"])


def _check_replaceable(target: Path) -> None:
    """Refuse a folder in which anything is not exactly what an earlier export left there."""
    if not target.exists():
        return
    if not target.is_dir():
        raise UserError(f"{target} is a file; choose a folder for the export")
    present = _files_in(target)
    if not present:
        return
    ours = _marked_files(target)
    foreign = [name for name in present if name != MARKER and name not in ours]
    if foreign:
        raise UserError(
            f"{target} holds files that no export wrote ({_some(foreign)}); "
            "choose an empty folder or move them away"
        )
    changed = [n for n in present if n != MARKER and _hash(target / n) != ours[n]]
    if changed:
        raise UserError(
            f"{target} holds exported files that were changed since ({_some(changed)}); "
            "move them away or choose another folder"
        )


def _marked_files(target: Path) -> dict[str, str]:
    marker = target / MARKER
    if not marker.exists():
        return {}
    try:
        document = json.loads(marker.read_text(encoding="utf-8"))
        if document["format"] != MARKER_FORMAT:
            raise ValueError(f"format {document['format']!r} is not {MARKER_FORMAT!r}")
        return dict(document["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{marker} cannot be read ({error}); move the folder's files away or choose another"
        ) from error


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _move_into_place(fresh: Path, target: Path, old: Path) -> None:
    """Rename `fresh` to `target`; what was there goes to `old`, and comes back on failure."""
    if not target.exists():
        os.rename(fresh, target)
        return
    os.rename(target, old)
    try:
        os.rename(fresh, target)
    except OSError:
        os.rename(old, target)
        raise
