"""The servers that are compared, each with one worker on one core, each on free loopback ports."""

from __future__ import annotations

import os
import pathlib
import shutil
import time

from compare import content, machine
from support.dns import Resolver
from support.hairpin import BUILD, Hairpin
from support.ports import free_port
from support.process import Process, wait_until
from support.tls import TestCa

LOAD = BUILD / "bench" / "load"


def has_answer(port: int, zones: int) -> bool:
    """Whether the first and the last zone are served, right."""
    try:
        return all(Resolver(port).ask(f"i-nur1.{content.zone_name(number)}", timeout=0.25).answer
                   for number in {1, zones})
    except Exception:  # noqa: BLE001 - whatever a server that is not up does to dnspython
        return False


class Peer:
    """A running server: its name in the tables, its DNS port, its process."""

    name = ""
    port = 0
    process: Process

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def is_echo(self) -> bool:
        return False

    def pin(self, core: int) -> None:
        machine.pin(self.pid, core)

    def stop(self) -> None:
        self.process.end()


def on_core(core: int):
    return lambda: os.sched_setaffinity(0, {core})


class Echo(Peer):
    name = "echo"

    def __init__(self, folder: pathlib.Path, core: int):
        self.port = free_port()
        self.process = Process([LOAD / "udp_echo", self.port], folder / "echo.log", before=on_core(core))
        wait_until(lambda: f":{self.port:04X}" in pathlib.Path("/proc/net/udp").read_text(), "udp_echo")

    @property
    def is_echo(self) -> bool:
        return True


class Knot(Peer):
    name = "knot"

    def __init__(self, folder: pathlib.Path, core: int, *, zones: int, servers: int):
        self.port = free_port()
        self._folder = folder / f"knot-{zones}"
        shutil.rmtree(self._folder, ignore_errors=True)
        (self._folder / "zones").mkdir(parents=True)
        (self._folder / "db").mkdir()
        for number in range(1, zones + 1):
            path = self._folder / "zones" / f"{content.zone_name(number)}zone"
            path.write_text(content.zone_text(number, servers))
        config = self._folder / "knot.conf"
        config.write_text(
            f"server:\n  rundir: {self._folder}\n  listen: 127.0.0.1@{self.port}\n"
            "  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n"
            f"log:\n  - target: {self._folder}/log\n    any: warning\n"
            f"database:\n  storage: {self._folder}/db\n"
            f"template:\n  - id: default\n    storage: {self._folder}/zones\n    file: \"%s.zone\"\n"
            "    zonefile-sync: -1\n    journal-content: none\nzone:\n"
            + "".join(f"  - domain: {content.zone_name(n)}\n" for n in range(1, zones + 1)))
        began = time.monotonic()
        self.process = Process(["knotd", "-c", config, "-m", "2048"], self._folder / "out.log", before=on_core(core))
        wait_until(lambda: has_answer(self.port, zones), "knotd answers", seconds=600)
        self.start_seconds = time.monotonic() - began
        self.pin(core)  # Its UDP threads pin themselves when they start.


class Hairpind(Peer):
    name = "hairpin"

    def __init__(self, folder: pathlib.Path, ca: TestCa, dns: dict[str, object] | None = None):
        """`dns` has options of [dns] that this one is to have; rate limits are off without one."""
        self._folder = folder
        self.server = Hairpin(folder, ca, {"log": {"level": "warning"},
                                            "dns": {"workers": 1, "rate_limit.mode": "off", **(dns or {})},
                                            "http": {"server_changes": 1_000_000}})
        self.server.config["dns"]["listen"] = [f"127.0.0.1:{self.server.dns_port}"]
        self.port = self.server.dns_port
        self.start_seconds = 0.0

    def start(self, core: int) -> Hairpind:
        began = time.monotonic()
        self.server.start(before=on_core(core))
        self.start_seconds = time.monotonic() - began
        self.process = self.server.process
        return self

    def load_zone(self, number: int, servers: int) -> None:
        zone = content.zone_name(number)
        api = self.server.api
        api.post("/v1/zones", {"zone": zone}).expect(201)
        api.put(f"/v1/zones/{zone}/zonefile", content.zone_text(number, servers),
                headers={"Content-Type": "text/dns"}).expect(200, 204)
