"""Heartbeats per second over kept TLS connections, and how soon a change is in the answers."""

from __future__ import annotations

import pathlib
import time

from compare import machine
from compare.peers import LOAD, Hairpind
from compare.rounds import run_load
from compare.table import print_table
from support.tls import TestCa

# A server's reports may change something 20 times at once and then every 2 s (admin/context.hpp), so
# many servers take turns, and each run has servers of its own.
LICENCES, SERVERS_EACH = 50, 25
CHANGES_EACH = 14  # Connections do not go round at the same pace.


def _new_servers(hairpin: Hairpind, group: str, licences: int) -> list[dict]:
    api = hairpin.server.api
    made = []
    for number in range(licences):
        licence = f"{group}{number}"
        api.post("/v1/licences", {"licence": licence}).expect(201)
        made += [api.post(f"/v1/licences/{licence}/servers", {}).expect(201).json for _ in range(SERVERS_EACH)]
    return made


def run(folder: pathlib.Path, ca: TestCa, cores: machine.Cores, *, quick: bool) -> None:
    state = folder / "heartbeat"
    state.mkdir()
    hairpin = Hairpind(state, ca).start(cores.server)
    rows = []
    try:
        for kind, connections in (("unchanged", 32), ("changed", 1), ("changed", 32), ("changed", 128)):
            group = f"{kind[0]}{connections}-"
            servers = _new_servers(hairpin, group, 20 if quick else LICENCES)
            tokens = state / f"{group}tokens"
            tokens.write_text("".join(f"{server['token']}\n" for server in servers))
            machine.wait_for_quiet(cores)
            arguments = [LOAD / "heartbeat_load", "--server", f"127.0.0.1:{hairpin.server.http_port}",
                         "--tokens", tokens, "--connections", connections,
                         # A first report always changes something: each server's has to be over.
                         "--warm-up", 0.1 if kind == "changed" else 2, "--seconds", 0.4 if quick else 3]
            if kind == "changed":
                arguments += ["--change", "--most", len(servers) * CHANGES_EACH]
            figures, spent, foreign = run_load(arguments, hairpin.pid, cores)
            rows.append([kind, connections, f"{figures['per_second']:,.0f}",
                         f"{spent / max(1, figures['answered']) * 1e6:.1f}",
                         f"{figures['p50_us'] / 1000:.2f}", f"{figures['p99_us'] / 1000:.2f}",
                         figures["wrong"], f"{foreign:.0%}"])
    finally:
        hairpin.stop()
    print_table("Heartbeats over kept TLS connections; a changed one is durable before it is answered",
                ["heartbeat", "connections", "per second", "CPU us each", "p50 ms", "p99 ms", "wrong", "others' CPU"],
                rows)


def run_visible(folder: pathlib.Path, ca: TestCa, cores: machine.Cores, *, quick: bool) -> None:
    state = folder / "visible"
    state.mkdir()
    hairpin = Hairpind(state, ca).start(cores.server)
    servers = _new_servers(hairpin, "v", 1 if quick else 3)
    count = 50 if quick else 1000
    answered, visible, old_seen = [], [], 0
    try:
        holders = [(server["names"]["public"], hairpin.server.as_holder(server["token"])) for server in servers]
        for _, api in holders:
            api.get("/healthz").expect(200)  # The connection is there before the clock runs.
        for number in range(count):
            name, api = holders[number % len(holders)]
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
