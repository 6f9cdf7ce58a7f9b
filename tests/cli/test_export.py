"""`rlsys export`: which policy, where to, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
from program import LAMPS, run_here

from rlsys.network import Network


def export(*arguments):
    result = run_here(*LAMPS, "export", *arguments)
    assert "Traceback" not in result.stderr
    return result


def weights(folder):
    document = json.loads((folder / "policy_weights.json").read_text())
    return np.array(document["layers"][0]["weights"], dtype=np.float32)


def kept(path, case, seed):
    network = Network.load(path / "policies" / case / f"seed-{seed}" / "network.npz")
    return network.layers()["layers"][0].weight


def test_every_case_of_the_first_seed_by_default(copied):
    result = export(copied, "--to", "json")
    assert result.returncode == 0, result.stderr
    for case in ("hall", "attic"):
        folder = copied / "exports" / "json" / case
        np.testing.assert_array_equal(weights(folder), kept(copied, case, 0))
        assert str(folder / "policy_weights.json") in result.stdout


def test_one_case_and_one_seed(copied, tmp_path):
    arguments = ("--to", "json", "--case", "attic", "--seed", "1", "--out", tmp_path / "out")
    assert export(copied, *arguments).returncode == 0
    folder = tmp_path / "out" / "json"
    assert [f.name for f in folder.iterdir()] == ["attic"]
    np.testing.assert_array_equal(weights(folder / "attic"), kept(copied, "attic", 1))
    assert not np.array_equal(kept(copied, "attic", 1), kept(copied, "attic", 0))


def test_its_checks_are_verdicts(copied, tmp_path):
    result = export(copied, "--to", "json", "--out", tmp_path / "out", "--json")
    verdicts = json.loads(result.stdout)["verdicts"]
    assert {v["case"] for v in verdicts} == {"hall", "attic"}
    assert {v["name"] for v in verdicts} == {"json-exact-weights", "json-same-actions"}
    assert all(v["holds"] for v in verdicts)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--to", "jsn"), "unknown exporter 'jsn' (did you mean 'json'?"),
        (("--to", "json", "--case", "hal"), "unknown case 'hal' (did you mean 'hall'?"),
        (("--to", "json", "--seed", "2"), "seed 2 was not trained; there are [0, 1]"),
    ],
)
def test_what_is_unknown_is_refused_in_one_line(whole, tmp_path, arguments, message):
    result = export(whole.path, *arguments, "--out", tmp_path / "out", "--quiet")
    assert result.returncode == 1
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_files_is_left_alone(whole, tmp_path):
    mine = tmp_path / "out" / "json" / "hall" / "thesis.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("years of work")
    result = export(whole.path, "--to", "json", "--out", tmp_path / "out", "--quiet")
    assert result.returncode == 1
    assert "holds files that no export wrote (thesis.txt)" in result.stderr
    assert mine.read_text() == "years of work"
    assert len(list(mine.parent.iterdir())) == 1


def test_an_export_replaces_an_earlier_one(copied):
    assert export(copied, "--to", "json").returncode == 0
    assert export(copied, "--to", "json", "--seed", "1").returncode == 0
    np.testing.assert_array_equal(
        weights(copied / "exports" / "json" / "hall"), kept(copied, "hall", 1)
    )


def test_a_format_is_asked_for():
    result = export(".")
    assert result.returncode == 2
    assert "Missing option '--to'" in result.stderr
