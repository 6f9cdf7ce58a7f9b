"""Kernels for tests: plain files that behave like /proc/sys where pairs are concerned."""

from __future__ import annotations

from pathlib import Path

from rlsys.errors import UserError
from rlsys_sysctl.machine.kernel import PARTNERS, Kernel, Place

LEAST_BYTES = 8192


class CoupledKernel(Kernel):
    """Writing one of a pair makes the other 0; dirty_bytes itself refuses 0, as in Linux."""

    def write(self, name: str, text: str) -> None:
        if name == "vm.dirty_bytes" and int(text) < LEAST_BYTES:
            raise UserError(f"{name} does not take {text!r}: Invalid argument")
        super().write(name, text)
        partner = PARTNERS.get(name)
        if partner is not None and self.exists(partner):
            super().write(partner, "0")


class HalfRealKernel(CoupledKernel):
    """net.* is the real kernel's in the network namespace of a process, the rest is a fake tree."""

    def __init__(self, root: str | Path, namespace: int | None = None) -> None:
        super().__init__(root)
        self._real = None if namespace is None else Kernel(namespace=namespace)

    def _of(self, name: str) -> Kernel | None:
        return self._real if name.startswith("net.") else None

    def place(self, name: str) -> Place:
        real = self._of(name)
        return super().place(name) if real is None else real.place(name)

    def exists(self, name: str) -> bool:
        real = self._of(name)
        return super().exists(name) if real is None else real.exists(name)

    def obstacle(self, name: str) -> str | None:
        real = self._of(name)
        return super().obstacle(name) if real is None else real.obstacle(name)

    def read(self, name: str) -> str:
        real = self._of(name)
        return super().read(name) if real is None else real.read(name)

    def write(self, name: str, text: str) -> None:
        real = self._of(name)
        if real is None:
            super().write(name, text)
        else:
            real.write(name, text)


class StubbornKernel(CoupledKernel):
    """Keeps at most 100 as swappiness, and refuses a page cluster above 5."""

    def write(self, name: str, text: str) -> None:
        if name == "vm.page-cluster" and int(text) > 5:
            raise UserError(f"{name} does not take {text!r}: Invalid argument")
        super().write(name, str(min(int(text), 100)) if name == "vm.swappiness" else text)


class OrderedKernel(CoupledKernel):
    """Refuses a swappiness below the page cluster."""

    def write(self, name: str, text: str) -> None:
        after = {one: int(self.read(one)) for one in ("vm.swappiness", "vm.page-cluster")}
        if name in after:
            after[name] = int(text)
            if after["vm.swappiness"] < after["vm.page-cluster"]:
                raise UserError(f"{name} does not take {text!r}: Invalid argument")
        super().write(name, text)
