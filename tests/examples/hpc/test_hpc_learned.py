"""The figures of what was learned are those that the kept network reaches."""

from __future__ import annotations

import re
from pathlib import Path

import judge
import workload

ROOT = Path(__file__).parents[3]
NETWORK = ROOT / "docs" / "measured" / "hpc-jobs" / "network.npz"


def test_the_kept_network_reaches_what_the_page_says(tmp_path, capsys):
    trace = str(tmp_path / "long.swf")
    asked = ["--jobs", "43000", "--processors", "256", "--load", "0.9", "--seed", "2"]
    assert workload.main([*asked, "--out", trace]) == 0
    capsys.readouterr()
    assert judge.main([str(NETWORK), trace]) == 0
    printed = capsys.readouterr().out
    page = (ROOT / "examples" / "hpc-jobs" / "README.md").read_text().replace("\n", " ")
    said = re.search(r"learned: slowdown ([\d.]+ \[.*?\])", printed)[1]
    assert f"**What learning reaches:** {said}" in page
    for name in ("easy", "sjf-easy", "f1-easy"):
        (ahead,) = re.findall(rf"^{name}: .*, \+([\d.]+ \[.*?\]) more", printed, re.MULTILINE)
        assert ahead in page
