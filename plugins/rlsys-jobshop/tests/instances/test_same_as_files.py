"""A published file and the instance of its name are one problem."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rlsys_jobshop.formats import read_instance, write_instance
from rlsys_jobshop.instances import classic, random_hurink

HERE = Path(__file__).parent
FIELDS = ("job_first", "mode_first", "duration", "machine_first", "mode_machines")


def assert_same(one, other):
    assert one.machines == other.machines
    for field in FIELDS:
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


@pytest.mark.parametrize("name", ["ft06.txt", "sfjs01.fjs"])
def test_a_published_file_is_the_instance_of_its_name(name):
    assert_same(read_instance(HERE / name), classic(Path(name).stem))


@pytest.mark.parametrize("name", ["la05", "ta01", "dmu41", "mk01", "vdata-car1", "kacem1"])
def test_a_written_instance_is_read_back(name, tmp_path):
    path = tmp_path / f"{name}.fjs"
    write_instance(classic(name), path)
    assert_same(read_instance(path), classic(name))
    random = random_hurink("rdata", 4, 5, np.random.default_rng(0))
    write_instance(random, path)
    assert_same(read_instance(path), random)
