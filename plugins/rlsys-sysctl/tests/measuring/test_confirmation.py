"""The winner against the default: drift must not decide, and luck seldom."""

from __future__ import annotations

import pytest
from fake_stage import ORIGINAL, FakeStage, config, truth

from rlsys_sysctl.measuring.confirmation import confirm
from rlsys_sysctl.measuring.runner import BenchmarkFailed

BEST = {"vm.swappiness": "150", "vm.page-cluster": "12", "vm.laptop_mode": "2"}
SLIGHT = {"vm.swappiness": "60", "vm.page-cluster": "4", "vm.laptop_mode": "0"}


def test_a_better_configuration_is_confirmed_with_its_true_gain():
    found = confirm(FakeStage(config(), noise=0.05, seed=1), BEST, 12, "higher")
    assert found.recommended
    assert found.low < truth(BEST) / truth(ORIGINAL) < found.high
    assert found.metric == pytest.approx(truth(BEST), rel=0.1)


def test_lower_is_better_where_the_workload_says_so():
    def seconds(values):
        return 1000 / truth(values)

    found = confirm(FakeStage(config(), seconds), BEST, 4, "lower")
    assert found.performance == pytest.approx(truth(BEST) / truth(ORIGINAL))


@pytest.mark.parametrize("drift", [0.02, -0.01])
def test_a_drift_alone_is_no_improvement(drift):
    """In pairs AB AB the second would always have the drift on its side."""
    stage = FakeStage(config(), lambda _: 100.0, drift=drift)
    found = confirm(stage, BEST, 8, "higher")
    assert not found.recommended
    assert found.performance == pytest.approx(1.0, abs=0.002)


def test_half_of_the_pairs_begin_with_the_default():
    stage = FakeStage(config())
    confirm(stage, BEST, 4, "higher")
    order = "".join("D" if values is None else "C" for values, _ in stage.runs)
    assert order == "DCCDDCCD"


def test_a_worse_or_equal_configuration_is_not_recommended():
    same = FakeStage(config(), lambda _: 100.0, noise=0.02, seed=0)
    assert not confirm(same, BEST, 8, "higher").recommended
    worse = FakeStage(config(), lambda v: 90.0 if v == SLIGHT else 100.0, noise=0.02)
    found = confirm(worse, SLIGHT, 8, "higher")
    assert not found.recommended
    assert found.high < 1


def test_a_configuration_with_which_the_benchmark_fails_is_not_recommended():
    class Failing(FakeStage):
        def run(self, values, fraction, seed):
            if values is not None and len(self.runs) > 4:
                raise BenchmarkFailed("crashed in the third pair")
            return super().run(values, fraction, seed)

    found = confirm(Failing(config()), BEST, 8, "higher")
    assert not found.recommended
    assert "third pair" in (found.failure or "")
