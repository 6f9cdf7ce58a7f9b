"""Constraints hold as arithmetic says, and wrong ones are refused."""

from __future__ import annotations

import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from rlsys.errors import ConfigError
from rlsys_sysctl.workload.constraints import Constraint
from rlsys_sysctl.workload.parameters import Parameter
from rlsys_sysctl.workload.space import ActionSpace

RELATIONS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "!=": operator.ne,
}
SPACE = [
    Parameter(param="vm.a", type="int", min=0, max=100),
    Parameter(param="vm.b", type="categorical", values=["1", "2"]),
    Parameter(param="vm.word", type="categorical", values=["on", "2"]),
    Parameter(
        param="net.v", type="vector", components=[{"min": 0, "max": 5}, {"min": 0, "max": 9}]
    ),
]


@settings(deadline=None)
@given(st.sampled_from(sorted(RELATIONS)), st.integers(), st.integers())
def test_relations_are_those_of_arithmetic(relation: str, left: int, right: int) -> None:
    rule = Constraint(left="vm.a", relation=relation, right="net.v[1]")
    values = {"vm.a": str(left), "net.v": f"0 {right}"}
    assert rule.holds(values) == RELATIONS[relation](left, right)


def test_numbers_are_compared_as_they_are_written_in_decimal() -> None:
    rule = Constraint(left="vm.a", relation="<=", right=0.1)
    assert rule.holds({"vm.a": "0.1"})
    assert rule.holds({"vm.a": "0.10"})
    assert not rule.holds({"vm.a": "0.1000000000000000055"})


def test_large_numbers_are_compared_exactly() -> None:
    rule = Constraint(left="vm.a", relation="<", right=2**63)
    assert rule.holds({"vm.a": str(2**63 - 1)})
    assert not rule.holds({"vm.a": str(2**63)})


def test_a_broken_constraint_is_told_with_its_values() -> None:
    space = ActionSpace(SPACE[:1], [Constraint(left="vm/a", relation="<", right=50)])
    assert space.violations({"vm.a": "49"}) == []
    assert space.violations({"vm.a": "70"}) == ["vm.a < 50 does not hold for 70 and 50"]


@pytest.mark.parametrize(
    "side", ["__import__('os')", "vm.a + 1", "vm.a[x]", "vm.a[-1]", "[0]", "", True, None, "7"]
)
def test_a_side_is_a_number_a_parameter_or_a_component(side: object) -> None:
    with pytest.raises((ValidationError, ConfigError)):
        ActionSpace(SPACE, [Constraint.model_validate({"left": side, "relation": "<", "right": 1})])


def test_an_unknown_relation_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"relation"):
        Constraint.model_validate({"left": "vm.a", "relation": "==", "right": 1})


@pytest.mark.parametrize(
    ("side", "told"),
    [
        ("vm.aa", "'vm.aa' is not in action_space.*did you mean 'vm.a'"),
        ("net.v", r"net.v is a vector; write net.v\[0\] to \[1\]"),
        ("net.v[2]", r"net.v is a vector; write net.v\[0\] to \[1\]"),
        ("vm.a[0]", r"vm.a is no vector; write vm.a without \[0\]"),
        ("vm.word", "'on' of vm.word is no number"),
    ],
)
def test_a_constraint_that_cannot_be_judged_is_refused(side: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        ActionSpace(SPACE, [Constraint(left=side, relation="<", right="vm.b")])
