"""Show or set the version of all distributions.

`python tools/version.py` shows it, and `python tools/version.py 0.2.0` sets it.
`python tools/version.py --tag v0.2.0` refuses a tag that is not the current version, or for which
CHANGELOG.md has no heading with a date.

All distributions have the same version. A plugin requires the core of the same version, and the
core's extras require the plugins of the same version, so untested combinations cannot be installed.
The version is in many places because each distribution is built on its own. The firmware's crates
have their own version: they are never published, a crate's version is part of its symbols, and a
release of the Python packages must not change the firmware's bytes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_FORM = r"\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?"
_FIELDS = {
    "pyproject.toml": re.compile(
        r'^version = "(?P<own>[^"]+)"|"rlsys[-\w]*(?:\[[^\]]*\])?==(?P<asked>[^"]+)"', re.MULTILINE
    ),
    "*.py": re.compile(r'^__version__ = "(?P<own>[^"]+)"', re.MULTILINE),
    "CITATION.cff": re.compile(r"^version: (?P<own>\S+)$", re.MULTILINE),
}


class Field(NamedTuple):
    """One place with the version: from `start` to `end` in the text of `file`."""

    file: Path
    line: int
    start: int
    end: int
    version: str


def fields(root: Path) -> Iterator[Field]:
    """Yield every version field of all distributions in the checkout `root`."""
    files = [root / "CITATION.cff"]
    for project in (root, *sorted(root.glob("plugins/*"))):
        files += [project / "pyproject.toml", *sorted((project / "src").rglob("*.py"))]
    for file in files:
        if not file.is_file() or "templates" in file.parts:
            continue  # a template becomes a distribution of the user's own
        text = file.read_text(encoding="utf-8")
        pattern = _FIELDS["*.py" if file.suffix == ".py" else file.name]
        for match in pattern.finditer(text):
            group = "own" if match["own"] else "asked"
            line = text.count("\n", 0, match.start()) + 1
            yield Field(file, line, *match.span(group), match[group])


def set_version(root: Path, version: str) -> None:
    """Write `version` into every field; last field of a file first, so positions stay valid."""
    for field in sorted(fields(root), key=lambda each: each.start, reverse=True):
        text = field.file.read_text(encoding="utf-8")
        field.file.write_text(
            text[: field.start] + version + text[field.end :], encoding="utf-8", newline="\n"
        )


def refusal(root: Path, version: str, tag: str) -> str | None:
    """Return why `tag` cannot be used to release `version`, or None."""
    if tag != f"v{version}":
        return f"the tag {tag!r} is not that of version {version}: v{version}"
    changes = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    if not re.search(rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", changes, re.MULTILINE):
        return f"CHANGELOG.md has no heading '## [{version}] - YYYY-MM-DD'"
    return None


def main(arguments: list[str]) -> int:
    root = Path(__file__).parents[1]
    tag = None
    if len(arguments) == 2 and arguments[0] == "--tag":
        tag = arguments.pop()
        arguments.clear()
    if len(arguments) > 1 or (arguments and not re.fullmatch(_FORM, arguments[0])):
        print(
            f"version: {' '.join(arguments)!r} is not a version; give one such as 0.2.0, 0.2.0a1"
            " or 0.2.0rc1, or nothing",
            file=sys.stderr,
        )
        return 2
    if arguments:
        set_version(root, arguments[0])
    found = list(fields(root))
    versions = {field.version for field in found}
    if len(versions) > 1:
        for field in found:
            print(f"{field.file.relative_to(root)}:{field.line}: {field.version}", file=sys.stderr)
        say = "version: the fields differ; set the one that holds: python tools/version.py X.Y.Z"
        print(say, file=sys.stderr)
        return 1
    version = versions.pop()
    reason = tag and refusal(root, version, tag)
    if reason:
        print(f"version: {reason}", file=sys.stderr)
        return 1
    print(f"{version} in {len(found)} fields")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
