"""Pages say what the kept results say, and the command that writes them notices where not."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from importlib import resources
from pathlib import Path

import pytest
from pages import DOCS, ROOT, read, section, table

from rlsys.storage.hashing import file_hash

MEASURED = DOCS / "measured"
KEPT = sorted(file.parent for file in MEASURED.glob("*/result.json"))
CONTENDED = "5-users"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the pages, the results and the command."""
    folder = tmp_path / "checkout"
    large = shutil.ignore_patterns("policies", "__pycache__", "images", "_ext")
    for name in ("docs", "tools"):
        shutil.copytree(ROOT / name, folder / name, ignore=large)
    for page in (ROOT / "README.md", *ROOT.glob("plugins/*/README.md")):
        copy = folder / page.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(page, copy)
    return folder


def tables(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, checkout / "tools/tables.py", *arguments],
        cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip


def change(page: Path, old: str, new: str) -> int:
    """Replace the first `old` in a page; return its line."""
    text = page.read_text(encoding="utf-8")
    assert old in text
    page.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text.count("\n", 0, text.index(old)) + 1


def pages_of(checkout: Path) -> dict[str, bytes]:
    return {
        page.relative_to(checkout).as_posix(): page.read_bytes() for page in checkout.rglob("*.md")
    }


# The pages as they are.


def test_the_pages_say_what_the_results_say():
    ended = tables(ROOT, "--check")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_every_kept_result_stands_in_a_page():
    text = read("measured.md") + read("plugins/mec.md")
    markers = " ".join(re.findall(r"<!-- table:.*?-->", text, re.DOTALL))
    assert KEPT
    assert all(re.search(rf"\s{run.name}\s", markers) for run in KEPT)


# The command notices what differs, and mends it.


@pytest.mark.parametrize(
    ("page", "old", "new"),
    [
        ("docs/measured.md", "| best-effort | 72.70 [72.70,", "| best-effort | 72.71 [72.70,"),
        ("docs/measured.md", "ahead of llf by 24.40", "ahead of llf by 24.41"),
        ("docs/plugins/rtos.md", "| normal | 83.3 % [82.2", "| normal | 83.3 % [82.3"),
        ("docs/plugins/mec.md", "74.70 [74.06, 75.36]", "74.70 [74.06, 75.37]"),
        ("docs/plugins/mec.md", "0.84 [0.78, 0.89]", "0.84 [0.78, 0.90]"),
    ],
)
def test_a_changed_figure_is_found_and_mended(checkout, page, old, new):
    before = pages_of(checkout)
    line = change(checkout / page, old, new)
    ended = tables(checkout, "--check")
    assert (ended.returncode, ended.stderr) == (1, "")
    (said,) = ended.stdout.splitlines()
    assert said.startswith(f"{page}:{line}: ")
    assert pages_of(checkout) != before
    assert tables(checkout).returncode == 0
    assert pages_of(checkout) == before


def test_a_lost_row_is_found_and_mended(checkout):
    before = pages_of(checkout)
    page = checkout / "docs/measured.md"
    row = next(one for one in page.read_text("utf-8").splitlines() if one.startswith("| llf"))
    change(page, f"{row}\n", "")
    assert "docs/measured.md" in tables(checkout, "--check").stdout
    tables(checkout)
    assert pages_of(checkout) == before


def test_a_changed_result_changes_every_page_that_tells_it(checkout):
    file = checkout / "docs/measured/general/result.json"
    document = json.loads(file.read_text(encoding="utf-8"))
    for row in document["results"]:
        if (row["case"], row["controller"], row["metric"]) == ("general", "edf", "reward"):
            row["mean"] += 1
    file.write_text(json.dumps(document), encoding="utf-8")
    said = tables(checkout, "--check").stdout
    assert "README.md:" in said
    assert "docs/measured.md:" in said


