"""What a zone answered before: recorded answers are found again by time and serial, over the API and `hairpin`."""

from __future__ import annotations

import contextlib
import os
import random
import sqlite3
import subprocess
import time

import dns.query
import dns.versioned
import dns.xfr
import dns.zone
import test_transfer
from support.hairpin import BUILD
from support.process import PATIENCE, wait_until
from test_transfer import records, transfers

PROGRAM = BUILD / "cli" / "hairpin"
ZONE = "past.test."


def run(hairpin, ca, tmp_path, *arguments: str, tz: str = "UTC0") -> subprocess.CompletedProcess[str]:
    token = tmp_path / "token"
    token.write_text(hairpin.token)
    token.chmod(0o600)
    environment = {**os.environ, "HAIRPIN_URL": f"https://localhost:{hairpin.http_port}",
                   "HAIRPIN_TOKEN_FILE": str(token), "HAIRPIN_CA_FILE": str(ca.certificate), "TZ": tz}
    return subprocess.run([str(PROGRAM), "zone", *arguments], text=True, capture_output=True, check=False,
                          timeout=PATIENCE, env=environment, stdin=subprocess.DEVNULL)


def put(hairpin, owner: str, *addresses: str) -> None:
    path = f"/v1/zones/{ZONE}/rrsets/{owner}.{ZONE}/A"
    if addresses:
        hairpin.api.put(path, {"ttl": 60, "records": list(addresses)}).expect(200, 201)
    else:
        hairpin.api.delete(path).expect(200, 204, 404)


def put_text(hairpin, owner: str, word: str) -> None:
    """Fifteen kilobytes."""
    strings = [f'"{word}-{each:03}-{"x" * 240}"' for each in range(60)]
    hairpin.api.put(f"/v1/zones/{ZONE}/rrsets/{owner}.{ZONE}/TXT", {"ttl": 60, "records": strings}).expect(200, 201)


def whole_zone(hairpin) -> dns.zone.Zone:
    return test_transfer.whole_zone(hairpin.dns_port, ZONE)


def content(hairpin, moment: str) -> dict[str, list[str]]:
    """The A records at a moment, in pages of two."""
    found: dict[str, list[str]] = {}
    cursor = ""
    while True:
        page = hairpin.api.get(f"/v1/zones/{ZONE}/at?{moment}&type=A&limit=2{cursor}").expect(200).json
        found |= {each["owner"].split(".")[0]: each["records"] for each in page["rrsets"]}
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def test_recorded_answers_are_found_again(hairpin, ca, tmp_path):
    hairpin.api.post("/v1/zones", {"zone": ZONE}).expect(201)
    choice = random.Random(5)
    owners = ["a", "b", "c", "d", "e"]
    recorded: list[tuple[int, dict[str, list[str]]]] = []
    for _ in range(25):
        put(hairpin, choice.choice(owners), *(f"192.0.2.{choice.randrange(9)}" for _ in range(choice.randrange(3))))
        answers = {owner: sorted(hairpin.dns.rdata(f"{owner}.{ZONE}", "A")) for owner in owners}
        recorded.append((hairpin.dns.serial(ZONE), {owner: each for owner, each in answers.items() if each}))
    by_serial = dict(recorded)
    for serial, answers in by_serial.items():
        assert content(hairpin, f"serial={serial}") == answers
    # An instant is the end of its second, so one that has passed.
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    time.sleep(1.1)
    put(hairpin, "a", "192.0.2.99")
    last = recorded[-1]
    assert content(hairpin, f"time={moment}") == last[1]

    shown = run(hairpin, ca, tmp_path, "at", ZONE, moment, f"a.{ZONE}", "A")
    assert shown.returncode == 0, shown.stderr
    assert f"; past.test. serial {last[0]}" in shown.stdout
    assert [line.split()[-1] for line in shown.stdout.splitlines() if not line.startswith(";")] == last[1].get("a", [])
    diff = run(hairpin, ca, tmp_path, "diff", ZONE, str(last[0]), str(hairpin.dns.serial(ZONE)), f"a.{ZONE}")
    assert diff.returncode == 0, diff.stderr
    lines = diff.stdout.splitlines()
    assert f"+a.{ZONE} 60 IN A 192.0.2.99" in lines
    newest = hairpin.api.get(f"/v1/zones/{ZONE}/history?limit=1").expect(200).json["history"][0]
    assert any(line.endswith(f"(change {newest['id']}, serial {newest['serial_after']})") for line in lines)
    never = run(hairpin, ca, tmp_path, "at", ZONE, "7")
    assert never.returncode == 1 and "404" in never.stderr


