"""Memory pressure: kept to its cgroup, really swapping, and all of it gone afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import bench_rig
import pytest
from patience import HANG, eventually

from rlsys.errors import UserError
from rlsys_sysctl.benchmarks import memory_cgroup, memory_pressure, swap
from rlsys_sysctl.workload.workload import load_workload

pytestmark = pytest.mark.slow
SWAPS = Path("/proc/swaps")
MODULE = memory_pressure.MODULE


def need_zram() -> None:
    bench_rig.need_root()
    bench_rig.need(swap.CONTROL.exists(), "zram (modprobe zram)")
    try:
        memory_cgroup.memory_hierarchy()
    except UserError as error:
        bench_rig.need(False, str(error))


def left(said: dict[str, str]) -> list[str]:
    """What is still there of that which a fixture said it had made."""
    files = [said[kind] for kind in ("cgroup", "file") if Path(said[kind]).exists()]
    swaps = [line for line in SWAPS.read_text().splitlines() if f"{said['swap']} " in line]
    device = Path(said["swap"])
    return files + swaps + ([str(device)] if device.exists() else [])


@pytest.mark.parametrize("how", bench_rig.ENDS)
def test_nothing_is_left_whatever_ends_it(how: str) -> None:
    need_zram()
    with bench_rig.running("memory_pressure") as fixture:
        assert len(left(fixture.said)) == 4
        fixture.end(how)
        assert eventually(lambda: left(fixture.said) == [])


def test_nothing_is_left_when_it_cannot_be_set_up(tmp_path: Path) -> None:
    """The file is made last; a folder that is not there stops it when all else is up."""
    need_zram()
    with subprocess.Popen(
        [sys.executable, "-m", MODULE, "--fixture", f"--folder={tmp_path / 'none'}"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        _, error = process.communicate(timeout=HANG)
    assert process.returncode == 1
    assert error.startswith("error: ")
    assert str(tmp_path / "none") in error
    assert error.count("\n") == 1
    name = f"rlsys-memory-pressure-{process.pid}"
    assert not (memory_cgroup.memory_hierarchy() / name).exists()
    assert eventually(lambda: "/dev/zram" not in SWAPS.read_text())


def test_a_run_swaps_and_stays_in_its_limit_and_a_killed_one_is_cleaned_up() -> None:
    need_zram()
    metric = load_workload("memory-pressure").reward_metric
    page = os.sysconf("SC_PAGE_SIZE")
    with bench_rig.running("memory_pressure") as fixture:
        cgroup = Path(fixture.said["cgroup"])
        out = swapped_out()
        assert fixture.run(1)[metric] > 0
        assert swapped_out() - out >= (memory_pressure.HEAP - memory_pressure.LIMIT) // page
        assert peak(cgroup) <= memory_pressure.LIMIT
        killed = subprocess.Popen(
            [sys.executable, "-m", MODULE, "--seconds=3600"],
            env={**os.environ, "RLSYS_SYSCTL_NAMESPACES": fixture.document},
            start_new_session=True,
        )
        assert eventually(lambda: len(processes(cgroup)) == 2)
        killed.kill()
        killed.wait()
        fixture.end()
        assert left(fixture.said) == []


def processes(cgroup: Path) -> list[str]:
    return (cgroup / "cgroup.procs").read_text().split()


def swapped_out() -> int:
    """Pages that the machine has written to swap since it was started."""
    for line in Path("/proc/vmstat").read_text().splitlines():
        if line.startswith("pswpout "):
            return int(line.split()[1])
    raise AssertionError("no pswpout in /proc/vmstat")


def peak(cgroup: Path) -> int:
    """Most bytes that the cgroup has had in use."""
    for name in ("memory.max_usage_in_bytes", "memory.peak"):
        if (cgroup / name).exists():
            return int((cgroup / name).read_text())
    bench_rig.need(False, "memory.peak (Linux 5.19)")
    raise AssertionError


def test_without_zram_and_without_swap_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swap, "CONTROL", tmp_path / "zram-control")
    swaps = tmp_path / "swaps"
    swaps.write_text("Filename Type Size Used Priority\n")
    monkeypatch.setattr(swap, "SWAPS", swaps)
    assert not swap.is_there_swap()
    with pytest.raises(UserError, match="modprobe zram"):
        swap.add_zram()
    swaps.write_text("Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n")
    assert swap.is_there_swap()


def mounts(folder: Path, text: str) -> Path:
    file = folder / "mounts"
    file.write_text(f"proc /proc proc rw 0 0\n{text}\n")
    return file


def test_version_1_is_found_by_its_controller(tmp_path: Path) -> None:
    text = f"cgroup /cpu cgroup rw,cpu 0 0\ncgroup {tmp_path} cgroup rw,memory 0 0"
    assert memory_cgroup.memory_hierarchy(mounts(tmp_path, text)) == tmp_path


def test_version_2_must_have_the_controller_and_hand_it_on(tmp_path: Path) -> None:
    root = tmp_path / "cgroup with space"
    root.mkdir()
    file = mounts(tmp_path, f"cgroup2 {str(root).replace(' ', chr(92) + '040')} cgroup2 rw 0 0")
    (root / "cgroup.controllers").write_text("cpu memory\n")
    (root / "cgroup.subtree_control").write_text("cpu\n")
    with pytest.raises(UserError, match=r"echo \+memory > .*subtree_control"):
        memory_cgroup.memory_hierarchy(file)
    (root / "cgroup.subtree_control").write_text("cpu memory\n")
    assert memory_cgroup.memory_hierarchy(file) == root
    (root / "cgroup.controllers").write_text("cpu\n")
    with pytest.raises(UserError, match="no memory cgroup"):
        memory_cgroup.memory_hierarchy(file)


def test_version_2_gets_its_limit_and_no_swappiness(tmp_path: Path) -> None:
    """A folder stands for the hierarchy, since most machines have one version only."""
    cgroup = memory_cgroup.make("one", 12345, tmp_path)
    memory_cgroup.join(cgroup, "60\n")
    written = {file.name: file.read_text() for file in cgroup.iterdir()}
    assert written == {"memory.max": "12345", "cgroup.procs": str(os.getpid())}