# What is wrong is told in one line, and nothing is written.


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("<!-- end of table -->", "", "the table has no end"),
        ("<!-- table: comparison default normal -->", "", "without its beginning"),
        ("table: comparison default normal -->", "table: comparison default", "not end"),
        ("table: comparison default", "table: contrast default", "unknown kind of table"),
        ("table: comparison default", "table comparison default", "unknown kind of table"),
        ("comparison default normal", "comparison lost normal", "no result docs/measured/lost"),
        ("comparison default normal", "comparison default calm", "no case 'calm'"),
        ("comparison default normal", "comparison default", "is not 'table: comparison"),
        ("learned switches 1", "learned swaps 1", "no quantity 'swaps'"),
        ("learned switches 1", "teacher switches 1", "no controller 'teacher'"),
        ("learned switches 1", "learned switches 9", "not a number of decimals"),
        ("learned switches 1", "learned ahead-of optimum", "is not compared with 'optimum'"),
        (" | learned switches 1", "", "3 columns to fill, not 2"),
        ("rows: full normal | ", "rows: ", "2 rows to fill, not 1"),
        ("rows: full normal", "lines: full normal", "'rows: ...' and 'columns: ...'"),
    ],
)  # fmt: skip
def test_a_wrong_marker_is_one_line(checkout, old, new, why):
    line = change(checkout / "docs/measured.md", old, new)
    before = pages_of(checkout)
    ended = tables(checkout)
    assert (ended.returncode, ended.stdout) == (2, "")
    (said,) = ended.stderr.splitlines()
    place, _, rest = said.removeprefix("tables: docs/measured.md:").partition(": ")
    assert why in rest
    assert abs(int(place) - line) < 20  # the marker, or the end that has lost it
    assert pages_of(checkout) == before


def test_a_table_without_a_head_is_one_line(checkout):
    marker = "<!-- table: cells\nrows: default normal\ncolumns: learned gap\n-->\n"
    (checkout / "docs/agents.md").write_text(f"{marker}\n<!-- end of table -->\n", encoding="utf-8")
    ended = tables(checkout, "--check")
    assert ended.stderr.startswith("tables: docs/agents.md:1: no table follows")


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("it never said {default normal learned reward}", "is not in the page"),
        ("by {default normal}", "is not RESULT CASE CONTROLLER QUANTITY"),
        ("by {default normal learned regret}", "no quantity 'regret'"),
    ],
)
def test_a_wrong_sentence_is_one_line(checkout, sentence, why):
    told = f"docs/concepts.md:\n  - '{sentence}'\n"
    (checkout / "docs/measured/sentences.yaml").write_text(told, encoding="utf-8")
    ended = tables(checkout, "--check")
    (said,) = ended.stderr.splitlines()
    assert said.startswith("tables: docs/concepts.md: ")
    assert why in said


def test_a_sentence_that_stands_twice_is_one_line(checkout):
    (checkout / "docs/concepts.md").write_text("It is 75.05.\n\nIt is 75.05.\n", encoding="utf-8")
    told = "docs/concepts.md:\n  - It is {default normal optimum reward}.\n"
    (checkout / "docs/measured/sentences.yaml").write_text(told, encoding="utf-8")
    assert "stands 2 times" in tables(checkout, "--check").stderr


def test_print_shows_the_tables_of_any_run(tmp_path):
    shutil.copy(MEASURED / "default" / "result.json", tmp_path)
    printed = tables(ROOT, "print", str(tmp_path)).stdout
    normal = section(read("measured.md"), "#### normal")
    rows = [line for line in normal.splitlines() if line.startswith(("| ", "- ", "`"))]
    assert len(rows) > 20
    assert set(rows) <= set(printed.splitlines())
    lost = tables(ROOT, "print", str(tmp_path / "lost"))
    assert lost.returncode == 2
    assert len(lost.stderr.splitlines()) == 1


# The figures, reckoned here from the raw files.


def raw(run: str) -> dict:
    return json.loads((MEASURED / run / "result.json").read_text(encoding="utf-8"))


def rewards(run: str, case: str) -> dict[str, dict]:
    return {
        row["controller"]: row
        for row in raw(run)["results"]
        if row["case"] == case and row["metric"] == "reward"
    }


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def with_interval(figures: dict) -> str:
    return "{mean:.2f} [{low:.2f}, {high:.2f}]".format(**figures)


