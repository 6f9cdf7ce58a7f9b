"""The report of a run: Markdown for people, one JSON document for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rlsys.evaluation.verdicts import SHARE, THRESHOLD, Verdict, figures_text, verdicts_of

if TYPE_CHECKING:
    from rlsys.evaluation.evaluate import Evaluation

RESULT_SCHEMA = "rlsys.result/1"


def result_document(
    *,
    plugin: str,
    preset: str,
    run: str | None,
    status: str,
    seeds: Sequence[int],
    evaluation: Evaluation | None,
    verdicts: Sequence[Verdict] = (),
    artefacts: Mapping[str, str] | None = None,
    notes: Iterable[str] = (),
) -> dict[str, Any]:
    """Return the document that ``--json`` prints, described by ``schemas/result.json``.

    Args:
        evaluation: None if nothing was evaluated.
        verdicts: additional to those of the evaluation, such as an exporter's checks.
    """
    return {
        "schema": RESULT_SCHEMA,
        "plugin": plugin,
        "preset": preset,
        "run": run,
        "status": status,
        "seeds": list(seeds),
        "results": evaluation.results() if evaluation else [],
        "verdicts": [v.row() for v in (*(evaluation.verdicts() if evaluation else ()), *verdicts)],
        "artefacts": dict(artefacts or {}),
        "notes": [*(evaluation.notes if evaluation else ()), *notes],
    }


def ranked(document: Mapping[str, Any], case: str, metric: str = "reward") -> list[dict[str, Any]]:
    """Return the rows of a case and metric, best mean first; in a tie the optimum comes first."""
    rows = [r for r in document["results"] if r["case"] == case and r["metric"] == metric]
    order = {"oracle": 0, "learned": 1, "baseline": 2}
    sign = 1 if rows and rows[0]["better"] == "lower" else -1
    return sorted(rows, key=lambda r: (sign * round(r["mean"], 9), order[r["kind"]]))


def cases_of(document: Mapping[str, Any]) -> list[str]:
    """Return the cases of a result document, in its order."""
    return list(dict.fromkeys(row["case"] for row in document["results"]))


def scalar_metrics(document: Mapping[str, Any]) -> list[str]:
    """Return the names of the metrics that have one value per episode, reward first."""
    scalar = (row["metric"] for row in document["results"] if "part" not in row)
    return list(dict.fromkeys(scalar))


def values_of(document: Mapping[str, Any], case: str, controller: str) -> dict[str, float]:
    """Return a controller's mean of every metric without parts, on one case."""
    return {
        row["metric"]: row["mean"]
        for row in document["results"]
        if row["case"] == case and row["controller"] == controller and "part" not in row
    }


def closed_share(document: Mapping[str, Any], case: str, controller: str) -> float | None:
    """Return the share of the gap to the optimum that a learned controller closes, if known."""
    for verdict in verdicts_of(document, case, "reaches", controller):
        share = verdict["figures"].get(SHARE)
        if share is not None:
            return float(share)
    return None


def oracle_text(document: Mapping[str, Any], case: str, controller: str) -> str:
    """Return what the oracle of a case is called in a sentence: the optimum, or its own name."""
    for verdict in verdicts_of(document, case, "reaches", controller):
        if SHARE in verdict["figures"]:
            name = str(verdict["reference"])
            return "the optimum" if name == "optimum" else name
    return "the optimum"


def closed_share_text(
    document: Mapping[str, Any], case: str, controller: str, decimals: int = 1
) -> str | None:
    """Return that share with its interval as people read it: ``83.3 % [82.4 %, 84.2 %]``.

    Without an interval it is the share alone; an unknown share is None.
    """
    share = closed_share(document, case, controller)
    if share is None:
        return None
    text = f"{share:z.{decimals}%}"
    for verdict in verdicts_of(document, case, "reaches", controller):
        ends = [verdict["figures"].get(f"{SHARE}-{end}") for end in ("low", "high")]
        if None not in ends:
            text += " [{:z.{d}%}, {:z.{d}%}]".format(*ends, d=decimals)
    return text.replace("%", " %")


def threshold_lines(document: Mapping[str, Any], case: str, controller: str) -> list[str]:
    """Return whether a learned controller reaches the reward threshold, if a case has one."""
    return [
        f"{'reaches' if verdict['holds'] else 'does not reach'} the environment's reward "
        f"threshold of {verdict['figures']['threshold']:g}"
        for verdict in verdicts_of(document, case, "reaches", controller)
        if verdict["reference"] == THRESHOLD
    ]


