"""Lines of JSON in a file whose last line may be incomplete after a kill."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rlsys.errors import UserError


def json_line(line: Mapping[str, Any]) -> str:
    """Return one line of JSON; a number that is not finite, which JSON cannot hold, is null."""
    finite = {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in line.items()
    }
    return json.dumps(finite, allow_nan=False) + "\n"


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