def tables_of(text: str) -> list[list[list[str]]]:
    """Return the rows, as cells, of every marked table."""
    marked = re.findall(r"<!-- table:.*?-->\n(.*?)<!-- end of table -->", text, re.DOTALL)
    rows = [[one for one in part.splitlines() if one.startswith("|")] for part in marked]
    return [[[c.strip() for c in row.strip("|").split("|")] for row in part[2:]] for part in rows]


@pytest.mark.parametrize("run", ["default", "general"])
def test_full_tables_are_the_raw_figures(run):
    text = read("measured.md")
    for case in dict.fromkeys(row["case"] for row in raw(run)["results"]):
        means = {
            (row["controller"], row["metric"]): row["mean"]
            for row in raw(run)["results"]
            if row["case"] == case and "part" not in row
        }
        mine = rewards(run, case)
        best = max(row["mean"] for row in mine.values() if row["kind"] == "oracle")
        rows = table(section(text, f"#### {case}"), "controller")
        assert {name.strip("*") for name in rows} == set(mine)
        for name, cells in rows.items():
            controller = name.strip("*")
            assert (name != controller) == (mine[controller]["kind"] == "learned")
            assert cells.pop("reward, 95 % interval") == with_interval(mine[controller])
            assert cells.pop("gap to the optimum") == f"{best - mine[controller]['mean']:.2f}"
            assert cells == {metric: f"{means[controller, metric]:.2f}" for metric in cells}


@pytest.mark.parametrize("run", ["default", "general"])
def test_lists_are_the_raw_figures(run):
    text = read("measured.md")
    cases = dict.fromkeys(row["case"] for row in raw(run)["results"])
    said = [dict(re.findall(r"^- ahead of ([\w-]+) by (.*)$", section(text, f"#### {case}"), re.M))
            for case in cases]  # fmt: skip
    for case, found in zip(cases, said, strict=True):
        mine = [v for v in raw(run)["verdicts"] if v["case"] == case]
        assert all(v["holds"] for v in mine if v["kind"] == "better-than")
        assert found == {
            v["reference"]: with_interval(v["figures"]) for v in mine if v["kind"] == "better-than"
        }
        # The share, from the means and the reference of the environment.
        mean = {name: row["mean"] for name, row in rewards(run, case).items()}
        kind = {row["kind"]: row["mean"] for row in rewards(run, case).values()}
        low = mean["rate-monotonic"]
        share = (kind["learned"] - low) / (kind["oracle"] - low)
        (reached,) = (v["figures"] for v in mine if v["kind"] == "reaches")
        ends = (reached[f"share-of-gap-closed-{end}"] for end in ("low", "high"))
        text_of_case = section(text, f"#### {case}")
        assert f"closes {percent(share)} [{', '.join(map(percent, ends))}] of" in text_of_case


def test_short_tables_are_the_raw_figures():
    fixed = {run: [rewards(run, case) for case in ("normal", "stressed")]
             for run in ("default", "full", "fresh")}  # fmt: skip

    def share(mine: dict[str, dict]) -> float:
        low = mine["rate-monotonic"]["mean"]
        learned = next(row["mean"] for row in mine.values() if row["kind"] == "learned")
        return 100 * (learned - low) / (mine["optimum"]["mean"] - low)

    wanted = [
        [f"{share(one):.1f} %", f"{share(other):.1f} %"]
        for one, other in zip(fixed["default"], fixed["full"], strict=True)
    ]
    shown = [row[1:3] for row in tables_of(read("plugins/rtos.md"))[-1]]
    assert [[cell.partition(" [")[0] for cell in row] for row in shown] == wanted
    for heading, run in (
        ("### The same with observation `full`", "full"),
        ("### Training seeds that nothing was tuned on", "fresh"),
    ):
        rows = table(section(read("measured.md"), heading), "taskset")
        said = [row["share of the gap closed"].partition(" [")[0] for row in rows.values()]
        assert said == [f"{share(mine):.1f} %" for mine in fixed[run]]
        # All that is random is the training, so the share has Student's interval, as the reward.
        for row, mine in zip(rows.values(), fixed[run], strict=True):
            gap = mine["optimum"]["mean"] - mine["rate-monotonic"]["mean"]
            learned = next(one for one in mine.values() if one["kind"] == "learned")
            half = 100 * (learned["high"] - learned["mean"]) / gap
            low, high = map(float, re.findall(r"[\d.]+", row["share of the gap closed"])[1:])
            assert (high - low) / 2 == pytest.approx(half, abs=0.11)


