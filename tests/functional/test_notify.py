"""NOTIFY to secondaries (RFC 1996): who is told what, and what the API tells of it.

The secondaries here are sockets of dnspython's messages: what real ones do with a NOTIFY is tested with transfers.
"""

from __future__ import annotations

import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest

from support.process import wait_until
from support.udp_responder import UdpResponder


class Secondary(UdpResponder):
    """Hears NOTIFYs on a loopback port and answers them."""

    def __init__(self, rcode: dns.rcode.Rcode = dns.rcode.NOERROR):
        self.rcode: dns.rcode.Rcode | None = rcode  # None: silent.
        self.heard: list[dns.message.Message] = []
        super().__init__(self._hear)

    def _hear(self, message: dns.message.Message) -> dns.message.Message | None:
        self.heard.append(message)
        if self.rcode is None:
            return None
        answer = dns.message.make_response(message)
        answer.set_rcode(self.rcode)
        return answer

    def serials(self, zone: str) -> list[int]:
        """The serials that were told of a zone, in their order."""
        return [message.answer[0][0].serial for message in list(self.heard)
                if message.question[0].name.to_text() == zone]


@pytest.fixture(name="secondary")
def one_secondary():
    secondary = Secondary()
    yield secondary
    secondary.stop()


def soa_serial(hairpin, zone: str) -> int:
    return hairpin.dns.ask(zone, "SOA").answer[0][0].serial


def test_a_change_reaches_the_secondary_at_once_and_the_api_tells_so(make_hairpin, secondary):
    hairpin = make_hairpin()
    hairpin.config["dns.transfer"] = {"secondaries": [secondary.address]}
    hairpin.start()
    hairpin.api.post("/v1/zones", {"zone": "example.org."}).expect(201)
    hairpin.api.put("/v1/zones/example.org/rrsets/www.example.org/A",
                    {"ttl": 60, "records": ["192.0.2.1"]}).expect(201)
    serial = soa_serial(hairpin, "example.org.")
    wait_until(lambda: serial in secondary.serials("example.org."), "a NOTIFY with the newest serial")
    told = secondary.heard[-1]
    assert told.opcode() == dns.opcode.NOTIFY
    assert told.flags & dns.flags.AA
    assert told.question[0].rdtype == dns.rdatatype.SOA

    def status():
        return hairpin.api.get("/v1/zones/example.org/secondaries").expect(200).json

    wait_until(lambda: status()["secondaries"][0]["result"] == "acknowledged", "the acknowledgement")
    assert status() == {"serial": serial, "secondaries": [
        {"address": secondary.address, "tsig": None, "state": "resting", "result": "acknowledged", "rcode": None,
         "serial": serial}]}
    assert 'dns_notify_results_total{result="acknowledged"}' in hairpin.api.get("/metrics").body.decode()


def test_a_storm_of_changes_is_a_few_notifies(make_hairpin, secondary):
    hairpin = make_hairpin()
    hairpin.config["dns.transfer"] = {"secondaries": [secondary.address]}
    hairpin.start()
    hairpin.api.post("/v1/zones", {"zone": "example.org."}).expect(201)
    api = hairpin.api
    for number in range(300):
        api.put("/v1/zones/example.org/rrsets/www.example.org/A",
                {"ttl": 60, "records": [f"192.0.2.{number % 250}"]})
    serial = soa_serial(hairpin, "example.org.")
    wait_until(lambda: serial in secondary.serials("example.org."), "a NOTIFY with the newest serial")
    assert len(secondary.serials("example.org.")) < 150
    assert secondary.serials("example.org.") == sorted(secondary.serials("example.org."))


def test_a_refusal_is_shown_and_said_once(make_hairpin):
    secondary = Secondary(dns.rcode.NOTAUTH)
    hairpin = make_hairpin()
    hairpin.config["dns.transfer"] = {"secondaries": [secondary.address]}
    hairpin.start()
    for zone in ("a.example", "b.example"):
        hairpin.api.post("/v1/zones", {"zone": f"{zone}."}).expect(201)

    def first(zone):
        return hairpin.api.get(f"/v1/zones/{zone}/secondaries").expect(200).json["secondaries"][0]

    for zone in ("a.example", "b.example"):
        wait_until(lambda zone=zone: first(zone)["result"] == "refused", "the refusal")
        assert first(zone)["rcode"] == "NOTAUTH"
        assert first(zone)["serial"] is None
    assert hairpin.process.log().count("takes no NOTIFYs") == 1
    secondary.stop()


def test_what_was_not_told_before_a_crash_is_told_at_the_start(make_hairpin, secondary):
    hairpin = make_hairpin()
    hairpin.config["dns.transfer"] = {"secondaries": [secondary.address]}
    hairpin.start()
    hairpin.api.post("/v1/zones", {"zone": "example.org."}).expect(201)
    wait_until(lambda: secondary.serials("example.org."), "the first NOTIFY")
    hairpin.process.kill()
    told = len(secondary.heard)
    hairpin.start()
    wait_until(lambda: len(secondary.heard) > told, "a NOTIFY after the start")


def test_the_catalog_is_kept_and_nobody_else_changes_it(make_hairpin, secondary):
    hairpin = make_hairpin()
    hairpin.start()
    hairpin.api.post("/v1/zones", {"zone": "old.example."}).expect(201)
    hairpin.process.terminate()
    hairpin.config["dns.transfer"] = {"secondaries": [secondary.address], "catalog": "catalog.example.net."}
    hairpin.start()
    hairpin.api.post("/v1/licences", {"licence": "acme"}).expect(201)
    zonefile = hairpin.api.get("/v1/zones/catalog.example.net/zonefile").expect(200).body.decode()
    assert "PTR\told.example." in zonefile
    assert "PTR\tpl-acme.example.net." in zonefile
    assert zonefile.count("PTR") == 2
    wait_until(lambda: secondary.serials("catalog.example.net."), "a NOTIFY of the catalog")
    hairpin.api.put("/v1/zones/catalog.example.net/rrsets/x.catalog.example.net/TXT",
                    {"ttl": 60, "records": ['"x"']}).expect(409)
    hairpin.api.delete("/v1/zones/catalog.example.net").expect(409)
    hairpin.api.delete("/v1/licences/acme").expect(204)
    assert "pl-acme" not in hairpin.api.get("/v1/zones/catalog.example.net/zonefile").expect(200).body.decode()
    hairpin.process.terminate()
    del hairpin.config["dns.transfer"]["catalog"]
    hairpin.start()
    hairpin.api.get("/v1/zones/catalog.example.net").expect(404)
