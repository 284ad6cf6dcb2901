"""Debian's pebble: a real ACME CA on loopback that asks our DNS."""

from __future__ import annotations

import json
import pathlib

from support.http import Api
from support.ports import free_port
from support.process import Process, wait_until
from support.tls import TestCa, openssl


class Pebble:
    """Validates against the name server at `dns_port`. Not started until `start()`."""

    def __init__(self, folder: pathlib.Path, ca: TestCa, dns_port: int, *,
                 reject_nonces: int = 0, reuse_authorizations: int = 0, sleep: int = 0, alternate_roots: int = 0,
                 chain_length: int = 1, eab_keys: dict[str, str] | None = None, blocked: list[str] | None = None,
                 validity: int = 7776000):
        """sleep: seconds that a validation takes at most. eab_keys: base64url by kid. blocked: domains."""
        self._folder = folder
        self._ca = ca
        self._dns_port = dns_port
        self._validity = validity  # Of certificates, in seconds.
        self._environment = {
            # 2.4.0 locks up for ever where newOrder, a look at an authorization and any change of its store meet on
            # several threads: newOrder holds the store and waits for the authorization, which holds itself and waits
            # for the store.
            "GOMAXPROCS": "1",
            "PEBBLE_WFE_NONCEREJECT": str(reject_nonces),
            "PEBBLE_AUTHZREUSE": str(reuse_authorizations),
            "PEBBLE_ALTERNATE_ROOTS": str(alternate_roots),
            "PEBBLE_CHAIN_LENGTH": str(chain_length),
            "PEBBLE_WFE_ORDERS_PER_PAGE": "2",
            **({"PEBBLE_VA_SLEEPTIME": str(sleep)} if sleep else {"PEBBLE_VA_NOSLEEP": "1"}),
        }
        self._more = {"externalAccountBindingRequired": bool(eab_keys), "externalAccountMACKeys": eab_keys or {},
                      "domainBlocklist": blocked or []}
        self.port, self._management_port = free_port(), free_port()
        self.directory = f"https://127.0.0.1:{self.port}/dir"
        self.ca_file = ca.certificate
        self._process: Process | None = None

    def start(self) -> Pebble:
        tls = self._ca.issue("pebble")
        config = self._folder / "pebble.json"
        config.write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{self.port}",
            "managementListenAddress": f"127.0.0.1:{self._management_port}",
            "certificate": str(tls.certificate), "privateKey": str(tls.key),
            "httpPort": 5002, "tlsPort": 5001, "ocspResponderURL": "",
            "certificateValidityPeriod": self._validity, **self._more,
        }}))
        self._process = Process(
            ["pebble", "-config", config, "-strict", "-dnsserver", f"127.0.0.1:{self._dns_port}"],
            self._folder / "pebble.log", environment=self._environment)
        wait_until(self._is_up, "pebble answers")
        return self

    def _is_up(self) -> bool:
        assert self._process and self._process.status is None, self.log()
        try:
            return Api(self.port, self.ca_file).get("/dir").status == 200
        except OSError:
            return False

    def _management(self, path: str) -> str:
        return Api(self._management_port, self.ca_file).get(path).expect(200).body.decode()

    def verify(self, chain: pathlib.Path, number: int = 0) -> str:
        """`openssl verify` of the first certificate of a chain against one of pebble's roots; its output."""
        root = self._folder / "root.pem"
        root.write_text(self._management(f"/roots/{number}"))
        return openssl("verify", "-CAfile", root, "-untrusted", chain, chain)

    def status_of(self, certificate: pathlib.Path) -> str:
        """"Valid" or "Revoked"."""
        serial = openssl("x509", "-in", certificate, "-noout", "-serial").strip().removeprefix("serial=").lower()
        return json.loads(self._management(f"/cert-status-by-serial/{serial}"))["Status"]

    @property
    def root(self) -> str:
        return self._management("/roots/0")

    def root_name(self, number: int) -> str:
        """The common name of one of its roots."""
        subject = openssl("x509", "-noout", "-subject", stdin=self._management(f"/roots/{number}"))
        return subject.rpartition("CN = ")[2].strip()

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def log(self) -> str:
        return self._process.log() if self._process else ""

    def stop(self) -> None:
        if self._process:
            self._process.end()
            self._process = None
