"""Every kind of difference between target and reference is found, and the first one is named."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from rlsys.application import Trace
from rlsys.errors import CheckFailed
from rlsys.network import Decoding, Dense, Network, Scorer, Stack
from rlsys_rust_q10.arithmetic.fold import fold
from rlsys_rust_q10.arithmetic.quantise import quantise
from rlsys_rust_q10.arithmetic.quantised import QuantisedPolicy
from rlsys_rust_q10.checks.compare import (
    Recorder,
    compare_network,
    compare_schedule,
    compare_text,
    compare_vectors,
    inference_cost,
    instructions,
)
from rlsys_rust_q10.checks.controller import FixedPointController
from rlsys_rust_q10.checks.device_files import Answers, Tick, read_answers, read_trace
from rlsys_rust_q10.checks.golden import Batch, solve

RNG = np.random.default_rng(7)


@pytest.fixture(autouse=True)
def _same_numbers_in_every_order_of_tests():
    RNG.bit_generator.state = np.random.default_rng(7).bit_generator.state


def dense(outputs: int, inputs: int, activation: str = "relu") -> Dense:
    return Dense(RNG.normal(size=(outputs, inputs)), RNG.normal(size=outputs), activation)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def policy() -> QuantisedPolicy:
    network = Network(Stack((dense(5, 4), dense(3, 5, "linear"))), Decoding(), masked=True)
    return quantise(fold(network, np.full(4, -1.0), np.full(4, 1.0)), 10)


@pytest.fixture(scope="module")
def batches(policy: QuantisedPolicy) -> list[Batch]:
    def batch(count: int) -> Batch:
        observations = RNG.integers(-1024, 1025, size=(count, 4))
        return solve(policy, observations, RNG.random((count, 3)) < 0.5)

    return [batch(20), batch(30)]


def answered(batches: list[Batch], ticks: int = 17203) -> list[Answers]:
    """The answers of a faultless target, in 100 instructions each."""
    return [Answers(b.logits.copy(), b.actions.copy(), np.full(len(b), ticks)) for b in batches]


def test_a_faultless_target_passes(policy: QuantisedPolicy, batches: list[Batch]) -> None:
    answers = answered(batches)
    compare_vectors(policy, batches, answers)
    assert inference_cost(batches, answers) == {"instructions": 100}


def test_a_logit_that_differs_is_named_with_its_vector(
    policy: QuantisedPolicy, batches: list[Batch]
) -> None:
    answers = answered(batches)
    answers[1].logits[3, 2] += 1
    answers[1].logits[9, 0] += 1
    ours, expected = answers[1].logits[3], batches[1].logits[3]
    with pytest.raises(CheckFailed) as error:
        compare_vectors(policy, batches, answers)
    message = str(error.value)
    assert message.startswith("golden vector 23 differs: in QEMU")
    for logits in (ours, expected):
        assert " ".join(map(str, logits)) in message


def test_an_action_that_differs_is_named(policy: QuantisedPolicy, batches: list[Batch]) -> None:
    answers = answered(batches)
    answers[0].actions[19, 0] ^= 1
    with pytest.raises(CheckFailed, match="golden vector 19 differs"):
        compare_vectors(policy, batches, answers)


def test_the_reference_is_computed_anew_not_read_from_the_file(
    policy: QuantisedPolicy, batches: list[Batch]
) -> None:
    """A wrong logit in the file of vectors, which the target repeats, does not pass."""
    wrong = [dataclasses.replace(b, logits=b.logits + 1) for b in batches]
    with pytest.raises(CheckFailed, match="golden vector 0 differs"):
        compare_vectors(policy, wrong, answered(wrong))


def test_time_that_depends_on_the_input_is_named(batches: list[Batch]) -> None:
    answers = answered(batches)
    answers[1].ticks[4] = 17375  # 101 instructions
    with pytest.raises(CheckFailed) as error:
        inference_cost(batches, answers)
    assert "golden vector 0 takes 100 instructions, golden vector 24 takes 101" in str(error.value)


def test_of_items_the_time_may_depend_on_their_number_alone() -> None:
    encoder, scorer, rest = (dense(5, 4),), (dense(1, 10, "linear"),), (dense(1, 5, "linear"),)
    network = Network(Scorer(encoder, scorer, rest), Decoding())
    policy = quantise(fold(network, np.full((6, 4), 0.0), np.full((6, 4), 1.0)), 10)
    batches = [
        solve(policy, RNG.integers(0, 1025, size=(5, items, 4)), None) for items in (2, 6, 2)
    ]
    costs = {2: 200, 6: 300}
    answers = [
        Answers(b.logits, b.actions, np.full(5, round(costs[b.observations.shape[1]] * 172.032)))
        for b in batches
    ]
    compare_vectors(policy, batches, answers)
    assert inference_cost(batches, answers) == {"instructions": 300, "items": 6}
    answers[2].ticks[1] += 172
    with pytest.raises(CheckFailed, match=r"golden vector 0 takes 200 .* vector 11 takes 201"):
        inference_cost(batches, answers)


def test_ticks_that_are_no_instructions_are_refused() -> None:
    assert instructions(np.array([0, 172, 344, 516_096])).tolist() == [0, 1, 2, 3000]
    # Readings in steps of eight ticks: 3000 instructions may measure as two steps more or less.
    assert instructions(np.array([516_080, 516_112])).tolist() == [3000, 3000]
    with pytest.raises(CheckFailed, match=r"200 ticks .* 1\.163 instructions"):
        instructions(np.array([172, 200]))


HEADER = (
    "policy,tick,action,misses,completions,switches,observe_ticks,decide_ticks,observation,logits\n"
)


def test_files_of_the_target_are_read(batches: list[Batch], tmp_path: Path) -> None:
    answers = answered(batches)
    words = [np.column_stack([a.logits, a.actions, a.ticks]).reshape(-1) for a in answers]
    (tmp_path / "logits.bin").write_bytes(np.concatenate(words).astype("<i4").tobytes())
    for ours, expected in zip(read_answers(tmp_path, batches), answers, strict=True):
        for name in ("logits", "actions", "ticks"):
            np.testing.assert_array_equal(getattr(ours, name), getattr(expected, name))
    (tmp_path / "trace.csv").write_text(
        HEADER + "network,0,2,0,0,1,172,344,1 -2 3,-7 8\nnetwork,1,-1,1,2,1,172,344,0 0 0,5 5\n"
        "edf,0,0,0,0,1,0,516,,\n"
    )
    assert read_trace(tmp_path) == {
        "network": [
            Tick(2, 0, 0, 1, 172, 344, (1, -2, 3), (-7, 8)),
            Tick(-1, 1, 2, 1, 172, 344, (0, 0, 0), (5, 5)),
        ],
        "edf": [Tick(0, 0, 0, 1, 0, 516, (), ())],
    }


def test_answers_that_end_early_are_refused(batches: list[Batch], tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match=r"no readable logits\.bin"):
        read_answers(tmp_path, batches)
    (tmp_path / "logits.bin").write_bytes(bytes(4 * 249))
    with pytest.raises(CheckFailed, match="holds 249 integers, not 250"):
        read_answers(tmp_path, batches)
    (tmp_path / "logits.bin").write_bytes(bytes(4 * 250 - 1))
    with pytest.raises(CheckFailed, match=r"no readable logits\.bin"):
        read_answers(tmp_path, batches)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "policy,tick\nedf,0\n",
        HEADER + "edf,1,0,0,0,1,0,516,,\n",  # tick 0 is missing
        HEADER + "edf,0,0,0,0,1,0\n",  # torn
        HEADER + "edf,0,x,0,0,1,0,516,,\n",
    ],
)
def test_a_trace_that_is_torn_or_lacks_ticks_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_text(text)
    with pytest.raises(CheckFailed, match=r"no readable trace\.csv"):
        read_trace(tmp_path)


TICKS = [
    Tick(action, misses, completions, now + 1, 172, 344, (now, 1), (now, 2, -3))
    for now, (action, misses, completions) in enumerate([(0, 0, 1), (1, 0, 2), (-1, 1, 2)])
]
TRACE = Trace(
    actions=np.array([0, 1, -1]),
    counters={
        "misses": np.array([[0, 0], [0, 0], [0, 1]]),
        "completions": np.array([[1, 0], [1, 1], [1, 1]]),
        "switches": np.array([1, 2, 3]),
    },
)


def recorder(policy: QuantisedPolicy) -> Recorder:
    return Recorder(
        FixedPointController(policy),
        [tick.observation for tick in TICKS],
        [tick.logits for tick in TICKS],
    )


def test_a_faultless_schedule_passes(policy: QuantisedPolicy) -> None:
    compare_network(TICKS, TRACE, recorder(policy))
    compare_schedule("edf", TICKS, TRACE)


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("observation", (1, 2), "observation: [1 2] in QEMU, [1 1] in the reference"),
        ("logits", (1, 2, -4), "logits: [1 2 -4] in QEMU, [1 2 -3] in the reference"),
        ("action", -1, "action: -1 in QEMU, 1 in the reference"),
        ("misses", 1, "misses: 1 in QEMU, 0 in the reference"),
        ("completions", 3, "completions: 3 in QEMU, 2 in the reference"),
        ("switches", 0, "switches: 0 in QEMU, 2 in the reference"),
    ],
)
def test_the_first_tick_that_differs_is_named_with_both_logits(
    policy: QuantisedPolicy, field: str, value: object, named: str
) -> None:
    ticks = [
        TICKS[0],
        dataclasses.replace(TICKS[1], **{field: value}),
        dataclasses.replace(TICKS[2], **{field: value}),
    ]
    with pytest.raises(CheckFailed) as error:
        compare_network(ticks, TRACE, recorder(policy))
    message = str(error.value)
    assert message.startswith(f"tick 1 under the network differs in its {named}")
    assert f"logits in QEMU {'[1 2 -4]' if field == 'logits' else '[1 2 -3]'}" in message
    assert "in the reference [1 2 -3]" in message
    if field in ("observation", "logits"):
        return
    with pytest.raises(CheckFailed, match=f"tick 1 under edf differs in its {field}"):
        compare_schedule("edf", ticks, TRACE)


def test_a_schedule_that_ends_early_is_refused(policy: QuantisedPolicy) -> None:
    with pytest.raises(CheckFailed, match="2 ticks under the network"):
        compare_network(TICKS[:2], TRACE, recorder(policy))
    with pytest.raises(CheckFailed, match="2 ticks under edf"):
        compare_schedule("edf", TICKS[:2], TRACE)


def test_text_that_differs_or_goes_on_is_named() -> None:
    compare_text("one\ntwo\n", "one\ntwo\n")
    with pytest.raises(CheckFailed, match=r"prints 'too' as line 2 .* must print 'two'"):
        compare_text("one\ntoo\n", "one\ntwo\n")
    with pytest.raises(CheckFailed, match="as line 2"):
        compare_text("one\n", "one\ntwo\n")
    with pytest.raises(CheckFailed, match="prints 'three' as line 3"):
        compare_text("one\ntwo\nthree\n", "one\ntwo\n")
    with pytest.raises(CheckFailed, match="as line 2"):
        compare_text("one", "one\n")
