"""Certificates per second against Debian's pebble, beside a bare client; and many with a kill -9 in the middle."""

from __future__ import annotations

import dataclasses
import json
import pathlib
import re
import sqlite3
import subprocess
import time

from compare import machine
from compare.peers import LOAD
from compare.table import print_table
from support.pebble import Pebble
from support.ports import free_port
from support.tls import TestCa


@dataclasses.dataclass(frozen=True)
class Run:
    figures: dict
    pebble_cpu: float  # Seconds.

    def row(self, client: str, at_once: int) -> list[object]:
        orders = self.figures["orders"]
        cpu = self.figures["cpu"]
        return [client, at_once, f"{self.figures['per_second']:.0f}", f"{self.figures['p50_ms']:.0f}",
                f"{self.figures['p95_ms']:.0f}", f"{self.figures['requests'] / orders:.1f}",
                f"{sum(cpu.values()) / orders * 1000:.2f}",
                " ".join(f"{name} {seconds / orders * 1000:.2f}" for name, seconds in sorted(cpu.items())
                         if seconds / orders > 5e-5),
                f"{self.pebble_cpu / orders * 1000:.2f}"]


class Place:
    """A CA, a port for our name server that it asks, and a folder."""

    def __init__(self, folder: pathlib.Path, ca: TestCa):
        folder.mkdir(parents=True)
        self.folder = folder
        self.dns_port = free_port()
        self.pebble = Pebble(folder, ca, self.dns_port).start()

    def arguments(self, licences: int, at_once: int, *more: str) -> list[str]:
        return [str(LOAD / "order_load"), "--folder", str(self.folder), "--dns", str(self.dns_port),
                "--directory", self.pebble.directory, "--ca-file", str(self.pebble.ca_file),
                "--licences", str(licences), "--at-once", str(at_once), *more]

    def order(self, licences: int, at_once: int, *more: str) -> Run:
        began = machine.cpu_seconds(self.pebble.pid)
        ended = subprocess.run(self.arguments(licences, at_once, *more), text=True, capture_output=True, check=False)
        if ended.returncode != 0:
            raise RuntimeError(f"order_load: {ended.stderr[-2000:]}")
        figures = next(line for line in ended.stdout.splitlines() if line.startswith("{"))
        return Run(json.loads(figures), machine.cpu_seconds(self.pebble.pid) - began)

    def close(self) -> None:
        self.pebble.stop()


def _throughput(folder: pathlib.Path, ca: TestCa, *, quick: bool) -> None:
    rows = []
    licences = 40 if quick else 1000
    clients = [("bare", ["--bare"]), ("hairpin", [])]
    for at_once in (8,) if quick else (1, 8, 12, 16, 32):
        runs = {}
        for name, more in clients:
            place = Place(folder / f"{name}-{at_once}", ca)
            try:
                runs[name] = place.order(licences if at_once > 1 else max(40, licences // 10), at_once, *more)
            finally:
                place.close()
        clients.reverse()
        bare = runs["bare"].figures["per_second"]
        rows += [[*runs[name].row(name, at_once), f"{runs[name].figures['per_second'] / bare:.2f}"]
                 for name in ("bare", "hairpin")]
    print_table("Certificates for two names each, from the request to offered; CPU in ms each",
                ["client", "at once", "per second", "p50 ms", "p95 ms", "requests", "CPU", "by thread", "pebble's", "of bare"],
                rows)


def _await_half(child: subprocess.Popen, half: int) -> None:
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith("offered ") and int(line.split()[1]) >= half:
            return
    raise RuntimeError("order_load ended before half of its orders were done")


def _counted(place: Place) -> list[tuple[str, int]]:
    """What the store and the CA's own log say afterwards."""
    with sqlite3.connect(f"file:{place.folder}/hairpin.db?mode=ro", uri=True) as database:
        def one(sql: str) -> int:
            return database.execute(sql).fetchone()[0]
        counts = [("servers", one("SELECT count(*) FROM servers")),
                  ("servers with a certificate", one("SELECT count(DISTINCT server_id) FROM certificates")),
                  ("certificates in the store", one("SELECT count(*) FROM certificates")),
                  ("attempts that are not offered", one("SELECT count(*) FROM acme_attempts WHERE state <> 'offered'")),
                  ("TXT RRsets left", one("SELECT count(*) FROM rrsets WHERE type = 16"))]
    log = place.pebble.log()
    issued = re.findall(r"Issued certificate serial (\S+) for order (\S+)", log)
    return counts + [("orders at the CA", len(re.findall(r"Added order ", log))),
                     ("certificates that the CA issued", len(issued)),
                     ("orders that it issued for", len({order for _, order in issued}))]


def _with_a_crash(folder: pathlib.Path, ca: TestCa, *, quick: bool) -> None:
    licences, at_once = (200, 16) if quick else (10_000, 16)
    place = Place(folder / "crash", ca)
    try:
        # The store with its licences is made before the clock starts.
        place.order(1, 1, "--fill", str(licences))
        began = time.monotonic()
        child = subprocess.Popen(place.arguments(licences, at_once), stdout=subprocess.PIPE, text=True)
        _await_half(child, licences // 2)
        child.kill()
        child.wait()
        killed = time.monotonic() - began
        second = place.order(licences, at_once)
        passed = time.monotonic() - began
        rows = [["seconds until kill -9", f"{killed:.1f}"], ["seconds in all", f"{passed:.1f}"],
                ["per second in all", f"{licences / passed:.0f}"],
                ["offered after the restart", second.figures["orders"]], *map(list, _counted(place))]
    finally:
        place.close()
    print_table(f"{licences:,} certificates with a kill -9 in the middle, {at_once} at once", ["", ""], rows)


def run(folder: pathlib.Path, ca: TestCa, cores: machine.Cores, *, quick: bool) -> None:
    del cores  # The CA and we share all of them: it works as much as we do.
    state = folder / "orders"
    state.mkdir()
    _throughput(state, ca, quick=quick)
    _with_a_crash(state, ca, quick=quick)
