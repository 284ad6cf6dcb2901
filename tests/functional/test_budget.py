"""The CA's limits: who orders, who waits and until when, what survives a kill -9."""

from __future__ import annotations

import json
import os
import subprocess
import time

import pytest
from support.acme_client import AcmeClient
from support.fake_ca import FakeCa, problem
from support.hairpin import BUILD
from support.ports import free_port
from support.process import wait_until
from test_acme import Rig

ACCOUNT = "orders-per-account"
DOMAIN = "certificates-per-domain"


# -- hairpind, pebble and the command line ---------------------------------------------------------


class Site:
    def __init__(self, make_hairpin, make_pebble, ca, folder):
        self.hairpin = make_hairpin()
        self.pebble = make_pebble(self.hairpin.dns_port)
        self.hairpin.config["acme"] = {"directory": self.pebble.directory, "contact": ["mailto:ops@example.net"],
                                       "ca_file": str(self.pebble.ca_file)}
        self.hairpin.start()
        self._token = folder / "token"
        self._token.write_text(self.hairpin.token)
        self._token.chmod(0o600)
        self.ca_file, self.folder = ca.certificate, folder
        self.servers: list[str] = []

    def cli(self, *arguments: str, status: int = 0) -> str:
        run = subprocess.run(
            [str(BUILD / "cli" / "hairpin"), "acme", *arguments], text=True, capture_output=True, check=False, timeout=60,
            env={**os.environ, "HAIRPIN_URL": f"https://localhost:{self.hairpin.http_port}",
                 "HAIRPIN_TOKEN_FILE": str(self._token), "HAIRPIN_CA_FILE": str(self.ca_file)})
        assert run.returncode == status, run.stdout + run.stderr
        return run.stdout if status == 0 else run.stderr

    def ask(self) -> str:
        """A server more, that asks for a certificate with a key made here. Its token."""
        server = self.hairpin.new_server()
        self.servers.append(server["label"])
        self.hairpin.as_holder(server["token"]).post("/v1/self/certificate", {}).expect(202)
        return server["token"]

    def certificate(self, label: str) -> dict:
        return self.hairpin.api.get(f"/v1/licences/acme/servers/{label}").expect(200).json["certificate"]

    def has(self, label: str) -> bool:
        return self.certificate(label)["state"] == "valid"

    def metric(self, name: str) -> int:
        text = self.hairpin.api.get("/metrics").expect(200).body.decode()
        return int(next(line.split()[-1] for line in text.splitlines() if line.startswith(name + " ")))


@pytest.fixture(name="site")
def running_site(make_hairpin, make_pebble, ca, tmp_path):
    return Site(make_hairpin, make_pebble, ca, tmp_path)


