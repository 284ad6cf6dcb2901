"""Knot and BIND follow our catalog zone (RFC 9432): a new licence appears there without touching them."""

from __future__ import annotations

import dns.exception
import dns.query
import pytest
from support.process import wait_until
from support.secondaries import Bind, Knot

CATALOG = "catalog.example.net."


class KnotConsumer(Knot):
    def config(self) -> str:
        head, _, _ = super().config().partition("\nzone:")
        return head.replace("template:\n", f"""template:
  - id: member
    master: primary
    acl: [anybody, primary]
    storage: {self.folder}/zones
    zonefile-sync: -1
    zonefile-load: none
    journal-content: all
""") + f"""
zone:
  - domain: {CATALOG}
    master: primary
    acl: [anybody, primary]
    catalog-role: interpret
    catalog-template: member
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
