"""YAML with the scalars of version 1.2, and the line of every key.

In YAML 1.1, which PyYAML reads, 14:00 is the number 840, 010 is 8, and a machine NO is false. Here
they are text. Dates stay text, too.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from rlsys.config import Document, format_path
from rlsys.errors import UserError
from rlsys_jobshop.formats.json_text import KeyPath, key_lines, parse_json

try:
    from yaml import CSafeLoader as _Base
except ImportError:  # PyYAML without its C library
    from yaml import SafeLoader as _Base  # type: ignore[assignment]

MOST_KEYS = 3_000_000
"""More keys than this come from aliases that multiply."""

DEEPEST = 100
"""Nesting of a file; PyYAML's C library crashes at some ten thousand."""

SCALARS = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?(0|[1-9][0-9]*)", list("-+0123456789")),
    "float": (
        r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
    "merge": (r"<<", ["<"]),
}


class Loader(_Base):
    """Reads scalars as YAML 1.2 does."""


class Dumper(yaml.SafeDumper):
    """Quotes what either version of YAML would not read as text."""


Loader.yaml_implicit_resolvers = {}
for _kind, (_pattern, _first) in SCALARS.items():
    _whole = re.compile(f"(?:{_pattern})$")
    Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", _whole, _first)
    Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", _whole, _first)


def parse(text: str, source: str) -> Document:
    """Return the data of a YAML or JSON text, with the line of each key.

    Raises:
        UserError: neither YAML nor JSON, or a key is given twice.
    """
    if text.lstrip().startswith("{"):
        data = _json_or_flow(text, source)
        if data is not None:
            return Document(data, source, _places(key_lines(text), source))
    try:
        _check_depth(text, source)
        loader = Loader(text)
        node = loader.get_single_node()
        lines: dict[KeyPath, int] = {}
        if node is not None:
            _walk(node, (), lines, source)
        data = loader.construct_document(node) if node is not None else None
    except yaml.YAMLError as error:
        raise UserError(_yaml_message(error, source)) from error
    except RecursionError as error:  # an alias within what it stands for
        raise UserError(f"{source}: is nested too deeply") from error
    except ValueError as error:  # a number with more digits than Python converts
        raise UserError(f"{source}: not valid YAML: a number or tag cannot be read") from error
    return Document(data, source, _places(lines, source))


def _places(lines: dict[KeyPath, int], source: str) -> dict[KeyPath, str]:
    return {path: f"{source}: line {line}" for path, line in lines.items()}


def _json_or_flow(text: str, source: str) -> Any:
    """Return the data of a JSON text; None if it is YAML in braces."""
    try:
        return parse_json(text, source)
    except UserError:
        if source.lower().endswith(".json"):
            raise
        return None


def _check_depth(text: str, source: str) -> None:
    """Refuse what is nested more than `DEEPEST`."""
    depth = 0
    for event in yaml.parse(text, Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                line = f": line {event.start_mark.line + 1}" if event.start_mark else ""
                raise UserError(f"{source}{line}: is nested too deeply")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _yaml_message(error: yaml.YAMLError, source: str) -> str:
    mark = getattr(error, "problem_mark", None)
    line = f": line {mark.line + 1}" if mark else ""
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    if "nesting depth" in problem:  # PyYAML's own limit, since 6.0.4
        return f"{source}{line}: is nested too deeply"
    return f"{source}{line}: not valid YAML: {problem}"


def _walk(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], source: str) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if len(lines) > MOST_KEYS:
        raise UserError(f"{source}: has more than {MOST_KEYS} keys; do its aliases multiply?")
    if isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _walk(value, (*path, index), lines, source)
    elif isinstance(node, yaml.MappingNode):
        own: set[str] = set()
        for key, value in node.value:
            name, line = str(key.value), key.start_mark.line + 1
            if key.tag == "tag:yaml.org,2002:merge":
                merged = value.value if isinstance(value, yaml.SequenceNode) else [value]
                for part in merged:
                    _walk(part, path, lines, source)
                continue
            here = (*path, name)
            if name in own:
                place = f"{format_path(path)}: " if path else ""
                raise UserError(
                    f"{source}: line {line}: {place}the key {name!r} is given twice; delete one"
                )
            own.add(name)
            lines[here] = line
            _walk(value, here, lines, source)
