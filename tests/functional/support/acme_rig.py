"""acme_rig (tests/support): acme/ between a real store, our own name server, and a CA."""

from __future__ import annotations

import dataclasses
import os
import pathlib
import re
import sqlite3
import subprocess

from support.tls import openssl

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("HAIRPIN_BUILD", ROOT / "build" / "dev"))
STATES = ("admitted ordering open txt-staged txt-live challenged ready finalizing processing fetched checked "
          "offered").split()
# Those that become durable in one transaction, at a CA that needs a moment to issue.
TOGETHER = [["admitted", "ordering"], ["open", "txt-staged"], ["txt-live", "challenged"], ["ready", "finalizing"],
            ["processing"], ["fetched", "checked", "offered"]]
NAMES = ["i-nur1.pl-demo.example.net", "nur1.pl-demo.example.net"]


def goes_on(states: list[str], due: list[str], *, was_told: bool) -> bool:
    """Whether a resumed attempt went on with what was due.

    `was_told`: the CA, which may have looked while nobody answered, for our name server had died as well. Then the
    attempt orders once more.
    """
    if was_told and "backoff" in states:
        due = [*due[:states.index("backoff")], "backoff", "wanted", *STATES]
    return states == due


@dataclasses.dataclass
class Run:
    status: int
    output: str
    errors: str

    def states(self, server: int = 1) -> list[str]:
        return re.findall(rf"^state {server} (\S+)$", self.output, re.MULTILINE)

    @property
    def problem(self) -> str:
        """The step and the words of the problem that ended it."""
        return re.search(r"^problem (.*)$", self.output, re.MULTILINE).group(1)

    def issuer(self, name: str) -> tuple[str, int, int]:
        """Its breaker's state, orders placed there, certificates from there."""
        state, orders, issued = re.search(rf"^issuer {name} (\S+) (\d+) (\d+)$", self.output, re.MULTILINE).groups()
        return state, int(orders), int(issued)

    def accounts(self, name: str) -> dict[str, str]:
        """By role: URL."""
        return dict(re.findall(rf"^account {name} (\S+) (\S*)$", self.output, re.MULTILINE))

    def canary(self, name: str) -> tuple[int, str]:
        """Failures in a row, and the last one."""
        failures, problem = re.search(rf"^canary {name} (\d+) (.*)$", self.output, re.MULTILINE).groups()
        return int(failures), problem

    def counter(self, name: str) -> int:
        return int(re.search(rf"\b{name}=(\d+)", self.output).group(1))


class Rig:
    def __init__(self, folder: pathlib.Path, ca_file: pathlib.Path, dns_port: int):
        folder.mkdir(exist_ok=True)
        self.folder, self._ca_file, self.dns_port = folder, ca_file, dns_port
        self.directory = ""
        self.options: list[str] = []  # Of every run.

    def run(self, *options: str, status: int | None = 0) -> Run:
        program = BUILD / "tests" / "unit" / "acme" / "acme_rig"
        assert program.is_file(), f"{program} is not built"
        ended = subprocess.run(
            [program, self.folder, str(self.dns_port), self.directory, self._ca_file, *self.options,
             *options],
            text=True, capture_output=True, check=False, timeout=150)
        assert "Sanitizer" not in ended.stderr, ended.stderr
        assert status is None or ended.returncode == status, f"{ended.returncode}\n{ended.stdout}{ended.stderr}"
        return Run(ended.returncode, ended.stdout, ended.stderr)

    def chain(self, server: int = 1) -> pathlib.Path:
        return self.folder / f"{server}.pem"

    def edit(self, sql: str) -> None:
        """Makes something true that would take weeks."""
        with sqlite3.connect(f"{self.folder}/hairpin.db") as database:
            assert database.execute(sql).rowcount > 0

    def make_renewal_due(self) -> None:
        self.edit("UPDATE certificates SET renew_at = 1")
        self.edit("UPDATE acme_attempts SET next_at = 1 WHERE state IN ('offered', 'deployed')")

    def make_renewal_check_due(self) -> None:
        """The CA is asked when to renew, of a certificate that is not young any more."""
        self.edit("UPDATE certificates SET issued_at = issued_at - 1000000000, not_before = not_before - 1000000000")
        self.edit("UPDATE certificate_renewals SET check_at = 1")
        self.edit("UPDATE acme_attempts SET next_at = 1 WHERE state IN ('offered', 'deployed')")

    def rows(self, sql: str) -> list[tuple]:
        with sqlite3.connect(f"file:{self.folder}/hairpin.db?mode=ro", uri=True) as database:
            return database.execute(sql).fetchall()


def names_in(chain: pathlib.Path) -> list[str]:
    text = openssl("x509", "-in", chain, "-noout", "-ext", "subjectAltName")
    return sorted(re.findall(r"DNS:([^,\s]+)", text))
