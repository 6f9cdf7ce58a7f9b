"""The default's runs in between: drift cancels, outliers are repeated, and the account is right."""

from __future__ import annotations

import numpy as np
import pytest
from fake_stage import ORIGINAL, FakeStage, config, truth

from rlsys_sysctl.measuring.meter import FULL, Measurement, Meter, Run
from rlsys_sysctl.measuring.runner import BenchmarkFailed

BEST = {"vm.swappiness": "150", "vm.page-cluster": "12", "vm.laptop_mode": "2"}
SHORT = 0.25


class Script:
    """A bench that gives the numbers it was told, in order; "fail" fails."""

    def __init__(self, *numbers):
        self.numbers = list(numbers)
        self.kinds = []

    def run(self, values, *_):
        self.kinds.append("default" if values is None else "candidate")
        number = self.numbers.pop(0)
        if number == "fail":
            raise BenchmarkFailed("it broke")
        return Run(number, float(len(self.kinds)))


@pytest.mark.parametrize("drift", [0.0, 0.05, -0.01])
def test_a_drift_of_the_machine_cancels(drift):
    stage = FakeStage(config(), drift=drift)
    meter = Meter(stage)
    for _ in range(5):
        found = meter.score(meter.measure(BEST, 3))
        assert found.performance == pytest.approx(truth(BEST) / truth(ORIGINAL))
        assert found.stability == pytest.approx(1.0)


def test_without_the_runs_in_between_the_drift_would_not_cancel():
    stage = FakeStage(config(), drift=0.05)
    first = stage.run(None, FULL, 0).value
    late = [stage.run(BEST, FULL, 0).value for _ in range(10)][-1]
    assert late / first > 1.3 * truth(BEST) / truth(ORIGINAL)


def test_a_measurement_lies_between_two_runs_of_the_default():
    bench = Script(10, 20, 20, 10)
    meter = Meter(bench, control_every=5)
    meter.measure(BEST, 2)
    assert bench.kinds == ["default", "candidate", "candidate", "default"]
    assert meter.spent == 4


def test_the_next_measurement_shares_the_default_that_was_just_run():
    bench = Script(10, 20, 10, 20, 10)
    meter = Meter(bench)
    meter.measure(BEST, 1)
    meter.measure(BEST, 1)
    assert bench.kinds == ["default", "candidate", "default", "candidate", "default"]


def test_of_short_runs_at_most_control_every_share_a_default():
    bench = Script(*[10] * 20)
    meter = Meter(bench, control_every=3)
    for _ in range(7):
        meter.run(Measurement(BEST), SHORT)
    kinds = "".join(kind[0] for kind in bench.kinds)
    assert kinds == "dcccdcccdc"
    assert meter.spent == pytest.approx(10 * SHORT)


def test_runs_of_different_length_are_never_compared():
    bench = Script(10, 20, 100, 200, 100)
    meter = Meter(bench)
    short, full = Measurement(BEST), Measurement(BEST)
    meter.run(short, SHORT)
    meter.run(full, FULL)
    meter.close(FULL)
    assert meter.performances(short, SHORT) == [2.0]
    assert meter.performances(full, FULL) == [2.0]


def test_an_outlier_is_repeated_and_replaced():
    bench = Script(10, 20, 20, 90, 20, 10, 20, 10)
    meter = Meter(bench, control_every=10)
    measurement = meter.measure(BEST, 4)
    assert measurement.outliers == [90]
    assert [run.value for run in measurement.runs[FULL]] == [20, 20, 20, 20]
    assert bench.numbers == []


def test_an_outlier_that_comes_again_is_how_the_configuration_behaves():
    bench = Script(10, 20, 20, 90, 20, 10, 90, 10)
    meter = Meter(bench, control_every=10)
    measurement = meter.measure(BEST, 4)
    assert sorted(run.value for run in measurement.runs[FULL]) == [20, 20, 20, 90, 90]
    assert meter.score(measurement).stability < 0.5


def test_a_run_of_the_default_that_is_far_off_is_repeated_before_it_counts():
    bench = Script(10, 20, 10, 20, 10, 20, 3, 10)
    meter = Meter(bench)
    measurements = [meter.measure(BEST, 1) for _ in range(3)]
    assert bench.numbers == []
    assert [meter.score(m).performance for m in measurements] == [2, 2, 2]


def test_a_failing_configuration_is_worth_nothing_and_the_default_is_looked_at_again():
    bench = Script(10, "fail", 10)
    meter = Meter(bench, control_every=10)
    measurement = meter.measure(BEST, 3)
    assert measurement.failure == "it broke"
    assert meter.score(measurement).reward == 0
    assert bench.kinds == ["default", "candidate", "default"]


def test_a_failing_default_is_an_error():
    with pytest.raises(BenchmarkFailed, match="it broke"):
        Meter(Script("fail")).measure(BEST, 1)
    with pytest.raises(BenchmarkFailed, match="it broke"):
        Meter(Script(10, "fail", "fail")).measure(BEST, 1)


def test_after_a_pause_the_default_is_measured_anew_without_being_paid_for_again():
    one = Meter(Script(10, 20, 20), control_every=5)
    one.run(Measurement(BEST), FULL)
    one.run(Measurement(BEST), FULL)
    # The machine has become twice as fast meanwhile.
    bench = Script(20, 40, 20)
    other = Meter(bench, control_every=5)
    other.set_state(one.get_state())
    assert other.spent == one.spent
    measurement = Measurement(BEST)
    other.run(measurement, FULL)
    assert bench.kinds == ["default", "candidate"]
    assert other.performances(measurement, FULL) == [2.0]
    assert other.spent == one.spent + 1


def test_noise_is_averaged_and_known():
    stage = FakeStage(config(), noise=0.05, seed=3)
    meter = Meter(stage)
    found = [meter.score(meter.measure(BEST, 3)) for _ in range(60)]
    assert np.mean([one.performance for one in found]) == pytest.approx(
        truth(BEST) / truth(ORIGINAL), rel=0.02
    )
    assert meter.deviation(FULL) == pytest.approx(0.05, rel=0.5)
    # Of ratios to an interpolated default, so somewhat more than a run's own.
    assert 0.03 < 1 - np.mean([one.stability for one in found]) < 0.08
