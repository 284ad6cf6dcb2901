"""Keys and secondaries over the REST API: who may transfer what, who is told, and that it is signed."""

from __future__ import annotations

import base64

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.tsig
import dns.tsigkeyring
import dns.xfr
import dns.zone
import pytest
from support.process import wait_until
from support.secondaries import KINDS
from test_transfer import records, transfers, whole_zone

ZONE, OTHER = "example.org.", "example.com."
CATALOG = "catalog.example.net."


def make_key(hairpin, name: str, *zones: str, **members) -> dict:
    allow = [{"zone": zone, "operations": ["transfer"]} for zone in zones]
    return hairpin.api.post("/v1/credentials", {"kind": "tsig", "name": name, "allow": allow, **members}).expect(201).json


def set_secondaries(hairpin, zone: str, *secondaries: dict) -> None:
    hairpin.api.patch(f"/v1/zones/{zone}", {"secondaries": list(secondaries)}).expect(200)


def ring(key: dict) -> dict:
    return dns.tsigkeyring.from_text({key["name"]: (key["algorithm"], key["secret"])})


def ask(hairpin, key: dict | None, zone: str, rtype: str = "AXFR", *, tcp: bool = True) -> dns.message.Message:
    query = dns.message.make_query(zone, rtype, use_edns=0)
    if rtype == "IXFR":
        query.authority.append(dns.rrset.from_text(zone, 0, "IN", "SOA", ". . 1 0 0 0 0"))
    if key:
        query.use_tsig(ring(key), keyname=key["name"] + ".", algorithm=key["algorithm"])
    send = dns.query.tcp if tcp else dns.query.udp
    return send(query, "127.0.0.1", port=hairpin.dns_port, timeout=10)


def may(hairpin, key: dict | None, zone: str) -> bool:
    """Whether a transfer is given; every answer of the other kind is a refusal."""
    options = {"keyring": ring(key), "keyname": key["name"] + ".", "keyalgorithm": key["algorithm"]} if key else {}
    try:
        messages = list(dns.query.xfr("127.0.0.1", zone, port=hairpin.dns_port, timeout=10, **options))
    except dns.query.TransferError as error:
        assert error.rcode == dns.rcode.REFUSED
        return False
    assert all(message.had_tsig == bool(key) for message in messages)
    return True


@pytest.fixture(name="site")
def two_zones(make_hairpin):
    hairpin = make_hairpin(**{"dns.transfer": {"catalog": CATALOG}}).start()
    for zone in (ZONE, OTHER):
        hairpin.api.post("/v1/zones", {"zone": zone}).expect(201)
    return hairpin


def test_a_key_transfers_what_it_is_granted_and_nothing_else(site):
    one, every = make_key(site, "one.", ZONE), make_key(site, "every.", "*")
    nothing = make_key(site, "nothing.")
    for _ in range(2):
        assert may(site, one, ZONE) and not may(site, one, OTHER) and not may(site, one, CATALOG)
        assert may(site, every, ZONE) and may(site, every, OTHER) and may(site, every, CATALOG)
        assert not may(site, nothing, ZONE) and not may(site, None, ZONE)
        refused = ask(site, one, OTHER)
        assert refused.rcode() == dns.rcode.REFUSED and refused.had_tsig
        assert ask(site, one, "foreign.test.").rcode() == dns.rcode.NOTAUTH
        site.stop()
        site.start()


def test_a_revoked_key_is_refused_at_once_and_so_is_its_successor_with_the_old_secret(site):
    key = make_key(site, "upd.", ZONE)
    set_secondaries(site, OTHER, {"address": "127.0.0.1:9", "tsig": "upd."})
    assert may(site, key, ZONE) and may(site, key, OTHER)
    site.api.delete("/v1/credentials/upd.").expect(204)
    for zone in (ZONE, OTHER):
        with pytest.raises(dns.tsig.PeerBadKey):
            ask(site, key, zone)
    again = make_key(site, "upd.")
    with pytest.raises(dns.tsig.PeerBadSignature):
        ask(site, key, ZONE)
    assert not may(site, again, ZONE)  # The grant went with the key it was given to.
    assert may(site, again, OTHER)  # A secondary goes by the key's name.
    assert key["secret"] not in site.logs()


