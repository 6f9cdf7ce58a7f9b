"""A Gantt chart as one HTML file that needs nothing else, and no network."""

from __future__ import annotations

import base64
import hashlib
import html
import importlib.resources
import json
import re
from pathlib import Path

from rlsys.errors import UserError
from rlsys.storage.atomic import write_atomically
from rlsys_jobshop.figures.chart_data import chart_data
from rlsys_jobshop.figures.names import shown
from rlsys_jobshop.problem import Schedule

SCRIPTS = ("text.js", "time_axis.js", "finding.js", "draw.js", "main.js", "events.js")


def gantt_html(schedule: Schedule, path: str | Path) -> None:
    """Draw a valid schedule as an interactive page.

    It zooms and moves, tells everything about an operation under the mouse, finds jobs, filters
    machines, and can be used with the keyboard alone. Only the rows in sight are drawn, so 152
    machines with 3,000 operations stay fluent. Names in the file that it was made from cannot run
    anything: they are data, and the page's policy allows no script but its own.

    Args:
        schedule: what is drawn.
        path: the file, replaced as a whole.

    Raises:
        UserError: the file cannot be written.
    """
    target = Path(path)
    try:
        write_atomically(target, page_of(schedule))
    except OSError as error:
        raise UserError(f"{target}: figure cannot be written: {error.strerror}") from error


def page_of(schedule: Schedule) -> str:
    """Return the text of the page."""
    style, script = _resource("style.css"), _script()
    policy = "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    data = json.dumps(chart_data(schedule), separators=(",", ":"))
    parts = {
        "policy": policy,
        "title": html.escape(f"{shown(schedule.instance.name)}: schedule"),
        "style": style,
        "script": script,
        # Nothing that ends or opens an element can stand in the text of this one.
        "data": data.replace("<", "\\u003c"),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _resource("page.html"))


def _script() -> str:
    body = "".join(_resource(name) for name in SCRIPTS)
    return f'"use strict";\n(() => {{{body}}})();'


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")


def _resource(name: str) -> str:
    folder = importlib.resources.files("rlsys_jobshop.figures") / "page"
    return (folder / name).read_text(encoding="utf-8")
