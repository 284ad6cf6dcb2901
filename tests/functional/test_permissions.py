"""Every pair of licences at every door: what one owns sees and changes nothing of the other (invariant 3)."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import time

import pytest
from support.hairpin import run_hairpind
from support.holders import LICENCES, LISTENERS, NAMELESS, NOBODYS, Holder, zone_of
from support.ports import free_port
from support.process import wait_until


def content(hairpin, licence: str) -> str:
    """All that the zone holds, but its serial and what keeps the names of new accounts in being."""
    text = hairpin.api.get(f"/v1/zones/{zone_of(licence)}/zonefile").expect(200).body.decode()
    return "\n".join(line for line in text.splitlines() if not re.search(r"\b(SOA|HINFO)\b", line))


def credentials_of(hairpin, licence: str):
    """Of the licence and of its servers."""
    rows = hairpin.api.get("/v1/credentials?limit=500").expect(200).json["credentials"]
    return [row for row in rows if (row["owner"] or {}).get("licence") == licence]


@pytest.fixture(name="site")
def with_check_ins(make_hairpin):
    port = free_port()
    nowhere = {"directory": "https://127.0.0.1:1/directory"}  # Orders are taken all the same.
    return make_hairpin(checkin={"listen": [f"127.0.0.1:{port}"]}, acme=nowhere).start()


@pytest.fixture
def holders(site, ca):
    site.holders = {licence: Holder(site, ca, licence) for licence in LICENCES}
    return site.holders


def ways(holder: Holder, address: str):
    for protocol, each in holder.protocols(address).items():
        for way in each:
            yield f"{protocol}, {way.what}", way.reach


def test_no_licence_reaches_another_by_any_protocol(site, holders):
    for number, (licence, holder) in enumerate(holders.items(), 1):
        for what, reach in ways(holder, f"203.0.113.{number}"):
            assert reach(licence), f"{licence}: {what}"
    before = {licence: content(site, licence) for licence in LICENCES}
    for one, other in itertools.permutations(LICENCES, 2):
        for what, reach in ways(holders[one], "203.0.113.99"):
            assert not reach(other), f"{one} at {other}: {what}"
    assert {licence: content(site, licence) for licence in LICENCES} == before


def test_every_door_is_in_the_table(site, holders):
    """A door that is new is tried by pairs of licences, or this says that it is not."""
    protocols = holders["acme"].protocols("203.0.113.1")
    counted = re.findall(r'^hairpin_door_requests_total\{door="([^"]+)"', site.api.get("/metrics").body.decode(),
                         re.MULTILINE)
    assert set(counted) <= set(protocols)
    paths = site.api.get("/v1/openapi.json").expect(200).json["paths"]
    operations = {f"{method} {path}": operation for path, methods in paths.items()
                  for method, operation in methods.items() if method != "parameters"}
    routes = {route for route, operation in operations.items()
              if {"door", "granted"} & {name for choice in operation["security"] for name in choice}}
    tried = {way.route for each in protocols.values() for way in each if way.route}
    assert routes == tried | NAMELESS | NOBODYS and not tried & (NAMELESS | NOBODYS)
    sample = run_hairpind("sample-config").stdout
    sections = re.split(r"^#? ?\[([a-z._]+)\]", sample, flags=re.MULTILINE)
    listening = {name for name, text in zip(sections[1::2], sections[2::2])
                 if re.search(r"^#? ?[a-z_]*listen\b", text, re.MULTILINE)}
    assert listening == set(LISTENERS)
    assert set().union(*LISTENERS.values()) == set(protocols)


def test_nobody_makes_or_removes_zones_at_the_doors(site, holders):
    for licence, path, options in (
            ("beta", "/api/v1/servers/localhost/zones", ("-d", '{"name": "new.example.", "kind": "Native"}')),
            ("beta", f"/api/v1/servers/localhost/zones/{zone_of('acme')}.", ("-X", "DELETE")),
            ("acme", f"/api/v1/servers/localhost/zones/{zone_of('acme')}.", ("-X", "DELETE"))):
        status, _ = holders[licence].curl(path, "-H", f"X-API-Key: {holders[licence].dns_key}", *options)
        assert status == 422
    zones = site.api.get("/v1/zones").expect(200).json["zones"]
    assert {zone_of(licence) for licence in LICENCES} <= {zone["zone"].rstrip(".") for zone in zones}
    assert not any(zone["zone"].startswith("new.") for zone in zones)


def test_a_suspended_licence_is_refused_at_every_door_and_heard_again_after(site, holders):
    acme = holders["acme"]

    site.api.patch("/v1/licences/acme", {"state": "suspended"}).expect(200)
    before = content(site, "acme")
    for what, reach in ways(acme, "203.0.113.50"):
        assert not reach("acme"), what
    assert content(site, "acme") == before
    site.api.patch("/v1/licences/acme", {"state": "active"}).expect(200)
    for what, reach in ways(acme, "203.0.113.50"):
        assert reach("acme"), what


def test_a_licence_ends_by_its_date_by_every_protocol(site, holders):
    """Nobody does anything at that moment."""
    acme = holders["acme"]
    end = int(time.time()) + 3
    site.api.patch("/v1/licences/acme", {
        "expires": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end))}).expect(200)
    before = content(site, "acme")
    time.sleep(max(0.0, end - time.time()))
    for what, reach in ways(acme, "203.0.113.50"):
        assert not reach("acme"), what
    assert content(site, "acme") == before
    site.api.patch("/v1/licences/acme", {"expires": None}).expect(200)
    for what, reach in ways(acme, "203.0.113.50"):
        assert reach("acme"), what


def test_a_revoked_credential_is_refused_at_once(site, holders):
    acme = holders["acme"]
    for row in site.api.get("/v1/credentials?licence=acme").expect(200).json["credentials"]:
        site.api.delete(f"/v1/credentials/{row['id']}").expect(204)
    before = content(site, "acme")
    assert site.as_holder(acme.token).put(
        f"/v1/zones/{zone_of('acme')}/rrsets/mail.{zone_of('acme')}/A", {"records": ["203.0.113.1"]}).status == 401
    run = subprocess.run(["nsupdate", "-y", f"hmac-sha256:key-acme:{acme.key}"], text=True, capture_output=True,
                         check=False, timeout=60,
                         input=f"server 127.0.0.1 {site.dns_port}\nzone {zone_of('acme')}\n"
                               f"update add www.{zone_of('acme')} 60 A 203.0.113.1\nsend\n")
    assert run.returncode != 0 and "BADKEY" in run.stdout + run.stderr, run.stdout + run.stderr
    assert content(site, "acme") == before


def test_explain_says_what_every_door_would(site, holders):
    def explain(**question):
        return site.api.post("/v1/credentials/explain", question).expect(200).json

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


def test_what_is_explained_is_what_each_door_says_and_the_audit_keeps(site, holders):
    """Of a request that is refused: the sentence, and the answer to the client."""
    acme, beta = holders["acme"], zone_of("beta")
    by_kind = {row["kind"]: row["id"] for row in credentials_of(site, "acme")}
    value = "x" * 43
    rrsets = {"rrsets": [{"name": f"www.{beta}.", "type": "A", "ttl": 60, "changetype": "REPLACE",
                          "records": [{"content": "203.0.113.7", "disabled": False}]}]}
    patch = {"rrsets": [{"owner": f"www.{beta}", "type": "A", "records": ["203.0.113.7"]}]}
    login = ("-u", f"any:{acme.token}", "-H", "Content-Type: application/json", "-d")
    # door: who, what explain is told, the real request, as (status, body) or whether it was done.
    doors = {
        "dyndns2": ({"credential": by_kind["dyndns"]}, {"request": f"hostname=nur1.{beta}&myip=203.0.113.7"},
                    lambda: acme.curl(f"/nic/update?hostname=nur1.{beta}&myip=203.0.113.7", "-u", f":{acme.box}")),
        "acme-dns": ({"server": "acme/nur1"}, {"request": {"subdomain": f"nur1.{beta}", "txt": value}},
                     lambda: acme.curl("/update", "-H", f"X-Api-User: nur1.{beta}", "-H",
                                       f"X-Api-Key: {acme.server['token']}", "-d",
                                       json.dumps({"subdomain": f"nur1.{beta}", "txt": value}))),
        "httpreq": ({"credential": by_kind["token"]}, {"request": {"fqdn": f"_acme-challenge.{beta}.", "value": value}},
                    lambda: acme.curl("/httpreq/present", *login,
                                      json.dumps({"fqdn": f"_acme-challenge.{beta}.", "value": value}))),
        "powerdns": ({"credential": by_kind["powerdns"]}, {"zone": beta, "request": rrsets},
                     lambda: acme.curl(f"/api/v1/servers/localhost/zones/{beta}.", "-X", "PATCH", "-H",
                                       f"X-API-Key: {acme.dns_key}", "-d", json.dumps(rrsets))),
        "rest": ({"credential": by_kind["token"]}, {"zone": beta, "request": patch},
                 lambda: acme.curl(f"/v1/zones/{beta}/rrsets", "-X", "PATCH", "-H",
                                   f"Authorization: Bearer {acme.token}", "-d", json.dumps(patch))),
        "update": ({"credential": "key-acme"}, {"zone": beta, "request": [f"delete www.{beta} A"]},
                   lambda: acme.nsupdate("key-acme", acme.key, "beta", f"update delete www.{beta} A")),
        "transfer": ({"credential": "xfer-acme"}, {"zone": beta}, lambda: acme.dig(acme.follower, "beta", "AXFR")),
    }
    assert set(doors) | {"check-in", "acme"} == set(acme.protocols(""))
    for door, (who, sent, ask) in doors.items():
        said = site.api.post("/v1/credentials/explain", {"door": door, **who, **sent}).expect(200).json
        assert not said["allowed"] and said["rule"].startswith("refused: ") and said["changes"] == [], said
        answered = ask()

        def newest(door=door):
            row = site.api.get("/v1/audit?limit=1").expect(200).json["audit"][0]
            return row if row["actor"]["door"] == door else None

        wait_until(newest, f"the refusal at {door} is in the audit")
        row = newest()
        assert row["outcome"] == "refused" and row["reason"] == said["rule"], (door, row, said)
        if isinstance(answered, bool):
            assert not answered and said["answer"] == {"rcode": "REFUSED"}
        else:
            assert (said["answer"]["status"], said["answer"]["body"].rstrip()) == (answered[0], answered[1].rstrip())
    silent = site.api.post("/v1/credentials/explain", {"door": "check-in", "server": "acme/nur1"}).expect(200).json
    assert silent["answer"] == {"datagram": "challenge"} and "moved" in silent["rule"], silent


def test_every_use_of_a_credential_moves_its_last_used(site, holders):
    acme = holders["acme"]
    before = {row["id"]: row["last_used"] for row in credentials_of(site, "acme")}
    assert len(before) == 6 and sum(used is None for used in before.values()) >= 5  # The token registered an account.
    for what, reach in ways(acme, "203.0.113.1"):
        assert reach("acme"), what

    wait_until(lambda: all(row["last_used"] for row in credentials_of(site, "acme") if row["id"] in before),
               "all credentials are known to have been used")
