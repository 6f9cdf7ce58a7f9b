"""Compares QEMU with the reference in Python, number by number, and names the first difference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rlsys.application import Trace
from rlsys.errors import CheckFailed
from rlsys_rust_q10.arithmetic.fixed_point import Ints
from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.checks.controller import FixedPointController
from rlsys_rust_q10.checks.device_files import Answers, Tick
from rlsys_rust_q10.checks.golden import Batch, solve
from rlsys_rust_q10.target.qemu import TICKS_PER_INSTRUCTION

if TYPE_CHECKING:
    from gymnasium.vector import VectorEnv

WHOLE = 0.1
"""How far a measured time may be from a whole number of instructions. The firmware reads SysTick in
steps of eight core ticks, 0.046 of an instruction, and subtracts the cost of measuring."""


@dataclass
class Recorder:
    """Lets a fixed-point controller decide, and records its observations and logits.

    Attributes:
        observations, logits: one flat entry per decision.
    """

    controller: FixedPointController
    observations: list[tuple[int, ...]] = field(default_factory=list)
    logits: list[tuple[int, ...]] = field(default_factory=list)

    def reset(self, env: VectorEnv[Any, Any, Any]) -> None:
        """Begin an episode."""
        self.controller.reset(env)

    def act(self, env: VectorEnv[Any, Any, Any], observations: NDArray[Any]) -> NDArray[Any]:
        """Return the controller's action for the single copy of `env`."""
        seen = self.controller.observe(env, observations)
        self.observations.append(tuple(seen.reshape(-1).tolist()))
        self.logits.append(tuple(self.controller.policy.logits(seen).reshape(-1).tolist()))
        return self.controller.act(env, observations)


def compare_vectors(
    policy: QuantisedPolicy, batches: Sequence[Batch], answers: Sequence[Answers]
) -> None:
    """Compare every logit and action with the reference, which computes them again.

    Raises:
        CheckFailed: naming the first vector that differs, with both logits.
    """
    number = 0
    for batch, answer in zip(batches, answers, strict=True):
        expected = solve(policy, batch.observations, batch.masks)
        differs = (answer.logits != expected.logits).any(axis=1)
        differs |= (answer.actions != expected.actions).any(axis=1)
        if differs.any():
            index = int(np.argmax(differs))
            raise CheckFailed(
                f"golden vector {number + index} differs: in QEMU logits "
                f"{_text(answer.logits[index])} and action {_text(answer.actions[index])}, in the "
                f"reference logits {_text(expected.logits[index])} and action "
                f"{_text(expected.actions[index])}"
            )
        number += len(batch)


def compare_network(ticks: Sequence[Tick], trace: Trace, recorder: Recorder) -> None:
    """Compare every tick under the network: observation, logits, action and counters.

    Raises:
        CheckFailed: naming the first tick that differs, with both logits.
    """
    _same_length("the network", ticks, trace)
    for now, tick in enumerate(ticks):
        parts = (
            ("observation", tick.observation, recorder.observations[now]),
            ("logits", tick.logits, recorder.logits[now]),
            ("action", tick.action, int(trace.actions[now])),
            *_counters(tick, trace, now),
        )
        for name, ours, expected in parts:
            if ours != expected:
                raise CheckFailed(
                    f"tick {now} under the network differs in its {name}: {_text(ours)} in QEMU, "
                    f"{_text(expected)} in the reference; logits in QEMU {_text(tick.logits)}, in "
                    f"the reference {_text(recorder.logits[now])}"
                )


def compare_schedule(policy: str, ticks: Sequence[Tick], trace: Trace) -> None:
    """Compare every tick under a classical policy: action and counters.

    Raises:
        CheckFailed: naming the first tick that differs.
    """
    _same_length(policy, ticks, trace)
    for now, tick in enumerate(ticks):
        parts = (("action", tick.action, int(trace.actions[now])), *_counters(tick, trace, now))
        for name, ours, expected in parts:
            if ours != expected:
                raise CheckFailed(
                    f"tick {now} under {policy} differs in its {name}: {ours} in QEMU, {expected} "
                    "in the Python environment"
                )


def compare_text(ours: str, expected: str) -> None:
    """Compare what the product printed with what it must print.

    Raises:
        CheckFailed: naming the first line that differs.
    """
    pairs = zip(_lines(ours), _lines(expected), strict=False)
    for number, (line, wanted) in enumerate(pairs, start=1):
        if line != wanted:
            raise CheckFailed(
                f"the firmware prints {line!r} as line {number} in QEMU; it must print {wanted!r}"
            )


def inference_cost(batches: Sequence[Batch], answers: Sequence[Answers]) -> dict[str, int]:
    """Return how many instructions one inference takes.

    Returns:
        ``instructions``; for a scorer those with the most items, and that number as ``items``.

    Raises:
        CheckFailed: two inputs of one shape take different numbers of instructions.
    """
    scorer = batches[0].observations.ndim == 3
    first: dict[int, tuple[int, int]] = {}
    number = 0
    for batch, answer in zip(batches, answers, strict=True):
        items = batch.observations.shape[1] if scorer else 0
        counts = instructions(answer.ticks)
        known, count = first.setdefault(items, (number, int(counts[0])))
        other = counts != count
        if other.any():
            index = int(np.argmax(other))
            raise CheckFailed(
                f"the time of one inference depends on the input: golden vector {known} takes "
                f"{count} instructions, golden vector {number + index} takes {counts[index]}"
            )
        number += len(batch)
    most = max(first)
    cost = {"instructions": first[most][1]}
    return {**cost, "items": most} if scorer else cost


def instructions(ticks: Ints) -> Ints:
    """Return how many instructions took `ticks` of SysTick.

    Raises:
        CheckFailed: they are not whole numbers, so SysTick does not count instructions.
    """
    exact = np.asarray(ticks) / TICKS_PER_INSTRUCTION
    whole = np.rint(exact)
    off = np.abs(exact - whole) > WHOLE
    if off.any():
        index = int(np.argmax(off))
        raise CheckFailed(
            f"{ticks[index]} ticks of SysTick are {exact[index]:.3f} instructions, not a "
            "whole number: this QEMU counts differently; versions 7.2 and later are known to work"
        )
    return whole.astype(np.int64)


def _counters(tick: Tick, trace: Trace, now: int) -> list[tuple[str, int, int]]:
    return [
        (name, getattr(tick, name), int(trace.counters[name][now].sum()))
        for name in ("misses", "completions", "switches")
    ]


def _same_length(policy: str, ticks: Sequence[Tick], trace: Trace) -> None:
    if len(ticks) != len(trace.actions):
        raise CheckFailed(
            f"QEMU ran {len(ticks)} ticks under {policy}, the Python environment "
            f"{len(trace.actions)}"
        )


def _lines(text: str) -> list[str]:
    """Return the lines and an end mark, so that a longer text differs."""
    return [*text.split("\n"), "(end)"]


def _text(value: Any) -> str:
    values = np.asarray(value)
    return str(value) if values.ndim == 0 else "[" + " ".join(map(str, values.tolist())) + "]"
