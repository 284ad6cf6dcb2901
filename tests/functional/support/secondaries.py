"""Real secondary name servers on loopback: Knot, NSD and BIND, each in a folder of its own."""

from __future__ import annotations

import pathlib
import subprocess
from typing import Any

import dns.exception
import dns.rdatatype
from support.dns import Resolver
from support.name_server import NameServer
from support.ports import free_port
from support.process import wait_until


class Secondary(NameServer):
    """Follows `zones` of the primary at 127.0.0.1 and `primary_port`. Not started until `start()`.

    `key`, as the API shows a new one, signs what it asks, and what tells it of changes has to be signed with it.
    """

    program = ""

    def __init__(self, folder: pathlib.Path, primary_port: int, zones: list[str],
                 key: dict[str, Any] | None = None):
        super().__init__(folder)
        self.primary_port, self.zones, self.key = primary_port, zones, key
        self.port, self.control_port = free_port(), free_port()
        self.dns = Resolver(self.port)

    def start(self) -> Secondary:
        """Runs it and waits until it has all zones."""
        self.launch()
        for zone in self.zones:
            wait_until(lambda zone=zone: self.serial(zone), f"{self.program} has {zone}", every=0.2)
        return self

    def launch(self) -> None:
        (self.folder / "zones").mkdir(parents=True)
        self.run()

    def serial(self, zone: str) -> int:
        """0 while it does not serve the zone."""
        assert self._process is not None and self._process.status is None, self.log()
        try:
            return self.dns.serial(zone)
        except (dns.exception.DNSException, OSError, IndexError):
            return 0

    def refresh(self, zone: str) -> None:
        """Asks the primary for what is new, now."""
        run = subprocess.run([str(word) for word in self.refresh_command(zone)], text=True, capture_output=True,
                             check=False, timeout=60)
        assert run.returncode == 0, run.stdout + run.stderr + self.log()

    def follow(self, zone: str, serial: int) -> None:
        """Until it serves this serial."""
        def has_it() -> bool:
            if self.serial(zone) == serial:
                return True
            self.refresh(zone)
            return False
        wait_until(has_it, f"{self.program} has {zone} at {serial}", every=0.3)

    def refresh_command(self, zone: str) -> list[object]:
        raise NotImplementedError


class Knot(Secondary):
    program = "knotd"

    def config(self) -> str:
        zones = "".join(f"""
  - domain: {zone}
    master: primary
    acl: [anybody, primary]
""" for zone in self.zones)
        key, signed = "", ""
        if self.key:
            key = f"""key:
  - id: {self.key["name"]}.
    algorithm: {self.key["algorithm"]}
    secret: {self.key["secret"]}
"""
            signed = f"\n    key: {self.key['name']}."
        return f"""{key}
server:
    rundir: {self.short}
    listen: 127.0.0.1@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 2
log:
  - target: stderr
    any: debug
database:
    storage: {self.folder}
    journal-db-max-size: 64M
    kasp-db-max-size: 16M
    timer-db-max-size: 16M
control:
    listen: {self.short}/knot.sock
remote:
  - id: primary
    address: 127.0.0.1@{self.primary_port}{signed}
acl:
  - id: anybody
    address: 127.0.0.1
    action: transfer
  - id: primary
    address: 127.0.0.1
    action: notify{signed}
template:
  - id: default
    storage: {self.folder}/zones
    zonefile-sync: -1
    zonefile-load: none
    journal-content: all
zone:{zones}"""

    def command(self, config: pathlib.Path) -> list[object]:
        return ["/usr/sbin/knotd", "-c", config]

    def refresh_command(self, zone: str) -> list[object]:
        return ["/usr/sbin/knotc", "-s", self.short / "knot.sock", "zone-refresh", zone]


