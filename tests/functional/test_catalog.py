"""Knot and BIND follow our catalog zone (RFC 9432): a new licence appears there without touching them."""

from __future__ import annotations

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest
from support.process import wait_until
from support.secondaries import Bind, Knot

CATALOG = "catalog.example.net."


class KnotConsumer(Knot):
    templates = {"member": "[anybody, primary]"}  # For members; who may ask it, of each.

    def config(self) -> str:
        head, _, _ = super().config().partition("\nzone:")
        templates = "".join(f"""  - id: {template}
    master: primary
    acl: {acl}
    storage: {self.folder}/zones
    zonefile-sync: -1
    zonefile-load: none
    journal-content: all
""" for template, acl in self.templates.items())
        return head.replace("template:\n", "template:\n" + templates) + f"""
zone:
  - domain: {CATALOG}
    master: primary
    acl: [anybody, primary]
    catalog-role: interpret
    catalog-template: [{", ".join(self.templates)}]
"""


class BindConsumer(Bind):
    def config(self) -> str:
        options = f"""
    allow-notify {{ 127.0.0.1; }};
    catalog-zones {{
        zone "{CATALOG}" default-primaries {{ {self.primary()} }} in-memory yes min-update-interval 1;
    }};
"""
        return super().config().replace("recursion no;", "recursion no;" + options)


@pytest.mark.parametrize("signed", [False, True], ids=["by-address", "by-key"])
@pytest.mark.parametrize("kind", [KnotConsumer, BindConsumer], ids=["knot", "bind"])
def test_a_new_licence_appears_at_the_secondary_and_goes_again(make_hairpin, tmp_path, kind, signed):
    """By address with the configuration's list; by key with what the API was told of the catalog."""
    hairpin = make_hairpin()
    secondary = kind(tmp_path / "secondary", hairpin.dns_port, [CATALOG])
    address = f"127.0.0.1:{secondary.port}"
    hairpin.config["dns.transfer"] = {"catalog": CATALOG, "secondaries": [] if signed else [address]}
    hairpin.start()
    if signed:
        secondary.key = hairpin.api.post("/v1/credentials", {"kind": "tsig", "name": "cat."}).expect(201).json
        hairpin.api.patch(f"/v1/zones/{CATALOG}",
                          {"secondaries": [{"address": address, "tsig": "cat."}]}).expect(200)
    hairpin.api.post("/v1/licences", {"licence": "early"}).expect(201)
    try:
        secondary.launch()  # Knot shows a catalog to nobody: only its members tell that it is there.
        zone = "pl-early.example.net."
        wait_until(lambda: secondary.serial(zone), "the member of before", every=0.2)
        server = hairpin.new_server("late")
        name = server["names"]["public"]
        zone = "pl-late.example.net."
        wait_until(lambda: secondary.serial(zone), "the new licence, told by NOTIFY alone", every=0.2)
        hairpin.as_holder(server["token"]).post("/v1/self/heartbeat", {"public": ["203.0.113.77"]}).expect(200)
        wait_until(lambda: secondary.dns.rdata(name) == ["203.0.113.77"], "the reported address", every=0.2)
        wait_until(lambda: secondary.serial(zone) == hairpin.dns.serial(zone), "the same serial", every=0.2)
        hairpin.api.delete("/v1/licences/late").expect(204)
        wait_until(lambda: not secondary.serial(zone), "the licence is gone there too", every=0.2)
        assert secondary.serial("pl-early.example.net.")
        if signed:  # And only signed.
            with pytest.raises(dns.exception.DNSException):
                list(dns.query.xfr("127.0.0.1", CATALOG, port=hairpin.dns_port, timeout=10))
            def told():
                shown = hairpin.api.get(f"/v1/zones/{CATALOG}/secondaries").expect(200).json["secondaries"]
                return [(each["address"], each["tsig"], each["result"]) for each in shown]
            wait_until(lambda: told() == [(address, "cat", "acknowledged")], "its signed acknowledgement", every=0.2)
    finally:
        secondary.end()