def test_one_command_tells_what_was_answered_who_changed_it_and_how(make_hairpin, ca, tmp_path):
    hairpin = make_hairpin(names={"public_also": ["127.0.0.0/8"]}).start()
    server = hairpin.new_server()
    hairpin.as_holder(server["token"]).post("/v1/self/heartbeat", {"public": "auto"}).expect(200)
    zone = "pl-acme.example.net"
    step = hairpin.api.get(f"/v1/zones/{zone}/history?limit=1").expect(200).json["history"][0]
    # As people say it, by the clock where they are: an hour ahead of UTC.
    when = "today at " + time.strftime("%H:%M:%S", time.gmtime(time.time() + 3600))
    shown = run(hairpin, ca, tmp_path, "at", zone, "--name", "nur1", "--when", when, tz="CET-1")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.splitlines() == [
        f"; {zone}. serial {step['serial_after']}",
        f"; last changed {step['at']} by server acme/nur1 from 127.0.0.1 with credential"
        f" {step['actor']['credential']} over heartbeat: report (change {step['id']}, serial {step['serial_after']})",
        f"nur1.{zone}. 60 IN A 127.0.0.1"]
    listed = hairpin.api.get("/v1/licences/acme/servers/nur1").expect(200).json
    assert step["actor"]["credential"] > 0 and listed["label"] == "nur1"


