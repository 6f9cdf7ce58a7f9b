"""The page about formats shows files that are read as they stand there."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[4] / "docs" / "plugins" / "jobshop-formats.md"


def test_the_example_on_the_page_is_the_file_that_ships(read: Any) -> None:
    shown = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    shipped = files("rlsys_jobshop.formats") / "examples" / "valves.yaml"
    assert shown == [shipped.read_text(encoding="utf-8")]
    assert read(shown[0], "valves.yaml").jobs == 2