@pytest.mark.parametrize("algorithm", ["hmac-sha224", "hmac-sha384", "hmac-sha512", "hmac-sha1", "hmac-md5"])
def test_imported_keys_of_every_algorithm_work(site, algorithm):
    members = {"algorithm": algorithm, "secret": base64.b64encode(bytes(range(64))).decode()}
    if algorithm in ("hmac-sha1", "hmac-md5"):
        site.api.post("/v1/credentials", {"kind": "tsig", "name": "k.", **members}).expect(400)
        members["allow_weak_algorithm"] = True
    key = make_key(site, "k.", ZONE, **members)
    assert key["secret"] == members["secret"]
    text = "hmac-md5.sig-alg.reg.int" if algorithm == "hmac-md5" else algorithm
    assert may(site, {**key, "algorithm": text}, ZONE)


def test_a_signed_question_about_the_catalog_is_answered_over_udp(site):
    key, stranger = make_key(site, "cat.", "*"), make_key(site, "stranger.", ZONE)
    serial = site.api.get(f"/v1/zones/{CATALOG}").expect(200).json["serial"]
    for tcp in (False, True):
        soa = ask(site, key, CATALOG, "SOA", tcp=tcp)
        assert soa.had_tsig and soa.answer[0][0].serial == serial
        hidden = ask(site, key, f"version.{CATALOG}", "TXT", tcp=tcp)
        assert hidden.had_tsig and hidden.rcode() == dns.rcode.REFUSED
    alone = ask(site, key, CATALOG, "IXFR", tcp=False)
    assert alone.had_tsig and [len(rrset) for rrset in alone.answer] == [1]
    for transfer in ("IXFR", "AXFR"):
        refused = ask(site, stranger, CATALOG, transfer)
        assert refused.had_tsig and refused.rcode() == dns.rcode.REFUSED
    with pytest.raises(dns.tsig.PeerBadKey):
        ask(site, {**key, "name": "unknown"}, CATALOG, "SOA", tcp=False)
    with pytest.raises(dns.tsig.PeerBadSignature):
        ask(site, {**key, "secret": stranger["secret"]}, CATALOG, "SOA", tcp=False)


def test_grants_and_secondaries_end_with_their_zone(site):
    key = make_key(site, "k.", ZONE)
    set_secondaries(site, ZONE, {"address": "127.0.0.1:9", "tsig": "k."})
    site.api.delete(f"/v1/zones/{ZONE}").expect(204)
    site.api.post("/v1/zones", {"zone": ZONE}).expect(201)
    assert not may(site, key, ZONE)
    assert site.api.get(f"/v1/zones/{ZONE}").expect(200).json["secondaries"] == []
    assert site.api.get("/v1/credentials/k").expect(200).json["allow"] == []


def test_a_secondary_of_the_configuration_may_have_a_key(make_hairpin, tmp_path):
    hairpin = make_hairpin()
    secondary = KINDS["nsd"](tmp_path / "nsd", hairpin.dns_port, [ZONE])
    hairpin.config["dns.transfer"] = {"secondaries": [f"127.0.0.1:{secondary.port} key upd."]}
    hairpin.start()
    hairpin.api.post("/v1/zones", {"zone": ZONE}).expect(201)
    secondary.key = make_key(hairpin, "upd.")
    assert may(hairpin, secondary.key, ZONE) and not may(hairpin, None, ZONE)
    try:
        secondary.start()
        hairpin.api.put(f"/v1/zones/{ZONE}/rrsets/www.{ZONE}/A", {"ttl": 60, "records": ["192.0.2.1"]}).expect(201)
        wait_until(lambda: secondary.serial(ZONE) == hairpin.dns.serial(ZONE), "told by a signed NOTIFY", every=0.2)
    finally:
        secondary.end()


