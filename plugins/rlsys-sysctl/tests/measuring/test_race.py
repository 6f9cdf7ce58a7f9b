"""Racing spends its runs where they may pay."""

from __future__ import annotations

import numpy as np
import pytest
from fake_stage import FakeStage, config

from rlsys_sysctl.measuring.meter import FULL, Meter
from rlsys_sysctl.measuring.race import Race
from rlsys_sysctl.measuring.scoring import EVEN

SHORT = 0.25


def values(swappiness: int) -> dict[str, str]:
    return {"vm.swappiness": str(swappiness), "vm.page-cluster": "0", "vm.laptop_mode": "0"}


def speed(chosen):
    """100 by default (swappiness 60), one more a point of swappiness."""
    return 40 + int(chosen["vm.swappiness"])


def race_on(stage, **options):
    meter = Meter(stage)
    return Race(meter, EVEN, **{"repeats": 3, "keep": 1 / 3, **options}), meter


def test_a_bad_configuration_costs_a_short_run_and_a_good_one_gets_all_its_repeats():
    stage = FakeStage(config(), speed)
    race, meter = race_on(stage, short=SHORT)
    bad = race.run(values(10))
    assert bad.fraction == SHORT
    assert meter.spent == pytest.approx(2 * SHORT)
    good = race.run(values(160))
    assert len(good.runs[FULL]) == 3
    assert race.is_complete(good)
    assert not race.is_complete(bad)
    assert race.best == pytest.approx(0.5 * 2 + 0.5)


def test_racing_saves_most_of_the_runs_and_finds_the_same_winner():
    random = np.random.default_rng(0)
    tried = [int(s) for s in random.permutation(200)[:60]]
    spent, best = {}, {}
    for short in (SHORT, None):
        race, meter = race_on(FakeStage(config(), speed, noise=0.01, seed=1), short=short)
        measured = {s: race.run(values(s)) for s in tried}
        complete = {s: m for s, m in measured.items() if race.is_complete(m)}
        best[short] = max(complete, key=lambda s: meter.score(complete[s]).reward)
        spent[short] = meter.spent
    assert best[SHORT] == best[None] == max(tried)
    assert spent[SHORT] < 0.5 * spent[None]


def test_only_the_better_part_of_the_short_runs_goes_on():
    stage = FakeStage(config(), lambda _: 100.0, noise=0.02, seed=2)
    race, _ = race_on(stage, short=SHORT, keep=0.25)
    measured = [race.run(values(s)) for s in range(100)]
    full = sum(FULL in m.runs for m in measured)
    assert full < 50  # all are alike, so the rule about the best alone would let nearly all pass


def test_a_configuration_that_falls_behind_in_a_full_run_is_given_up():
    stage = FakeStage(config(), speed)
    race, _ = race_on(stage, short=None)
    race.run(values(190))
    behind = race.run(values(70))
    assert len(behind.runs[FULL]) == 1


def test_what_does_not_fit_the_budget_is_not_begun():
    stage = FakeStage(config(), speed)
    race, meter = race_on(stage, short=SHORT, budget=5.0)
    measurement = race.run(values(190))  # 2 short runs, and 5 full ones would follow
    assert measurement.fraction == SHORT
    while not race.exhausted:
        race.run(values(10))
    assert meter.spent <= 5.0


def test_the_state_goes_on():
    race, _ = race_on(FakeStage(config(), speed), short=SHORT)
    race.run(values(160))
    other, _ = race_on(FakeStage(config(), speed), short=SHORT)
    other.set_state(race.get_state())
    assert (other.best, other.firsts) == (race.best, race.firsts)
