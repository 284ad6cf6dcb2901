"""Every pair of licences at every door: what one owns sees and changes nothing of the other (invariant 3)."""

from __future__ import annotations

import base64
import itertools
import subprocess

import dns.query
import dns.rcode
import dns.tsigkeyring
import dns.update
import pytest

LICENCES = ["acme", "beta", "gamma"]


def zone_of(licence: str) -> str:
    return f"pl-{licence}.example.net"


class Holder:
    """All that a licence has: a server with its own secrets, and a credential of every kind."""

    def __init__(self, hairpin, licence: str):
        self.hairpin, self.licence = hairpin, licence
        self.server = hairpin.new_server(licence)
        self.token = self.make("token", role="zone")["secret"]
        self.key = self.make("tsig", name=f"key-{licence}", role="zone")["secret"]
        self.box = self.make("dyndns", server="nur1", role="addresses")["secret"]

    def make(self, kind: str, server: str | None = None, **members: str):
        owner = {"licence": self.licence, **({"server": server} if server else {})}
        return self.hairpin.api.post("/v1/credentials", {"kind": kind, "owner": owner, **members}).expect(201).json

    def update(self, name: str, secret: str, target: str, owner: str, rtype: str, rdata: str) -> bool:
        ring = dns.tsigkeyring.from_text({name: ("hmac-sha256", secret)})
        update = dns.update.UpdateMessage(zone_of(target), keyring=ring, keyalgorithm="hmac-sha256")
        update.replace(f"{owner}.{zone_of(target)}.", 60, rtype, rdata)
        answer = dns.query.tcp(update, "127.0.0.1", port=self.hairpin.dns_port, timeout=30)
        assert answer.rcode() in (dns.rcode.NOERROR, dns.rcode.REFUSED), dns.rcode.to_text(answer.rcode())
        return answer.rcode() == dns.rcode.NOERROR

    def dyndns(self, secret: str, target: str, address: str) -> bool:
        login = base64.b64encode(f"nur1.{zone_of(target)}:{secret}".encode()).decode()
        answer = self.hairpin.anyone.get(f"/nic/update?hostname=nur1.{zone_of(target)}&myip={address}",
                                         headers={"Authorization": f"Basic {login}"}).expect(200)
        is_done = answer.body.startswith((b"good", b"nochg"))
        assert is_done or answer.body in (b"nohost\n", b"dnserr\n"), answer.body  # Not now: suspended.
        return is_done

    def put(self, target: str, owner: str, rtype: str, rdata: str) -> bool:
        status = self.hairpin.as_holder(self.token).put(
            f"/v1/zones/{zone_of(target)}/rrsets/{owner}.{zone_of(target)}/{rtype}",
            {"records": [rdata]}).expect(200, 201, 403).status
        return status != 403

    def read(self, target: str) -> bool:
        status = self.hairpin.as_holder(self.token).get(
            f"/v1/zones/{zone_of(target)}/rrsets/{zone_of(target)}/SOA").expect(200, 403).status
        return status == 200

    def ways(self, address: str):
        """(what, a call that takes the target and says whether it was allowed)."""
        own = self.server["tsig"]
        return [
            ("UPDATE of an address by the server's key",
             lambda target: self.update(own["name"], own["secret"], target, "nur1", "A", address)),
            ("UPDATE of a challenge by the server's key",
             lambda target: self.update(own["name"], own["secret"], target, "_acme-challenge.nur1", "TXT", "x" * 43)),
            ("UPDATE by the licence's key",
             lambda target: self.update(f"key-{self.licence}", self.key, target, "www", "A", address)),
            ("dyndns2 by the server's token", lambda target: self.dyndns(self.server["token"], target, address)),
            ("dyndns2 by the box's password", lambda target: self.dyndns(self.box, target, address)),
            ("REST by the licence's token", lambda target: self.put(target, "mail", "A", address)),
            ("reading by the licence's token", self.read),
        ]


def content(hairpin, licence: str) -> str:
    return hairpin.api.get(f"/v1/zones/{zone_of(licence)}/zonefile").expect(200).body.decode()


