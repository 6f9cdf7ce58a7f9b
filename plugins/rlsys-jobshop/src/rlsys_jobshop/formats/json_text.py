"""JSON, read strictly (no key twice, no NaN), and the lines of its keys."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from rlsys.errors import UserError

KeyPath = tuple[str | int, ...]
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:\n]|[^\s{}\[\],:"]+')


def parse_json(text: str, source: str) -> Any:
    """Return the data of a JSON text; `source` is its name in messages.

    Raises:
        UserError: not JSON, or a key is given twice.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, value in pairs:
            if key in data:
                raise UserError(f"{source}: the key {key!r} is given twice; delete one")
            data[key] = value
        return data

    def refuse(word: str) -> NoReturn:
        raise UserError(f"{source}: {word} is not a number")

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
    except json.JSONDecodeError as error:
        message = error.msg[:1].lower() + error.msg[1:]
        raise UserError(f"{source}: line {error.lineno}: not valid JSON: {message}") from error
    except RecursionError as error:
        raise UserError(f"{source}: is nested too deeply") from error
    except ValueError as error:  # a number with more digits than Python converts
        raise UserError(f"{source}: not valid JSON: a number is too long") from error


def key_lines(text: str) -> dict[KeyPath, int]:
    """Return the line of every key and item of a text that `parse_json` takes."""
    lines: dict[KeyPath, int] = {}
    path: list[str | int] = []
    line, is_key = 1, False
    for match in TOKEN.finditer(text):
        token = match[0]
        if token == "\n":
            line += 1
        elif token == ":":
            is_key = False
        elif token == ",":
            last = path[-1]
            path[-1], is_key = (last + 1, False) if isinstance(last, int) else (last, True)
        elif token in ("]", "}"):
            path.pop()
            is_key = False
        elif is_key:
            path[-1] = json.loads(token)
            lines[tuple(path)] = line
        else:
            lines.setdefault(tuple(path), line)
            if token in ("[", "{"):
                path.append(0 if token == "[" else "")
                is_key = token == "{"
    return lines
