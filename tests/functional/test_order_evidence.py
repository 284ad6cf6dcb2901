"""What an order waits for, and what is said of it when the CA refuses: secondaries, and the CA's own questions.

The CA is Debian's pebble, which asks whatever server `-dnsserver` names: here one that stands between it and us.
"""

from __future__ import annotations

import re
import threading

import dns.flags
import dns.message
import dns.opcode
import dns.query
import dns.rcode
from support.process import wait_until
from support.tls import new_csr
from support.udp_responder import UdpResponder


def answer(rcode):
    def made(query):
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        return response
    return made


class Site:
    """A hairpind with one server, and pebble that asks `responder` in our place."""

    def __init__(self, make_hairpin, make_pebble, place, responder=None, secondaries=()):
        self.hairpin = make_hairpin()
        if secondaries:
            self.hairpin.config["dns.transfer"] = {"secondaries": list(secondaries)}
        pebble = make_pebble(responder.port if responder else self.hairpin.dns_port)
        self.hairpin.config["acme"] = {"directory": pebble.directory, "ca_file": str(pebble.ca_file)}
        self.hairpin.start()
        server = self.hairpin.new_server("acme", "nur1")
        self.names = [server["names"]["public"], server["names"]["internal"]]
        self.api = self.hairpin.as_holder(server["token"])
        self.place = place

    def ask(self):
        _, csr = new_csr(self.place, self.names)
        self.api.put("/v1/self/certificate", csr, headers={"Content-Type": "application/x-pem-file"}).expect(202)

    def certificate(self) -> dict:
        return self.api.get("/v1/self").expect(200).json["certificate"]

    def problem(self) -> str:
        wait_until(lambda: self.certificate()["problem"], "the order fails")
        return self.certificate()["problem"]


def test_where_the_ca_does_not_reach_us_the_problem_says_that_nobody_asked(make_hairpin, make_pebble, tmp_path):
    with UdpResponder(answer(dns.rcode.NXDOMAIN)) as elsewhere:
        site = Site(make_hairpin, make_pebble, tmp_path, elsewhere)
        site.ask()
        problem = site.problem()
        assert "nobody asked our servers for _acme-challenge." in problem
        assert "delegation" in problem


def test_where_it_does_the_problem_says_who_got_what(make_hairpin, make_pebble, tmp_path):
    ours = []

    def spoil(query):
        """Asks us, and passes another answer on: a middlebox, say."""
        dns.query.udp(query, "127.0.0.1", port=ours[0], timeout=5)
        return answer(dns.rcode.SERVFAIL)(query)

    with UdpResponder(spoil) as between:
        site = Site(make_hairpin, make_pebble, tmp_path, between)
        ours.append(site.hairpin.dns_port)
        site.ask()
        problem = site.problem()
        assert "1 addresses asked our servers for it: 127.0.0.1 got " in problem, problem
        # What the CA asked after the order had failed was answered otherwise, and comes first.
        assert re.search(rf"127\.0\.0\.1 got 1 records from 127\.0\.0\.1:{site.hairpin.dns_port} "
                         r"at \d\d:\d\d:\d\d \(TXT over udp\)", problem), problem


def test_a_secondary_that_is_behind_is_waited_for(make_hairpin, make_pebble, tmp_path):
    caught_up = threading.Event()
    asked = threading.Event()
    ours = []

    def secondary(query):
        if query.opcode() != dns.opcode.QUERY:
            response = dns.message.make_response(query)
            response.flags |= dns.flags.AA
            return response
        asked.set()
        if not caught_up.is_set():
            return answer(dns.rcode.NXDOMAIN)(query)
        return dns.query.udp(query, "127.0.0.1", port=ours[0], timeout=5)

    with UdpResponder(secondary) as behind:
        site = Site(make_hairpin, make_pebble, tmp_path, secondaries=[behind.address])
        ours.append(site.hairpin.dns_port)
        site.ask()
        assert asked.wait(30)
        wait_until(lambda: site.certificate()["step"] == "txt-staged", "the order waits")
        assert site.api.get("/v1/self/certificate").status == 404
        caught_up.set()
        assert site.api.get("/v1/self/certificate?wait=60", timeout=90).status == 200


def test_a_dead_secondary_does_not_keep_anybody_without_a_certificate(make_hairpin, make_pebble, tmp_path):
    with UdpResponder(lambda query: None) as dead:
        site = Site(make_hairpin, make_pebble, tmp_path, secondaries=[dead.address])
        site.ask()
        assert site.api.get("/v1/self/certificate?wait=60", timeout=90).status == 200
        log = site.hairpin.logs()
        assert f"secondary {dead.address} does not answer, the CA is told without it" in log
