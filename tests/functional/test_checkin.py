"""Check-ins over UDP: silent when all is right, challenged when not, and nothing for anybody else."""

from __future__ import annotations

import contextlib
import re
import socket
import sqlite3
import threading
import time

import pytest

from support.checkin import CHALLENGE, CHECK_IN, OCTETS, CheckIns, datagram, key_of, machine_tag
from support.hairpin import ROOT, run_hairpind
from support.ports import free_port
from support.process import wait_until

MACHINE = "4c4c4544-0038"
PROTOCOL = ROOT / "docs" / "protocols" / "check-in.md"


def now() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def site(make_hairpin):
    """A server with check-ins whose start is long enough ago, where reports from loopback are published."""
    port = free_port()
    hairpin = make_hairpin(checkin={"listen": [f"127.0.0.1:{port}", f"[::1]:{port}"]},
                           names={"public_also": ["127.0.0.0/8", "::1", "203.0.113.0/24"]}).start()
    hairpin.started_at = time.monotonic()
    return hairpin


def wait_for_early_to_end(hairpin) -> None:
    """For ten seconds after the start nothing counts as a sign of life."""
    time.sleep(max(0.0, hairpin.started_at + 10.5 - time.monotonic()))


def report(hairpin, server, **members):
    return hairpin.as_holder(server["token"]).post("/v1/self/heartbeat", {
        "public": "auto", "machine": MACHINE, **members}).expect(200).json


def count(hairpin, outcome: str) -> int:
    text = hairpin.api.get("/metrics").body.decode()
    return int(re.search(rf'^hairpin_checkin_datagrams_total{{outcome="{outcome}"}} (\d+)$', text, re.MULTILINE)[1])


def outcome_of(hairpin, client: CheckIns, request: bytes, source: str = "127.0.0.1") -> str:
    """What came of a datagram: the answer is looked at, and one counter moves."""
    names = ("right", "early", "replayed", "suspended", "forged", "unknown", "malformed", "limited", "moved",
             "out-of-time", "other-machine")
    before = {name: count(hairpin, name) for name in names}
    answer = client.send(request, source, patience=0.2)
    moved: list[str] = []

    def has_moved() -> bool:
        moved[:] = [name for name in names if count(hairpin, name) > before[name]]
        return bool(moved)

    wait_until(has_moved, "the datagram was judged")
    assert len(moved) == 1
    challenged = moved[0] in ("moved", "out-of-time", "other-machine")
    if challenged and not answer:  # A busy machine: it is sent again for the same check-in.
        answer = client.send(request, source)
    assert len(answer) == (OCTETS if challenged else 0)
    assert not challenged or client.is_challenge(request, answer)
    return moved[0]


def test_the_vectors_of_the_protocol_are_what_this_client_makes():
    text = PROTOCOL.read_text()

    def vector(name: str) -> str:
        return re.search(rf"^ {{4}}{re.escape(name)} +([0-9a-f]+)$", text, re.MULTILINE)[1]

    key = key_of(bytes(range(32)))
    assert vector("key") == key.hex()
    assert vector("machine tag") == machine_tag(MACHINE).hex()
    assert vector("check-in") == datagram(CHECK_IN, 7, 1795186800123, machine_tag(MACHINE), key).hex()
    assert vector("challenge") == datagram(CHALLENGE, 7, 1795186800123, bytes(3), key).hex()
    assert vector("no machine") == datagram(CHECK_IN, 7, 1795186860123, bytes(3), key).hex()
    assert vector("largest") == datagram(CHECK_IN, 2**48 - 1, 2**48 - 1, b"\xff" * 3, key).hex()
    unit = (ROOT / "tests" / "unit" / "checkin" / "datagram_test.cpp").read_text()
    for name in ("key", "check-in", "challenge", "no machine", "largest"):
        assert vector(name) in unit


