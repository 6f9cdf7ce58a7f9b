"""Templates: how holes are filled, and that every file in the folder is used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rlsys_rust_q10 import source
from rlsys_rust_q10.source import template
from rlsys_rust_q10.source.template import fill

FOLDER = Path(template.__file__).with_name("templates")


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A template of the test, which it still has to write."""
    monkeypatch.setattr(template, "files", lambda _: tmp_path)
    (tmp_path / "templates").mkdir()
    return tmp_path / "templates" / "one.rs"


def test_a_hole_within_a_line_is_replaced(written: Path) -> None:
    written.write_text("use a::{$names};\nstatic ${name}_X: u32 = $value;\n", encoding="utf-8")
    text = fill("one.rs", names="B, C", name="D", value=3)
    assert text == "use a::{B, C};\nstatic D_X: u32 = 3;"


def test_a_hole_with_a_line_to_itself_takes_lines_indented_as_it_is(written: Path) -> None:
    written.write_text("fn f() {\n    $body\n}\n", encoding="utf-8")
    assert fill("one.rs", body="a;\n\nif b {\n    c;\n}") == (
        "fn f() {\n    a;\n\n    if b {\n        c;\n    }\n}"
    )


def test_an_empty_text_removes_the_line(written: Path) -> None:
    written.write_text("a\n    $nothing\nb\n", encoding="utf-8")
    assert fill("one.rs", nothing="") == "a\nb"


def test_a_text_with_a_dollar_sign_is_taken_as_it_is(written: Path) -> None:
    written.write_text('$line\nlet x = "$word";\n', encoding="utf-8")
    assert fill("one.rs", line="// $word $$", word="$line") == '// $word $$\nlet x = "$line";'


def test_a_hole_without_a_text_is_an_error(written: Path) -> None:
    for text in ("$line\n", "x $line\n"):
        written.write_text(text, encoding="utf-8")
        with pytest.raises(KeyError, match="line"):
            fill("one.rs", word="")


def test_every_template_is_used() -> None:
    paths = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.*")}
    assert len(paths) > 20
    code = "".join(p.read_text(encoding="utf-8") for p in Path(source.__file__).parent.glob("*.py"))
    # A name with a hole, such as stack/{kind}.rs, stands for several.
    used = [
        re.sub(r"\{.*?\}", ".*", name) for name in re.findall(r'"([a-z]+/.+?\.(?:rs|toml))"', code)
    ]
    assert [path for path in sorted(paths) if not any(re.fullmatch(u, path) for u in used)] == []