def test_the_third_of_two_an_hour_waits_and_raising_the_limit_releases_it(site):
    site.cli("limit", "set", DOMAIN, "2/1h", "--domain", "example.net")
    assert "2 in 1 hour, set here" in site.cli("limits")  # Who set it sees it.
    for _ in range(3):
        site.ask()
    wait_until(lambda: site.has("nur1") and site.has("nur2"), "two have their certificates")
    wait_until(lambda: site.hairpin.api.get("/v1/acme/queue").json["total"] == 1, "the third stands in the line")

    state = site.certificate("nur3")
    assert state["state"] == "ordering" and state["step"] == "wanted"
    assert state["problem"].startswith("gets its certificate about 20")
    assert "it is the next: the CA gives 2 certificates in 1 hour for example.net" in state["problem"]
    # One of two an hour, used at nine tenths: 33 minutes and a third.
    eta = time.mktime(time.strptime(state["eta"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    assert 25 * 60 < eta - time.time() < 36 * 60
    queue = site.hairpin.api.get("/v1/acme/queue").expect(200).json
    assert queue["waiting"] == {"incident": 0, "first": 1, "renewal": 0, "re-issue": 0, "canary": 0}
    assert [(each["licence"], each["label"], each["before"]) for each in queue["queue"]] == [("acme", "nur3", 0)]
    assert "nur3.pl-acme.example.net" in site.cli("queue")
    assert site.metric('hairpin_acme_waiting{class="first"}') == 1
    assert site.metric('hairpin_acme_tokens_left{limit="certificates-per-domain",key="example.net"}') == 0

    # A stock client at the ACME front is told so while it still listens.
    server = site.hairpin.new_server()
    client = AcmeClient(site.hairpin.http_port, site.ca_file, site.folder).register(server["acme"])
    refused = client.order([server["names"]["public"], server["names"]["internal"]]).expect(429)
    assert refused.json["type"].endswith(":rateLimited")
    assert "1 servers wait for the CA's limits: the CA gives 2 certificates" in refused.json["detail"]
    assert 25 * 60 < int(refused.headers["retry-after"]) < 36 * 60

    # What was used up stays so.
    site.hairpin.kill()
    site.hairpin.start()
    wait_until(lambda: site.hairpin.api.get("/v1/acme/queue").json["total"] == 1, "the third stands in the line again")
    assert not site.has("nur3")

    site.cli("limit", "set", DOMAIN, "2000/1h", "--domain", "example.net")
    wait_until(lambda: site.has("nur3"), "the third has its certificate")
    assert site.hairpin.api.get("/v1/acme/queue").json["total"] == 0
    audit = site.hairpin.api.get("/v1/audit").expect(200).json["audit"]
    assert [row["subject"] for row in audit if row["action"] == "acme.limit"] == [
        "certificates-per-domain for example.net 2000 in 1 hour", "certificates-per-domain for example.net 2 in 1 hour"]


def test_the_replacement_of_a_compromised_certificate_goes_before_new_servers(site):
    site.cli("limit", "set", DOMAIN, "2/1h", "--share", "100", "--domain", "example.net")
    tokens = [site.ask() for _ in range(2)]
    wait_until(lambda: site.has("nur1") and site.has("nur2"), "two have their certificates")
    site.ask()
    wait_until(lambda: site.hairpin.api.get("/v1/acme/queue").json["total"] == 1, "a new server stands in the line")
    site.hairpin.api.post("/v1/licences/acme/servers/nur2/certificate/revocation", {"reason": 1}).expect(202)
    site.hairpin.as_holder(tokens[1]).post("/v1/self/certificate", {}).expect(202)
    wait_until(lambda: site.hairpin.api.get("/v1/acme/queue").json["total"] == 2, "the replacement does too")
    queue = site.hairpin.api.get("/v1/acme/queue").json
    assert queue["waiting"] == {"incident": 1, "first": 1, "renewal": 0, "re-issue": 0, "canary": 0}
    assert [(each["label"], each["before"]) for each in queue["queue"]] == [("nur2", 0), ("nur3", 1)]

    # One comes free each half minute: the one that came last gets the first of them.
    site.cli("limit", "set", DOMAIN, "120/1h", "--share", "100", "--domain", "example.net")
    wait_until(lambda: site.has("nur2"), "the replacement is there")
    queue = site.hairpin.api.get("/v1/acme/queue").json
    assert queue["waiting"]["incident"] == 0 and [each["label"] for each in queue["queue"]] == ["nur3"]
    assert not site.has("nur3")


def test_limits_are_set_shown_taken_back_and_refused(site):
    limits = {each["limit"]: each for each in site.hairpin.api.get("/v1/acme/limits").expect(200).json["limits"]}
    assert limits[ACCOUNT]["source"] == "preset" and limits[ACCOUNT]["count"] == 300
    api = site.hairpin.api
    for body in ({}, {"count": 0, "period": 60}, {"count": 5, "period": 0}, {"count": 5, "period": 60, "share": 101},
                 {"count": 5, "period": 60, "key": "a..b"}, {"count": 5, "period": 60, "nonsense": 1}):
        assert api.put(f"/v1/acme/limits/{DOMAIN}", body).status == 400, body
    assert api.put(f"/v1/acme/limits/{ACCOUNT}", {"count": 5, "period": 60, "key": "example.net"}).status == 400
    assert api.put("/v1/acme/limits/whatever", {"count": 5, "period": 60}).status == 404
    assert api.delete(f"/v1/acme/limits/{ACCOUNT}").status == 404
    server = site.hairpin.as_holder(site.hairpin.new_server()["token"])
    assert server.put(f"/v1/acme/limits/{ACCOUNT}", {"count": 5, "period": 60}).status == 403
    assert server.get("/v1/acme/queue").status == 403
    assert site.hairpin.anyone.get("/v1/acme/limits").status == 401
    site.cli("limit", "set", ACCOUNT, "1000/3h", "--share", "50")
    assert "set here" in site.cli("limits")
    site.cli("limit", "reset", ACCOUNT)
    assert "set here" not in site.cli("limits")
    assert "1000/7d" in site.cli("limit", "set", ACCOUNT, "1000", status=1)
    assert "404" in site.cli("limit", "reset", ACCOUNT, status=1)


def test_a_plan_says_when_ten_thousand_servers_are_ready(site):
    grant = ("--limit", f"{DOMAIN}=100000/7d", "--limit", f"{ACCOUNT}=300/3h")
    said = site.cli("plan", "--servers", "10000", "--days", "45", *grant)
    assert said.startswith("10000 servers: ready on 20") and "the pace is that of orders-per-account" in said
    plan = json.loads(site.cli("plan", "--servers", "10000", "--days", "45", *grant, "--json"))
    # (10,000 - 270) orders at one in 40 seconds.
    assert plan["takes"] == "108 hours" and plan["first_issues"] == 10000
    slow = json.loads(site.cli("plan", "--servers", "1000", "--days", "45", "--limit", f"{DOMAIN}=50/7d", "--json"))
    assert slow["takes"] == "149 days" and slow["pace"] == DOMAIN
    assert "50000" in site.cli("plan", "--servers", "50001", status=1)
    assert "400" in site.cli("plan", "--servers", "50001", status=1)
    assert site.hairpin.api.post("/v1/acme/plan", {"servers": 10, "domains": 11}).status == 400
    assert site.hairpin.api.get("/v1/acme/queue").json["total"] == 0


# -- acme_rig and a CA that misbehaves -------------------------------------------------------------


class Ledger:
    """A rig with a CA of no preset: 45 percent of 300 orders in 3 hours, and of 50 certificates in 7 days."""

    INTERVALS = {ACCOUNT: 80.0, DOMAIN: 26_880.0}

    def __init__(self, rig: Rig, fake: FakeCa):
        self.rig, self.fake = rig, fake
        self.begin = time.time()

    def taken(self, limit: str) -> float:
        """Tokens that are missing of a bucket, counted from the beginning of the test."""
        rows = self.rig.rows(f"SELECT arrival_at FROM acme_buckets WHERE limit_name = '{limit}'")
        return max((rows[0][0] / 1000 - self.begin) / self.INTERVALS[limit], 0.0) if rows else 0.0


@pytest.fixture(name="ledger")
def new_ledger(tmp_path, ca):
    rig = Rig(tmp_path / "rig", ca.certificate, free_port())
    fake = FakeCa(ca).start()
    rig.directory = fake.directory
    yield Ledger(rig, fake)
    fake.stop()


@pytest.mark.parametrize("crash, orders, tokens", [
    ("crash-before=admitted", 1, 1),
    ("crash-before=ordering", 1, 1),
    ("crash=admitted", 1, 2),       # It might have been placed: nobody can know. It is ordering at once.
    ("crash=ordering", 1, 2),
    ("crash-before=open", 2, 2),    # It was.
    ("crash=open", 1, 1),
    ("crash-before=challenged", 1, 1),
    ("crash=offered", 1, 1),
])
def test_kill_9_neither_loses_a_token_nor_takes_more_than_is_safe(ledger, crash, orders, tokens):
    ledger.rig.run("limits", crash, status=-9)
    ledger.rig.run("limits", "quiet")
    assert ledger.fake.count("new-order") == orders
    # A test takes less than half of the account's interval.
    assert tokens <= ledger.taken(ACCOUNT) < tokens + 0.5
    assert tokens <= ledger.taken(DOMAIN) < tokens + 0.5


def test_a_refused_order_gives_its_tokens_back(ledger):
    ledger.fake.fail("new-order", problem(400, "rejectedIdentifier"))
    ledger.rig.run("limits", "until-problem")
    assert ledger.fake.count("new-order") == 1
    assert ledger.taken(ACCOUNT) < 0.5
    assert ledger.taken(DOMAIN) < 0.5


def test_an_order_that_was_never_sent_gives_its_tokens_back(ledger):
    ledger.fake.fail("account", problem(500, "serverInternal"), times=10)
    ledger.rig.run("limits", "until-problem")
    assert ledger.fake.count("new-order") == 0
    assert ledger.taken(ACCOUNT) < 0.5


def test_failures_are_counted_by_name_and_a_certificate_ends_their_row(ledger):
    ledger.fake.authorization_error = {"type": "urn:ietf:params:acme:error:unauthorized", "detail": "no TXT record",
                                       "status": 403}
    ledger.rig.run("limits", "until-problem")
    counted = ledger.rig.rows("SELECT limit_name, key FROM acme_buckets WHERE limit_name LIKE 'failures%' ORDER BY 1, 2")
    names = ["i-nur1.pl-demo.example.net", "nur1.pl-demo.example.net"]
    assert counted == [(limit, name) for limit in ("failures-in-a-row", "failures-per-name") for name in names]
    ledger.fake.authorization_error = None
    ledger.rig.run("limits", "quiet")
    assert ledger.rig.rows("SELECT count(*) FROM acme_buckets WHERE limit_name = 'failures-in-a-row'") == [(0,)]
    assert ledger.rig.rows("SELECT count(*) FROM acme_buckets WHERE limit_name = 'failures-per-name'") == [(2,)]


def test_a_limit_that_the_ca_names_closes_its_bucket_until_the_date(ledger):
    until = int(time.time()) + 5
    date = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(until))
    ledger.fake.fail("new-order", problem(
        429, "rateLimited", f'too many certificates (50) already issued for "example.net" in the last 168h0m0s, '
                            f"retry after {date}: see https://ca.example/limits"))
    run = ledger.rig.run("limits")
    assert time.time() >= until
    assert run.states()[:4] == ["admitted", "ordering", "wanted", "admitted"]
    assert run.counter("failed") == 0
    assert ledger.fake.count("new-order") == 2
    assert ledger.rig.rows("SELECT count(*) FROM acme_parked") == [(0,)]
    # Of a bucket of 23 that gave one at the date, all are missing.
    assert 22.9 < ledger.taken(DOMAIN) < 23.2


def test_a_limit_that_the_ca_does_not_name_parks_the_class(ledger):
    ledger.fake.fail("new-order", problem(429, "rateLimited", "slow down", headers={"Retry-After": "3"}))
    begin = time.monotonic()
    ledger.rig.run("limits", "servers=2")
    assert time.monotonic() - begin >= 3
    assert ledger.rig.rows("SELECT work_class FROM acme_parked") == [("first",)]
    assert ledger.taken(ACCOUNT) < 2.5  # Two were placed, and one was refused.


def test_a_name_that_the_ca_has_paused_waits_for_a_person(ledger):
    words = ("Your account is temporarily prevented from requesting certificates for nur1.pl-demo.example.net and "
             "possibly others. Please visit: https://ca.example/unpause")
    ledger.fake.fail("new-order", problem(429, "rateLimited", words))
    run = ledger.rig.run("limits", "until-problem")
    assert run.problem.startswith("blocked placing the order failed: Your account is temporarily prevented")
    assert "https://ca.example/unpause" in run.problem
