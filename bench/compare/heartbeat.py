"""Heartbeats per second over kept TLS connections, and how soon a change is in the answers."""

from __future__ import annotations

import pathlib
import time

from compare import machine
from compare.peers import LOAD, Hairpind
from compare.rounds import run_load
from compare.table import print_table
from support.tls import TestCa

LICENCES, SERVERS_EACH = 16, 4


def _with_servers(folder: pathlib.Path, ca: TestCa, core: int) -> tuple[Hairpind, list[dict]]:
    folder.mkdir(exist_ok=True)
    hairpin = Hairpind(folder, ca).start(core)
    made = [hairpin.server.new_server(f"l{licence}") for licence in range(LICENCES) for _ in range(SERVERS_EACH)]
    return hairpin, made


def run(folder: pathlib.Path, ca: TestCa, cores: machine.Cores, *, quick: bool) -> None:
    state = folder / "heartbeat"
    hairpin, servers = _with_servers(state, ca, cores.server)
    tokens = state / "tokens"
    tokens.write_text("".join(f"{server['token']}\n" for server in servers))
    rows = []
    try:
        for kind, connections in (("unchanged", 32), ("changed", 1), ("changed", 32), ("changed", 64)):
            machine.wait_for_quiet(cores)
            arguments = [LOAD / "heartbeat_load", "--server", f"127.0.0.1:{hairpin.server.http_port}",
                         "--tokens", tokens, "--connections", connections, "--seconds", 1 if quick else 8]
            if kind == "changed":
                arguments.append("--change")
            figures, spent, foreign = run_load(arguments, hairpin.pid, cores)
            rows.append([kind, connections, f"{figures['per_second']:,.0f}",
                         f"{spent / max(1, figures['answered']) * 1e6:.1f}",
                         f"{figures['p50_us'] / 1000:.2f}", f"{figures['p99_us'] / 1000:.2f}",
                         figures["wrong"], f"{foreign:.0%}"])
    finally:
        hairpin.stop()
    print_table(f"Heartbeats of {len(servers)} servers over kept TLS connections; a changed one is durable "
                "before it is answered",
                ["heartbeat", "connections", "per second", "CPU us each", "p50 ms", "p99 ms", "wrong", "others' CPU"],
                rows)


def run_visible(folder: pathlib.Path, ca: TestCa, cores: machine.Cores, *, quick: bool) -> None:
    hairpin, servers = _with_servers(folder / "visible", ca, cores.server)
    count = 50 if quick else 1000
    answered, visible, old_seen = [], [], 0
    try:
        name = servers[0]["names"]["public"]
        api = hairpin.server.as_holder(servers[0]["token"])
        for number in range(count):
            address = f"203.0.113.{number % 200 + 1}"
            sent = time.perf_counter()
            api.post("/v1/self/heartbeat", {"public": [address]}).expect(200)
            accepted = time.perf_counter()
            while hairpin.server.dns.rdata(name) != [address]:
                old_seen += 1
            answered.append((accepted - sent) * 1000)
            visible.append((time.perf_counter() - accepted) * 1000)
    finally:
        hairpin.stop()

    def percentiles(times: list[float]) -> list[str]:
        ordered = sorted(times)
        return [f"{ordered[int((len(ordered) - 1) * share)]:.2f}" for share in (0.5, 0.99)]

    print_table(f"From a heartbeat with a new address to the new answer, {count} times, one client "
                f"(Python, its own time included); old answers after the 200: {old_seen}",
                ["step", "p50 ms", "p99 ms"],
                [["heartbeat sent to 200", *percentiles(answered)],
                 ["200 to new answer received", *percentiles(visible)]])
