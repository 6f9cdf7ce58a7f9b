"""JSON, read strictly: no key twice, no NaN."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from rlsys.errors import UserError


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