def test_knot_nsd_and_bind_converge_by_signed_notify_and_ixfr(site, tmp_path):
    """A burst of 1,000 changes; nothing but the API was told of the secondaries, and nothing asks them to refresh."""
    secondaries = {}
    for kind, secondary in KINDS.items():
        key = make_key(site, f"{kind}.example.")
        secondaries[kind] = secondary(tmp_path / kind, site.dns_port, [ZONE], key)
    site.api.put(f"/v1/zones/{ZONE}/rrsets/filling.{ZONE}/TXT",
                 {"ttl": 60, "records": [f'"{"x" * 200}{number}"' for number in range(90)]}).expect(201)
    set_secondaries(site, ZONE, *({"address": f"127.0.0.1:{each.port}", "tsig": each.key["name"]}
                                  for each in secondaries.values()))
    try:
        for each in secondaries.values():
            each.start()
        whole = transfers(site, "whole")
        for number in range(1_000):
            site.api.put(f"/v1/zones/{ZONE}/rrsets/n{number % 50}.{ZONE}/A",
                         {"ttl": 60, "records": [f"192.0.2.{number % 249 + 1}"]}).expect(200, 201, 204)
        serial = site.dns.serial(ZONE)
        for kind, each in secondaries.items():
            wait_until(lambda each=each: each.serial(ZONE) == serial, f"{kind} has the last serial", every=0.2)
            assert records(whole_zone(each.port, ZONE)) == zone_of(site, secondaries["knot"].key), kind
        assert transfers(site, "incremental") > 10 * (transfers(site, "whole") - whole - 3)  # Three were our own.

        def told():
            return {each["address"]: each for each in
                    site.api.get(f"/v1/zones/{ZONE}/secondaries").expect(200).json["secondaries"]}
        for each in secondaries.values():
            address = f"127.0.0.1:{each.port}"
            wait_until(lambda a=address: told()[a]["serial"] == serial, "its signed acknowledgement", every=0.2)
            assert told()[address]["result"] == "acknowledged"
        assert 'dns_notify_results_total{result="unverified"} 0' in site.api.get("/metrics").body.decode()
        assert not may(site, None, ZONE) and not may(site, secondaries["nsd"].key, OTHER)

        # A secondary whose key is revoked is told of nothing and gets nothing; the others go on.
        site.api.delete("/v1/credentials/nsd.example").expect(204)
        site.api.put(f"/v1/zones/{ZONE}/rrsets/last.{ZONE}/A", {"ttl": 60, "records": ["192.0.2.9"]}).expect(201)
        newest = site.dns.serial(ZONE)
        for kind in ("knot", "bind"):
            wait_until(lambda each=secondaries[kind]: each.serial(ZONE) == newest, f"{kind} goes on", every=0.2)
        secondaries["nsd"].refresh(ZONE)
        assert secondaries["nsd"].serial(ZONE) == serial
    finally:
        for each in secondaries.values():
            each.end()


def zone_of(hairpin, key: dict) -> list[tuple[str, int, str]]:
    content = dns.zone.Zone(ZONE, relativize=False)
    query, _ = dns.xfr.make_query(content, keyring=ring(key), keyname=key["name"] + ".",
                                  keyalgorithm=key["algorithm"])
    dns.query.inbound_xfr("127.0.0.1", content, query, port=hairpin.dns_port, timeout=20, lifetime=60)
    return records(content)


def test_a_key_made_again_under_its_name_tells_its_secondaries_at_once(make_hairpin, tmp_path):
    hairpin = make_hairpin().start()
    zone = "again.test."
    hairpin.api.post("/v1/zones", {"zone": zone}).expect(201)
    key = hairpin.api.post("/v1/credentials", {"kind": "tsig", "name": "again."}).expect(201).json
    secondary = KINDS["knot"](tmp_path / "secondary", hairpin.dns_port, [zone], key)
    hairpin.api.patch(f"/v1/zones/{zone}", {"secondaries": [
        {"address": f"127.0.0.1:{secondary.port}", "tsig": "again."}]}).expect(200)
    def told() -> int:
        return secondary.log().count("notify, incoming")
    def result() -> str:
        return hairpin.api.get(f"/v1/zones/{zone}/secondaries").expect(200).json["secondaries"][0]["result"]
    try:
        secondary.start()
        wait_until(lambda: result() == "acknowledged", "nothing is under way", every=0.2)
        hairpin.api.delete("/v1/credentials/again.").expect(204)
        before = told()
        hairpin.api.post("/v1/credentials", {"kind": "tsig", "name": "again.", "secret": key["secret"]}).expect(201)
        wait_until(lambda: told() > before, "a NOTIFY without a change", every=0.1)
        hairpin.api.put(f"/v1/zones/{zone}/rrsets/www.{zone}/A", {"records": ["192.0.2.1"]}).expect(201)
        wait_until(lambda: secondary.serial(zone) == hairpin.dns.serial(zone), "it follows as before", every=0.2)
    finally:
        secondary.end()
