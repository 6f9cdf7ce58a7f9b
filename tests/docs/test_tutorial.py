"""The tutorial works as it is written: its files and commands, in their order, in an empty folder.

A block whose first line names a file is that file.  Lines of `sh` and, after ``$``, of `console`
blocks are run; what a `console` block shows must be printed, line by line, with other numbers and
spaces, where ``...`` stands for anything.  A block behind ``<!-- not run: why -->`` is not run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pages import DOCS, read
from stranger import Stranger

_BLOCK = re.compile(
    r"^(?:<!-- (?P<mark>not run: [^\n]+) -->\n)?```(?P<language>\w+)\n(?P<body>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_FILE_NAME = re.compile(r'(?:"""|# )([\w/-]+\.\w+)')
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass
class Step:
    """A file to write, or a line to run and what it shows."""

    file: str = ""
    body: str = ""
    line: str = ""
    shown: list[str] = field(default_factory=list)


def steps(text: str) -> list[Step]:
    """Return everything that a reader does, in its order."""
    found: list[Step] = []
    for block in _BLOCK.finditer(text):
        body, language = block["body"], block["language"]
        name = _FILE_NAME.match(body)
        if block["mark"]:
            continue
        if name:
            found.append(Step(file=name[1], body=body))
        elif language == "sh":
            found += [Step(line=line) for line in body.splitlines()]
        elif language == "console":
            for line in body.splitlines():
                if line.startswith("$ "):
                    found.append(Step(line=line.removeprefix("$ ")))
                else:
                    found[-1].shown.append(line)
        else:
            raise AssertionError(f"a block that is neither a file nor run: {body!r}")
    return found


def matches(shown: str, printed: str) -> bool:
    """Return whether a printed line is the one shown, but for numbers and spaces."""
    words = _NUMBER.sub("0", " ".join(shown.split()))
    pattern = re.escape(words).replace(r"\.\.\.", ".*")
    return bool(re.fullmatch(pattern, _NUMBER.sub("0", " ".join(printed.split()))))


def missing(shown: list[str], printed: str) -> str | None:
    """Return the first line that is shown and not printed in its place, or None."""
    lines = [line for line in printed.splitlines() if line.strip()]
    position, anything = 0, False
    for wanted in shown:
        if wanted.strip() == "...":
            anything = True
            continue
        last = len(lines) if anything else position + 1
        here = [at for at in range(position, min(last, len(lines))) if matches(wanted, lines[at])]
        if not here:
            return wanted
        position, anything = here[0] + 1, False
    if position < len(lines) and not anything:
        return f"(nothing more than) {shown[-1] if shown else ''}"
    return None


def test_what_is_not_printed_would_be_noticed():
    printed = "begin\n│ ppo  │ -3.50 │ here/fan.py │\n\nend in 2 s\n"
    assert missing(["...", "│ ppo │ -2.1 │ ...", "end in 10 s"], printed) is None
    assert missing(["...", "│ dqn │ -2.1 │ ...", "..."], printed) == "│ dqn │ -2.1 │ ..."
    assert missing(["│ ppo │ -2.1 │ ...", "..."], printed) == "│ ppo │ -2.1 │ ..."
    assert missing(["...", "end in 10 s", "begin"], printed) == "begin"
    assert missing(["begin"], printed) == "(nothing more than) begin"


def test_only_what_is_marked_is_left_out():
    text = read("tutorial.md")
    every = [(block["mark"], block["body"].split()) for block in _BLOCK.finditer(text)]
    assert len(every) == text.count("\n```") // 2
    left_out = [words for mark, words in every if mark]
    assert [words[:2] for words in left_out] == [
        ["python", "-m"],
        ["uv", "publish"],
        ["pip", "install"],
    ]


def test_the_tutorial_names_the_steps_that_it_promises():
    done = steps(read("tutorial.md"))
    assert [step.file for step in done if step.file] == ["fan.py", "test_fan.py", "pyproject.toml"]
    lines = [step.line for step in done if step.line]
    for word in ("--plugin-file", "pip install", "plugins new", "pytest", "uv build"):
        assert any(word in line for line in lines), word


@pytest.mark.full
def test_the_tutorial_works_as_it_is_written(tmp_path):
    for extra in ("stable_baselines3", "matplotlib", "mypy"):
        pytest.importorskip(extra, reason="pip install 'rlsys[sb3,figures,dev]'")
    stranger = Stranger(tmp_path)
    folder = tmp_path / "empty"
    folder.mkdir()
    for step in steps((DOCS / "tutorial.md").read_text(encoding="utf-8")):
        if step.file:
            Path(folder, step.file).write_text(step.body, encoding="utf-8")
        elif step.line.startswith("cd "):
            folder = folder / step.line.removeprefix("cd ")
        else:
            printed = stranger.succeed(step.line, folder)
            absent = missing(step.shown, printed) if step.shown else None
            assert absent is None, f"$ {step.line}\n{printed}\nnot as shown: {absent}"
