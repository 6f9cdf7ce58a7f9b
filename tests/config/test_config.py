"""A wrong configuration is refused with its place, the key and what is allowed."""

from __future__ import annotations

import string

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from lamps import LampsConfig
from pydantic import BaseModel, ConfigDict, Field

from rlsys.config.document import (
    Document,
    assignment,
    load_resource,
    load_yaml,
    merge,
    parse_assignment,
    parse_yaml,
    validate,
)
from rlsys.errors import ConfigError


class Pump(BaseModel):
    model_config = ConfigDict(extra="forbid")
    flow: int = Field(default=1, ge=1)


class Plant(BaseModel):
    model_config = ConfigDict(extra="forbid")
    pumps: list[Pump] = []
    spare: Pump | int | None = None


def fault(text: str, model=Plant) -> str:
    with pytest.raises(ConfigError) as caught:
        validate(model, parse_yaml(text, "plant.yaml"))
    return str(caught.value)


def test_a_value_out_of_range_is_told_with_file_line_key_and_range():
    text = "pumps:\n  - flow: 2\n  # a comment\n  - flow: -3\n"
    assert fault(text) == (
        "plant.yaml:4: pumps[1].flow: input should be greater than or equal to 1 (got -3)"
    )


def test_every_fault_is_told_at_once():
    lines = fault("pumps:\n  - flow: 0\n  - flwo: 1\n").splitlines()
    assert [line.split(" ")[0] for line in lines] == ["plant.yaml:2:", "plant.yaml:3:"]
    assert "did you mean 'flow'" in lines[1]


def test_a_fault_inside_a_choice_of_types_names_the_key_alone():
    assert all(
        line.startswith(("plant.yaml:2: spare.flow:", "plant.yaml:1: spare:"))
        for line in fault("spare:\n  flow: 0\n").splitlines()
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", "x.yaml:3: a: key given twice (first in line 1); delete one"),
        ("a:\n  b: 1\n  b: 2\n", "x.yaml:3: a.b: key given twice (first in line 2); delete one"),
        ("a:\n\tb: 1\n", "x.yaml:2: not valid YAML"),
        ("a: [1, 2\nb: 3\n", "x.yaml:2: not valid YAML"),
        ("a: !!python/object/apply:os.system ['true']\n", "x.yaml:1: not valid YAML"),
        ("a: 2024-13-45\n", "x.yaml: not valid YAML: month must be in 1..12"),
        ("a: 1\n---\nb: 2\n", "x.yaml:2: not valid YAML"),
    ],
)
def test_what_is_no_clean_yaml_is_refused_with_its_line(text, expected):
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "x.yaml")
    assert str(caught.value).startswith(expected)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["- 1\n", "just words\n", "3\n"])
def test_what_is_no_mapping_is_refused(text):
    assert fault(text).startswith("plant.yaml:1: must map keys to values")


def test_an_empty_file_means_the_defaults():
    assert validate(Plant, parse_yaml("# nothing\n", "x.yaml")) == Plant()


def test_unreadable_files(tmp_path):
    (tmp_path / "latin.yaml").write_bytes("größe: 1".encode("latin-1"))
    for name, reason in [("none.yaml", "No such file"), ("latin.yaml", "not UTF-8"), (".", "Is a")]:
        with pytest.raises(ConfigError, match=f"cannot be read: {reason}"):
            load_yaml(tmp_path / name)


def test_resources_lie_in_a_package_or_beside_a_module():
    assert load_resource("lamps:lamps.yaml").data["environment"] == {"noise": 0.2}
    assert load_resource("rlsys:schemas/result.json").data["title"]
    for missing in ("lamps:none.yaml", "rlsys:none.yaml", "no_such_package:x.yaml"):
        with pytest.raises(ConfigError, match=f"{missing}: cannot be read"):
            load_resource(missing)


@pytest.mark.parametrize("text", ["a", "=1", "a.=1", ".a=1", ""])
def test_an_assignment_needs_a_key_and_an_equals_sign(text):
    with pytest.raises(ConfigError, match="must be key=value"):
        parse_assignment(text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=1", 1),
        ("a=x=y", "x=y"),
        ("a=[1, b]", [1, "b"]),
        ("a=null", None),
        ("a={b: 2}", {"b": 2}),
    ],
)
def test_the_value_of_an_assignment_is_yaml(text, value):
    assert parse_assignment(text) == (("a",), value)


scalars = st.integers(-9, 9) | st.booleans() | st.none() | st.text(string.ascii_letters, max_size=4)
trees = st.recursive(
    st.dictionaries(st.sampled_from("abcd"), scalars, max_size=3),
    lambda inner: st.dictionaries(
        st.sampled_from("abcd"), inner | scalars | st.lists(scalars, max_size=2), max_size=3
    ),
    max_leaves=6,
)


def leaves(data, path=()):
    if isinstance(data, dict) and data:
        return {k: v for name, part in data.items() for k, v in leaves(part, (*path, name)).items()}
    return {path: data}


@given(trees, trees)
def test_laying_one_tree_upon_another_keeps_the_upper_values_and_their_places(low, high):
    below = parse_yaml(yaml.safe_dump(low), "low")
    above = parse_yaml(yaml.safe_dump(high), "high")
    both = above.laid_upon(below)
    assert both.data == merge(low, high)
    for path, value in leaves(both.data).items():
        if path and value != {}:
            expected = "high" if leaves(high).get(path, leaves) == value else "low"
            if leaves(high).get(path, leaves) != leaves(low).get(path, leaves):
                assert both.where(path).startswith(f"{expected}:"), (path, both.where(path))


def test_an_assignment_is_its_own_place():
    document = assignment(("noise",), 7, "--set noise=7").laid_upon(Document({"rooms": ["a"]}))
    with pytest.raises(ConfigError, match=r"^--set noise=7: noise: .*less than or equal to 1"):
        validate(LampsConfig, document)
