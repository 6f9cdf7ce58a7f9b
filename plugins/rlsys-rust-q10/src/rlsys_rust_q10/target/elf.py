"""What an image costs: its sections, and how much of the flash inference alone takes.

Inference is the sum of the image's symbols that belong to it: every function and constant of the
crates ``q10`` and ``policy``, except the module ``workload``, which holds the tasks. Data that the
compiler moved elsewhere without a name (panic messages, copied constants) and its own helpers
(``memcpy``, division) are not counted here, only in the sections.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from rlsys.errors import UserError

INFERENCE = ("policy", "q10")
NOT_INFERENCE = ("policy", "workload")
IN_FLASH = (".vector_table", ".text", ".rodata", ".data")
"""``.data`` takes flash too: its initial values are copied from there."""
IN_RAM = (".data", ".bss", ".uninit")

_V0_CRATE = re.compile(
    r"_R(?:N[a-zA-Z]|[IY]|[XM](?:s[0-9a-zA-Z]*_)?)*C(?:s[0-9a-zA-Z]*_)?(?P<path>\d.*)"
)
_V0_IDENTIFIER = re.compile(r"(?:s[0-9a-zA-Z]*_)?(\d+)_?")
_LEGACY_IDENTIFIER = re.compile(r"(\d+)")
_LEGACY_IMPLEMENTATION = re.compile(r"_\$LT\$(?:\$RF\$|mut\$u20\$)*(?P<path>[\w.]+)")


@dataclass(frozen=True)
class Sizes:
    """Bytes of an image.

    Attributes:
        sections: those that take flash or RAM, by name.
        inference: flash for the code and constants of inference; see the module.
        workload: flash for the tasks and the cyclic table.
    """

    sections: dict[str, int]
    inference: int
    workload: int

    @property
    def text(self) -> int:
        """Bytes of code."""
        return self.sections[".text"]

    @property
    def flash(self) -> int:
        """Bytes of flash that the image takes."""
        return sum(self.sections[name] for name in IN_FLASH)

    @property
    def static_ram(self) -> int:
        """Bytes of RAM without the stack."""
        return sum(self.sections[name] for name in IN_RAM)


def read_sizes(image: bytes) -> Sizes:
    """Read the sizes of an ELF file.

    Raises:
        UserError: it is not an ELF file, or it has no symbols.
    """
    try:
        elf = ELFFile(io.BytesIO(image))
        sections = _sections(elf)
        symbols = [
            (symbol.name, int(symbol["st_size"]))
            for table in elf.iter_sections()
            if isinstance(table, SymbolTableSection)
            for symbol in table.iter_symbols()
            if symbol["st_info"]["type"] in ("STT_FUNC", "STT_OBJECT")
        ]
    except ELFError as error:
        raise _no_elf(error) from error
    counted = [(module_path(name), size) for name, size in symbols]
    inference = [
        (path, size)
        for path, size in counted
        if path[:1] and path[0] in INFERENCE and path[: len(NOT_INFERENCE)] != NOT_INFERENCE
    ]
    if not any(path[0] == "policy" for path, _ in inference):
        raise UserError(
            "the image has no symbols of the crate 'policy', so the size of inference cannot be "
            "read; build it without stripping (`strip = false` in the release profile)"
        )
    return Sizes(
        sections=sections,
        inference=_total(inference),
        workload=_total(c for c in counted if c[0][: len(NOT_INFERENCE)] == NOT_INFERENCE),
    )


def read_sections(image: bytes) -> dict[str, int]:
    """Read the sizes of an ELF file's sections that take flash or RAM, by name.

    Raises:
        UserError: it is not an ELF file.
    """
    try:
        return _sections(ELFFile(io.BytesIO(image)))
    except ELFError as error:
        raise _no_elf(error) from error


def _sections(elf: ELFFile) -> dict[str, int]:
    sizes = {section.name: int(section["sh_size"]) for section in elf.iter_sections()}
    return {name: sizes.get(name, 0) for name in dict.fromkeys((*IN_FLASH, *IN_RAM))}


def _no_elf(error: ELFError) -> UserError:
    return UserError(f"the image is not an ELF file ({error}); build it with cargo")


def _total(counted: Iterable[tuple[tuple[str, ...], int]]) -> int:
    return sum(size for _, size in counted)


def module_path(symbol: str) -> tuple[str, ...]:
    """Return crate, module, ... of a mangled Rust name; empty for any other name.

    For a trait implementation it is the path of the type. Both manglings of rustc are read: the old
    one, ``_ZN`` (counted identifiers), and v0, ``_R`` (Rust RFC 2603), where the path is the first
    crate named in the symbol and the identifiers up to the next crate.
    """
    if symbol.startswith("_ZN"):
        path = _identifiers(symbol[3:], _LEGACY_IDENTIFIER)
        # `<crate::module::Type as Trait>::method`, with dots for `::`.
        implementation = _LEGACY_IMPLEMENTATION.match(path[0]) if path else None
        return tuple(implementation["path"].split("..")) if implementation else path
    crate = _V0_CRATE.match(symbol)
    return _identifiers(crate["path"], _V0_IDENTIFIER) if crate else ()


def _identifiers(text: str, length: re.Pattern[str]) -> tuple[str, ...]:
    """Return the counted identifiers at the start of `text`: ``3q106narrow`` is q10, narrow.

    v0 puts a ``_`` between length and name if the name begins with a digit or ``_``.
    """
    found = []
    position = 0
    while match := length.match(text, position):
        position = match.end() + int(match[1])
        found.append(text[match.end() : position])
    return tuple(found)
