"""What a zone is answered from, over the API: serial and age."""

from __future__ import annotations

import datetime
import re

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
