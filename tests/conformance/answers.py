"""Answers made comparable, and where two of them differ.

A section is a set of RRsets: order, compression and the letter case of names in RDATA are no difference. TTLs are,
and so is the case of owners, which is told apart because it hides no data.
"""

from __future__ import annotations

import dataclasses
import functools
import struct
from collections.abc import Iterator

import dns.message

# (owner in lower case, type, class): (TTL, RDATA in canonical form).
RRsets = dict[tuple[bytes, int, int], tuple[int, frozenset[bytes]]]
_HEADER = 12
_OPT_OCTETS = 11


@dataclasses.dataclass(frozen=True)
class Body:
    """What stands between question and OPT."""

    answer: RRsets
    authority: RRsets
    additional: RRsets
    owners: frozenset[tuple[int, bytes]]  # (section, owner as sent).


@dataclasses.dataclass(frozen=True)
class Answer:
    wire: bytes
    flags: int
    rcode: int
    question: bytes
    body: Body
    opt: tuple[int, int, int, frozenset[int]] | None  # Size, version, flags, options' codes.

    def has(self, flag: int) -> bool:
        return bool(self.flags & flag)


AA, TC = 0x0400, 0x0200
_FLAGS = {"opcode": 0x7800, "AA": AA, "TC": TC, "RD": 0x0100, "RA": 0x0080, "Z": 0x0040, "AD": 0x0020, "CD": 0x0010}


class Unreadable(Exception):
    """The octets are no DNS message."""


# Names in RDATA: octets in front of them, and how many. NSD keeps them in lower case.
_NAMES = {2: (0, 1), 5: (0, 1), 6: (0, 2), 7: (0, 1), 8: (0, 1), 9: (0, 1), 12: (0, 1), 14: (0, 2), 15: (2, 1), 17: (0, 2),
          18: (2, 1), 21: (2, 1), 26: (2, 2), 33: (6, 1), 36: (2, 1), 39: (0, 1),
          58: (0, 2), 64: (2, 1), 65: (2, 1), 107: (2, 1)}
_NAPTR = 35


def _name(octets: bytes, at: int) -> tuple[bytes, int]:
    """The name at `at`, without compression, and where it ends."""
    labels, end = [], 0
    while head := octets[at]:
        if head >= 0xC0:
            target = (head & 0x3F) << 8 | octets[at + 1]
            if target >= at:
                raise Unreadable("a pointer that does not go back")
            end, at = end or at + 2, target
        else:
            labels.append(octets[at:at + head + 1])
            at += head + 1
    return b"".join(labels) + b"\0", end or at + 1


def _rdata(octets: bytes, rtype: int, at: int, end: int) -> bytes:
    """The same octets for the same RDATA: names without compression and in lower case (RFC 4034 section 6.2)."""
    front, names = _NAMES.get(rtype, (0, 0))
    if rtype == _NAPTR:
        names, front = 1, 4
        for _ in range(3):
            front += octets[at + front] + 1
    parts = [octets[at:at + front]]
    at += front
    for _ in range(names):
        name, at = _name(octets, at)
        parts.append(name.lower())
    return b"".join([*parts, octets[at:end]])


def _sections(octets: bytes, at: int, counts: bytes) -> Iterator[tuple[RRsets, set[bytes]]]:
    for number in (2, 4, 6):
        rrsets: dict[tuple[bytes, int, int], tuple[int, set[bytes]]] = {}
        owners = set()
        for _ in range(int.from_bytes(counts[number:number + 2], "big")):
            owner, at = _name(octets, at)
            rtype, rclass, ttl, rdlength = struct.unpack_from(">HHLH", octets, at)
            at += 10
            owners.add(owner)
            held = rrsets.setdefault((owner.lower(), rtype, rclass), (ttl, set()))
            if held[0] != ttl:
                raise Unreadable("one RRset with two TTLs (RFC 2181 section 5.2)")
            held[1].add(_rdata(octets, rtype, at, at + rdlength))
            at += rdlength
        yield {key: (ttl, frozenset(rdatas)) for key, (ttl, rdatas) in rrsets.items()}, owners
    if at != len(octets):
        raise Unreadable("octets behind the last record")


