"""UPDATE requests octet by octet, well-formed or not, and the servers that get them."""

from __future__ import annotations

import base64
import dataclasses
import hmac
import itertools
import pathlib
import random
import socket
import struct
import time
from collections.abc import Iterator

import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.tsigkeyring
import dns.zone

ZONE = "upd.test."
KEY, SECRET = "upd.", b"0123456789abcdef0123456789abcdef"
SECRET_BASE64 = base64.b64encode(SECRET).decode()
IN, CH, NONE, ANY = 1, 3, 254, 255
A, NS, CNAME, SOA, TXT, DNAME, AXFR, MAILB, TYPE_ANY, UNKNOWN = 1, 2, 5, 6, 16, 39, 252, 253, 255, 65280
ZONE_TEXT = f"""\
$ORIGIN {ZONE}
@ 3600 IN SOA ns1.example.net. hostmaster.example.net. 1 3600 600 604800 60
@ 3600 IN NS ns1.example.net.
@ 3600 IN NS ns2.example.net.
"""


def wire_name(text: str) -> bytes:
    return dns.name.from_text(text).to_wire()


# The RDATA that a request has of each type; what no zone holds has some octets.
RDATA = {
    A: socket.inet_aton("192.0.2.1"), NS: wire_name("ns1.example.net."), CNAME: wire_name("target.example.net."),
    TXT: b"\1a", DNAME: wire_name("away.example.net."), UNKNOWN: b"\1\2",
    SOA: wire_name("a.example.net.") + wire_name("b.example.net.") + struct.pack(">IIIII", 1, 5, 6, 7, 8),
    AXFR: b"\1", MAILB: b"\1", TYPE_ANY: b"\1",
}
OTHER_A = socket.inet_aton("192.0.2.2")
# Owner -> what it holds before each request: (type, RDATA).
CONTENT = {"www": [(A, RDATA[A]), (A, OTHER_A), (TXT, b"\1a")], "one": [(A, RDATA[A])], "alias": [(CNAME, RDATA[CNAME])],
           "cut": [(NS, RDATA[NS])], "down": [(DNAME, RDATA[DNAME])], "odd": [(UNKNOWN, RDATA[UNKNOWN])],
           "leaf.ent": [(A, RDATA[A])], "@": [(TXT, b"\1z")]}
EMPTY = ("none", "new.ent", "ent")


@dataclasses.dataclass(frozen=True)
class Record:
    owner: str
    rclass: int
    rtype: int
    ttl: int
    rdata: bytes

    def wire(self) -> bytes:
        name = self.owner if self.owner.endswith(".") else ZONE if self.owner == "@" else f"{self.owner}.{ZONE}"
        return wire_name(name) + struct.pack(">HHIH", self.rtype, self.rclass, self.ttl, len(self.rdata)) + self.rdata

    def text(self) -> str:
        rclass = {IN: "IN", CH: "CH", NONE: "NONE", ANY: "ANY"}[self.rclass]
        return f"{self.owner} {self.ttl} {rclass} {dns.rdatatype.to_text(self.rtype)} {self.rdata.hex() or '-'}"


@dataclasses.dataclass(frozen=True)
class Request:
    prerequisites: tuple[Record, ...] = ()
    updates: tuple[Record, ...] = ()

    def wire(self, ident: int) -> bytes:
        records = b"".join(record.wire() for record in self.prerequisites + self.updates)
        zone = wire_name(ZONE) + struct.pack(">HH", SOA, IN)

        def head(additional: int) -> bytes:
            return struct.pack(">HHHHHH", ident, 5 << 11, 1, len(self.prerequisites), len(self.updates), additional)

        moment = struct.pack(">HIH", 0, int(time.time()), 300)
        key, algorithm = wire_name(KEY), wire_name("hmac-sha256.")
        signed = head(0) + zone + records + key + struct.pack(">HI", ANY, 0) + algorithm + moment + b"\0\0\0\0"
        mac = hmac.digest(SECRET, signed, "sha256")
        rdata = algorithm + moment + struct.pack(">H", len(mac)) + mac + struct.pack(">HHH", ident, 0, 0)
        return head(1) + zone + records + key + struct.pack(">HHIH", 250, ANY, 0, len(rdata)) + rdata

    def text(self) -> str:
        lines = [f"need {each.text()}" for each in self.prerequisites] + [f"do {each.text()}" for each in self.updates]
        return "; ".join(lines)


def reset_request() -> Request:
    """Makes the zone what it was."""
    updates = [Record(owner, ANY, TYPE_ANY, 0, b"") for owner in (*CONTENT, *EMPTY)]
    updates += [Record("@", IN, NS, 3600, wire_name(f"ns{number}.example.net.")) for number in (1, 2)]
    updates += [Record("@", NONE, NS, 0, wire_name("ns3.example.net."))]
    updates += [Record(owner, IN, rtype, 60, rdata) for owner, records in CONTENT.items() for rtype, rdata in records]
    return Request((), tuple(updates))


OWNERS = (*CONTENT, *EMPTY, "outside.test.")
TYPES = (A, NS, CNAME, SOA, TXT, DNAME, AXFR, MAILB, TYPE_ANY, UNKNOWN)


