"""Published instances are what was published, and are found by any spelling of their name."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rlsys.errors import UserError
from rlsys_jobshop.instances import classic, classic_names, family_names, taillard

HERE = Path(__file__).parent
COUNTS = {
    "ft": 3,
    "la": 40,
    "abz": 5,
    "orb": 10,
    "swv": 20,
    "yn": 4,
    "ta": 80,
    "dmu": 80,
    "mk": 15,
    "edata": 66,
    "rdata": 66,
    "vdata": 66,
    "barnes": 21,
    "dauzere": 18,
    "kacem": 4,
    "fattahi": 20,
}
CLASSIC = list(COUNTS)[:8]


def rows(instance):
    """Return the operations of each job as lists of (machine, duration) per operation."""
    pairs = [
        [
            (instance.machines_of(mode)[0], int(instance.duration[mode]))
            for mode in range(instance.mode_first[o], instance.mode_first[o + 1])
        ]
        for o in range(instance.operations)
    ]
    return [pairs[a:b] for a, b in pairwise(instance.job_first)]


def test_every_family_is_complete():
    assert {family: len(classic_names(family)) for family in family_names()} == COUNTS
    assert list(family_names()) == list(COUNTS)
    together = [name for family in family_names() for name in classic_names(family)]
    assert list(classic_names()) == together
    assert len(set(together)) == sum(COUNTS.values())


def test_ft06_is_the_table_of_the_book():
    """Muth and Thompson, Industrial Scheduling, 1963: machine and duration in turn."""
    _, *lines = (HERE / "ft06.txt").read_text(encoding="utf-8").splitlines()
    given = [[int(word) for word in line.split()] for line in lines]
    expected = [[[pair] for pair in zip(row[::2], row[1::2], strict=True)] for row in given]
    assert rows(classic("ft06")) == expected


@pytest.mark.parametrize("name", classic_names("ta"))
def test_taillard_s_instances_are_those_of_his_generator(name):
    """The seeds are those that his own files of the instances give."""
    with (HERE / "taillard_seeds.csv").open() as file:
        seeds = {row.pop("name"): map(int, row.values()) for row in csv.DictReader(file)}
    shipped, made = classic(name), taillard(*seeds[name])
    for field in ("job_first", "duration", "mode_machines"):
        np.testing.assert_array_equal(getattr(shipped, field), getattr(made, field))


@pytest.mark.parametrize(
    "name", [name for family in CLASSIC for name in classic_names(family)[::4]]
)
def test_a_classic_job_visits_each_machine_once(name):
    instance = classic(name)
    assert instance.is_classic
    assert instance.name == name
    visits = instance.mode_machines.reshape(instance.jobs, instance.machines)
    assert np.array_equal(
        np.sort(visits, axis=1), np.tile(np.arange(instance.machines), (instance.jobs, 1))
    )


@pytest.mark.parametrize("family", ["edata", "rdata", "vdata"])
@pytest.mark.parametrize("stem", ["la01", "la40", "mt06", "mt20", "orb1", "orb10", "abz7"])
def test_hurink_s_instances_add_machines_to_classic_ones(family, stem):
    base, flexible = classic(stem), classic(f"{family}-{stem}")
    assert (base.jobs, base.machines) == (flexible.jobs, flexible.machines)
    for plain, wide in zip(rows(base), rows(flexible), strict=True):
        for [(machine, duration)], alternatives in zip(plain, wide, strict=True):
            assert machine in dict(alternatives)
            assert {time for _, time in alternatives} == {duration}


@pytest.mark.parametrize(
    ("name", "size"),
    [
        *[("la40", (15, 15)), ("abz7", (20, 15)), ("orb10", (10, 10)), ("swv20", (50, 10))],
        *[("yn4", (20, 20)), ("dmu01", (20, 15)), ("dmu80", (50, 20)), ("ta80", (100, 20))],
        *[("mk01", (10, 6)), ("mk06", (10, 15)), ("mk10", (20, 15)), ("mt10xyz", (10, 13))],
        *[("dpp18a", (20, 10)), ("kacem4", (15, 10)), ("sfjs01", (2, 2)), ("mfjs10", (12, 8))],
    ],
)
def test_sizes_are_the_published_ones(name, size):
    instance = classic(name)
    assert (instance.jobs, instance.machines) == size


def test_mk01_begins_as_published():
    """``6 2 1 5 3 4 3 5 3 3 5 2 1 2 3 4 6 2 ...`` in Brandimarte's file, which counts from 1."""
    first = rows(classic("mk01"))[0]
    assert first[:3] == [[(0, 5), (2, 4)], [(4, 3), (2, 5), (1, 1)], [(2, 4), (5, 2)]]


@pytest.mark.parametrize("family", list(COUNTS))
def test_an_instance_can_be_named_in_capitals(family):
    last = classic_names(family)[-1]
    assert classic(last.upper()).name == last


@pytest.mark.parametrize(
    ("spoken", "name"),
    [
        *[("ta1", "ta01"), ("TA-001", "ta01"), (" la 5 ", "la05"), ("yn01", "yn1")],
        *[("mt10", "ft10"), ("mk1", "mk01"), ("orb1", "orb01"), ("ABZ_05", "abz5")],
        *[
            ("la01_edata", "edata-la01"),
            ("edata-ft06", "edata-mt06"),
            ("vdata orb01", "vdata-orb1"),
        ],
        *[("DPP1a", "dpp01a"), ("mt10xy", "mt10xy"), ("SetB4xyz", "setb4xyz")],
    ],
)
def test_spellings_lead_to_one_instance(spoken, name):
    assert classic(spoken).name == name


def test_an_unknown_name_gets_a_suggestion_and_the_ranges():
    with pytest.raises(UserError, match=r"'tta01'; did you mean 'ta01'\?.*ta01 to ta80") as caught:
        classic("tta01")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["ta81", "ta00", "ta", "", "dmu", "1", "edata", "ft06 ft10"])
def test_a_name_of_nothing_is_refused(name):
    with pytest.raises(UserError, match="there is no published instance"):
        classic(name)


def test_an_unknown_family_gets_a_suggestion():
    with pytest.raises(UserError, match=r"no family 'swx' \(did you mean 'swv'"):
        classic_names("swx")
