"""What a zone is answered from, over the API: serial, age and what secondaries may refuse."""

from __future__ import annotations

import datetime
import re

from support.process import wait_until
from support.secondaries import Bind

ZONE = "example.org."


def state(shown: dict) -> tuple[int, str]:
    return shown["serial"], shown["published"]


def test_serial_and_age_are_those_of_what_is_answered(make_hairpin):
    hairpin = make_hairpin().start()
    hairpin.api.post("/v1/licences", {"licence": "acme"}).expect(201)
    made = hairpin.api.post("/v1/zones", {"zone": ZONE}).expect(201).json
    assert made["serial"] == hairpin.dns.serial(ZONE)
    published = datetime.datetime.fromisoformat(made["published"].replace("Z", "+00:00"))
    assert abs((datetime.datetime.now(datetime.timezone.utc) - published).total_seconds()) < 60
    assert made["age_seconds"] == 0

    hairpin.api.put(f"/v1/zones/{ZONE}/rrsets/www.{ZONE}/A", {"records": ["192.0.2.1"]}).expect(201)
    shown = hairpin.api.get(f"/v1/zones/{ZONE}").expect(200).json
    assert shown["serial"] == hairpin.dns.serial(ZONE) > made["serial"]
    assert shown["published"] >= made["published"] and shown["age_seconds"] >= 0
    listed = {each["zone"]: each for each in hairpin.api.get("/v1/zones").expect(200).json["zones"]}
    assert state(listed["example.org"]) == state(shown)
    licence = hairpin.api.get("/v1/licences/acme").expect(200).json
    assert state(licence) == state(listed["pl-acme.example.net"])
    assert licence["serial"] == hairpin.dns.serial("pl-acme.example.net.")

    metric = re.search(r"^hairpin_zones_published_timestamp_seconds (\d+)$",
                       hairpin.api.get("/metrics").expect(200).body.decode(), re.MULTILINE)
    newest = datetime.datetime.fromtimestamp(int(metric[1]), datetime.timezone.utc)
    assert newest.strftime("%Y-%m-%dT%H:%M:%SZ") >= shown["published"]

    hairpin.stop()
    hairpin.start()
    again = hairpin.api.get(f"/v1/zones/{ZONE}").expect(200).json
    assert again["serial"] == shown["serial"]
    assert again["published"] >= shown["published"], "a restart loads every zone anew"


def put_addresses(hairpin, count: int) -> dict:
    records = [f"192.0.2.{number}" for number in range(1, count + 1)]
    return hairpin.api.put(f"/v1/zones/{ZONE}/rrsets/many.{ZONE}/A", {"records": records}).expect(200, 201).json


def test_bind_takes_100_records_in_an_rrset_and_we_warn_of_the_next(make_hairpin, tmp_path):
    hairpin = make_hairpin()
    secondary = Bind(tmp_path / "secondary", hairpin.dns_port, [ZONE])
    hairpin.config["dns.transfer"] = {"secondaries": [f"127.0.0.1:{secondary.port}"]}
    hairpin.start()
    hairpin.api.post("/v1/zones", {"zone": ZONE}).expect(201)
    assert "warnings" not in put_addresses(hairpin, 100)
    taken = hairpin.dns.serial(ZONE)
    try:
        secondary.start()
        secondary.follow(ZONE, taken)
        assert len(secondary.dns.ask(f"many.{ZONE}", tcp=True).answer[0]) == 100
        warning, = put_addresses(hairpin, 101)["warnings"]
        assert (warning["owner"], warning["type"], warning["records"]) == ("many.example.org", "A", 101)
        wait_until(lambda: "too many records" in secondary.log(), "BIND refuses it", every=0.2)
        assert secondary.serial(ZONE) == taken
        assert "warnings" not in put_addresses(hairpin, 102)
        assert hairpin.logs().count("now have more than 100 records") == 1

        hairpin.stop()
        hairpin.start()
        warning, = hairpin.api.get(f"/v1/zones/{ZONE}").expect(200).json["warnings"]
        assert (warning["owner"], warning["records"]) == ("many.example.org", 102)
        put_addresses(hairpin, 100)
        assert hairpin.api.get(f"/v1/zones/{ZONE}").expect(200).json["warnings"] == []
        secondary.follow(ZONE, hairpin.dns.serial(ZONE))
    finally:
        secondary.end()