def every_form(owners: tuple[str, ...]) -> Iterator[Record]:
    """A record of each class, type and TTL, with and without RDATA."""
    for owner, rclass, rtype, ttl, full in itertools.product(owners, (IN, CH, NONE, ANY), TYPES, (0, 60), (True, False)):
        yield Record(owner, rclass, rtype, ttl, RDATA[rtype] if full else b"")


def sensible(chance: random.Random, *, update: bool) -> Record:
    """A record in a form that its section may hold."""
    owner, rtype = chance.choice(OWNERS[:-1]), chance.choice((A, NS, CNAME, TXT, DNAME, UNKNOWN))
    rdata = OTHER_A if rtype == A and chance.random() < 0.5 else RDATA[rtype]
    rclass = chance.choice((IN, IN, NONE, ANY, ANY) if update else (IN, NONE, ANY))
    if rclass == IN or (rclass == NONE and update):
        return Record(owner, rclass, rtype, 60 if update and rclass == IN else 0, rdata)
    return Record(owner, rclass, chance.choice((rtype, TYPE_ANY)), 0, b"")


def requests(seed: int, singles: int, mixes: int) -> list[Request]:
    """`singles` requests with one record of any form, `mixes` with several that make sense."""
    chance = random.Random(seed)
    forms = list(every_form(OWNERS))
    made = [Request(updates=(record,)) for record in chance.sample(forms, singles // 2)]
    made += [Request(prerequisites=(record,), updates=(Record("none", IN, A, 60, RDATA[A]),))
             for record in chance.sample(forms, singles // 2)]
    for _ in range(mixes):
        made.append(Request(tuple(sensible(chance, update=False) for _ in range(chance.choice((0, 0, 1, 2)))),
                            tuple(sensible(chance, update=True) for _ in range(chance.randrange(1, 6)))))
    return made


class Server:
    """Takes updates over one TCP connection and gives its zone away."""

    def __init__(self, name: str, port: int):
        self.name, self.port = name, port
        self._connection: socket.socket | None = None
        self._ident = 0

    def send(self, request: Request) -> str:
        """The RCODE, or what happened instead of an answer."""
        self._ident = self._ident % 65_535 + 1
        wire = request.wire(self._ident)
        for _ in range(2):  # A server may close a connection that it has had enough of.
            if self._connection is None:
                self._connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
            try:
                self._connection.sendall(struct.pack(">H", len(wire)) + wire)
                length = int.from_bytes(self._read(2), "big")
                answer = self._read(length)
                assert answer[:2] == wire[:2] and answer[2] >> 3 == 16 + 5
                return dns.rcode.to_text(answer[3] & 15)
            except OSError:
                self._connection.close()
                self._connection = None
        return "silence"

    def _read(self, octets: int) -> bytes:
        assert self._connection is not None
        data = b""
        while len(data) < octets:
            more = self._connection.recv(octets - len(data))
            if not more:
                raise ConnectionResetError
            data += more
        return data

    def content(self) -> set[str]:
        """The zone without its SOA, one line for each record."""
        ring = dns.tsigkeyring.from_text({KEY: ("hmac-sha256", SECRET_BASE64)})
        zone = dns.zone.from_xfr(dns.query.xfr("127.0.0.1", ZONE, port=self.port, keyring=ring, keyname=KEY,
                                               keyalgorithm="hmac-sha256", relativize=True, timeout=20))
        return {f"{name} {ttl} {dns.rdatatype.to_text(rdata.rdtype)} {rdata.to_text()}".lower()
                for name, ttl, rdata in zone.iterate_rdatas() if rdata.rdtype != SOA}


def knot_config(folder: pathlib.Path, port: int) -> str:
    return (f"server:\n  rundir: {folder}\n  listen: 127.0.0.1@{port}\n  udp-workers: 1\n  tcp-workers: 1\n"
            f"  background-workers: 1\n  tcp-idle-timeout: 60\nlog:\n  - target: stderr\n    any: warning\n"
            f"database:\n  storage: {folder}\nkey:\n  - id: {KEY}\n    algorithm: hmac-sha256\n    secret: {SECRET_BASE64}\n"
            f"acl:\n  - id: all\n    key: {KEY}\n    action: [update, transfer]\n"
            f"zone:\n  - domain: {ZONE}\n    storage: {folder}\n    file: zone\n    zonefile-sync: -1\n"
            "    zonefile-load: difference-no-serial\n    journal-content: all\n    semantic-checks: soft\n    acl: all\n")


def bind_config(folder: pathlib.Path, port: int) -> str:
    return (f'options {{ directory "{folder}"; pid-file "{folder}/pid"; session-keyfile "{folder}/session.key"; '
            f'managed-keys-directory "{folder}"; lock-file none; listen-on port {port} {{ 127.0.0.1; }}; '
            "listen-on-v6 { none; }; recursion no; notify no; dnssec-validation no; };\ncontrols { };\n"
            f'key "{KEY}" {{ algorithm hmac-sha256; secret "{SECRET_BASE64}"; }};\n'
            f'zone "{ZONE}" {{ type primary; file "zone"; allow-update {{ key "{KEY}"; }}; '
            f'allow-transfer {{ key "{KEY}"; }}; check-integrity no; }};\n')
