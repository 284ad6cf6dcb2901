"""Messages that no well-behaved client sends, octet by octet, and the one answer that each gets.

A row is (why, octets, answer). The answer is written as said() writes it: RCODE, flags, what the sections hold, OPT.
Over TCP the same is expected; what is met with silence over UDP closes a TCP connection. The rows of RFC 8906 section
8 are the tests of ISC's DNS compliance tester by their number.
"""

from __future__ import annotations

import socket
import struct

import dns.rcode
import pytest

from zones import MAIN

QUERY = 0x0000
QR, AA, TC, RD, RA, Z, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010
DO = 0x8000
A, NS, SOA, TXT, OPT, RRSIG, DNSKEY, TKEY, TSIG, IXFR, AXFR, MAILB, MAILA, ANY = (
    1, 2, 6, 16, 41, 46, 48, 249, 250, 251, 252, 253, 254, 255)
IN, CH, HS, NONE, ANY_CLASS = 1, 3, 4, 254, 255


def wire_name(text: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


APEX = wire_name(MAIN)


def question(name: bytes = APEX, rtype: int = SOA, rclass: int = IN) -> bytes:
    return name + struct.pack(">2H", rtype, rclass)


def record(rtype: int, rclass: int, ttl: int, rdata: bytes, owner: bytes = b"\xc0\x0c") -> bytes:
    return owner + struct.pack(">HHLH", rtype, rclass, ttl, len(rdata)) + rdata


def opt(version: int = 0, flags: int = 0, options: bytes = b"", size: int = 1232, owner: bytes = b"\0") -> bytes:
    return record(OPT, size, version << 16 | flags, options, owner)


def option(code: int, value: bytes = b"") -> bytes:
    return struct.pack(">2H", code, len(value)) + value


def message(*parts: bytes, flags: int = QUERY, counts: tuple[int, int, int, int] = (1, 0, 0, 0)) -> bytes:
    return struct.pack(">6H", 0xBEEF, flags, *counts) + b"".join(parts)


def asking(rtype: int, rclass: int = IN, name: bytes = APEX, flags: int = QUERY) -> bytes:
    return message(question(name, rtype, rclass), flags=flags)


def with_opt(*opts: bytes, rtype: int = SOA, flags: int = QUERY) -> bytes:
    return message(question(rtype=rtype), *opts, flags=flags, counts=(1, 0, 0, len(opts)))


def said(wire: bytes | None, asked: bytes) -> str:
    """`RCODE flags | question | answer n | authority n | opt`: what is not there is left out."""
    if wire is None:
        return "silence"
    ident, flags, questions, *counts = struct.unpack(">6H", wire[:12])
    assert ident == int.from_bytes(asked[:2], "big") and flags & QR
    rcode, opt_text = flags & 15, ""
    at = wire.rfind(b"\0\0\x29")
    if counts[2] and at >= 12:
        size, extended, version, opt_flags, rdlength = struct.unpack(">HBBHH", wire[at + 3:at + 11])
        assert size == 1232 and version == 0 and at + 11 + rdlength == len(wire)
        rcode |= extended << 4
        codes = []
        options = wire[at + 11:]
        while options:
            code, octets = struct.unpack(">2H", options[:4])
            value = options[4:4 + octets]
            codes.append(f" ede={int.from_bytes(value[:2], 'big')}" if code == 15 else f" option{code}")
            options = options[4 + octets:]
        opt_text = " | opt" + (" do" if opt_flags == DO else "") + "".join(codes)
        assert opt_flags in (0, DO)
        counts[2] -= 1
    text = dns.rcode.to_text(rcode) if rcode != 16 else "BADVERS"
    opcode = flags >> 11 & 15
    text += f" opcode={opcode}" if opcode else ""
    for name, bit in (("aa", AA), ("tc", TC), ("rd", RD), ("ra", RA), ("z", Z), ("ad", AD), ("cd", CD)):
        text += f" {name}" if flags & bit else ""
    if questions:
        size = len(APEX) + 4 if wire[12:12 + len(APEX)] == APEX else wire.index(b"\0", 12) - 12 + 5
        assert questions == 1 and wire[12:12 + size] == asked[12:12 + size], "the question is not the one asked"
        text += " | question"
    for name, count in zip(("answer", "authority", "additional"), counts):
        text += f" | {name} {count}" if count else ""
    return text + opt_text


FORMERR, FORMERR_Q, FORMERR_OPT = "FORMERR", "FORMERR | question", "FORMERR | question | opt"
ANSWER, ANSWER_OPT = "NOERROR aa | question | answer 1", "NOERROR aa | question | answer 1 | opt"
NODATA = "NOERROR aa | question | authority 1"
REFUSED = "REFUSED | question"
BADVERS = "BADVERS | question | opt"

# RFC 8906 section 8: what ISC's tester asks, and what it expects of us.
RFC_8906 = [
    ("8.1.1 the zone is served", asking(SOA), ANSWER),
    ("8.1.2 an unknown type", asking(1000), NODATA),
    ("8.1.3.1 CD is set", asking(SOA, flags=CD), ANSWER),
    ("8.1.3.2 AD is set", asking(SOA, flags=AD), ANSWER),
    ("8.1.3.3 the reserved bit is set", asking(SOA, flags=Z), ANSWER),
    ("8.1.3.4 RD is set", asking(SOA, flags=RD), "NOERROR aa rd | question | answer 1"),
    ("8.1.4 an unknown opcode, the header alone", message(flags=15 << 11, counts=(0, 0, 0, 0)), "NOTIMP opcode=15"),
    # 8.1.5, TCP: every row is asked over TCP too.
    ("8.2.1 minimal EDNS", with_opt(opt()), ANSWER_OPT),
    ("8.2.2 EDNS version 1", with_opt(opt(version=1)), BADVERS),
    ("8.2.3 an unknown option", with_opt(opt(options=option(100))), ANSWER_OPT),
    ("8.2.4 an unknown flag", with_opt(opt(flags=0x0040)), ANSWER_OPT),
    ("8.2.5 EDNS version 1 and an unknown flag", with_opt(opt(version=1, flags=0x0040)), BADVERS),
    ("8.2.6 EDNS version 1 and an unknown option", with_opt(opt(version=1, options=option(100))), BADVERS),
    ("8.2.7 no more than the requestor takes", with_opt(opt(size=512, flags=DO), rtype=DNSKEY), NODATA + " | opt do"),
    ("8.2.8 DO is set", with_opt(opt(flags=DO)), ANSWER_OPT + " do"),
    ("8.2.9 EDNS version 1 and DO", with_opt(opt(version=1, flags=DO)), BADVERS + " do"),
    ("8.2.10 several defined options: NSID, client subnet, EXPIRE",
     with_opt(opt(options=option(3) + option(8, b"\0\1\0\0") + option(9))), ANSWER_OPT),
]

QTYPES = [
    # Knot: NOTIMP for 0; BIND: FORMERR for OPT; the rest: NOERROR or NXDOMAIN as for data.
    ("type 0", asking(0), FORMERR_Q),
    ("OPT", asking(OPT), FORMERR_Q),
    ("NXNAME (RFC 9824 section 3.4)", asking(128), FORMERR_Q),
    ("TKEY", asking(TKEY), FORMERR_Q),
    ("TSIG", asking(TSIG), FORMERR_Q),
    ("MAILA", asking(MAILA), "NOTIMP | question"),
    ("MAILB", asking(MAILB), "NOTIMP | question"),
    ("an unassigned meta type", asking(200), "NOTIMP | question"),
    ("ANY: one RRset (RFC 8482 section 4.1)", asking(ANY, name=wire_name("www." + MAIN)),
     "NOERROR aa | question | answer 2"),
    ("RRSIG of an unsigned zone", asking(RRSIG), NODATA),
    ("AXFR by whom it is not permitted", asking(AXFR), REFUSED),
    ("IXFR without the SOA that the client has (RFC 1995 section 3)", asking(IXFR), FORMERR_Q),
    ("type 65535", asking(65535), NODATA),
]
CLASSES = [(f"class {name}", asking(SOA, rclass), REFUSED) for name, rclass in
           (("CH", CH), ("HS", HS), ("NONE", NONE), ("ANY", ANY_CLASS), ("0", 0), ("65535", 65535))]
# 4 and 5, NOTIFY and UPDATE, have their own tests. BIND clears RD here, Knot keeps it.
OPCODES = [(f"opcode {opcode}", message(question(), flags=opcode << 11 | RD), f"NOTIMP opcode={opcode} rd")
           for opcode in range(1, 16) if opcode not in (4, 5)]
EDNS = [
    ("version 255", with_opt(opt(version=255)), BADVERS),
    ("version 1, malformed options", with_opt(opt(version=1, options=b"\0")), BADVERS),
    ("every flag", with_opt(opt(flags=0x7fff)), ANSWER_OPT),
    ("an extended RCODE in a query", with_opt(record(OPT, 1232, 0xff000000, b"", b"\0")), ANSWER_OPT),
    ("a size of 0", with_opt(opt(size=0)), ANSWER_OPT),
    ("two OPTs (RFC 6891 section 6.1.1)", with_opt(opt(), opt()), FORMERR_OPT),
    ("an owner that is not the root (section 6.1.2)", with_opt(opt(owner=APEX)), FORMERR_OPT),
    ("an OPT in the answer section", message(question(), opt(), counts=(1, 1, 0, 0)), FORMERR_OPT),
    ("an OPT in the authority section", message(question(), opt(), counts=(1, 0, 1, 0)), FORMERR_OPT),
    ("half an option", with_opt(opt(options=b"\0\3\0")), FORMERR_OPT),
    ("an option past the OPT's end", with_opt(opt(options=b"\0\3\0\5x")), FORMERR_OPT),
    ("an OPT past the message's end", with_opt(opt()[:-2] + b"\0\4"), FORMERR_Q),
    ("a hundred unknown options", with_opt(opt(options=option(65001, b"x") * 100)), ANSWER_OPT),
]
# Knot is silent for most of these; silence makes a resolver ask again (RFC 8906 section 2).
SHAPES = [
    ("nothing", b"", "silence"),
    ("one octet", b"\0", "silence"),
    ("11 octets", message(counts=(0, 0, 0, 0))[:11], "silence"),
    ("a header: no question (RFC 9619)", message(counts=(0, 0, 0, 0)), FORMERR),
    ("a header that promises a question", message(), FORMERR),
    ("no question, with an OPT", message(opt(), counts=(0, 0, 0, 1)), "FORMERR | opt"),
    ("two questions (RFC 9619 section 4)", message(question(), question(), counts=(2, 0, 0, 0)), FORMERR),
    ("65,535 questions", message(question(), counts=(65535, 0, 0, 0)), FORMERR),
    ("no type", message(APEX), FORMERR),
    ("half a class", message(question()[:-1]), FORMERR),
    ("a name without its end", message(b"\4conf"), FORMERR),
    ("a label past the end", message(b"\x3fconf\0\0\1\0\1"), FORMERR),
    ("label type 0x40 (RFC 6891 section 5)", message(b"\x41\0" + question(b"\0")), FORMERR),
    ("label type 0x80", message(b"\x80\0" + question(b"\0")), FORMERR),
    ("a pointer to itself", message(b"\xc0\x0c\0\6\0\1"), FORMERR),
    ("a pointer to the header", message(b"\xc0\0\0\6\0\1"), FORMERR),
    ("a label and a pointer", message(b"\3www\xc0\x0c\0\6\0\1"), FORMERR),
    ("a name of 256 octets", message(question((b"\x3f" + b"a" * 63) * 3 + b"\x3e" + b"a" * 62 + b"\0")), FORMERR),
    ("a name of 255 octets", asking(A, name=(b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"a" * 61 + b"\0"), REFUSED),
    ("one octet behind the message", asking(SOA) + b"\0", FORMERR_Q),
    ("a record that is not announced", asking(SOA) + opt(), FORMERR_Q),
    ("a record that is announced and not there", message(question(), counts=(1, 0, 0, 1)), FORMERR_Q),
    ("an answer in the query", message(question(), record(A, IN, 1, b"abcd"), counts=(1, 1, 0, 0)), FORMERR_Q),
    ("an authority record in it", message(question(), record(A, IN, 1, b"abcd"), counts=(1, 0, 1, 0)), FORMERR_Q),
    ("an additional record in it", message(question(), record(A, IN, 1, b"abcd"), counts=(1, 0, 0, 1)), ANSWER),
    ("a record whose owner points to itself",
     message(question(), record(A, IN, 1, b"", struct.pack(">H", 0xc000 | 12 + len(question()))), counts=(1, 0, 0, 1)),
     FORMERR_Q),
    ("a response", asking(SOA, flags=QR), "silence"),
    ("a response of an unknown opcode", message(flags=QR | 9 << 11, counts=(0, 0, 0, 0)), "silence"),
    ("every flag but QR", asking(SOA, flags=AA | TC | RD | RA | Z | AD | CD), "NOERROR aa rd | question | answer 1"),
    ("TC in a query", asking(SOA, flags=TC), ANSWER),
    ("an RCODE in a query", asking(SOA, flags=15), ANSWER),
]
ROWS = RFC_8906 + QTYPES + CLASSES + OPCODES + EDNS + SHAPES

SENTINEL = message(question(), counts=(1, 0, 0, 0)).replace(b"\xbe\xef", b"\xca\xfe", 1)


@pytest.fixture(scope="module")
def client(hairpin):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        made.settimeout(10)
        made.connect(("127.0.0.1", hairpin.dns_port))
        yield made


def ask_udp(client: socket.socket, asked: bytes) -> bytes | None:
    """One worker answers in order: where the next question's answer comes first, there is none to this."""
    client.send(asked)
    client.send(SENTINEL)
    first = client.recv(65535)
    if first[:2] == SENTINEL[:2]:
        return None
    assert client.recv(65535)[:2] == SENTINEL[:2]
    return first


def ask_tcp(port: int, asked: bytes, *, length: int | None = None) -> bytes | None:
    """None where the server closes the connection instead."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(struct.pack(">H", len(asked) if length is None else length) + asked)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as stream:
            head = stream.read(2)
            return stream.read(int.from_bytes(head, "big")) if head else None


@pytest.mark.parametrize("why, asked, answer", ROWS, ids=[row[0] for row in ROWS])
def test_one_answer_to_each_odd_question(hairpin, client, why, asked, answer):
    def without_ede(text: str) -> str:  # Which of them is tests/unit/dnsd's.
        return " ".join(word for word in text.split(" ") if not word.startswith("ede="))

    assert without_ede(said(ask_udp(client, asked), asked)) == answer
    assert without_ede(said(ask_tcp(hairpin.dns_port, asked), asked)) == answer


@pytest.mark.parametrize("opcode", [4, 5], ids=["NOTIFY", "UPDATE"])
def test_notify_and_update_from_a_stranger_change_nothing_and_are_answered(hairpin, client, opcode):
    asked = message(question(), flags=opcode << 11)
    for answer in (ask_udp(client, asked), ask_tcp(hairpin.dns_port, asked)):
        assert answer is not None and answer[2] >> 3 & 15 == opcode
        assert answer[3] & 15 in (1, 4, 5, 9)  # FORMERR, NOTIMP, REFUSED, NOTAUTH


def test_a_message_of_65535_octets_over_tcp(hairpin):
    room = 65535 - len(message(question())) - len(opt()) - 4
    whole = with_opt(opt(options=option(65001, b"x" * room)))
    assert len(whole) == 65535
    assert said(ask_tcp(hairpin.dns_port, whole), whole) == ANSWER_OPT
    noise = message(question()) + b"\0" * (65535 - len(message(question())))
    assert said(ask_tcp(hairpin.dns_port, noise), noise) == FORMERR_Q


def test_a_tcp_length_of_nothing_closes_the_connection(hairpin):
    assert ask_tcp(hairpin.dns_port, b"") is None


def test_a_tcp_length_longer_than_what_comes_is_not_answered(hairpin):
    asked = asking(SOA)
    assert ask_tcp(hairpin.dns_port, asked, length=len(asked) + 1) is None


def test_octets_behind_a_tcp_message_are_the_next_one(hairpin):
    asked = asking(SOA)
    with socket.create_connection(("127.0.0.1", hairpin.dns_port), timeout=10) as connection:
        framed = struct.pack(">H", len(asked)) + asked
        for octet in framed + framed:  # However it arrives.
            connection.sendall(bytes([octet]))
        with connection.makefile("rb") as stream:
            for _ in range(2):
                assert said(stream.read(int.from_bytes(stream.read(2), "big")), asked) == ANSWER
