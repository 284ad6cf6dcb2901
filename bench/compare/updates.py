"""Signed UPDATEs per second, each durable before it is answered, beside Knot and BIND."""

from __future__ import annotations

import base64
import pathlib
import shutil

from compare import content, machine
from compare.peers import LOAD, Hairpind, Peer, has_answer, on_core
from compare.rounds import run_load
from compare.table import print_table
from support.ports import free_port
from support.process import Process, wait_until
from support.tls import TestCa

KEY, SECRET = "upd.", "0123456789abcdef0123456789abcdef"
SECRET_BASE64 = base64.b64encode(SECRET.encode()).decode()


class UpdatedKnot(Peer):
    """Knot with a journal; it answers an UPDATE when the journal is written."""

    name = "knot"

    def __init__(self, folder: pathlib.Path, core: int):
        self.port = free_port()
        folder.mkdir()
        (folder / "1.zone").write_text(content.zone_text(1, content.SERVERS))
        config = folder / "knot.conf"
        config.write_text(
            f"server:\n  rundir: {folder}\n  listen: 127.0.0.1@{self.port}\n"
            "  udp-workers: 1\n  tcp-workers: 1\n  background-workers: 1\n"
            f"log:\n  - target: {folder}/log\n    any: warning\n"
            f"database:\n  storage: {folder}\n"
            f"key:\n  - id: {KEY}\n    algorithm: hmac-sha256\n    secret: {SECRET_BASE64}\n"
            f"acl:\n  - id: all\n    key: {KEY}\n    action: update\n"
            f"zone:\n  - domain: {content.ZONE}\n    storage: {folder}\n    file: 1.zone\n"
            "    zonefile-sync: -1\n    journal-content: changes\n    acl: all\n")
        self.process = Process(["knotd", "-c", config, "-m", "2048"], folder / "out.log", before=on_core(core))
        wait_until(lambda: has_answer(self.port, 1), "knotd answers", seconds=60)
        self.pin(core)


class UpdatedBind(Peer):
    name = "bind"

    def __init__(self, folder: pathlib.Path, core: int):
        self.port = free_port()
        folder.mkdir()
        (folder / "1.zone").write_text(content.zone_text(1, content.SERVERS))
        config = folder / "named.conf"
        config.write_text(
            f'options {{ directory "{folder}"; pid-file "{folder}/pid"; session-keyfile "{folder}/session.key"; '
            f'managed-keys-directory "{folder}"; lock-file none; listen-on port {self.port} {{ 127.0.0.1; }}; '
            "listen-on-v6 { none; }; recursion no; notify no; dnssec-validation no; };\ncontrols { };\n"
            f'key "{KEY}" {{ algorithm hmac-sha256; secret "{SECRET_BASE64}"; }};\n'
            f'zone "{content.ZONE}" {{ type primary; file "1.zone"; allow-update {{ key "{KEY}"; }}; }};\n'
            "logging { category update { null; }; category update-security { null; }; };\n")
        self.process = Process([shutil.which("named", path="/usr/sbin:/usr/bin"), "-c", config, "-f", "-n", "1"],
                               folder / "out.log", before=on_core(core))
        wait_until(lambda: has_answer(self.port, 1), "named answers", seconds=60)


def _hairpin(folder: pathlib.Path, ca: TestCa, core: int) -> Hairpind:
    folder.mkdir()
    hairpin = Hairpind(folder, ca).start(core)
    hairpin.load_zone(1, content.SERVERS)
    grant_updates(hairpin)
    return hairpin


def grant_updates(hairpin: Hairpind) -> None:
    """The key for all of the zone, without a limit that could be met."""
    hairpin.server.api.post("/v1/credentials", {
        "kind": "tsig", "name": KEY, "algorithm": "hmac-sha256", "secret": SECRET_BASE64,
        "allow": [{"zone": content.ZONE, "names": "*", "types": ["*"], "operations": ["update"]}],
        "per_minute": 10_000_000}).expect(201)


def run(folder: pathlib.Path, ca: TestCa, cores: machine.Cores, *, quick: bool) -> None:
    state = folder / "updates"
    state.mkdir()
    peers: list[Peer] = [_hairpin(state / "hairpin", ca, cores.server), UpdatedKnot(state / "knot", cores.server)]
    if shutil.which("named", path="/usr/sbin:/usr/bin"):
        peers.append(UpdatedBind(state / "bind", cores.server))
    rows = []
    try:
        for tcp in (False, True):
            for senders in (1, 32):
                for peer in peers:
                    machine.wait_for_quiet(cores)
                    figures, spent, foreign = run_load(
                        [LOAD / "update_load", "--server", f"127.0.0.1:{peer.port}", "--zone", content.ZONE, "--key", KEY,
                         "--secret", SECRET, "--names", content.SERVERS, "--senders", senders,
                         "--seconds", 1 if quick else 6, *(["--tcp"] if tcp else [])], peer.pid, cores)
                    rows.append([peer.name, "TCP" if tcp else "UDP", senders, f"{figures['per_second']:,.0f}",
                                 f"{spent / max(1, figures['answered']) * 1e6:.1f}", f"{figures['p50_us'] / 1000:.2f}",
                                 f"{figures['p99_us'] / 1000:.2f}", figures["wrong"], figures["lost"], f"{foreign:.0%}"])
    finally:
        for peer in peers:
            peer.stop()
    print_table("Signed UPDATEs of a zone of 3,000 records, each durable before it is answered",
                ["server", "over", "senders", "per second", "CPU us each", "p50 ms", "p99 ms", "wrong", "lost",
                 "others' CPU"], rows)
