"""Whatever is written is read back as the same problem."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlsys.errors import UserError
from rlsys_jobshop.formats import read_instance, write_instance
from rlsys_jobshop.problem import (
    FOREVER,
    Calendar,
    Clock,
    Description,
    Instance,
    Job,
    Machine,
    Mode,
    Operation,
    Setups,
    build,
)

NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1).filter(
    str.strip
) | st.sampled_from(
    ["007", "1e3", "14:00", "no", "NULL", "~", "2026-03-23", "0x1F", "<<", "-", "#"]
)
DURATIONS = st.integers(0, 50)


@st.composite
def plain(draw: Any, most_modes: int) -> Instance:
    """Return an instance of jobs that may differ in length and come back to a machine."""
    machines = draw(st.integers(1, 4))
    numbers = st.integers(0, machines - 1)
    chosen = st.lists(numbers, min_size=1, max_size=most_modes, unique=True)
    modes = chosen.flatmap(
        lambda found: st.tuples(*(st.builds(Mode, DURATIONS, st.just((m,))) for m in found))
    )
    job = st.builds(Job, st.lists(st.builds(Operation, modes), min_size=1, max_size=4).map(tuple))
    jobs = draw(st.lists(job, min_size=1, max_size=4))
    return build(Description("shop", tuple(jobs), (Machine(),) * machines))


@st.composite
def rich(draw: Any) -> Instance:
    """Return an instance with everything that the production format can express."""
    names = draw(st.lists(NAMES, min_size=12, max_size=12, unique=True))
    families = tuple(names[:2]) if draw(st.booleans()) else ()
    times = st.lists(DURATIONS, min_size=2, max_size=2)
    tables = (
        draw(
            st.lists(st.builds(Setups, st.lists(times, min_size=2, max_size=2), times), max_size=2)
        )
        if families
        else []
    )
    types = tuple(names[2:4]) if draw(st.booleans()) else ()
    starts = draw(st.lists(st.integers(0, 20), min_size=3, max_size=3))
    last = FOREVER if draw(st.booleans()) else 5000
    machines = tuple(
        Machine(
            calendar=Calendar.of([(start, start + 60), (start + 70, last)]),
            overtime=draw(st.sampled_from([None, Calendar.of([(start + 50, start + 60)])])),
            type=draw(st.integers(0, max(0, len(types) - 1))),
            setups=number if number < len(tables) else None,
            family=draw(st.sampled_from([None, 0, 1])) if families else None,
            available=draw(st.integers(0, 9)),
            name=names[4 + number] if draw(st.booleans()) else "",
        )
        for number, start in enumerate(starts)
    )
    choices = st.sampled_from([(0,), (1,), (2,), (0, 1), (0, 1, 2)])
    modes = st.lists(choices, min_size=1, max_size=3, unique=True).flatmap(
        lambda found: st.tuples(*(st.builds(Mode, DURATIONS, st.just(m)) for m in found))
    )
    operation = st.builds(
        Operation,
        modes,
        interruptible=st.booleans(),
        family=st.integers(0, max(0, len(families) - 1)),
        name=st.just("") | NAMES,
    )
    jobs = tuple(
        Job(
            operations=tuple(draw(st.lists(operation, min_size=1, max_size=3))),
            release=draw(st.integers(0, 9)),
            due=draw(st.none() | st.integers(9, 99)),
            important=draw(st.booleans()),
            name=names[8 + number] if draw(st.booleans()) else "",
        )
        for number in range(draw(st.integers(1, 3)))
    )
    zone = ZoneInfo("America/St_Johns")
    clock = Clock(datetime(2026, 3, 8, 4, 30, tzinfo=UTC).astimezone(zone), "minute", zone.key)
    return build(
        Description(
            name=names[11],
            jobs=jobs,
            machines=machines,
            types=types,
            families=families,
            setups=tuple(tables),
            important_weight=draw(st.integers(1, 9)),
            clock=clock if draw(st.booleans()) else None,
            notes={names[10]: "kept"},
        )
    )


def same_arrays(one: Instance, other: Instance) -> bool:
    fields = [f.name for f in dataclasses.fields(Instance) if f.name not in ("description",)]
    return all(np.array_equal(getattr(one, f), getattr(other, f)) for f in fields)


def without_places(given: Description) -> Description:
    jobs = tuple(
        dataclasses.replace(
            job,
            where="",
            operations=tuple(dataclasses.replace(step, where="") for step in job.operations),
        )
        for job in given.jobs
    )
    machines = tuple(dataclasses.replace(machine, where="") for machine in given.machines)
    return dataclasses.replace(given, jobs=jobs, machines=machines, source="")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("written")


@pytest.mark.parametrize("form", ["standard", "taillard"])
@settings(max_examples=40, deadline=None)
@given(instance=plain(most_modes=1))
def test_a_job_shop_comes_back_from_text(folder: Path, form: Any, instance: Instance) -> None:
    path = folder / f"{form}.txt"
    write_instance(instance, path, form)
    assert same_arrays(read_instance(path), instance)
    assert same_arrays(read_instance(path, form), instance)


@pytest.mark.parametrize("suffix", [".fjs", ".txt"])
@settings(max_examples=40, deadline=None)
@given(instance=plain(most_modes=3))
def test_a_flexible_job_shop_comes_back_from_text(
    folder: Path, suffix: str, instance: Instance
) -> None:
    path = folder / f"flexible{suffix}"
    write_instance(instance, path, "fjs")
    assert same_arrays(read_instance(path), instance)


@settings(max_examples=40, deadline=None)
@given(instance=plain(most_modes=1))
def test_both_file_formats_of_an_instance_give_the_same_problem(
    folder: Path, instance: Instance
) -> None:
    write_instance(instance, folder / "one.txt", "standard")
    write_instance(read_instance(folder / "one.txt"), folder / "two.txt", "taillard")
    write_instance(read_instance(folder / "two.txt"), folder / "three.txt", "standard")
    assert (folder / "one.txt").read_bytes() == (folder / "three.txt").read_bytes()


@settings(max_examples=30, deadline=None)
@pytest.mark.parametrize("suffix", [".yaml", ".json"])
@given(instance=rich())
def test_the_production_format_expresses_everything(
    folder: Path, suffix: str, instance: Instance
) -> None:
    path = folder / f"rich{suffix}"
    write_instance(instance, path)
    found = read_instance(path)
    assert same_arrays(found, instance)
    assert without_places(found.description) == without_places(instance.description)


JOB = Job((Operation((Mode(5, (0,)),)),), name="A")
BREAK = Calendar.of([(0, 9), (10, FOREVER)])


@pytest.mark.parametrize(
    ("given_", "form", "said"),
    [
        (Description("x", (JOB,), (Machine(BREAK, name="M"),)), "fjs", "machine M has working h"),
        (Description("x", (JOB,), (Machine(available=3),)), "fjs", "machine 0 is not available"),
        (
            Description("x", (JOB,), (Machine(setups=0),), setups=(Setups([[1]], [2]),)),
            "fjs",
            "there are setup times",
        ),
        (
            Description("x", (dataclasses.replace(JOB, release=1),), (Machine(),)),
            "standard",
            "job A has a release date",
        ),
        (
            Description("x", (dataclasses.replace(JOB, due=9),), (Machine(),)),
            "taillard",
            "job A has a due date",
        ),
        (
            Description("x", (Job((Operation((Mode(5, (0, 1)),)),)),), (Machine(),) * 2),
            "fjs",
            "job 0, operation 0 needs several machines at once",
        ),
        (
            Description(
                "x", (Job((Operation((Mode(5, (0,)), Mode(5, (1,)))),)),), (Machine(),) * 2
            ),
            None,
            "job 0, operation 0 has alternative machines",
        ),
    ],
)
def test_what_a_text_cannot_express_is_refused_in_one_line(
    tmp_path: Path, given_: Description, form: Any, said: str
) -> None:
    with pytest.raises(UserError) as caught:
        write_instance(build(given_), tmp_path / "out.txt", form)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_names_that_occur_twice_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="two jobs are called 'A'; rename one"):
        write_instance(build(Description("x", (JOB, JOB), (Machine(),))), tmp_path / "out.yaml")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written: No such file or directory"):
        write_instance(build(Description("x", (JOB,), (Machine(),))), tmp_path / "no" / "out.txt")
