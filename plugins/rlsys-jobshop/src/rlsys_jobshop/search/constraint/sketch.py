"""A CP-SAT model in which every variable gets its hint as it is made.

A hint helps CP-SAT most when it is complete, and one forgotten variable makes it incomplete.
"""

from __future__ import annotations

from collections.abc import Sequence

from ortools.sat.python.cp_model import CpModel, Domain, IntVar, LinearExpr

Expression = LinearExpr | int
Condition = IntVar | bool
"""True holds always."""


class Sketch:
    """A model under construction.

    Args:
        hinted: whether hints are wanted; otherwise those that are given are left out.
    """

    def __init__(self, *, hinted: bool) -> None:
        self.model = CpModel()
        self._hinted = hinted

    def integer(self, low: int, high: int, hint: int) -> IntVar:
        """Return a whole number from `low` to `high`."""
        variable = self.model.new_int_var(low, high, "")
        if self._hinted:
            self.model.add_hint(variable, hint)
        return variable

    def boolean(self, hint: bool) -> IntVar:
        """Return a condition that may hold or not."""
        variable = self.model.new_bool_var("")
        if self._hinted:
            self.model.add_hint(variable, hint)
        return variable

    def inside(
        self, value: Expression, ranges: Sequence[tuple[int, int]], where: Condition = True
    ) -> None:
        """Demand that `value` lies in one of the ranges, ends included, where a condition holds."""
        domain = Domain.from_intervals([list(ends) for ends in ranges])
        constraint = self.model.add_linear_expression_in_domain(value, domain)
        if not isinstance(where, bool):
            constraint.only_enforce_if(where)

    def exactly_one(self, choices: Sequence[IntVar], where: Condition = True) -> None:
        """Demand one of `choices` where a condition holds, and none elsewhere."""
        if isinstance(where, bool):
            self.model.add_exactly_one(choices)
        else:
            self.model.add_exactly_one([*choices, where.negated()])