def test_a_server_moves_and_its_report_makes_it_silent_again(site):
    server = site.new_server()
    told = report(site, server)["check_in"]
    assert abs(told["clock"] - now()) < 60_000 and told["interval"] == 60
    assert {**told, "clock": 0} == {**server["check_in"], "clock": 0}
    client = CheckIns(server, MACHINE)
    assert outcome_of(site, client, client.next(now())) in ("early", "right")
    # The box gets another address.
    assert outcome_of(site, client, client.next(now()), "127.66.0.1") == "moved"
    # Published by hand here, where no other address reaches the API from loopback.
    report(site, server, public=["127.66.0.1"])
    assert site.dns.rdata(server["names"]["public"], "A") == ["127.66.0.1"]
    assert outcome_of(site, client, client.next(now()), "127.66.0.1") in ("early", "right")
    assert outcome_of(site, client, client.next(now()), "127.66.0.2") == "moved"


def test_a_check_in_is_a_sign_of_life_once(site):
    server = site.new_server()
    report(site, server)
    client = CheckIns(server, MACHINE)
    wait_for_early_to_end(site)
    api = site.as_holder(server["token"])
    before = api.get("/v1/self").json["last_seen"]
    wait_until(lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()) > before, "another second has begun")
    request = client.next(now())
    assert outcome_of(site, client, request) == "right"
    wait_until(lambda: api.get("/v1/self").json["last_seen"] > before, "it was seen")
    assert api.get("/v1/self").json["online"] == "online"
    # Again, and one before it, from the right place and from elsewhere.
    assert outcome_of(site, client, request) == "replayed"
    before_it = int.from_bytes(request[7:13], "big") - 1
    older = datagram(CHECK_IN, client.server, before_it, client.tag, client.key)
    assert outcome_of(site, client, older) == "replayed"
    assert outcome_of(site, client, older, "127.66.0.1") == "replayed"


def test_a_check_in_uses_its_credential(site):
    server = site.new_server()
    report(site, server)
    client = CheckIns(server, MACHINE)
    wait_for_early_to_end(site)

    def used() -> int:
        with contextlib.closing(sqlite3.connect(f"file:{site.data_dir}/hairpin.db?mode=ro", uri=True)) as database:
            return database.execute("SELECT coalesce(last_used_at, 0) FROM credentials WHERE tsig_name LIKE ?",
                                    (server["tsig"]["name"].rstrip(".") + "%",)).fetchone()[0]

    wait_until(used, "the report was noted")
    before = used()
    assert outcome_of(site, client, client.next(now())) == "right"
    wait_until(lambda: used() > before, "the check-in was noted", seconds=90)


def test_a_family_that_is_not_published_is_challenged(site):
    server = site.new_server()
    report(site, server)
    client = CheckIns(server, MACHINE)
    assert outcome_of(site, client, client.next(now()), "::1") == "moved"
    report(site, server, public=["127.0.0.1", "::1"])
    assert outcome_of(site, client, client.next(now()), "::1") in ("early", "right")
    assert outcome_of(site, client, client.next(now())) in ("early", "right")


def test_what_was_given_by_hand_stays_silent_where_it_was_reported_from(site):
    server = site.new_server()
    report(site, server, public=["203.0.113.10"])  # A relay, say.
    client = CheckIns(server, MACHINE)
    assert outcome_of(site, client, client.next(now())) in ("early", "right")
    assert outcome_of(site, client, client.next(now()), "127.66.0.1") == "moved"


def test_who_does_not_know_the_time_is_challenged_and_another_machine_too(site):
    server = site.new_server()
    report(site, server)
    client = CheckIns(server, MACHINE)
    for milliseconds in (0, now() - 3_600_000, now() + 3_600_000):
        request = datagram(CHECK_IN, client.server, milliseconds, client.tag, client.key)
        assert outcome_of(site, client, request) == "out-of-time"
    copy = CheckIns(server, "another machine")
    assert outcome_of(site, copy, copy.next(now())) == "other-machine"
    assert outcome_of(site, client, client.next(now() + 1000)) in ("early", "right")


def test_strangers_get_nothing(site):
    server = site.new_server()
    report(site, server)
    client = CheckIns(server, MACHINE)
    good = client.next(now())
    assert outcome_of(site, client, good[:-1] + bytes([good[-1] ^ 1])) == "forged"
    assert outcome_of(site, client, datagram(CHECK_IN, 999_999, now(), client.tag, client.key)) == "unknown"
    assert outcome_of(site, client, datagram(CHALLENGE, client.server, now(), bytes(3), client.key)) == "malformed"
    for hostile in (b"", good[:-1], good + b"\0", bytes(OCTETS), b"\x21" + good[1:], bytes(9000)):
        assert outcome_of(site, client, hostile) == "malformed"


