"""Random networks of any depth, width and activation are bit-exact on the target."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from exports import bit_exact, export_here
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from rlsys.network import Dense, Network, Scorer, Stack, Transform
from rlsys_rtos.config import RtosConfig

ACTIVATIONS = st.sampled_from(["relu", "tanh", "linear"])
HIDDEN = st.lists(st.tuples(st.integers(1, 24), ACTIVATIONS), max_size=3)
SEEDS = st.integers(0, 2**32 - 1)
SCALES = st.sampled_from([0.1, 0.5, 2.0])

# A random network in few bits need not decide as it does in floating point: here the target must
# compute what integer Python computes.
LAX = {"least_equal_actions": 0.0, "most_reward_difference": 1e6}
# Each example is compiled, linked and booted, which takes seconds.
few = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
many = settings(few, max_examples=12)


def layers(
    rng: np.random.Generator, widths: list[int], activations: list[str], scale: float
) -> tuple[Dense, ...]:
    return tuple(
        Dense(
            rng.normal(0, scale / np.sqrt(inputs), (outputs, inputs)),
            rng.normal(0, scale, outputs),
            activation,  # type: ignore[arg-type]
        )
        for inputs, outputs, activation in zip(widths[:-1], widths[1:], activations, strict=True)
    )


def stack_is_bit_exact(
    hidden: list[tuple[int, str]],
    seed: int,
    scale: float,
    masked: bool,
    normalised: bool,
    bits: int,
) -> None:
    rng = np.random.default_rng(seed)
    widths = [24, *(width for width, _ in hidden), 7]
    activations = [*(activation for _, activation in hidden), "linear"]
    transform = None
    if normalised:
        transform = Transform(rng.normal(0, 0.3, 24), rng.uniform(0.5, 3, 24), -2.0, 2.0)
    body = Stack(layers(rng, widths, activations, scale))
    network = Network(body, masked=masked, transform=transform)
    config = RtosConfig.model_validate({"taskset": "normal"})
    with tempfile.TemporaryDirectory() as folder:
        report = export_here(
            network, config, Path(folder) / "e", fractional_bits=bits, run=True, **LAX
        )
    assert bit_exact(report)["ticks"] == 300


stacks = given(HIDDEN, SEEDS, SCALES, st.booleans(), st.booleans(), st.sampled_from([6, 10, 12]))
test_a_random_stack_is_bit_exact = pytest.mark.slow(few(stacks(stack_is_bit_exact)))
test_many_random_stacks_are_bit_exact = pytest.mark.full(many(stacks(stack_is_bit_exact)))


def scorer_is_bit_exact(
    encoder: list[tuple[int, str]],
    scorer: list[tuple[int, str]],
    rest: list[tuple[int, str]],
    seed: int,
    scale: float,
) -> None:
    rng = np.random.default_rng(seed)

    def group(inputs: int, hidden: list[tuple[int, str]], outputs: list[int]) -> tuple[Dense, ...]:
        widths = [inputs, *(width for width, _ in hidden), *outputs]
        activations = [activation for _, activation in hidden] + ["linear"] * len(outputs)
        return layers(rng, widths, activations, scale)

    encoder = encoder or [(5, "tanh")]
    code = encoder[-1][0]
    body = Scorer(group(21, encoder, []), group(2 * code, scorer, [1]), group(code, rest, [1]))
    config = RtosConfig.model_validate({"taskset": "stressed", "observation": "items"})
    with tempfile.TemporaryDirectory() as folder:
        report = export_here(
            Network(body, masked=True), config, Path(folder) / "e", max_items=7, run=True, **LAX
        )
    assert bit_exact(report)["ticks"] == 300


scorers = given(HIDDEN, HIDDEN, HIDDEN, SEEDS, SCALES)
test_a_random_scorer_is_bit_exact = pytest.mark.slow(few(scorers(scorer_is_bit_exact)))
test_many_random_scorers_are_bit_exact = pytest.mark.full(many(scorers(scorer_is_bit_exact)))
