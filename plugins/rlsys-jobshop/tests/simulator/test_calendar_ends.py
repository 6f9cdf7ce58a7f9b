"""A calendar that ends before the work is one line, and names the machine that ends."""

from __future__ import annotations

import numpy as np
import pytest
from schedule_play import KINDS, offered, play_out, roomy
from small_shops import shop, work

from rlsys.errors import UserError
from rlsys_jobshop.checking import violations
from rlsys_jobshop.problem import Calendar, Job, Machine, Mode, Operation, Setups

SHORT = Machine(Calendar.of([(0, 4), (6, 10)]), name="lathe")
OPEN = Machine(name="drill")
TEN = Setups(between=[[10]], first=[9])
CASES = {
    "too much work": ([work(4)] * 3, (SHORT,)),
    "too much work with pauses": ([work(3, interruptible=True)] * 3, (SHORT,)),
    "the last piece fits nowhere": ([work(3), work(2), work(3)], (SHORT,)),
    "no time for a setup": ([work(1)], (Machine(SHORT.calendar, setups=0, name="lathe"),)),
    "nothing after the end": ([work(7, 1), work(4)], (SHORT, OPEN)),
    "no duration, but too late": ([work(11, 1), work(0)], (SHORT, OPEN)),
    "with a machine that never closes": ([work(3, 0, 1)] * 3, (OPEN, SHORT)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", CASES)
def test_one_line_says_which_machine_ends_when(case, kind):
    operations, machines = CASES[case]
    instance = shop(Job(tuple(operations)), machines=machines, setups=(TEN,), source="shop.yaml")
    simulator = roomy([instance], kind)
    with pytest.raises(UserError) as error:
        play_out(simulator, np.random.default_rng(0))
    assert str(error.value) == (
        "shop.yaml: machine lathe: calendar: it ends at 10, before all work is done; give it more "
        "working hours"
    )


def test_after_the_error_the_copy_can_start_again():
    bad, good = (shop(Job((work(4),) * count), machines=(SHORT,)) for count in (3, 2))
    simulator = roomy([bad, good])
    with pytest.raises(UserError):
        play_out(simulator, np.random.default_rng(0))
    simulator.start(0, good)
    for schedule in play_out(simulator, np.random.default_rng(0)):
        assert violations(schedule.instance, schedule.entries()) == []


def test_work_may_end_with_the_calendar():
    instance = shop(Job((work(4), work(4), work(0))), machines=(SHORT,))
    (schedule,) = play_out(roomy([instance]), np.random.default_rng(0))
    assert violations(instance, schedule.entries()) == []
    assert schedule.makespan == 10


@pytest.mark.parametrize("interruptible", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_machine_that_ends_is_not_offered_where_another_one_does_not(kind, interruptible):
    either = Operation((Mode(3, (0,)), Mode(3, (1,))), interruptible=interruptible)
    instance = shop(*[Job((either, either))] * 4, machines=(SHORT, OPEN))
    for seed in range(5):
        (schedule,) = play_out(roomy([instance], kind), np.random.default_rng(seed))
        assert violations(instance, schedule.entries()) == []


def test_a_job_that_cannot_end_is_left_to_the_last():
    instance = shop(Job((work(4),) * 3), Job((work(30, 1),) * 2), machines=(SHORT, OPEN))
    simulator, seen = roomy([instance], "all"), []
    while simulator.count[0]:
        seen.append([job for job, _ in offered(simulator)])
        if seen[-1] == [0] and len(seen) == 5:
            break
        simulator.step(np.array([0]))
    assert seen == [[0, 1], [0, 1], [1], [1], [0]]
