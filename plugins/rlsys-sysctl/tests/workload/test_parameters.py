"""Parameters: the unit cube and back, what is refused, and what a user reads then."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rlsys.errors import ConfigError
from rlsys_sysctl.workload.constraints import Constraint
from rlsys_sysctl.workload.parameters import Parameter
from rlsys_sysctl.workload.space import ActionSpace

RMEM = Parameter(
    param="net.ipv4.tcp_rmem",
    type="vector",
    components=[
        {"min": 4096, "max": 65536, "log": True},
        {"min": 4096, "max": 4194304, "log": True},
        {"min": 4096, "max": 268435456, "log": True, "step": 4096},
    ],
)
SWAPPINESS = Parameter(param="vm.swappiness", type="int", min=0, max=200, step=5, special=[-1])
CONTROL = Parameter(
    param="net.ipv4.tcp_congestion_control", type="categorical", values=["reno", "cubic", "bbr"]
)
FLOAT = Parameter(param="a.fraction", type="float", min=0.1, max=0.7)
SPACE = ActionSpace([RMEM, SWAPPINESS, CONTROL, FLOAT])


@st.composite
def scalars(draw: Callable[..., Any]) -> Parameter:
    """Draw any int or float parameter."""
    kind = draw(st.sampled_from(["int", "float"]))
    log = draw(st.booleans())
    if kind == "int":
        low = draw(st.integers(1 if log else -(2**36), 2**36))
        high = low + draw(st.integers(0, 2**36))
        step = draw(st.none() | st.integers(1, 2**20))
    else:
        low = round(draw(st.floats(1e-6 if log else -1e6, 1e6)), 6)
        high = round(low + draw(st.floats(0, 1e6)), 6)
        step = draw(st.none() | st.sampled_from([0.25, 0.1, 0.003, 7.0]))
    special = draw(st.sets(st.integers(-(10**15), 10**15), max_size=3))
    special = [value for value in special if not low <= value <= high]
    return Parameter(param="a.b", type=kind, min=low, max=high, step=step, log=log, special=special)


@settings(deadline=None)
@given(scalars(), st.floats(0, 1))
def test_every_value_maps_back_to_itself(parameter: Parameter, position: float) -> None:
    space = ActionSpace([parameter])
    values = space.to_values([position])
    assert space.to_values(space.to_point(values)) == values


@settings(deadline=None)
@given(scalars(), st.floats(0, 1))
def test_values_are_in_range_and_on_the_steps(parameter: Parameter, position: float) -> None:
    value = Fraction(parameter.to_text([position]))
    if value in map(Fraction, parameter.special):
        return
    low, high = Fraction(str(parameter.min)), Fraction(str(parameter.max))
    assert low <= value <= high
    if parameter.type == "int":
        assert (value - low) % Fraction(str(parameter.step or 1)) == 0
    elif parameter.step:
        assert (value - low) % Fraction(str(parameter.step)) == 0


@settings(deadline=None)
@given(scalars(), st.floats(0, 1), st.floats(0, 1))
def test_larger_coordinates_never_give_smaller_ordinary_values(
    parameter: Parameter, one: float, other: float
) -> None:
    plain = Parameter.model_validate({**parameter.model_dump(exclude_unset=True), "special": ()})
    small, large = sorted([one, other])
    assert Fraction(plain.to_text([small])) <= Fraction(plain.to_text([large]))


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=SPACE.dimension, max_size=SPACE.dimension))
def test_points_of_a_whole_space_round_trip_and_vectors_never_decrease(point: list[float]) -> None:
    values = SPACE.to_values(point)
    SPACE.check(values)
    sizes = list(map(int, values["net.ipv4.tcp_rmem"].split()))
    assert sizes == sorted(sizes)
    assert SPACE.to_values(SPACE.to_point(values)) == values


def test_a_small_range_is_met_evenly_and_both_ends_are_reached() -> None:
    space = ActionSpace([Parameter(param="vm.page-cluster", type="int", min=0, max=4)])
    found = [int(space.to_values([u])["vm.page-cluster"]) for u in np.linspace(0, 1, 5001)]
    assert {level: found.count(level) for level in range(5)} == {
        0: 1000, 1: 1000, 2: 1000, 3: 1000, 4: 1001
    }  # fmt: skip


def test_a_logarithmic_range_has_the_geometric_mean_in_the_middle() -> None:
    parameter = Parameter(param="a.b", type="int", min=4096, max=2**26, log=True)
    middle = int(parameter.to_text([0.5]))
    assert middle == pytest.approx(math.sqrt(4096 * 2**26), rel=1e-3)
    assert [parameter.to_text([end]) for end in (0.0, 1.0)] == ["4096", str(2**26)]


def test_special_values_share_the_upper_end_of_the_interval_equally() -> None:
    parameter = Parameter(param="a.b", type="int", min=1, max=9, special=[-1, 0])
    texts = [parameter.to_text([u]) for u in np.linspace(0, 1, 1001)]
    where = {text: [i for i, t in enumerate(texts) if t == text] for text in ("-1", "0")}
    assert where["-1"][0] > max(i for i, text in enumerate(texts) if text not in ("-1", "0"))
    assert where["0"][-1] == 1000
    assert abs(len(where["-1"]) - len(where["0"])) <= 1


def test_a_linear_float_has_plain_decimal_texts() -> None:
    texts = {FLOAT.to_text([u]) for u in np.linspace(0, 1, 100)}
    assert all("e" not in text and len(text) <= 10 for text in texts)
    assert FLOAT.to_text([0.0]) == "0.1"


def test_tiny_and_large_numbers_are_written_without_an_exponent() -> None:
    parameter = Parameter(param="a.b", type="float", min=1e-9, max=1e12, log=True)
    for position in (0.0, 0.3, 1.0):
        assert set(parameter.to_text([position])) <= set("0123456789.")


def test_slashes_name_the_same_parameter() -> None:
    written = Parameter(param="net/ipv4/conf/eth0.100/mtu", type="int", min=0, max=1)
    assert written.param == "net.ipv4.conf.eth0/100.mtu"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"min": 5, "max": 4}, "min 5 is above max 4"),
        ({"min": float("nan")}, "nan is no decimal number"),
        ({"max": float("inf")}, "inf is no decimal number"),
        ({"min": -(2**70)}, "is beyond 2^64"),
        ({"type": "float", "min": 1e-30}, "more than 15 decimals"),
        ({"step": 0}, "step 0 must be above 0"),
        ({"step": 0.5}, "step 0.5 is no whole number"),
        ({"min": 0.5}, "min 0.5 is no whole number"),
        ({"log": True}, "log needs min above 0"),
        ({"special": [3]}, "special value 3 is within 0 to 10"),
        ({"special": [-1, -1]}, "special has a value twice"),
        ({"max": 2**60}, "more than 2^40 values"),
        ({"min": 2**60, "max": 2**60 + 5, "log": True}, "more than 2^40 steps"),
        ({"max": None}, "needs max"),
        ({"values": ["a"]}, "type int has no values"),
        ({"minimum": 3}, "Extra inputs"),
        ({"type": "text"}, "type"),
        ({"min": "0"}, "min"),
        ({"min": True}, "min"),
        ({"param": "../etc/passwd"}, "is no name of a kernel parameter"),
        ({"param": "vm..swappiness"}, "is no name of a kernel parameter"),
        ({"param": "vm.//.swappiness"}, "is no name of a kernel parameter"),
        ({"param": "/etc"}, "is no name of a kernel parameter"),
        ({"type": "categorical", "values": []}, "needs values"),
        ({"type": "vector"}, "needs components"),
    ],
)
def test_a_wrong_description_is_refused_with_the_reason(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=r"(?s)" + told.replace("^", r"\^")):
        Parameter.model_validate({"param": "vm.x", "type": "int", "min": 0, "max": 10, **changes})


def test_a_truth_value_in_a_list_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"write 1 or 0"):
        Parameter(param="a.b", type="categorical", values=[True, False])


def test_an_increasing_vector_must_be_able_to_increase() -> None:
    with pytest.raises(
        ValidationError, match=r"component 0 goes up to 9 and component 1 only to 5"
    ):
        Parameter(
            param="a.b", type="vector", components=[{"min": 0, "max": 9}, {"min": 0, "max": 5}]
        )


@pytest.mark.parametrize(
    ("parameter", "written", "told"),
    [
        (RMEM, "4096 131072", "has 2 numbers, not 3"),
        (RMEM, "4096 131072 65536", "has a component below the one before it"),
        (RMEM, "4096 131072 131073", r"tcp_rmem\[2\]: 131073 is between two steps.*131072"),
        (RMEM, "1 131072 1048576", r"tcp_rmem\[0\]: 1 is not within 4096 to 65536"),
        (SWAPPINESS, "300", "300 is not within 0 to 200 or one of the special values -1"),
        (SWAPPINESS, "12", "12 is between two steps; the nearest is 10"),
        (SWAPPINESS, "nan", "'nan' is no whole number"),
        (SWAPPINESS, "1/2", "'1/2' is no whole number"),
        (SWAPPINESS, "2.5", "'2.5' is no whole number"),
        (SWAPPINESS, "5 5", "has 2 numbers, not 1"),
        (SWAPPINESS, "", "has 0 numbers, not 1"),
        (FLOAT, "Infinity", "'Infinity' is no number"),
        (CONTROL, "vegas", "'vegas' is none of reno, cubic, bbr"),
    ],
)
def test_a_wrong_value_is_refused_with_the_reason(
    parameter: Parameter, written: str, told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        parameter.check(written)


def test_tabs_of_the_kernel_count_as_spaces() -> None:
    RMEM.check("4096\t131072\t1048576\n")


def test_the_default_may_be_out_of_the_searched_range() -> None:
    values = {**SPACE.to_values([0.5] * 6), "vm.swappiness": "1000", "a.fraction": "0.0"}
    near = SPACE.to_values(SPACE.nearest_point(values))
    assert near["vm.swappiness"] == "200"
    assert near["a.fraction"] == "0.1"
    with pytest.raises(ConfigError, match=r"1000 is not within"):
        SPACE.to_point(values)


def test_original_values_are_allowed_and_free_of_constraints() -> None:
    ratio = Parameter(param="vm.dirty_ratio", type="int", min=1, max=50)
    background = Parameter(param="vm.dirty_background_ratio", type="int", min=1, max=50)
    rule = Constraint(left="vm.dirty_background_ratio", relation="<", right="vm.dirty_ratio")
    space = ActionSpace([ratio, background], [rule])
    original = {"vm.dirty_ratio": "20", "vm.dirty_background_ratio": "90"}
    space.check(original, original)
    with pytest.raises(ConfigError, match=r"90 is not within 1 to 50"):
        space.check(original)
    with pytest.raises(ConfigError, match=r"vm.dirty_ratio does not hold for 90 and 10"):
        space.check({**original, "vm.dirty_ratio": "10"}, original)


def test_points_of_another_shape_or_with_nan_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"shape \(6,\), not \(5,\)"):
        SPACE.to_values(np.zeros(5))
    point = np.full(6, 0.5)
    point[2] = np.nan
    with pytest.raises(ConfigError, match=r"coordinate of net.ipv4.tcp_rmem\[2\] is NaN"):
        SPACE.to_values(point)


@settings(deadline=None)
@given(st.lists(st.floats(-3, 4), min_size=6, max_size=6))
def test_coordinates_outside_of_the_cube_are_clipped(point: list[float]) -> None:
    assume(any(not 0 <= at <= 1 for at in point))
    assert SPACE.to_values(point) == SPACE.to_values(np.clip(point, 0, 1))


def test_values_of_unknown_or_missing_parameters_are_refused() -> None:
    values = SPACE.to_values(np.zeros(6))
    with pytest.raises(ConfigError, match=r"vm.swapiness is not tuned.*did you mean 'vm.swappin"):
        SPACE.to_point({**values, "vm.swapiness": "5"})
    values.pop("vm.swappiness")
    with pytest.raises(ConfigError, match=r"no value for vm.swappiness"):
        SPACE.to_point(values)


def test_one_parameter_twice_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"vm.swappiness is given twice"):
        ActionSpace([SWAPPINESS, SWAPPINESS])


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=4),
    st.data(),
)
def test_vectors_with_steps_are_raised_to_values_that_are_allowed(
    ranges: list[tuple[int, int]], data: st.DataObject
) -> None:
    steps = [data.draw(st.integers(1, 7)) for _ in ranges]
    parts = [
        {"min": low, "max": low + width - width % step, "step": step}
        for (low, width), step in zip(ranges, steps, strict=True)
    ]
    parts.sort(key=lambda part: part["max"])
    parameter = Parameter(param="a.b", type="vector", components=parts)
    written = parameter.to_text([data.draw(st.floats(0, 1)) for _ in parts])
    parameter.check(written)
    numbers = list(map(int, written.split()))
    assert numbers == sorted(numbers)
