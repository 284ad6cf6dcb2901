"""The questions: names that exist, almost exist and do not, times types, times ways of asking.

All of it is chosen by a fixed seed: a failure comes back when the test is run again.
"""

from __future__ import annotations

import dataclasses
import random
import struct
from collections.abc import Iterator

import dns.name
import dns.rdatatype

from zones import TestZone

SEED = 20261124


@dataclasses.dataclass(frozen=True)
class Way:
    """How a question is asked."""

    label: str
    flags: int = 0
    edns: bool = False
    udp_octets: int = 0
    edns_flags: int = 0
    options: bytes = b""
    tcp: bool = False


RD, AD, CD, Z, DO = 0x0100, 0x0020, 0x0010, 0x0040, 0x8000
WAYS = (
    Way("plain"),
    Way("RD", flags=RD),
    Way("AD", flags=AD),
    Way("CD RD", flags=CD | RD),
    Way("EDNS 512", edns=True, udp_octets=512),
    Way("EDNS 1232", edns=True, udp_octets=1232),
    Way("EDNS 4096", edns=True, udp_octets=4096),
    Way("EDNS 0", edns=True, udp_octets=0),
    Way("DO 1232", edns=True, udp_octets=1232, edns_flags=DO),
    Way("DO 512", edns=True, udp_octets=512, edns_flags=DO),
    Way("unknown option", edns=True, udp_octets=1232, options=b"\xfd\xe9\0\3abc"),
    Way("unknown flag", edns=True, udp_octets=1232, edns_flags=0x0040),
    Way("TCP", tcp=True),
    Way("TCP, DO", edns=True, udp_octets=1232, edns_flags=DO, tcp=True),
)
PLAIN_TCP, DO_TCP = WAYS[-2], WAYS[-1]


@dataclasses.dataclass(frozen=True)
class Question:
    name: bytes  # In wire form, as asked.
    rtype: int
    way: Way

    @property
    def message(self) -> bytes:
        way = self.way
        head = struct.pack(">6H", 0, way.flags, 1, 0, 0, 1 if way.edns else 0)
        text = head + self.name + struct.pack(">2H", self.rtype, 1)
        if way.edns:
            text += struct.pack(">BHHLH", 0, 41, way.udp_octets, way.edns_flags, len(way.options)) + way.options
        return text

    @property
    def qname(self) -> dns.name.Name:
        return dns.name.from_wire(self.name, 0)[0]

    def is_within(self, apex: str) -> bool:
        return self.qname.is_subdomain(dns.name.from_text(apex))

    def __str__(self) -> str:
        return f"{self.qname} {dns.rdatatype.to_text(self.rtype)} ({self.way.label})"


def _numbers(*texts: str) -> list[int]:
    return [int(dns.rdatatype.from_text(text)) for text in texts]


# Asked of every name. The rest of the types is asked where it stands, and here and there.
COMMON = _numbers("A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA", "DNAME", "DS", "HTTPS", "ANY")
SELDOM = _numbers("PTR", "SRV", "RRSIG", "NSEC", "DNSKEY", "NSEC3PARAM", "TYPE1000", "TYPE65400", "SVCB", "CAA", "HINFO",
                  "TYPE65535", "NULL")


def _fits(labels: tuple[bytes, ...]) -> bool:
    return sum(len(label) + 1 for label in labels) <= 255 and all(len(label) <= 63 for label in labels)


def _names_around(owner: dns.name.Name, source: random.Random) -> Iterator[dns.name.Name]:
    labels = owner.labels
    around = [front + labels for front in ((b"nx",), (b"*",), (b"x", b"y"), (b"\0",), (b"a" * source.randint(1, 63),))]
    if len(labels) > 3:
        around += [(b"nx", *labels[1:]), (b"*", *labels[1:])]  # A sibling, and the wildcard that would cover it.
        around += [(labels[0] + b"0", *labels[1:]), labels[1:]]
    yield from (dns.name.Name(each) for each in around if _fits(each))


def _mixed_case(wire: bytes, source: random.Random) -> bytes:
    """Length octets are below the letters, so that every octet may be looked at alone."""
    return bytes(octet ^ 0x20 if chr(octet).isascii() and chr(octet).isalpha() and source.random() < 0.5 else octet
                 for octet in wire)


def make_questions(zones: list[TestZone]) -> list[Question]:
    source = random.Random(SEED)
    owners = [(owner, zone.types_at().get(owner, set())) for zone in zones for owner in zone.owners()]
    names: dict[dns.name.Name, set[int]] = {}
    for owner, types in owners:
        names.setdefault(owner, set()).update(types)
        for near in _names_around(owner, source):
            names.setdefault(near, set()).update(types if len(types) < 4 else source.sample(sorted(types), 3))
    for outside in (".", "test.", "example.", "www.elsewhere.example.", "xconf.test.", "conf.test.example."):
        names[dns.name.from_text(outside)] = set()

    for octets in (60, 61, 63):  # 255 octets behind the DNAME, and more: YXDOMAIN.
        names[dns.name.from_text(f"{'p' * octets}.dnlong.conf.test.")] = set()

    questions = []
    for name, types in names.items():
        wire = name.to_wire()
        asked = {*COMMON, *types, *source.sample(SELDOM, 2)}
        for rtype in sorted(asked):
            ways = source.sample(WAYS, 2) if rtype in types or rtype in COMMON[:1] else [source.choice(WAYS)]
            for way in ways:
                case = _mixed_case(wire, source) if source.random() < 0.3 else wire
                questions.append(Question(case, rtype, way))
    # Everything that exists, in every way.
    for owner, types in owners:
        for rtype in types:
            questions += (Question(owner.to_wire(), rtype, way) for way in WAYS)
    return questions
