"""DNS as stock clients see it: dig, kdig and dnspython against a running hairpind."""

from __future__ import annotations

import concurrent.futures
import socket
import struct

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

ZONE = "plain.test."
ZONE_FILE = """\
$TTL 60
@       IN SOA ns1.example.net. hostmaster.example.net. 1 3600 600 604800 60
@       IN NS  ns1.example.net.
www     IN A   192.0.2.1
www     IN AAAA 2001:db8::1
alias   IN CNAME www
a.ent   IN TXT "below an empty non-terminal"
*.wild  IN TXT "wild"
old     IN DNAME new
x.new   IN A   192.0.2.2
sub     IN NS  ns.sub
sub     IN DS  12345 13 2 0102030405060708091011121314151617181920212223242526272829303132
ns.sub  IN A   192.0.2.3
odd     IN TYPE65280 \\# 3 010203
""" + "".join(f'big IN TXT "{"x" * 60}{number:03}"\n' for number in range(60))


@pytest.fixture
def zone(hairpin):
    """A server with one of everything in a plain zone."""
    hairpin.api.post("/v1/zones", {"zone": ZONE}).expect(201)
    hairpin.api.request("PUT", f"/v1/zones/{ZONE}/zonefile", ZONE_FILE.encode(),
                        headers={"Content-Type": "text/dns"}).expect(200, 204)
    return hairpin


@pytest.mark.parametrize("program", ["dig", "kdig"])
def test_stock_clients_read_every_kind_of_answer(zone, program):
    def ask(*arguments: str) -> str:
        return zone.dns.run(program, "+norec", *arguments)

    for transport in ([], ["+tcp"]):
        assert "192.0.2.1" in ask(f"www.{ZONE}", "A", "+short", *transport)
        assert "2001:db8::1" in ask(f"www.{ZONE}", "AAAA", "+short", *transport)
        alias = ask(f"alias.{ZONE}", "A", "+short", *transport).split()
        assert alias == [f"www.{ZONE}", "192.0.2.1"]
        assert "NXDOMAIN" in ask(f"missing.{ZONE}", "A", *transport)
        empty = ask(f"ent.{ZONE}", "A", *transport)
        assert "NOERROR" in empty and "SOA" in empty
        assert '"wild"' in ask(f"any.wild.{ZONE}", "TXT", "+short", *transport)
        assert "192.0.2.2" in ask(f"x.old.{ZONE}", "A", "+short", *transport)
        assert "010203" in ask(f"odd.{ZONE}", "TYPE65280", "+short", *transport)
        referral = ask(f"host.sub.{ZONE}", "A", "+dnssec", *transport)
        assert "192.0.2.3" in referral and "12345 13 2" in referral
    assert "REFUSED" in ask("www.example.com", "A")
    assert "BADVERS" in ask(ZONE, "SOA", "+edns=1", *(["+noednsneg"] if program == "dig" else []))
    # Truncated over UDP, both ask again over TCP by themselves.
    assert ask(f"big.{ZONE}", "TXT", "+short").count("xxx") >= 60


def test_an_answer_keeps_the_case_and_the_question(zone):
    answer = zone.dns.ask("wWw.PlAiN.tEsT.")
    assert answer.flags & dns.flags.AA and not answer.flags & dns.flags.RA
    assert answer.question[0].name.to_text() == "wWw.PlAiN.tEsT."
    assert answer.answer[0].name.to_text() == "wWw.PlAiN.tEsT."


def test_the_extended_error_of_a_foreign_zone(zone):
    answer = zone.dns.ask("www.example.com.", use_edns=0)
    assert answer.rcode() == dns.rcode.REFUSED
    assert [(option.otype, option.to_wire()[:2]) for option in answer.options] == [(15, b"\0\x14")]


def test_both_address_families_answer(zone):
    query = dns.message.make_query(f"www.{ZONE}", "A")
    for send in (dns.query.udp, dns.query.tcp):
        assert send(query, "::1", timeout=10, port=zone.dns_port).answer


def test_a_change_is_seen_by_every_worker_at_once(zone):
    """Each source port may reach another worker; none may answer from an old zone."""
    for number in range(1, 30):
        body = {"ttl": 60, "records": [f"192.0.2.{number}"]}
        zone.api.put(f"/v1/zones/{ZONE}/rrsets/moving.{ZONE}/A", body).expect(200, 201, 204)
        for _ in range(4):
            assert zone.dns.rdata(f"moving.{ZONE}") == [f"192.0.2.{number}"]


def test_tcp_clients_that_do_nothing_delay_nobody(zone):
    silent = [socket.create_connection(("127.0.0.1", zone.dns_port)) for _ in range(50)]
    for each in silent[:25]:
        each.sendall(b"\0\x40half a message")
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: zone.dns.ask(f"www.{ZONE}", tcp=True).answer, range(40)))
    assert all(answers)
    for each in silent:
        each.close()


def test_pipelined_queries_on_one_connection(zone):
    with socket.create_connection(("127.0.0.1", zone.dns_port), timeout=10) as connection:
        queries = [dns.message.make_query(f"www.{ZONE}", "A") for _ in range(100)]
        wire = b"".join(struct.pack(">H", len(each.to_wire())) + each.to_wire() for each in queries)
        connection.sendall(wire)
        stream = connection.makefile("rb")
        for query in queries:
            size, = struct.unpack(">H", stream.read(2))
            assert query.is_response(dns.message.from_wire(stream.read(size)))


def test_nonsense_is_refused_and_the_server_goes_on(zone):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        client.connect(("127.0.0.1", zone.dns_port))
        for nonsense in (b"", b"\0", b"\0" * 11, b"\xff" * 400, b"\x80" * 12):
            client.send(nonsense)  # QR set, or too short: silence.
        client.send(b"\x12\x34\0\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1")
        assert client.recv(512) == b"\x12\x34\x80\1" + b"\0" * 8  # FORMERR, the header alone.
    assert zone.dns.rdata(f"www.{ZONE}") == ["192.0.2.1"]
