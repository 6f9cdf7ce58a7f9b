"""The report of a run: Markdown for people, one JSON document for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

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
    verdicts: Sequence[Mapping[str, Any]] = (),
    artefacts: Mapping[str, str] | None = None,
    notes: Iterable[str] = (),
) -> dict[str, Any]:
    """Return the document that ``--json`` prints, described by ``schemas/result.json``.

    Args:
        evaluation: None where nothing was evaluated.
        verdicts: besides those of the evaluation, such as an exporter's checks.
    """
    return {
        "schema": RESULT_SCHEMA,
        "plugin": plugin,
        "preset": preset,
        "run": run,
        "status": status,
        "seeds": list(seeds),
        "results": evaluation.results() if evaluation else [],
        "verdicts": [*(evaluation.verdicts() if evaluation else ()), *map(dict, verdicts)],
        "artefacts": dict(artefacts or {}),
        "notes": [*(evaluation.notes if evaluation else ()), *notes],
    }


def ranked(document: Mapping[str, Any], case: str, metric: str = "reward") -> list[dict[str, Any]]:
    """Return the rows of a case and metric, best mean first; the optimum leads a tie."""
    rows = [r for r in document["results"] if r["case"] == case and r["metric"] == metric]
    order = {"oracle": 0, "learned": 1, "baseline": 2}
    sign = 1 if rows and rows[0]["better"] == "lower" else -1
    return sorted(rows, key=lambda r: (sign * round(r["mean"], 9), order[r["kind"]]))


def cases_of(document: Mapping[str, Any]) -> list[str]:
    """Return the cases of a result document in its order."""
    return list(dict.fromkeys(row["case"] for row in document["results"]))


def scalar_metrics(document: Mapping[str, Any]) -> list[str]:
    """Return the names of the metrics that have one value an episode, reward first."""
    names = dict.fromkeys(row["metric"] for row in document["results"])
    return [name for name in names if "[" not in name]


def values_of(document: Mapping[str, Any], case: str, controller: str) -> dict[str, float]:
    """Return the mean of every metric of a controller on a case."""
    return {
        row["metric"]: row["mean"]
        for row in document["results"]
        if row["case"] == case and row["controller"] == controller
    }


def closed_share(document: Mapping[str, Any], case: str, controller: str) -> float | None:
    """Return the share of the gap to the optimum that a learned controller closes, if known."""
    for verdict in document["verdicts"]:
        share = verdict["figures"].get("share-of-gap-closed")
        named = verdict["name"].startswith(f"{controller}-reaches-")
        if verdict["case"] == case and named and share is not None:
            return float(share)
    return None


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
        command: as it was typed.
        config: the resolved configuration as YAML.
        versions: of the packages that took part.
        summaries: a sentence a case.
        reference: the baseline from which the closed share of the gap is counted.
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
    checks = [v for v in document["verdicts"] if "-better-than-" not in v["name"]]
    if checks:
        parts.append("## Checks\n")
        parts.append(_table(["case", "check", "holds", "figures"], map(_check_row, checks)))
    parts += [
        "## How it was made\n",
        "Intervals are 95 % bootstrap intervals of the mean over trainings and held-out episodes; "
        "with one training they say nothing about other training seeds. A controller is called "
        "better only where the interval of the paired difference excludes zero.\n",
        f"```yaml\n{config}```\n",
        _table(["package", "version"], versions.items()),
    ]
    return "\n".join(parts)


def _case(document: Mapping[str, Any], case: str, summary: str, reference: str | None) -> list[str]:
    metrics = scalar_metrics(document)
    rows = []
    for row in ranked(document, case):
        values = values_of(document, case, row["controller"])
        rows.append(
            [
                f"**{row['controller']}**" if row["kind"] == "learned" else row["controller"],
                row["kind"],
                f"{row['mean']:.3f} [{row['low']:.3f}, {row['high']:.3f}]",
                f"{row['iqm']:.3f}",
                *(f"{values[m]:.3f}" for m in metrics if m != "reward"),
            ]
        )
    header = ["controller", "kind", "reward, 95 % interval", "IQM"]
    parts = [f"## {case}\n", f"{summary}\n" if summary else ""]
    parts.append(_table([*header, *(m for m in metrics if m != "reward")], rows))
    for row in ranked(document, case):
        if row["kind"] != "learned":
            continue
        name = row["controller"]
        beaten = _comparisons(document, case, name, holds=True)
        others = _comparisons(document, case, name, holds=False)
        parts.append(f"{name} is better than: {', '.join(beaten) or 'no baseline'}.\n")
        if others:
            parts.append(f"Not shown to be better than: {', '.join(others)}.\n")
        share = closed_share(document, case, name)
        if share is not None:
            parts.append(
                f"It closes {100 * share:.1f} % of the gap from {reference} to the optimum.\n"
            )
    parts += _vector_tables(document, case)
    return parts


def _vector_tables(document: Mapping[str, Any], case: str) -> list[str]:
    rows = [r for r in document["results"] if r["case"] == case and "[" in r["metric"]]
    parts = []
    for metric in dict.fromkeys(r["metric"].partition("[")[0] for r in rows):
        mine = [r for r in rows if r["metric"].partition("[")[0] == metric]
        columns = list(dict.fromkeys(r["metric"] for r in mine))
        names = list(dict.fromkeys(r["controller"] for r in mine))
        cells = {(r["controller"], r["metric"]): f"{r['mean']:.3f}" for r in mine}
        header = ["controller", *(c[len(metric) :].strip("[]") for c in columns)]
        parts.append(f"### {case}: {metric}\n")
        parts.append(_table(header, ([n, *(cells[n, c] for c in columns)] for n in names)))
    return parts


def _comparisons(
    document: Mapping[str, Any], case: str, controller: str, *, holds: bool
) -> list[str]:
    prefix = f"{controller}-better-than-"
    return [
        verdict["name"].removeprefix(prefix)
        for verdict in document["verdicts"]
        if verdict["case"] == case
        and verdict["name"].startswith(prefix)
        and verdict["holds"] is holds
    ]


def _check_row(verdict: Mapping[str, Any]) -> list[str]:
    figures = ", ".join(
        f"{name} {value if isinstance(value, str) else format(value, '.6g')}"
        for name, value in verdict["figures"].items()
    )
    return [verdict["case"], verdict["name"], "yes" if verdict["holds"] else "no", figures]


def _table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [f"| {' | '.join(header)} |", f"|{'---|' * len(header)}"]
    lines += [f"| {' | '.join(map(str, row))} |" for row in rows]
    return "\n".join(lines) + "\n"
