"""Reports of servers per second over kept TLS connections: as heartbeats, and as dyndns2 calls."""

from __future__ import annotations

import pathlib

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


def _run(state: pathlib.Path, ca: TestCa, cores: machine.Cores, runs: list[tuple[str, int]], *, quick: bool,
         dyndns: bool) -> list[list[object]]:
    state.mkdir()
    hairpin = Hairpind(state, ca).start(cores.server)
    rows = []
    try:
        for kind, connections in runs:
            group = f"{kind[0]}{connections}-"
            servers = _new_servers(hairpin, group, 20 if quick else LICENCES)
            listed = state / f"{group}servers"
            listed.write_text("".join(f"{server['token']} {server['names']['public'].rstrip('.')}\n"
                                      for server in servers))
            machine.wait_for_quiet(cores)
            arguments = [LOAD / "report_load", "--server", f"127.0.0.1:{hairpin.server.http_port}",
                         "--servers", listed, "--connections", connections,
                         # A first report always changes something: each server's has to be over.
                         "--warm-up", 0.1 if kind == "changed" else 2, "--seconds", 0.4 if quick else 3]
            if kind == "changed":
                arguments += ["--change", "--most", len(servers) * CHANGES_EACH]
            if dyndns:
                arguments += ["--dyndns"]
            figures, spent, foreign = run_load(arguments, hairpin.pid, cores)
            rows.append([kind, connections, f"{figures['per_second']:,.0f}",
                         f"{spent / max(1, figures['answered']) * 1e6:.1f}",
                         f"{figures['p50_us'] / 1000:.2f}", f"{figures['p99_us'] / 1000:.2f}",
                         figures["wrong"], f"{foreign:.0%}"])
    finally:
        hairpin.stop()
    return rows


def _columns(report: str) -> list[str]:
    return [report, "connections", "per second", "CPU us each", "p50 ms", "p99 ms", "wrong", "others' CPU"]


def run_heartbeats(folder: pathlib.Path, ca: TestCa, cores: machine.Cores, *, quick: bool) -> None:
    runs = [("unchanged", 32), ("changed", 1), ("changed", 32), ("changed", 128)]
    rows = _run(folder / "heartbeat", ca, cores, runs, quick=quick, dyndns=False)
    print_table("Heartbeats over kept TLS connections; a changed one is durable before it is answered",
                _columns("heartbeat"), rows)


def run_dyndns(folder: pathlib.Path, ca: TestCa, cores: machine.Cores, *, quick: bool) -> None:
    runs = [("unchanged", 1), ("unchanged", 32), ("changed", 1), ("changed", 32)]
    rows = _run(folder / "dyndns", ca, cores, runs, quick=quick, dyndns=True)
    print_table("dyndns2 calls over kept TLS connections; \"good\" is durable before it is answered",
                _columns("call"), rows)
