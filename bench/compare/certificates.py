"""What certificates cost that only wait for their renewal: start time and memory, without acme/ and with it."""

from __future__ import annotations

import pathlib
import sqlite3
import subprocess

from compare import machine
from compare.peers import LOAD, Hairpind
from compare.table import print_table
from support.ports import free_port
from support.tls import TestCa

_DAY = 24 * 3600 * 1000
_NOW = "(unixepoch() * 1000)"
# Chains are as long as Let's Encrypt's of two certificates are. Nothing is due for a month.
_CERTIFICATES = f"""
INSERT INTO certificates (server_id, sha256, key_sha256, key_origin, not_before, not_after, issued_at, renew_at, chain,
                          csr, key_sealed)
SELECT id, randomblob(32), randomblob(32), 'device', {_NOW}, {_NOW} + 90 * {_DAY}, {_NOW}, {_NOW} + 60 * {_DAY},
       hex(randomblob(1800)), randomblob(400), x'' FROM servers;
INSERT INTO certificate_renewals (certificate_id, cert_id, directory, account, window_start, window_end, check_at)
SELECT id, hex(sha256), :directory, 'https://ca.test/account/1', renew_at, renew_at + {_DAY}, {_NOW} + 30 * {_DAY}
FROM certificates;
INSERT INTO acme_attempts (server_id, state, next_at, cause, created_at, changed_at, failures, problem_type, problem,
                           zone_apex, public_name, internal_name, key_origin, csr, key_sealed, key_sha256, order_url,
                           finalize_url, certificate_url, chain, certificate_sha256)
SELECT s.id, 'offered', {_NOW} + 30 * {_DAY}, 'first', {_NOW}, {_NOW}, 0, '', '', l.zone_apex,
       s.label || '.' || rtrim(l.zone_apex, '.'), 'i-' || s.label || '.' || rtrim(l.zone_apex, '.'), 'device',
       c.csr, x'', c.key_sha256, '', '', '', '', c.sha256
FROM servers s JOIN licences l ON l.name = s.licence JOIN certificates c ON c.server_id = s.id;
"""


def _give_certificates(database: pathlib.Path, directory: str) -> None:
    with sqlite3.connect(database) as connection:
        for statement in _CERTIFICATES.split(";"):
            if statement.strip():
                connection.execute(statement, {"directory": directory} if ":directory" in statement else {})


def _fill(hairpin: Hairpind, folder: pathlib.Path, licences: int) -> None:
    token = folder / "operator.token"
    token.write_text(hairpin.server.token)
    filled = subprocess.run(
        [LOAD / "licence_fill", "--server", f"127.0.0.1:{hairpin.server.http_port}", "--token", token,
         "--licences", str(licences), "--servers", "1"], text=True, capture_output=True, check=False)
    if filled.returncode != 0:
        raise RuntimeError(filled.stderr)


def _figures(folder: pathlib.Path, ca: TestCa, cores: machine.Cores, licences: int) -> list[list[object]]:
    state = folder / f"hairpin-{licences}"
    state.mkdir()
    hairpin = Hairpind(state, ca)
    directory = f"https://127.0.0.1:{free_port()}/dir"  # Nobody is there: nothing is due.
    rows = []
    hairpin.start(cores.server)
    try:
        _fill(hairpin, state, licences)
        hairpin.stop()
        _give_certificates(hairpin.server.data_dir / "hairpin.db", directory)
        for name, configured in (("without [acme]", ""), ("with [acme]", directory)):
            hairpin.server.config["acme"] = {"directory": configured}
            hairpin.start(cores.server)
            rows.append([name, f"{licences:,}", f"{hairpin.start_seconds:.2f}", f"{machine.resident_mib(hairpin.pid):,.0f}",
                         f"{machine.cpu_seconds(hairpin.pid):.2f}"])
            hairpin.stop()
    finally:
        hairpin.stop()
    return rows


def run(folder: pathlib.Path, ca: TestCa, cores: machine.Cores, *, quick: bool) -> None:
    state = folder / "certificates"
    state.mkdir()
    rows = []
    for licences in (1, 100) if quick else (1, 10_000, 100_000):
        rows += _figures(state, ca, cores, licences)
    print_table("Certificates that wait for their renewal: start until ready, memory and CPU time then (one core)",
                ["hairpind", "certificates", "start s", "RSS MiB", "CPU s"], rows)