def test_a_change_is_undone_and_a_zone_returns(hairpin, ca, tmp_path):
    hairpin.api.post("/v1/zones", {"zone": ZONE}).expect(201)
    put(hairpin, "a", "192.0.2.1")
    first = hairpin.dns.serial(ZONE)
    put(hairpin, "a", "192.0.2.2")
    step = str(hairpin.api.get(f"/v1/zones/{ZONE}/history?limit=1").expect(200).json["history"][0]["id"])
    put(hairpin, "b", "192.0.2.3")

    tried = run(hairpin, ca, tmp_path, "undo", ZONE, step, "--dry-run")
    assert tried.returncode == 0, tried.stderr
    assert tried.stdout.splitlines()[1:] == [f"-a.{ZONE} 60 IN A 192.0.2.2", f"+a.{ZONE} 60 IN A 192.0.2.1"]
    assert hairpin.dns.rdata(f"a.{ZONE}", "A") == ["192.0.2.2"]
    undone = run(hairpin, ca, tmp_path, "undo", ZONE, step)
    assert undone.returncode == 0, undone.stderr
    assert undone.stdout == f"; past.test. serial {hairpin.dns.serial(ZONE)}: 1 RRsets became what they were\n"
    assert hairpin.dns.rdata(f"a.{ZONE}", "A") == ["192.0.2.1"]
    assert hairpin.dns.rdata(f"b.{ZONE}", "A") == ["192.0.2.3"]
    twice = run(hairpin, ca, tmp_path, "undo", ZONE, step)
    assert twice.returncode == 1 and f"undo of change {step}" in twice.stderr

    before = hairpin.dns.serial(ZONE)
    dry = run(hairpin, ca, tmp_path, "return", ZONE, str(first), "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert f"-b.{ZONE} 60 IN A 192.0.2.3" in dry.stdout.splitlines()
    assert hairpin.dns.serial(ZONE) == before
    back = run(hairpin, ca, tmp_path, "return", ZONE, str(first))
    assert back.returncode == 0, back.stderr
    assert hairpin.dns.rdata(f"b.{ZONE}", "A") == []
    assert hairpin.dns.serial(ZONE) > before


def test_a_zone_that_was_removed_returns(hairpin, ca, tmp_path):
    hairpin.api.post("/v1/zones", {"zone": ZONE}).expect(201)
    put(hairpin, "a", "192.0.2.1")
    last = hairpin.dns.serial(ZONE)
    hairpin.api.delete(f"/v1/zones/{ZONE}").expect(204)
    assert hairpin.dns.rcode(f"a.{ZONE}") == "REFUSED"
    back = run(hairpin, ca, tmp_path, "return", ZONE, "--to", str(last))
    assert back.returncode == 0, back.stderr
    assert hairpin.dns.rdata(f"a.{ZONE}", "A") == ["192.0.2.1"]
    assert hairpin.dns.serial(ZONE) > last
    never = run(hairpin, ca, tmp_path, "return", "never.test", "--to", str(last))
    assert never.returncode == 1 and "404" in never.stderr


def follow(hairpin, zone: dns.versioned.Zone, source: str) -> None:
    """By IXFR where it holds something, else by AXFR."""
    query, _ = dns.xfr.make_query(zone)
    dns.query.inbound_xfr("127.0.0.1", zone, query, port=hairpin.dns_port, timeout=20, lifetime=60, source=source)


def test_a_secondary_that_was_away_is_served_across_merged_changes(make_hairpin, ca, tmp_path):
    secondary, stranger = "127.0.0.2", "127.0.0.3"
    hairpin = make_hairpin(**{"dns.transfer": {"secondaries": [f"{secondary}:9"], "allow": ["127.0.0.0/8"]},
                              "store": {"journal_megabytes": 1}}).start()
    hairpin.api.post("/v1/zones", {"zone": ZONE}).expect(201)
    put(hairpin, "a", "192.0.2.1")
    for number in range(6):  # What stays: the whole zone is more to send than what has changed.
        put_text(hairpin, f"ballast{number}", "same")
    away = dns.versioned.Zone(ZONE, relativize=False)
    follow(hairpin, away, secondary)
    held = hairpin.dns.serial(ZONE)

    def is_remembered() -> bool:
        with contextlib.closing(sqlite3.connect(f"file:{hairpin.data_dir}/hairpin.db?mode=ro", uri=True)) as database:
            return database.execute("SELECT serial FROM zone_followers").fetchall() == [(held,)]
    wait_until(is_remembered, what="the secondary is remembered")

    unknown = dns.versioned.Zone(ZONE, relativize=False)
    for number in range(70):  # Two megabytes of history, all of today.
        put_text(hairpin, "big", f"{number:03}")
        put(hairpin, "a", f"192.0.2.{number + 2}")
        if number == 5:
            # A copy that nobody here has heard of.
            with unknown.writer() as writer:
                for name, ttl, rdata in whole_zone(hairpin).iterate_rdatas():
                    writer.add(name, ttl, rdata)
            middle = hairpin.dns.serial(ZONE)

    def merged() -> list[dict]:
        steps = hairpin.api.get(f"/v1/zones/{ZONE}/history?limit=100").expect(200).json["history"]
        return [step for step in steps if step["merged"]]
    wait_until(lambda: any(step["serial_before"] == held for step in merged()), what="the oldest changes are merged")
    assert any(step["serial_before"] < middle < step["serial_after"] for step in merged())
    lost = run(hairpin, ca, tmp_path, "at", ZONE, str(middle))
    assert lost.returncode == 1 and "410" in lost.stderr and "kept as one" in lost.stderr

    before = transfers(hairpin, "incremental"), transfers(hairpin, "whole")
    follow(hairpin, away, secondary)
    assert records(away) == records(whole_zone(hairpin))
    assert transfers(hairpin, "incremental") == before[0] + 1
    follow(hairpin, unknown, stranger)
    assert records(unknown) == records(whole_zone(hairpin))
    assert transfers(hairpin, "incremental") == before[0] + 1