class KnotByGroup(KnotConsumer):
    """Serves members of the group `gold` to anybody who asks for a transfer, and others to nobody."""

    templates = {"licence": "[primary]", "gold": "[anybody, primary]"}


def gives_to_us(secondary: Knot, zone: str) -> bool | None:
    """None: it does not say."""
    query = dns.message.make_query(zone, dns.rdatatype.AXFR)
    try:
        rcode = dns.query.tcp(query, "127.0.0.1", port=secondary.port, timeout=10, one_rr_per_rrset=True).rcode()
    except (dns.exception.DNSException, OSError, EOFError):
        return None
    return rcode == dns.rcode.NOERROR


def test_knot_serves_each_group_by_its_own_template(make_hairpin, tmp_path):
    hairpin = make_hairpin()
    secondary = KnotByGroup(tmp_path / "secondary", hairpin.dns_port, [CATALOG])
    hairpin.config["dns.transfer"] = {"catalog": CATALOG, "secondaries": [f"127.0.0.1:{secondary.port}"],
                                      "allow": ["127.0.0.1"]}
    hairpin.start()
    hairpin.api.post("/v1/licences", {"licence": "plain"}).expect(201)
    hairpin.api.post("/v1/licences", {"licence": "rich", "catalog_group": "gold"}).expect(201)
    plain, rich = "pl-plain.example.net.", "pl-rich.example.net."
    try:
        secondary.launch()
        for zone in (plain, rich):
            wait_until(lambda zone=zone: secondary.serial(zone), f"{zone} is served", every=0.2)
        assert gives_to_us(secondary, rich) is True
        assert gives_to_us(secondary, plain) is False
        ids = member_ids(hairpin)

        hairpin.api.patch("/v1/licences/plain", {"catalog_group": "gold"}).expect(200)
        hairpin.api.patch("/v1/licences/rich", {"catalog_group": None}).expect(200)
        wait_until(lambda: gives_to_us(secondary, plain) is True, "it moved to the other template", every=0.2)
        wait_until(lambda: gives_to_us(secondary, rich) is False, "so did the other one", every=0.2)
        assert secondary.serial(plain) == hairpin.dns.serial(plain), "and is served all the time"
        assert member_ids(hairpin) == ids

        hairpin.stop()  # The store knows it, and the catalog is right at the start.
        hairpin.start()
        assert hairpin.api.get("/v1/licences/plain").expect(200).json["catalog_group"] == "gold"
        assert "the catalog was brought up to date" not in hairpin.process.log()
    finally:
        secondary.end()


def member_ids(hairpin) -> set[str]:
    messages = dns.query.xfr("127.0.0.1", CATALOG, port=hairpin.dns_port, timeout=10, relativize=False)
    return {str(rrset.name) for message in messages for rrset in message.answer
            if rrset.rdtype == dns.rdatatype.PTR}


def test_bind_goes_on_with_a_member_that_is_moved(make_hairpin, tmp_path):
    hairpin = make_hairpin()
    secondary = BindConsumer(tmp_path / "secondary", hairpin.dns_port, [CATALOG])
    hairpin.config["dns.transfer"] = {"catalog": CATALOG, "secondaries": [f"127.0.0.1:{secondary.port}"]}
    hairpin.start()
    hairpin.api.post("/v1/licences", {"licence": "acme", "catalog_group": "gold"}).expect(201)
    zone = "pl-acme.example.net."
    try:
        secondary.launch()
        wait_until(lambda: secondary.serial(zone), "the member is served", every=0.2)
        hairpin.api.patch("/v1/licences/acme", {"catalog_group": "silver"}).expect(200)
        serial = hairpin.dns.serial(CATALOG)
        wait_until(lambda: secondary.serial(CATALOG) == serial, "it has the catalog's new serial", every=0.2)
        wait_until(lambda: "reload done: success" in secondary.log().partition(str(serial))[2],
                   "and has read it", every=0.2)
        assert secondary.serial(zone) == hairpin.dns.serial(zone)
        assert "catz: deleting zone" not in secondary.log()
    finally:
        secondary.end()
