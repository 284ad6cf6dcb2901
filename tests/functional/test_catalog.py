"""Knot and BIND follow our catalog zone (RFC 9432): a new licence appears there without touching them."""

from __future__ import annotations

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
""").replace("acl:\n", """acl:
  - id: primary
    address: 127.0.0.1
    action: notify
""", 1) + f"""
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
        zone "{CATALOG}" default-primaries {{ 127.0.0.1 port {self.primary_port}; }} in-memory yes min-update-interval 1;
    }};
"""
        return super().config().replace("recursion no;", "recursion no;" + options)


@pytest.mark.parametrize("kind", [KnotConsumer, BindConsumer], ids=["knot", "bind"])
def test_a_new_licence_appears_at_the_secondary_and_goes_again(make_hairpin, tmp_path, kind):
    hairpin = make_hairpin()
    secondary = kind(tmp_path / "secondary", hairpin.dns_port, [CATALOG])
    hairpin.config["dns.transfer"] = {"catalog": CATALOG, "secondaries": [f"127.0.0.1:{secondary.port}"]}
    hairpin.start()
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
    finally:
        secondary.end()
