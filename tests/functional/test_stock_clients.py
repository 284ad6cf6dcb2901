"""drill (ldns) and delv (BIND's validating client) read every kind of answer; neither is lenient."""

from __future__ import annotations

import subprocess

import pytest
from test_dns import ZONE, ZONE_FILE


@pytest.fixture
def served(hairpin):
    hairpin.api.post("/v1/zones", {"zone": ZONE}).expect(201)
    hairpin.api.request("PUT", f"/v1/zones/{ZONE}/zonefile", ZONE_FILE.encode(),
                        headers={"Content-Type": "text/dns"}).expect(200)
    return hairpin


# What is asked, and what the answer has to hold.
ANSWERS = [
    (f"www.{ZONE}", "A", ["NOERROR", "192.0.2.1"]),
    (f"www.{ZONE}", "AAAA", ["NOERROR", "2001:db8::1"]),
    (f"alias.{ZONE}", "A", ["CNAME", f"www.{ZONE}", "192.0.2.1"]),
    (f"missing.{ZONE}", "A", ["NXDOMAIN", "SOA"]),
    (f"ent.{ZONE}", "A", ["NOERROR", "SOA"]),
    (f"any.wild.{ZONE}", "TXT", ['"wild"']),
    (f"x.old.{ZONE}", "A", ["DNAME", f"x.new.{ZONE}", "192.0.2.2"]),
    (f"odd.{ZONE}", "TYPE65280", ["010203"]),
    (f"host.sub.{ZONE}", "A", [f"ns.sub.{ZONE}", "192.0.2.3"]),
    (f"sub.{ZONE}", "DS", ["12345"]),
    (ZONE, "SOA", ["hostmaster.example.net."]),
    ("foreign.test.", "A", ["REFUSED"]),
]


@pytest.mark.parametrize("transport", [[], ["-t"]], ids=["udp", "tcp"])
@pytest.mark.parametrize("dnssec", [[], ["-D"]], ids=["plain", "do"])
def test_drill_reads_every_kind_of_answer(served, transport, dnssec):
    for name, rtype, expected in ANSWERS:
        said = served.dns.run("drill", *transport, *dnssec, "-o", "rd", name, rtype)
        assert all(word in said for word in expected), (name, said)
        assert ";; ->>HEADER<<-" in said and " qr" in said, said


def test_drill_asks_again_over_tcp_when_an_answer_is_cut(served):
    said = served.dns.run("drill", "-a", "-o", "rd", f"big.{ZONE}", "TXT")
    assert said.count('"xxx') == 60, said[-2000:]


def test_drill_asks_backwards_and_for_versions(served):
    assert "REFUSED" in served.dns.run("drill", "-x", "192.0.2.1")
    assert "REFUSED" in served.dns.run("drill", "-c", "/dev/null", "version.bind", "TXT", "CH")


def delv(hairpin, *arguments: str) -> str:
    run = subprocess.run(["delv", "-p", str(hairpin.dns_port), "@127.0.0.1", "-i", *arguments], text=True,
                         capture_output=True, check=False, timeout=60)
    return run.stdout + run.stderr


@pytest.mark.parametrize("transport", [[], ["+tcp"]], ids=["udp", "tcp"])
def test_delv_takes_positive_and_negative_answers_as_unsigned(served, transport):
    def ask(*arguments: str) -> str:
        return delv(served, *transport, *arguments)

    positive = ask(f"www.{ZONE}", "A")
    assert "; authoritative" in positive and "192.0.2.1" in positive, positive
    assert "2001:db8::1" in ask(f"www.{ZONE}", "AAAA")
    alias = ask(f"alias.{ZONE}", "A")
    assert f"www.{ZONE}" in alias and "192.0.2.1" in alias, alias
    assert '"wild"' in ask(f"any.wild.{ZONE}", "TXT")
    redirected = ask(f"x.old.{ZONE}", "A")
    assert "DNAME" in redirected and "192.0.2.2" in redirected, redirected
    assert ask(f"big.{ZONE}", "TXT").count('"xxx') == 60
    assert "ncache nxdomain" in ask(f"missing.{ZONE}", "A")
    assert "ncache nxrrset" in ask(f"ent.{ZONE}", "A")