class Nsd(Secondary):
    program = "nsd"

    def config(self) -> str:
        key, signed = "", "NOKEY"
        if self.key:
            signed = self.key["name"]
            key = f"""
key:
    name: "{signed}"
    algorithm: {self.key["algorithm"]}
    secret: "{self.key["secret"]}"
"""
        zones = "".join(f"""
zone:
    name: "{zone}"
    zonefile: "{zone}zone"
    allow-notify: 127.0.0.1 {signed}
    request-xfr: 127.0.0.1@{self.primary_port} {signed}
    provide-xfr: 127.0.0.1 NOKEY
""" for zone in self.zones)
        return f"""
server:
    ip-address: 127.0.0.1@{self.port}
    server-count: 1
    username: ""
    chroot: ""
    verbosity: 2
    zonesdir: "{self.folder}/zones"
    database: ""
    pidfile: "{self.folder}/nsd.pid"
    logfile: "{self.folder}/nsd-own.log"
    xfrdfile: "{self.folder}/xfrd.state"
    zonelistfile: "{self.folder}/zone.list"
    xfrdir: "{self.short}"
remote-control:
    control-enable: yes
    control-interface: {self.short}/nsd.sock
{key}{zones}"""

    def command(self, config: pathlib.Path) -> list[object]:
        return ["/usr/sbin/nsd", "-d", "-c", config]

    def refresh_command(self, zone: str) -> list[object]:
        return ["/usr/sbin/nsd-control", "-c", self.folder / "nsd.conf", "transfer", zone]


class Bind(Secondary):
    program = "named"
    _KEY = 'key "rndc" { algorithm hmac-sha256; secret "bm8gc2VjcmV0IGF0IGFsbA=="; };\n'

    def config(self) -> str:
        (self.folder / "rndc.conf").write_text(
            self._KEY + f'options {{ default-key "rndc"; default-server 127.0.0.1; default-port {self.control_port}; }};\n')
        zones = "".join(f"""
zone "{zone}" {{
    type secondary;
    primaries {{ {self.primary()} }};
    file "zones/{zone}zone";
    masterfile-format text;
}};
""" for zone in self.zones)
        key = ""
        if self.key:
            key = (f'key "{self.key["name"]}" {{ algorithm {self.key["algorithm"]}; '
                   f'secret "{self.key["secret"]}"; }};\n')
        return f"""{self._KEY}{key}
controls {{ inet 127.0.0.1 port {self.control_port} allow {{ 127.0.0.1; }} keys {{ "rndc"; }}; }};
options {{
    directory "{self.folder}";
    listen-on port {self.port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    pid-file "{self.folder}/named.pid";
    session-keyfile "{self.folder}/session.key";
    managed-keys-directory "{self.folder}";
    lock-file none;
    recursion no;
    dnssec-validation no;
    notify no;
    request-ixfr yes;
    allow-transfer {{ 127.0.0.1; }};
}};
{zones}"""

    def primary(self) -> str:
        key = f' key "{self.key["name"]}"' if self.key else ""
        return f"127.0.0.1 port {self.primary_port}{key};"

    def command(self, config: pathlib.Path) -> list[object]:
        return ["/usr/sbin/named", "-g", "-n", "1", "-c", config]

    def refresh_command(self, zone: str) -> list[object]:
        return ["/usr/sbin/rndc", "-c", self.folder / "rndc.conf", "refresh", zone]


class BindOverTls(Bind):
    """The same, with zones transferred over TLS (RFC 9103) and the primary's certificate checked."""

    def __init__(self, folder: pathlib.Path, primary_port: int, zones: list[str], *, tls_port: int,
                 ca_file: pathlib.Path):
        super().__init__(folder, primary_port, zones)
        self._tls_port, self._ca_file = tls_port, ca_file

    def config(self) -> str:
        tls = f'tls "primary" {{ ca-file "{self._ca_file}"; remote-hostname "localhost"; }};\n'
        clear = f"127.0.0.1 port {self.primary_port};"
        return tls + super().config().replace(clear, f'127.0.0.1 port {self._tls_port} tls "primary";')


KINDS = {"knot": Knot, "nsd": Nsd, "bind": Bind}