def test_a_restart_forgets_no_key_and_takes_no_replay_for_a_sign_of_life(site):
    server = site.new_server()
    report(site, server)
    client = CheckIns(server, MACHINE)
    recorded = client.next(now())
    assert outcome_of(site, client, recorded) in ("early", "right")
    site.stop()
    site.start()
    site.started_at = time.monotonic()
    assert outcome_of(site, client, recorded) == "early"
    assert outcome_of(site, client, client.next(now()), "127.66.0.1") == "moved"
    wait_for_early_to_end(site)
    assert outcome_of(site, client, client.next(now())) == "right"


def becomes(hairpin, client: CheckIns, outcome: str) -> None:
    """The desk learns of a change some milliseconds after it is acknowledged."""
    wait_until(lambda: outcome_of(hairpin, client, client.next(now())) == outcome, f"check-ins are {outcome}")


def test_keys_end_with_their_credentials_and_overlap_during_a_rotation(site):
    server = site.new_server()
    report(site, server)
    old = CheckIns(server, MACHINE)
    path = "/v1/licences/acme/servers/nur1"
    rotated = site.api.post(f"{path}/credentials", {"overlap": 600}).expect(201).json
    new = CheckIns({**server, "tsig": rotated["tsig"]}, MACHINE)
    wait_until(lambda: outcome_of(site, new, new.next(now())) in ("early", "right"), "the new key is known")
    assert outcome_of(site, old, old.next(now() + 1000)) in ("early", "right")
    site.api.post(f"{path}/credentials", {}).expect(201)
    becomes(site, old, "forged")
    becomes(site, new, "forged")
    site.api.delete(path).expect(204)
    becomes(site, old, "unknown")


def test_the_suspended_meet_silence_and_are_heard_again_afterwards(site):
    server = site.new_server()
    report(site, server)
    client = CheckIns(server, MACHINE)
    for path in ("/v1/licences/acme", "/v1/licences/acme/servers/nur1"):
        site.api.request("PATCH", path, {"state": "suspended"}).expect(200)
        becomes(site, client, "suspended")
        assert outcome_of(site, client, client.next(now()), "127.66.0.1") == "suspended"
        site.api.request("PATCH", path, {"state": "active"}).expect(200)
        wait_until(lambda: outcome_of(site, client, client.next(now())) in ("early", "right"), "it is welcome again")


def test_a_flood_from_one_network_does_not_stop_others(site):
    server = site.new_server()
    report(site, server)
    client = CheckIns(server, MACHINE)
    over = threading.Event()

    def flood() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.bind(("127.99.0.1", 0))
            own.connect(("127.0.0.1", client.port))
            while not over.wait(0.001):
                for _ in range(5):
                    own.send(bytes(OCTETS))

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        wait_until(lambda: count(site, "limited") > 100, "the flood is not looked at any more")
        before = count(site, "moved")
        for number in range(20):
            source = f"127.{number + 100}.0.1"
            answers = (client.send(client.next(now()), source, patience=2) for _ in range(5))
            assert any(len(answer) == OCTETS for answer in answers), source
        assert count(site, "moved") >= before + 20
    finally:
        over.set()
        thread.join()


def test_without_a_listener_nobody_is_told_of_check_ins(hairpin):
    server = hairpin.new_server()
    assert server["check_in"] is None
    assert hairpin.as_holder(server["token"]).get("/v1/self").json["check_in"] is None
    assert "checkin" not in hairpin.api.get("/metrics").body.decode()


def test_a_port_that_dns_has_is_refused(make_hairpin):
    hairpin = make_hairpin()
    hairpin.config["checkin"] = {"listen": [f"127.0.0.1:{hairpin.dns_port}"]}
    hairpin.write_config()
    check = run_hairpind("check", "--config", hairpin.config_path)
    assert check.returncode != 0 and "two purposes" in check.stderr
