"""From acknowledged to visible: changes over each door, and questions meanwhile."""

from __future__ import annotations

import pathlib

from compare import content, machine
from compare.peers import LOAD, Hairpind
from compare.rounds import run_load
from compare.table import print_table
from compare.updates import KEY, SECRET, grant_updates
from support.tls import TestCa

RATE = 10_000_000  # A minute: no door's limit is met.


def run(folder: pathlib.Path, ca: TestCa, cores: machine.Cores, *, quick: bool) -> None:
    state = folder / "visible"
    state.mkdir()
    hairpin = Hairpind(state, ca).start(cores.server)
    count = 100 if quick else 2000
    rows = []
    try:
        for over, arguments in _doors(hairpin).items():
            machine.wait_for_quiet(cores)
            figures, _, foreign = run_load(
                [LOAD / "visible_load", "--over", over, "--dns", f"127.0.0.1:{hairpin.port}",
                 "--http", f"127.0.0.1:{hairpin.server.http_port}", "--count", count, *arguments], hairpin.pid, cores)
            rows.append([over, figures["answered"], f"{figures['before'] / figures['answered']:.1%}",
                         *(f"{figures[f'{each}_us'] / 1000:+.2f}" for each in ("min", "p1", "p50", "p99", "max")),
                         figures["old"], f"{figures['ack_p50_us'] / 1000:.2f}", f"{figures['ack_p99_us'] / 1000:.2f}",
                         f"{foreign:.0%}"])
    finally:
        hairpin.stop()
    print_table("From the acknowledgement of a change to the first answer that shows it, in ms (below zero: it was seen "
                "before); old: answers without it to questions asked behind the acknowledgement",
                ["over", "changes", "seen before", "least", "p1", "p50", "p99", "most", "old", "p50 to ack", "p99 to ack",
                 "others' CPU"], rows)


def _doors(hairpin: Hairpind) -> dict[str, list[object]]:
    """What visible_load needs for each door: whose address it changes, and with what right."""
    api = hairpin.server.api
    hairpin.load_zone(1, content.SERVERS)
    grant_updates(hairpin)
    api.post("/v1/licences", {"licence": "v"}).expect(201)
    server = api.post("/v1/licences/v/servers", {}).expect(201).json
    router = api.post("/v1/credentials", {"kind": "dyndns", "owner": {"licence": "v", "server": "nur1"},
                                          "role": "addresses", "per_minute": RATE}).expect(201).json
    name = server["names"]["public"].rstrip(".") + "."
    api.get("/healthz").expect(200)
    hairpin.server.as_holder(server["token"]).post("/v1/self/heartbeat", {"public": ["203.0.113.1"]}).expect(200)
    return {
        "update": ["--name", f"nur1.{content.ZONE}", "--key", KEY, "--secret", SECRET],
        "dyndns2": ["--name", name, "--secret", router["secret"]],
        "rest": ["--name", f"nur2.{content.ZONE}", "--secret", hairpin.server.token],
        "heartbeat": ["--name", name, "--secret", server["token"]],
    }
