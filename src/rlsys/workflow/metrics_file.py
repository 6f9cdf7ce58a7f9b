"""Reads lines of JSON from a file whose last line may be incomplete after a kill."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rlsys.errors import UserError


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in file:
            try:
                yield json.loads(line)
            except ValueError:
                if line.endswith("\n"):
                    raise UserError(
                        f"{path}: contains a line that is not JSON: {line[:60]!r}"
                    ) from None
