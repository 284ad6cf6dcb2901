"""Real name servers that a zone moves away from: Knot, NSD and BIND with a zone file and a TSIG key."""

from __future__ import annotations

import pathlib

import dns.exception
from support.dns import Resolver
from support.name_server import NameServer
from support.ports import free_port
from support.process import wait_until

KEY_NAME, SECRET = "move.example.", "c2VjcmV0IHRoYXQgaXMgb25seSBmb3IgdGhlIHRlc3Rz"


def key_clause(secret: str = SECRET, name: str = KEY_NAME) -> str:
    """As BIND and NSD's tools write a key."""
    return f'key "{name}" {{ algorithm hmac-sha256; secret "{secret}"; }};\n'


class Primary(NameServer):
    """Serves `zone` from `text` at 127.0.0.1; transfers it to anybody, or to who signs with the key."""

    program = ""

    def __init__(self, folder: pathlib.Path, zone: str, text: str, *, signed_only: bool = False):
        super().__init__(folder)
        self.zone, self.signed_only = zone, signed_only
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        folder.mkdir(parents=True)
        (folder / "zone").write_text(text)

    def start(self) -> Primary:
        self.run()
        wait_until(self._is_up, f"{self.program} serves {self.zone}", every=0.1)
        return self

    def _is_up(self) -> bool:
        assert self._process is not None and self._process.status is None, self.log()
        try:
            return bool(Resolver(self.port).serial(self.zone))
        except (dns.exception.DNSException, OSError, IndexError):
            return False



class Knot(Primary):
    program = "knotd"

    def config(self) -> str:
        key = "    key: move\n" if self.signed_only else ""
        return f"""
server:
    rundir: {self.short}
    listen: 127.0.0.1@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
log:
  - target: stderr
    any: info
database:
    storage: {self.folder}
    journal-db-max-size: 64M
    kasp-db-max-size: 16M
    timer-db-max-size: 16M
control:
    listen: {self.short}/knot.sock
key:
  - id: move
    algorithm: hmac-sha256
    secret: {SECRET}
acl:
  - id: mover
    address: 127.0.0.1
{key}    action: transfer
zone:
  - domain: {self.zone}
    file: {self.folder}/zone
    acl: mover
    zonefile-sync: -1
""".replace("id: move\n", f"id: {KEY_NAME}\n").replace("key: move\n", f"key: {KEY_NAME}\n")

    def command(self, config: pathlib.Path) -> list[object]:
        return ["/usr/sbin/knotd", "-c", config]


class Nsd(Primary):
    program = "nsd"

    def config(self) -> str:
        return f"""
server:
    ip-address: 127.0.0.1@{self.port}
    server-count: 1
    username: ""
    chroot: ""
    zonesdir: "{self.folder}"
    database: ""
    pidfile: "{self.folder}/nsd.pid"
    logfile: "{self.folder}/nsd-own.log"
    xfrdfile: "{self.folder}/xfrd.state"
    zonelistfile: "{self.folder}/zone.list"
    xfrdir: "{self.short}"
remote-control:
    control-enable: no
key:
    name: "{KEY_NAME}"
    algorithm: hmac-sha256
    secret: "{SECRET}"
zone:
    name: "{self.zone}"
    zonefile: "zone"
    provide-xfr: 127.0.0.1 {KEY_NAME if self.signed_only else "NOKEY"}
"""

    def command(self, config: pathlib.Path) -> list[object]:
        return ["/usr/sbin/nsd", "-d", "-c", config]


class Bind(Primary):
    program = "named"
    zone_options = ""

    def config(self) -> str:
        allowed = f'key "{KEY_NAME}"' if self.signed_only else "127.0.0.1"
        return f"""{key_clause()}
options {{
    directory "{self.folder}";
    listen-on port {self.port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    pid-file "{self.folder}/named.pid";
    session-keyfile "{self.folder}/session.key";
    managed-keys-directory "{self.folder}";
    key-directory "{self.folder}";
    lock-file none;
    recursion no;
    dnssec-validation no;
    notify no;
    allow-transfer {{ {allowed}; }};
}};
controls {{ }};
zone "{self.zone}" {{ type primary; file "zone"; check-names ignore; {self.zone_options} }};
"""

    def command(self, config: pathlib.Path) -> list[object]:
        return ["/usr/sbin/named", "-g", "-n", "1", "-c", config]


class SigningBind(Bind):
    """Signs the zone itself, with keys that it makes."""

    zone_options = "dnssec-policy default; inline-signing yes;"


KINDS = {"knot": Knot, "nsd": Nsd, "bind": Bind}
