"""`run.export` writes what `rlsys export` writes, with the same checks."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from program import LAMPS_FILE

import rlsys
from rlsys.errors import UserError


@pytest.fixture
def copied(run, tmp_path) -> rlsys.Run:
    shutil.copytree(run.path, tmp_path / "run")
    return rlsys.load(tmp_path / "run", plugin_file=LAMPS_FILE)


def test_every_case_or_one_and_where_it_is_wanted(copied, tmp_path):
    done = copied.export("json", out=tmp_path / "out", seed=1)
    assert {path.parent.name for path in done.files} == {"hall", "attic"}
    assert {verdict.subject for verdict in done.verdicts} == {"json"}
    assert all(verdict.holds for verdict in done.verdicts)
    for case in ("hall", "attic"):
        file = tmp_path / "out/json" / case / "policy_weights.json"
        weights = json.loads(file.read_text())["layers"][0]["weights"]
        network = copied.policy(case, seed=1).network
        np.testing.assert_array_equal(
            np.array(weights, np.float32), network.layers()["layers"][0].weight
        )
    files = copied.export("json", case="hall", out=tmp_path / "one").files
    assert {path.parent for path in files} == {tmp_path / "one/json/hall"}


def test_into_the_run_directory_with_its_hashes(copied):
    before = json.loads((copied.path / "manifest.json").read_text())["files"]
    shutil.rmtree(copied.path / "exports")
    copied.export("json")
    after = json.loads((copied.path / "manifest.json").read_text())["files"]
    assert "exports/json/hall/policy_weights.json" in after
    assert set(after) == set(before)


@pytest.mark.parametrize(
    ("to", "given", "message"),
    [
        ((), {}, "name a format to export to, such as 'json'"),
        (("jsn",), {}, "unknown exporter 'jsn'"),
        (("json",), {"build": True}, "--build: not supported by json"),
        (("json",), {"set": {"x": 1}}, "set 'x': exporter 'json' has no setting 'x'"),
        (("json",), {"case": "hal"}, "unknown case 'hal'"),
        (("json",), {"seed": 7}, "seed 7 was not trained"),
    ],
)
def test_what_cannot_be_is_refused(copied, to, given, message):
    with pytest.raises(UserError, match=message):
        copied.export(*to, **given)
