"""Zones and questions for the comparisons: the same for every server, the same in every run."""

from __future__ import annotations

import pathlib
import random
from collections.abc import Iterator

SERVERS = 1000
ZONE = "pl-1.example.net."


def zone_name(number: int) -> str:
    return f"pl-{number}.example.net."


def records(number: int, servers: int) -> Iterator[str]:
    """The master file of a licence zone: twin names with an IPv4 and an IPv6 address each."""
    yield "@ 300 SOA ns1.example.net. hostmaster.example.net. 1 3600 600 604800 60"
    yield "@ 300 NS ns1.example.net."
    yield "@ 300 NS ns2.example.net."
    yield '@ 300 CAA 0 issue "ca.example"'
    for server in range(1, servers + 1):
        yield f"nur{server} 60 A 203.0.113.{server % 254 + 1}"
        yield f"nur{server} 60 AAAA 2001:db8:{number >> 16:x}:{number & 0xffff:x}::{server:x}"
        yield f"i-nur{server} 60 A 10.{server >> 8}.{server & 0xff}.1"


def zone_text(number: int, servers: int) -> str:
    return f"$ORIGIN {zone_name(number)}\n" + "".join(f"{line}\n" for line in records(number, servers))


def write_questions(folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """One file for each mix, as dns_load reads it: owner type rcode least-answers."""
    chance = random.Random(1)
    existing = [f"nur{n}.{ZONE} {rtype} 0 1" for n in range(1, SERVERS + 1) for rtype in ("A", "AAAA")]
    existing += [f"i-nur{n}.{ZONE} A 0 1" for n in range(1, SERVERS + 1)]
    hot = chance.sample(existing, 100)
    mixes = {
        "hot": [chance.choice(hot) for _ in range(50_000)],
        "random": [chance.choice(existing) for _ in range(100_000)],
        "nxdomain": [f"x{chance.getrandbits(40):010x}.{ZONE} A 3 0" for _ in range(100_000)],
    }
    paths = {}
    for mix, questions in mixes.items():
        paths[mix] = folder / f"{mix}.questions"
        paths[mix].write_text("\n".join(questions) + "\n")
    return paths
