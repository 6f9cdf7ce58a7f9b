"""The lines of JSON keys, which messages name, are where the keys stand."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rlsys_jobshop.formats.json_text import key_lines

DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=15,
)


def paths(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything in the data, in the order of the text."""
    inside: Any = ()
    if isinstance(data, dict | list):
        inside = data.items() if isinstance(data, dict) else enumerate(data)
    return [path] + [found for key, value in inside for found in paths(value, (*path, key))]


@given(data=DATA, indent=st.sampled_from([None, 1, "\t"]), ascii_only=st.booleans())
def test_every_key_has_the_line_in_which_it_stands(
    data: Any, indent: Any, ascii_only: bool
) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=ascii_only)
    lines = key_lines(text)
    assert list(lines) == paths(data)
    if indent is None:
        assert set(lines.values()) == {1}
        return
    rows = text.split("\n")
    assert sorted(lines.values()) == list(lines.values())
    for path, line in lines.items():
        if path and isinstance(path[-1], str):
            key = json.dumps(path[-1], ensure_ascii=ascii_only)
            assert rows[line - 1].strip().startswith(f"{key}:")
