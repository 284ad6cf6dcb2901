"""The other name servers: Debian's knot, nsd and bind9, each in its own folder and on its own port.

They are set up as near to Hairpin as they can be: small answers, no rate limit, no cookies, 1,232 octets of
UDP, ANY answered. What their configuration cannot make equal is in legitimate.py.
"""

from __future__ import annotations

import pathlib
import shutil
import socket

from support.ports import free_port
from support.process import Process, wait_until

from zones import TestZone

# soa example.org., which none of them serves: any answer means that it is up.
_PROBE = b"\0\1\0\0\0\1\0\0\0\0\0\0\7example\3org\0\0\6\0\1"


class Peer:
    """A name server with these zones, running from start() to end()."""

    name = ""
    program = ""
    generic: frozenset[str] = frozenset()  # Types whose text it does not read.
    refuses: frozenset[str] = frozenset()  # Zones that it does not load.

    def __init__(self, folder: pathlib.Path, zones: list[TestZone]):
        self.folder, self.zones = folder, [zone for zone in zones if zone.apex not in self.refuses]
        self.port = free_port()
        self.process: Process | None = None

    @classmethod
    def is_installed(cls) -> bool:
        return shutil.which(cls.program, path="/usr/sbin:/usr/bin:/sbin:/bin") is not None

    def start(self) -> Peer:
        self.folder.mkdir()
        for zone in self.zones:
            (self.folder / f"{zone.apex}zone").write_text(zone.text(self.generic))
        (self.folder / "conf").write_text(self.configuration())
        program = shutil.which(self.program, path="/usr/sbin:/usr/bin:/sbin:/bin")
        self.process = Process([program, *self.arguments()], self.folder / "log", cwd=self.folder)
        wait_until(self.is_up, f"{self.name} answers")
        return self

    def is_up(self) -> bool:
        assert self.process is not None
        assert self.process.status is None, f"{self.name} ended:\n{self.process.log()}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(0.2)
            try:
                client.connect(("127.0.0.1", self.port))
                client.send(_PROBE)
                return len(client.recv(512)) >= 12
            except OSError:
                return False

    def end(self) -> None:
        if self.process is not None:
            self.process.end()

    def configuration(self) -> str:
        raise NotImplementedError

    def arguments(self) -> list[str]:
        raise NotImplementedError


class Knot(Peer):
    name, program = "knot", "knotd"
    generic = frozenset({"GPOS", "HIP", "ISDN", "NSAP", "NSAP-PTR", "PX", "TALINK", "X25", "MB", "MG", "MR", "WKS"})

    def configuration(self) -> str:
        zones = "".join(f"""\
  - domain: {zone.apex}
    file: {self.folder}/{zone.apex}zone
    semantic-checks: soft
    journal-content: none
    zonefile-load: whole
    zonefile-sync: -1
""" for zone in self.zones)
        return f"""\
server:
    rundir: {self.folder}
    pidfile: {self.folder}/pid
    listen: 127.0.0.1@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    udp-max-payload: 1232
    tcp-idle-timeout: 60
database:
    storage: {self.folder}
control:
    listen: {self.folder}/control
log:
  - target: stderr
    any: info
zone:
{zones}"""

    def arguments(self) -> list[str]:
        return ["-c", "conf"]


class Nsd(Peer):
    name, program = "nsd", "nsd"
    generic = frozenset({"GPOS", "ISDN", "NSAP-PTR", "PX", "TALINK", "KEY", "NSAP", "APL", "HIP"})
    refuses = frozenset({"hidden.test."})

    def configuration(self) -> str:
        zones = "".join(f'zone:\n    name: "{zone.apex}"\n    zonefile: "{zone.apex}zone"\n' for zone in self.zones)
        return f"""\
server:
    ip-address: 127.0.0.1@{self.port}
    do-ip6: no
    server-count: 1
    username: ""
    chroot: ""
    zonesdir: "{self.folder}"
    database: ""
    pidfile: "{self.folder}/pid"
    xfrdfile: "{self.folder}/xfrd"
    zonelistfile: "{self.folder}/zones"
    xfrdir: "{self.folder}"
    minimal-responses: yes
    refuse-any: no
    round-robin: no
    ipv4-edns-size: 1232
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
    tcp-count: 100
    tcp-timeout: 60
    hide-version: yes
remote-control:
    control-enable: no
{zones}"""

    def arguments(self) -> list[str]:
        return ["-d", "-c", str(self.folder / "conf")]


class Bind(Peer):
    name, program = "bind", "named"
    generic = frozenset({"DHCID"})

    def configuration(self) -> str:
        zones = "".join(f'zone "{zone.apex}" {{ type primary; file "{zone.apex}zone"; }};\n' for zone in self.zones)
        return f"""\
options {{
    directory "{self.folder}";
    pid-file "{self.folder}/pid";
    session-keyfile "{self.folder}/session.key";
    managed-keys-directory "{self.folder}";
    lock-file none;
    listen-on port {self.port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    allow-query {{ any; }};
    recursion no;
    notify no;
    minimal-responses yes;
    minimal-any no;
    answer-cookie no;
    edns-udp-size 1232;
    max-udp-size 1232;
    nocookie-udp-size 1232;
    zero-no-soa-ttl no;
    max-records-per-type 0;
    max-types-per-name 0;
    check-names primary ignore;
    check-integrity no;
    check-wildcard no;
    check-mx ignore;
    check-sibling no;
    check-spf ignore;
    dnssec-validation no;
    empty-zones-enable no;
    tcp-clients 500;
    tcp-idle-timeout 600;
    querylog no;
    rrset-order {{ order none; }};
}};
controls {{ }};
{zones}"""

    def arguments(self) -> list[str]:
        return ["-c", str(self.folder / "conf"), "-g", "-n", "1"]


PEERS = (Knot, Nsd, Bind)
