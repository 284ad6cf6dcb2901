"""What a zone answered before: recorded answers are found again by time and serial, over the API and `hairpin`."""

from __future__ import annotations

import os
import random
import subprocess
import time

from support.hairpin import BUILD
from support.process import PATIENCE

PROGRAM = BUILD / "cli" / "hairpin"
ZONE = "past.test."


def run(hairpin, ca, tmp_path, *arguments: str) -> subprocess.CompletedProcess[str]:
    token = tmp_path / "token"
    token.write_text(hairpin.token)
    token.chmod(0o600)
    environment = {**os.environ, "HAIRPIN_URL": f"https://localhost:{hairpin.http_port}",
                   "HAIRPIN_TOKEN_FILE": str(token), "HAIRPIN_CA_FILE": str(ca.certificate)}
    return subprocess.run([str(PROGRAM), "zone", *arguments], text=True, capture_output=True, check=False,
                          timeout=PATIENCE, env=environment, stdin=subprocess.DEVNULL)


def put(hairpin, owner: str, *addresses: str) -> None:
    path = f"/v1/zones/{ZONE}/rrsets/{owner}.{ZONE}/A"
    if addresses:
        hairpin.api.put(path, {"ttl": 60, "records": list(addresses)}).expect(200, 201)
    else:
        hairpin.api.delete(path).expect(200, 204, 404)


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
    assert f"+a.{ZONE} 60 IN A 192.0.2.99" in diff.stdout.splitlines()
    never = run(hairpin, ca, tmp_path, "at", ZONE, "7")
    assert never.returncode == 1 and "404" in never.stderr


def test_who_moved_a_server_is_told(make_hairpin, ca, tmp_path):
    hairpin = make_hairpin(names={"public_also": ["127.0.0.0/8"]}).start()
    server = hairpin.new_server()
    hairpin.as_holder(server["token"]).post("/v1/self/heartbeat", {"public": "auto"}).expect(200)
    shown = run(hairpin, ca, tmp_path, "at", "pl-acme.example.net", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                server["names"]["public"], "A")
    assert shown.returncode == 0, shown.stderr
    assert "by server acme/nur1 from 127.0.0.1 over heartbeat: report" in shown.stdout
    assert "nur1.pl-acme.example.net. 60 IN A 127.0.0.1" in shown.stdout


def test_a_change_is_undone_and_a_zone_returns(hairpin, ca, tmp_path):
    hairpin.api.post("/v1/zones", {"zone": ZONE}).expect(201)
    put(hairpin, "a", "192.0.2.1")
    first = hairpin.dns.serial(ZONE)
    put(hairpin, "a", "192.0.2.2")
    step = str(hairpin.api.get(f"/v1/zones/{ZONE}/history?limit=1").expect(200).json["history"][0]["id"])
    put(hairpin, "b", "192.0.2.3")

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
