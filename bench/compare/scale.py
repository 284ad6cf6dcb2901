"""Start time and resident memory with many licence zones of three servers, beside Knot."""

from __future__ import annotations

import pathlib
import subprocess

from compare import machine
from compare.peers import LOAD, Hairpind, Knot, has_answer
from compare.table import print_table
from support.process import wait_until
from support.tls import TestCa

SERVERS_EACH = 3


def _knot(folder: pathlib.Path, core: int, zones: int) -> list[object]:
    knot = Knot(folder, core, zones=zones, servers=SERVERS_EACH)
    try:
        return ["knot", f"{zones:,}", f"{knot.start_seconds:.2f}", f"{machine.resident_mib(knot.pid):,.0f}", ""]
    finally:
        knot.stop()


def _hairpin(folder: pathlib.Path, ca: TestCa, cores: machine.Cores, zones: int) -> list[object]:
    state = folder / f"hairpin-{zones}"
    state.mkdir()
    hairpin = Hairpind(state, ca).start(cores.server)
    try:
        token = state / "operator.token"
        token.write_text(hairpin.server.token)
        filled = subprocess.run(
            [LOAD / "licence_fill", "--server", f"127.0.0.1:{hairpin.server.http_port}", "--token", token,
             "--licences", str(zones), "--servers", str(SERVERS_EACH)],
            text=True, capture_output=True, check=False)
        if filled.returncode != 0:
            raise RuntimeError(filled.stderr)
        hairpin.stop()
        hairpin.start(cores.server)  # From the store, as after a reboot.
        wait_until(lambda: has_answer(hairpin.port, zones), "all zones are served", seconds=60)
        return ["hairpin", f"{zones:,}", f"{hairpin.start_seconds:.2f}",
                f"{machine.resident_mib(hairpin.pid):,.0f}", filled.stdout.strip()]
    finally:
        hairpin.stop()


def run(folder: pathlib.Path, ca: TestCa, cores: machine.Cores, *, quick: bool) -> None:
    state = folder / "scale"
    state.mkdir()
    rows = []
    for zones in (1, 100) if quick else (1, 1_000, 100_000):
        rows.append(_hairpin(state, ca, cores, zones))
        rows.append(_knot(state, cores.server, zones))
    print_table(f"Licence zones of {SERVERS_EACH} servers: start to right answers, memory then (one core)",
                ["server", "zones", "start s", "RSS MiB", "made over the API"], rows)
