"""Sizes of an image, against the sample's sources and names written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from builds import SAMPLE

from rlsys.errors import UserError
from rlsys_rust_q10.target.elf import module_path, read_sizes


@pytest.mark.parametrize(
    ("symbol", "path"),
    [
        # rustc's old mangling; a hash is its last identifier.
        ("_ZN6policy5infer17h09e3f908e647bf7dE", ("policy", "infer", "h09e3f908e647bf7d")),
        ("_ZN3q106narrow6narrow17h0123456789abcdefE.llvm.77", ("q10", "narrow", "narrow")),
        (
            "_ZN60_$LT$policy..workload..Learned$u20$as$u20$sched..Policy$GT$6choose17hE",
            ("policy", "workload", "Learned"),
        ),
        ("_ZN36_$LT$$RF$q10..Quad$u20$as$u20$Tr$GT$1fE", ("q10", "Quad")),
        # v0, RFC 2603: crate, module, function; generic; method of a type; trait's method.
        ("_RNvNtCs7ldSeZOOJos_4core3fmt5write", ("core", "fmt", "write")),
        ("_RINvNtCs1_3q106narrow6narrowKj8_EB4_", ("q10", "narrow", "narrow")),
        ("_RNvMs_NtCs1_6policy7weightsNtB4_5Table3get", ("policy", "weights")),
        ("_RNvXsC4_NtCsAbC_6policy8workloadNtB2_7LearnedNtCs3_5sched6Policy6choose",
         ("policy", "workload")),
        ("_RNvC6policy13___initialized", ("policy", "__initialized")),
        ("_RNvC6policy8__unders", ("policy", "_unders")),
        ("main", ()),
        ("_Znwj", ()),
        ("", ()),
    ],
)  # fmt: skip
def test_names_are_read_from_both_manglings(symbol: str, path: tuple[str, ...]) -> None:
    assert module_path(symbol)[: len(path)] == path
    assert bool(path) or module_path(symbol) == ()


def test_sizes_are_those_of_the_sources(images: dict[str, Path]) -> None:
    """The sample has 96 bytes of weights, 40 of a table, and 4 of initialised RAM."""
    sizes = read_sizes(images["succeeds"].read_bytes())
    assert sizes.sections[".vector_table"] == 8
    assert sizes.sections[".data"] == 4
    assert sizes.static_ram == 4
    text, constants = sizes.text, sizes.sections[".rodata"]
    assert sizes.flash == 8 + text + constants + 4
    # Besides weights and table there is code, a few instructions each; RAM's first values count.
    assert 96 + 4 + 16 <= sizes.inference <= 96 + 4 + 100
    assert 40 + 8 <= sizes.workload <= 40 + 60
    assert sizes.inference + sizes.workload <= sizes.flash


def test_what_is_not_linked_is_not_counted(images: dict[str, Path]) -> None:
    """The image that hangs runs inference but does not use the table."""
    with_table, without = (read_sizes(images[n].read_bytes()) for n in ("succeeds", "hangs"))
    assert without.workload == 0
    assert without.inference == with_table.inference


def test_an_image_without_inference_is_refused(images: dict[str, Path]) -> None:
    with pytest.raises(UserError, match=r"no symbols of the crate 'policy'.*strip = false"):
        read_sizes(images["fails"].read_bytes())


def test_a_file_that_is_no_image_is_refused() -> None:
    with pytest.raises(UserError, match="not an ELF file"):
        read_sizes((SAMPLE / "Cargo.toml").read_bytes())
