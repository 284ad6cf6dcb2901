"""The machine's side of a measurement: cores, CPU time, memory, who else is running."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import time


@dataclasses.dataclass(frozen=True)
class Cores:
    """Which core generates load and which one answers; the same one where there is only one."""

    generator: int
    server: int

    @staticmethod
    def of_this_machine() -> Cores:
        allowed = sorted(os.sched_getaffinity(0))
        return Cores(generator=allowed[0], server=allowed[-1])


def threads(pid: int) -> list[int]:
    return [int(name) for name in os.listdir(f"/proc/{pid}/task")]


def pin(pid: int, core: int) -> None:
    """Every thread of a process to one core, those that pin themselves elsewhere (Knot's) included."""
    for thread in threads(pid):
        os.sched_setaffinity(thread, {core})


def cpu_seconds(pid: int) -> float:
    """CPU time of all threads, to the nanosecond. What the kernel does for a socket is in it."""
    total = 0
    for thread in threads(pid):
        total += int(pathlib.Path(f"/proc/{pid}/task/{thread}/schedstat").read_text().split()[0])
    return total / 1e9


def resident_mib(pid: int) -> float:
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has no Rss")


def _ticks(core: int) -> tuple[int, int]:
    """(busy, all) clock ticks of a core since boot."""
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        if line.startswith(f"cpu{core} "):
            values = [int(value) for value in line.split()[1:9]]
            return sum(values) - values[3] - values[4], sum(values)
    raise RuntimeError(f"no core {core}")


class CoreWatch:
    """What share of a core was busy since the watch was made."""

    def __init__(self, core: int):
        self._core, self._began = core, _ticks(core)

    def busy(self) -> float:
        busy, everything = _ticks(self._core)
        return (busy - self._began[0]) / max(1, everything - self._began[1])


def wait_for_quiet(cores: Cores, *, limit: float = 5) -> None:
    """Until nobody else uses our cores, or the limit is reached: a spoilt round is marked later."""
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        watches = [CoreWatch(core) for core in {cores.generator, cores.server}]
        time.sleep(0.2)
        if all(watch.busy() < 0.2 for watch in watches):
            return
