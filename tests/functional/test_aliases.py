"""Aliases of a server: a CNAME in the zone, a name in the certificate, and what is left when one is removed."""

from __future__ import annotations

import pathlib
import sqlite3

import pytest

from support.acme_client import AcmeClient
from support.acme_rig import names_in
from support.process import wait_until
from support.tls import new_csr

NAMES = ["nur1.pl-acme.example.net", "i-nur1.pl-acme.example.net"]
CLOUD = "cloud.pl-acme.example.net"
ALIASES = "/v1/licences/acme/servers/nur1/aliases"


class Site:
    """A hairpind with pebble as its CA, and one server."""

    def __init__(self, make_hairpin, make_pebble, folder: pathlib.Path):
        self.folder = folder
        self.hairpin = make_hairpin()
        self.pebble = make_pebble(self.hairpin.dns_port)
        self.hairpin.config["acme"] = {"directory": self.pebble.directory, "ca_file": str(self.pebble.ca_file)}
        self.hairpin.start()
        self.server = self.hairpin.new_server()
        self.api = self.hairpin.as_holder(self.server["token"])
        self.api.post("/v1/self/heartbeat", {"public": ["203.0.113.10"], "private": ["192.168.1.11"]}).expect(200)

    def send_csr(self, names: list[str], key: pathlib.Path | None = None):
        made, csr = new_csr(self.folder, names, key=key)
        return made, self.api.put("/v1/self/certificate", csr, headers={"Content-Type": "application/x-pem-file"})

    def chain(self, other_than: str = '"none"') -> tuple[list[str], str]:
        """The names of the next certificate, and its tag; the CA has issued it."""
        got = self.api.request("GET", "/v1/self/certificate?wait=60", headers={"If-None-Match": other_than}, timeout=90)
        got.expect(200)
        path = self.folder / "chain.pem"
        path.write_bytes(got.body)
        assert "OK" in self.pebble.verify(path)
        return names_in(path), got.headers["etag"]

    def make_renewal_due(self) -> None:
        """While hairpind is down."""
        with sqlite3.connect(self.hairpin.data_dir / "hairpin.db") as database:
            database.execute("UPDATE certificates SET renew_at = 1")
            database.execute("UPDATE certificate_renewals SET check_at = NULL")
            database.execute("UPDATE acme_attempts SET next_at = 1 WHERE state IN ('offered', 'deployed')")
        database.close()

    def wait_for_problem(self, sentence: str) -> None:
        def is_told() -> bool:
            return sentence in self.api.get("/v1/self").expect(200).json["certificate"]["problem"]
        wait_until(is_told, "the problem is told")


@pytest.fixture
def site(make_hairpin, make_pebble, tmp_path):
    return Site(make_hairpin, make_pebble, tmp_path)


def test_an_alias_is_answered_and_is_in_the_certificate_until_it_is_removed(site):
    key, old = site.send_csr(NAMES)
    old.expect(202)
    first, tag = site.chain()
    assert first == sorted(NAMES)

    added = site.hairpin.command("alias", "add", "acme/nur1", "cloud")
    assert (added.returncode, added.stdout) == (0, f"{CLOUD} leads to the public name\n"), added.stderr
    assert site.hairpin.dns.rdata(CLOUD, "CNAME") == [f"{NAMES[0]}."]
    assert "203.0.113.10" in site.hairpin.dns.run("dig", "+short", CLOUD, "A")
    assert site.api.get("/v1/self").expect(200).json["names"]["aliases"] == [CLOUD]
    beat = site.api.post("/v1/self/heartbeat", {}).expect(200).json
    assert beat["names"]["aliases"] == [CLOUD]

    # The same key with one name more is another request, whatever the age of the certificate.
    site.send_csr([*NAMES, CLOUD], key)[1].expect(202)
    second, tag = site.chain(tag)
    assert second == sorted([*NAMES, CLOUD])

    assert site.hairpin.command("alias", "remove", "acme/nur1", "cloud").returncode == 0
    assert site.hairpin.command("alias", "list", "acme/nur1").stdout == ""
    assert site.hairpin.dns.rcode(CLOUD, "A") == "NXDOMAIN"
    refused = site.send_csr([*NAMES, CLOUD], key)[1]
    assert refused.status == 400 and CLOUD in refused.json["detail"], refused.body
    site.send_csr(NAMES, key)[1].expect(202)
    assert site.chain(tag)[0] == sorted(NAMES)


def test_where_the_key_is_ours_a_new_alias_gets_a_certificate_by_itself(site):
    site.api.post("/v1/self/certificate", {}).expect(202)
    first, tag = site.chain()
    assert first == sorted(NAMES)
    site.hairpin.api.put(f"{ALIASES}/cloud", {"target": "internal"}).expect(201)
    assert site.hairpin.dns.rdata(CLOUD, "CNAME") == [f"{NAMES[1]}."]
    assert site.chain(tag)[0] == sorted([*NAMES, CLOUD])


def test_a_renewal_of_a_csr_with_a_removed_alias_waits_for_a_new_csr(site):
    site.hairpin.api.put(f"{ALIASES}/cloud", {}).expect(201)
    key, sent = site.send_csr([*NAMES, CLOUD])
    sent.expect(202)
    _, tag = site.chain()
    site.hairpin.api.delete(f"{ALIASES}/cloud").expect(204)
    site.hairpin.stop()
    site.make_renewal_due()
    site.hairpin.start()
    site.wait_for_problem(f"{CLOUD} is in the CSR and is no alias of this server any more")
    site.send_csr(NAMES, key)[1].expect(202)
    assert site.chain(tag)[0] == sorted(NAMES)


def test_an_order_at_the_front_may_name_an_alias(site, ca):
    client = AcmeClient(site.hairpin.http_port, ca.certificate, site.folder).register(site.server["acme"])
    wanted = [*NAMES, CLOUD]
    assert client.order(wanted).problem(403)["type"].endswith(":rejectedIdentifier")

    def issued(names: list[str], key: pathlib.Path | None) -> tuple[pathlib.Path, list[str]]:
        key, answer = client.finalize(client.order(names).expect(201), names, key=key)
        url = client.path(answer.expect(200).headers["location"])
        wait_until(lambda: client.post(url).json["status"] == "valid", "the order is done")
        chain = site.folder / "front.pem"
        chain.write_bytes(client.post(client.path(client.post(url).json["certificate"])).expect(200).body)
        return key, names_in(chain)

    key, names = issued(NAMES, None)
    assert names == sorted(NAMES)
    site.hairpin.api.put(f"{ALIASES}/cloud", {}).expect(201)
    assert issued(wanted, key)[1] == sorted(wanted)
    assert client.order([NAMES[0], CLOUD]).problem(403)["type"].endswith(":rejectedIdentifier")