@pytest.fixture
def holders(hairpin):
    return {licence: Holder(hairpin, licence) for licence in LICENCES}


def test_no_licence_reaches_another_at_any_door(hairpin, holders):
    for number, (licence, holder) in enumerate(holders.items(), 1):
        for what, way in holder.ways(f"203.0.113.{number}"):
            assert way(licence), f"{licence}: {what}"
    before = {licence: content(hairpin, licence) for licence in LICENCES}
    for one, other in itertools.permutations(LICENCES, 2):
        for what, way in holders[one].ways("203.0.113.99"):
            assert not way(other), f"{one} at {other}: {what}"
    assert {licence: content(hairpin, licence) for licence in LICENCES} == before


def test_a_suspended_licence_is_refused_at_every_door_and_heard_again_after(hairpin, holders):
    acme = holders["acme"]

    hairpin.api.patch("/v1/licences/acme", {"state": "suspended"}).expect(200)
    before = content(hairpin, "acme")
    for what, way in acme.ways("203.0.113.50"):
        assert not way("acme"), what
    assert content(hairpin, "acme") == before
    hairpin.api.patch("/v1/licences/acme", {"state": "active"}).expect(200)
    for what, way in acme.ways("203.0.113.50"):
        assert way("acme"), what


def test_a_revoked_credential_is_refused_at_once(hairpin, holders):
    acme = holders["acme"]
    for row in hairpin.api.get("/v1/credentials?licence=acme").expect(200).json["credentials"]:
        hairpin.api.delete(f"/v1/credentials/{row['id']}").expect(204)
    before = content(hairpin, "acme")
    assert hairpin.as_holder(acme.token).put(
        f"/v1/zones/{zone_of('acme')}/rrsets/mail.{zone_of('acme')}/A", {"records": ["203.0.113.1"]}).status == 401
    run = subprocess.run(["nsupdate", "-y", f"hmac-sha256:key-acme:{acme.key}"], text=True, capture_output=True,
                         check=False, timeout=60,
                         input=f"server 127.0.0.1 {hairpin.dns_port}\nzone {zone_of('acme')}\n"
                               f"update add www.{zone_of('acme')} 60 A 203.0.113.1\nsend\n")
    assert run.returncode != 0 and "BADKEY" in run.stdout + run.stderr, run.stdout + run.stderr
    assert content(hairpin, "acme") == before


def test_explain_says_what_every_door_would(hairpin, holders):
    def explain(**question):
        return hairpin.api.post("/v1/credentials/explain", question).expect(200).json

    name = f"nur1.{zone_of('acme')}"
    allowed = explain(server="acme/nur1", zone=zone_of("acme"), source="203.0.113.7",
                      rrsets=[{"owner": name, "type": "A", "records": ["203.0.113.7"]}])
    assert allowed["allowed"] and allowed["rule"].startswith("allowed by grant 1: read, update A, AAAA at nur1.")
    assert allowed["changes"] == [{"owner": name, "type": "A", "before": None,
                                   "after": {"ttl": 60, "records": ["203.0.113.7"]}}]
    private = explain(server="acme/nur1", zone=zone_of("acme"),
                      rrsets=[{"owner": name, "type": "A", "records": ["10.0.0.1"]}])
    assert not private["allowed"] and "does not take 10.0.0.1" in private["rule"]
    foreign = explain(credential="key-acme", zone=zone_of("beta"),
                      rrsets=[{"owner": f"www.{zone_of('beta')}", "type": "A", "records": ["203.0.113.7"]}])
    assert foreign == {"allowed": False, "rule": "refused: no grant is for zone pl-beta.example.net.", "changes": []}
    # The same sentence stands in the audit of the refusal.
    acme = holders["acme"]
    assert not acme.update("key-acme", acme.key, "beta", "www", "A", "203.0.113.7")
    newest = hairpin.api.get("/v1/audit?limit=1").expect(200).json["audit"][0]
    assert newest["outcome"] == "refused" and foreign["rule"] in newest["reason"]
    assert newest["actor"]["door"] == "update" and newest["actor"]["id"] == "key-acme"