def test_the_readme_tables_are_the_raw_figures():
    """Every figure of a marked table of README.md is one that a kept result has."""
    known = {"100 %"}
    for run in KEPT:
        for case in {row["case"] for row in raw(run.name)["results"]}:
            mine = rewards(run.name, case).values()
            best = next(row["mean"] for row in mine if row["kind"] == "oracle")
            known |= {f"{row['mean']:.2f}" for row in mine} | {with_interval(row) for row in mine}
            known |= {f"{best - row['mean']:.2f}" for row in mine}
            printed = [100 * round(row["mean"], 2) / round(best, 2) for row in mine]
            known |= {f"{share:.{decimals}f} %" for share in printed for decimals in (0, 1)}
        for verdict in raw(run.name)["verdicts"]:
            share = 100 * verdict["figures"].get("share-of-gap-closed", 0)
            known |= {f"{share:.0f} %", f"{share:.1f} %"}
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    columns = [
        [column.strip() for column in line.split("|")]
        for line in re.findall(r"^columns: (.*)$", text, re.MULTILINE)
    ]
    assert columns
    for filled, rows in zip(columns, tables_of(text), strict=True):
        for row in rows:
            given = [c for c, column in zip(row[1:], filled, strict=True) if column != "by hand"]
            assert set(given) <= known


def test_contended_is_the_raw_figures():
    world, local = (rewards(run, CONTENDED) for run in ("mec-contended", "mec-contended-local"))
    rows = tables_of(read("plugins/mec.md"))[0]
    best = world["optimum"]["mean"]
    assert len(rows) == 11
    for name, sees, reward, share in rows:
        row = (local if sees == "local view" else world)[name.strip("`*")]
        assert reward == with_interval(row)
        # The page divides rewards as they are printed.
        assert float(share.strip("% ")) == pytest.approx(100 * row["mean"] / best, abs=0.06)
    # The price of the local view, which stands in a sentence.
    price = world["sb3-shared"]["mean"] - local["sb3-shared"]["mean"]
    said = f"The local view costs {price:.1f} ({100 * price / best:.1f} % of the optimum)"
    assert said in " ".join(read("plugins/mec.md").split())


# The kept files themselves.


@pytest.mark.parametrize("run", KEPT, ids=lambda run: run.name)
def test_a_kept_result_keeps_to_its_schema(run):
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(resources.files("rlsys").joinpath("schemas/result.json").read_text("utf-8"))
    jsonschema.validate(raw(run.name), schema)


@pytest.mark.parametrize("run", KEPT, ids=lambda run: run.name)
def test_kept_files_are_those_of_their_manifest(run):
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert "result.json" in manifest["files"]
    there = {name: run / name for name in manifest["files"] if (run / name).is_file()}
    assert {name: file_hash(file) for name, file in there.items()} == {
        name: manifest["files"][name] for name in there
    }


def test_the_table_of_clusters_is_what_its_benchmark_makes_of_the_kept_episodes():
    kept = MEASURED / "mec-phase2"
    made = subprocess.run(
        [sys.executable, ROOT / "benchmarks/mec_hierarchy.py", kept / "sweep", "--flat",
         kept / "flat"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    rows, flat = made.strip().split("\n\n")
    text = read("plugins/mec.md")
    assert len(rows.splitlines()) == 9
    assert rows in text
    assert flat.partition("learned ")[2] in text
