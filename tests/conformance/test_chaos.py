"""Who the server says that it is: class CHAOS (RFC 4892), off by default."""

from __future__ import annotations

import dns.message
import dns.query
import dns.rcode
import dns.rdataclass
import pytest

NAMES = {"version.bind.": "Hairpin test", "version.server.": "Hairpin test", "hostname.bind.": "ns1 at home",
         "id.server.": "ns1 at home"}


def ask(port: int, name: str, rtype: str = "TXT", *, tcp: bool = False) -> dns.message.Message:
    query = dns.message.make_query(name, rtype, rdclass=dns.rdataclass.CH)
    return (dns.query.tcp if tcp else dns.query.udp)(query, "127.0.0.1", port=port, timeout=10)


@pytest.fixture(scope="module")
def telling(make_hairpin):
    return make_hairpin(dns={"version": "Hairpin test", "identity": "ns1 at home"})


def test_nothing_is_told_by_default(hairpin):
    for name in NAMES:
        assert ask(hairpin.dns_port, name).rcode() == dns.rcode.REFUSED


@pytest.mark.parametrize("tcp", [False, True], ids=["UDP", "TCP"])
def test_what_is_set_is_told(telling, tcp):
    for name, text in NAMES.items():
        answer = ask(telling.dns_port, name, tcp=tcp)
        assert answer.rcode() == dns.rcode.NOERROR
        assert [rrset.to_text() for rrset in answer.answer] == [f'{name} 0 CH TXT "{text}"']


def test_nothing_else_is(telling):
    for name, rtype in (("authors.bind.", "TXT"), ("version.bind.", "A"), ("conf.test.", "SOA")):
        assert ask(telling.dns_port, name, rtype).rcode() == dns.rcode.REFUSED


def test_stock_programs_read_it(telling):
    for program in ("dig", "kdig"):
        assert "Hairpin test" in telling.dns.run(program, "CH", "TXT", "version.bind", "+short")
        assert "ns1 at home" in telling.dns.run(program, "CH", "TXT", "id.server", "+short")
