"""What all tests of formats use: write a text to a file and read it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlsys.errors import UserError
from rlsys_jobshop.formats import read_instance
from rlsys_jobshop.problem import Instance

Read = Callable[..., Instance]
Refused = Callable[..., str]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Return a function that reads a text, or bytes, as an instance."""

    def read_text(text: str | bytes, name: str = "shop.txt", **options: Any) -> Instance:
        path = tmp_path / name
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return read_instance(path, **options)

    return read_text


@pytest.fixture
def refused(read: Read, tmp_path: Path) -> Refused:
    """Return a function that reads a bad text and returns the message, without the folder."""

    def message(text: str | bytes, name: str = "shop.txt", **options: Any) -> str:
        with pytest.raises(UserError) as caught:
            read(text, name, **options)
        said = str(caught.value)
        assert "\n" not in said
        assert said.startswith(f"{tmp_path}/{name}: ")
        return said.removeprefix(f"{tmp_path}/")

    return message