@functools.lru_cache(maxsize=400_000)
def _body(octets: bytes, question_end: int, counts: bytes) -> Body:
    """Read once for all ways of asking that lead to the same octets, which are those from the question on."""
    whole = bytes(_HEADER) + octets
    (answer, one), (authority, two), (additional, three) = _sections(whole, question_end, counts)
    owners = frozenset((number, owner) for number, names in enumerate((one, two, three)) for owner in names)
    return Body(answer, authority, additional, owners)


def _options(rdata: bytes) -> frozenset[int]:
    codes = set()
    while rdata:
        codes.add(int.from_bytes(rdata[:2], "big"))
        rdata = rdata[4 + int.from_bytes(rdata[2:4], "big"):]
    return frozenset(codes)


def _split_opt(wire: bytes, additionals: int) -> tuple[int, tuple[int, int, int, frozenset[int]] | None]:
    """Where the OPT, the last record, begins and what it says; the end and None without one."""
    for rdlength in range(0, 64):
        at = len(wire) - _OPT_OCTETS - rdlength
        if additionals == 0 or at < _HEADER:
            break
        if wire[at:at + 3] == b"\0\0\x29" and int.from_bytes(wire[at + 9:at + 11], "big") == rdlength:
            fields = wire[at + 3:at + 9]
            options = _options(wire[at + 11:])
            size, version = int.from_bytes(fields[:2], "big"), fields[3]
            return at, (size, version, int.from_bytes(fields[4:6], "big"), options)
    return len(wire), None


def read(wire: bytes) -> Answer:
    flags = int.from_bytes(wire[2:4], "big")
    counts = bytearray(wire[4:12])
    end = _HEADER
    if counts[:2] == b"\0\1":
        while wire[end]:
            end += wire[end] + 1
        end += 5
    extended = 0
    opt_at, opt = _split_opt(wire, int.from_bytes(counts[6:8], "big"))
    if opt is not None:
        counts[6:8] = (int.from_bytes(counts[6:8], "big") - 1).to_bytes(2, "big")
        extended = wire[opt_at + 5] << 4
    try:
        body = _body(wire[_HEADER:opt_at], end, bytes(counts))
    except (IndexError, ValueError, struct.error) as error:
        raise Unreadable(f"{error!r}: {wire.hex()}") from error
    return Answer(wire, flags, flags & 15 | extended, wire[_HEADER:end], body, opt)


def differences(ours: Answer, theirs: Answer) -> set[str]:
    """The parts of a message that are not the same, by name."""
    parts = {name for name, mask in _FLAGS.items() if (ours.flags ^ theirs.flags) & mask}
    if ours.rcode != theirs.rcode:
        parts.add("RCODE")
    if ours.question != theirs.question:
        parts.add("question")
    if (ours.opt is None) != (theirs.opt is None):
        parts.add("OPT")
    elif ours.opt is not None and theirs.opt is not None:
        parts |= {name for name, one, other in zip(("size", "version", "EDNS flags", "options"), ours.opt, theirs.opt)
                  if one != other}
    if ours.has(TC) and theirs.has(TC):
        return parts  # What is left of a truncated message is nobody's business (RFC 2181 section 9).
    for section in ("answer", "authority", "additional"):
        if getattr(ours.body, section) != getattr(theirs.body, section):
            parts.add(section)
    if not parts & {"answer", "authority", "additional", "TC"} and ours.body.owners != theirs.body.owners:
        parts.add("owner case")
    return parts


def shown(wire: bytes | None) -> str:
    """In dig's manner."""
    if wire is None:
        return ";; silence"
    try:
        return dns.message.from_wire(wire, ignore_trailing=True).to_text() + f"\n;; {len(wire)} octets"
    except Exception as error:  # noqa: BLE001  # Whatever it is, the octets are shown.
        return f";; {error!r}: {wire.hex()}"