def levels_of(document: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return fixed reference levels of the mean reward: by case, then by name."""
    levels: dict[str, dict[str, float]] = {}
    for verdict in document["verdicts"]:
        if verdict["kind"] == "reaches" and verdict["reference"] == THRESHOLD:
            level = float(verdict["figures"]["threshold"])
            levels.setdefault(verdict["case"], {})[THRESHOLD.replace("-", " ")] = level
    return levels


def markdown(
    document: Mapping[str, Any],
    *,
    command: Sequence[str],
    config: str,
    versions: Mapping[str, str],
    summaries: Mapping[str, str],
    reference: str | None,
) -> str:
    """Write the report of a run.

    Args:
        command: the command line as typed.
        config: the resolved configuration as YAML.
        versions: versions of the packages that were used.
        summaries: one sentence per case.
        reference: the baseline that marks 0 % of the gap to the optimum.
    """
    parts = [
        f"# {document['plugin']}: {document['preset']}\n",
        f"Made by `{' '.join(command)}` with training seeds "
        f"{', '.join(map(str, document['seeds'])) or 'none'}.\n",
    ]
    for name, path in document["artefacts"].items():
        if path.endswith(".png"):
            parts.append(f"![{name}]({path})\n")
    for case in cases_of(document):
        parts += _case(document, case, summaries.get(case, ""), reference)
    parts += [f"> {note}\n" for note in document["notes"]]
    checks = [v for v in document["verdicts"] if v["kind"] != "better-than"]
    if checks:
        parts.append("## Checks\n")
        parts.append(_table(["case", "check", "holds", "figures"], map(_check_row, checks)))
    parts += [
        "## How it was made\n",
        _intervals(len(document["seeds"])),
        f"```yaml\n{config}```\n",
        _table(["package", "version"], versions.items()),
    ]
    return "\n".join(parts)


def _intervals(trainings: int) -> str:
    parts = [
        "Intervals are 95 % intervals of the mean over trainings and held-out episodes: Student's "
        "t for the trainings, t corrected for skewness for the episodes, added in squares.",
        "A controller is called better only if the interval of the paired difference excludes "
        "zero.",
    ]
    if trainings == 1:
        parts.insert(1, "One training says nothing about other training seeds.")
    elif trainings == 2:
        parts.insert(1, "Two trainings say little about others, so the intervals are wide.")
    return " ".join(parts) + "\n"


def _case(document: Mapping[str, Any], case: str, summary: str, reference: str | None) -> list[str]:
    metrics = scalar_metrics(document)
    rows = []
    for row in ranked(document, case):
        values = values_of(document, case, row["controller"])
        rows.append(
            [
                f"**{row['controller']}**" if row["kind"] == "learned" else row["controller"],
                row["kind"],
                f"{row['mean']:z.3f} [{row['low']:z.3f}, {row['high']:z.3f}]",
                f"{row['iqm']:z.3f}",
                *(f"{values[m]:z.3f}" for m in metrics if m != "reward"),
            ]
        )
    header = ["controller", "kind", "reward, 95 % interval", "IQM"]
    parts = [f"## {case}\n", f"{summary}\n" if summary else ""]
    parts.append(_table([*header, *(m for m in metrics if m != "reward")], rows))
    for row in ranked(document, case):
        if row["kind"] != "learned":
            continue
        name = row["controller"]
        compared = list(verdicts_of(document, case, "better-than", name))
        beaten = [v["reference"] for v in compared if v["holds"]]
        others = [v["reference"] for v in compared if not v["holds"]]
        parts.append(f"{name} is better than: {', '.join(beaten) or 'no baseline'}.\n")
        if others:
            parts.append(f"Not shown to be better than: {', '.join(others)}.\n")
        share = closed_share_text(document, case, name)
        if share is not None:
            best = oracle_text(document, case, name)
            parts.append(f"It closes {share} of the gap from {reference} to {best}.\n")
        for line in threshold_lines(document, case, name):
            parts.append(f"Its mean reward {line}.\n")
    parts += _vector_tables(document, case)
    return parts


def _vector_tables(document: Mapping[str, Any], case: str) -> list[str]:
    rows = [r for r in document["results"] if r["case"] == case and "part" in r]
    parts = []
    for metric in dict.fromkeys(r["metric"] for r in rows):
        mine = [r for r in rows if r["metric"] == metric]
        columns = list(dict.fromkeys(r["part"] for r in mine))
        names = list(dict.fromkeys(r["controller"] for r in mine))
        cells = {(r["controller"], r["part"]): f"{r['mean']:z.3f}" for r in mine}
        parts.append(f"### {case}: {metric}\n")
        header = ["controller", *map(str, columns)]
        parts.append(_table(header, ([n, *(cells[n, c] for c in columns)] for n in names)))
    return parts


def _check_row(verdict: Mapping[str, Any]) -> list[str]:
    holds = "yes" if verdict["holds"] else "no"
    figures = figures_text(verdict).replace("|", r"\|").replace("\n", "<br>")
    return [verdict["case"], verdict["name"], holds, figures]


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    lines += [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join(lines) + "\n"
