"""The six invariants of ARCHITECTURE.md against a whole server, each with a test that tries to break it.

Numbers one and two have their hardest test a level below (test_crash.py, 200 rounds on the change path);
here the same question is put to the server as its users see it.
"""

import contextlib
import json
import random
import re
import resource
import signal
import ssl
import threading
import time

import pytest

from support.ports import free_port
from support.process import wait_until
from support.tls import new_csr

ZONE = "pl-acme.example.net."


# --- 1 and 2: durable before it is acknowledged or answered; kill -9 at any instant ----------------


class Reporter(threading.Thread):
    """One server on its premises: reports new addresses one after the other, and writes down what it was told."""

    def __init__(self, hairpin, server, first: int):
        super().__init__()
        self._api, self._number = hairpin.as_holder(server["token"]), first
        self.name_of_server = server["names"]["public"]
        self.acknowledged = ""  # The last address that was answered with 200.
        self.serial = 0
        self.sent = ""  # The last one sent.

    def run(self):
        # The server is killed in the middle: how the connection ends is not the point.
        with contextlib.suppress(OSError, ssl.SSLError, ValueError, AssertionError, EOFError):
            while True:
                self._number += 1
                self.sent = f"203.0.113.{self._number % 250 + 1}"
                beat = self._api.post("/v1/self/heartbeat", {"public": [self.sent]}, timeout=10).expect(200).json
                self.acknowledged, self.serial = self.sent, beat["serial"]


def test_kill_9_loses_nothing_that_was_acknowledged_or_answered(make_hairpin):
    hairpin = make_hairpin(log={"level": "warning"}).start()
    servers = [hairpin.new_server() for _ in range(4)]
    chance = random.Random(20261121)
    for number in range(6):
        reporters = [Reporter(hairpin, server, chance.randrange(250)) for server in servers]
        for reporter in reporters:
            reporter.start()
        wait_until(lambda reporters=reporters: all(each.serial for each in reporters), "heartbeats flow")
        time.sleep(chance.uniform(0, 0.3))
        answered = hairpin.dns.serial(ZONE)
        hairpin.kill()
        for reporter in reporters:
            reporter.join(30)
        hairpin.start()
        serial = hairpin.dns.serial(ZONE)
        assert serial >= answered, f"round {number}: a resolver had seen {answered}, now it is {serial}"
        for reporter in reporters:
            assert serial >= reporter.serial, f"round {number}: {reporter.serial} was acknowledged"
            [address] = hairpin.dns.rdata(reporter.name_of_server)
            # The last one sent may have become durable without its answer having arrived.
            assert address in (reporter.acknowledged, reporter.sent), f"round {number}"


def test_a_serial_never_stands_for_two_contents(hairpin):
    """Many observers, many writers: whoever sees a serial sees the same content with it."""
    servers = [hairpin.new_server() for _ in range(3)]
    seen: dict[int, set[str]] = {}
    for server in servers:
        hairpin.as_holder(server["token"]).post("/v1/self/heartbeat", {"public": ["203.0.113.1"]}).expect(200)
    reporters = [Reporter(hairpin, server, 10 * number) for number, server in enumerate(servers)]
    for reporter in reporters:
        reporter.start()
    name = servers[0]["names"]["public"]
    for _ in range(300):
        before = hairpin.dns.serial(ZONE)
        [address] = hairpin.dns.rdata(name)
        if hairpin.dns.serial(ZONE) == before:  # Nothing was published in between.
            seen.setdefault(before, set()).add(address)
    hairpin.stop()
    for reporter in reporters:
        reporter.join(30)
    assert seen and all(len(contents) == 1 for contents in seen.values()), seen


# --- 3: a credential can change only what its permission names -------------------------------------

PUBLIC_PATHS = {"/healthz", "/readyz", "/metrics", "/myip", "/v1/whoami", "/v1/openapi.json"}


def test_every_route_refuses_those_whom_it_does_not_concern(hairpin):
    server = hairpin.new_server()
    document = hairpin.anyone.get("/v1/openapi.json").expect(200).json
    for path, item in document["paths"].items():
        concrete = (path.replace("{licence}", "acme").replace("{server}", server["label"])
                    .replace("{zone}", ZONE).replace("{owner}", "www").replace("{type}", "A"))
        for method in {"get", "put", "post", "patch", "delete"} & set(item):
            if path in PUBLIC_PATHS:
                continue
            who = f"{method.upper()} {path}"
            assert hairpin.anyone.request(method.upper(), concrete).status == 401, who
            wrong = hairpin.as_holder("hps_" + "A" * 43)
            assert wrong.request(method.upper(), concrete).status in (401, 429), who
            other = server["token"] if not path.startswith("/v1/self") else hairpin.token
            assert hairpin.as_holder(other).request(method.upper(), concrete).status == 403, who


def test_a_server_changes_its_own_names_and_no_other(hairpin):
    first, second = hairpin.new_server(), hairpin.new_server()
    foreign = hairpin.new_server("other")
    for server in (first, second, foreign):
        hairpin.as_holder(server["token"]).post("/v1/self/heartbeat", {"public": ["203.0.113.1"]}).expect(200)
    api = hairpin.as_holder(first["token"])
    api.post("/v1/self/heartbeat", {"public": ["203.0.113.77"], "names": foreign["names"]}).expect(200, 422, 400)
    api.post("/v1/self/heartbeat", {"public": ["203.0.113.77"]}).expect(200)
    assert hairpin.dns.rdata(first["names"]["public"]) == ["203.0.113.77"]
    for server in (second, foreign):
        assert hairpin.dns.rdata(server["names"]["public"]) == ["203.0.113.1"]


# --- 4: no special-purpose address in a public name, no public one in an internal name --------------


@pytest.mark.parametrize("address", [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "127.0.0.1", "169.254.1.1", "192.0.2.1",
    "224.0.0.1", "255.255.255.255", "0.0.0.0", "::1", "::", "fd00::1", "fe80::1", "ff02::1", "::ffff:10.0.0.1"])
def test_a_public_name_takes_no_special_purpose_address(hairpin, address):
    server = hairpin.new_server()
    api = hairpin.as_holder(server["token"])
    api.post("/v1/self/heartbeat", {"public": ["203.0.113.10"]}).expect(200)
    beat = api.post("/v1/self/heartbeat", {"public": [address], "private": ["10.1.1.1"]}).expect(200).json
    [refused] = beat["refused"]
    assert refused["name"].startswith(server["names"]["public"]) and refused["reason"]
    assert hairpin.dns.rdata(server["names"]["public"]) == ["203.0.113.10"], "the good one stays"
    assert hairpin.dns.rdata(server["names"]["internal"]) == ["10.1.1.1"], "the rest is taken"


@pytest.mark.parametrize("address", ["8.8.8.8", "203.0.113.10", "2001:db8::1", "2606:4700::1", "100.64.0.1"])
def test_an_internal_name_takes_no_public_address(hairpin, address):
    server = hairpin.new_server()
    beat = hairpin.as_holder(server["token"]).post(
        "/v1/self/heartbeat", {"public": ["203.0.113.10"], "private": [address]}).expect(200).json
    assert [each["name"].rstrip(".") for each in beat["refused"]] == [server["names"]["internal"]]
    assert hairpin.dns.rdata(server["names"]["internal"]) == []
    assert hairpin.dns.rdata(server["names"]["public"]) == ["203.0.113.10"]


def test_the_last_address_is_never_removed_by_omission(hairpin):
    server = hairpin.new_server()
    api = hairpin.as_holder(server["token"])
    api.post("/v1/self/heartbeat", {"public": ["203.0.113.10"], "private": ["10.0.0.1"]}).expect(200)
    for body in ({}, {"port": 8443}, {"public": "auto"}):
        api.post("/v1/self/heartbeat", body).expect(200)
        assert hairpin.dns.rdata(server["names"]["public"]) == ["203.0.113.10"], body
        assert hairpin.dns.rdata(server["names"]["internal"]) == ["10.0.0.1"], body
    api.post("/v1/self/heartbeat", {"private": []}).expect(200)
    assert hairpin.dns.rdata(server["names"]["internal"]) == [], "said, not omitted"


# --- 5: secrets -------------------------------------------------------------------------------------


def test_no_secret_is_in_a_log_an_error_or_the_store(make_hairpin, make_pebble, tmp_path):
    hairpin = make_hairpin(log={"level": "trace"})
    pebble = make_pebble(hairpin.dns_port)
    hairpin.config["acme"] = {"directory": pebble.directory, "ca_file": str(pebble.ca_file)}
    hairpin.start()
    server = hairpin.new_server()
    api = hairpin.as_holder(server["token"])
    api.post("/v1/self/heartbeat", {"public": ["203.0.113.10"]}).expect(200)
    place = tmp_path / "premises"
    place.mkdir()
    _, csr = new_csr(place, list(server["names"].values()))
    api.put("/v1/self/certificate", csr, headers={"Content-Type": "application/x-pem-file"}).expect(202)
    api.get("/v1/self/certificate?wait=60", timeout=90).expect(200)
    rotated = hairpin.api.post(f"/v1/licences/acme/servers/{server['label']}/credentials", {}).expect(200, 201).json
    # Errors about wrong credentials, wrong bodies, wrong paths, with the secret in each.
    errors = [hairpin.as_holder(server["token"] + "x").get("/v1/self"),
              hairpin.api.post("/v1/licences", {"licence": server["token"]}),
              hairpin.api.get(f"/v1/licences/{server['tsig']['secret'][:8]}"),
              hairpin.anyone.get(f"/v1/nothing?token={server['token']}")]
    hairpin.stop()

    store = b"".join(path.read_bytes() for path in hairpin.data_dir.iterdir() if path.name != "master.key")
    master_key = (hairpin.data_dir / "master.key").read_bytes().strip()
    secrets = {"operator token": hairpin.token, "server token": server["token"],
               "rotated token": rotated["token"], "TSIG secret": server["tsig"]["secret"],
               "master key": master_key.decode("latin-1")}
    log = hairpin.logs()
    assert len(log.splitlines()) > 10, "there is something to look through"
    for what, secret in secrets.items():
        assert secret not in log, f"the {what} is in the log"
        assert secret.encode("latin-1") not in store, f"the {what} is in the store"
    assert "PRIVATE KEY" not in log and b"PRIVATE KEY" not in store
    for answer in errors:
        assert answer.status >= 400
        assert server["token"] not in answer.body.decode() or answer.status == 422, answer.body


# --- 6: full disk, lost database, dead CA -----------------------------------------------------------


def test_with_a_full_disk_questions_are_answered_and_writes_refused_until_there_is_room(make_hairpin):
    hairpin = make_hairpin(log={"level": "error"}).start()
    server = hairpin.new_server()
    api = hairpin.as_holder(server["token"])
    name = server["names"]["public"]
    api.post("/v1/self/heartbeat", {"public": ["203.0.113.1"]}).expect(200)
    hairpin.stop()

    # No file of the process may grow beyond this: what a full disk is to SQLite, for root as well.
    def limit_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, resource.RLIM_INFINITY))

    hairpin.start(before=limit_files)
    api = hairpin.as_holder(server["token"])
    answer, last = None, "203.0.113.1"
    for number in range(5000):
        address = f"203.0.113.{number % 250 + 2}"
        answer = api.post("/v1/self/heartbeat", {"public": [address]})
        if answer.status != 200:
            break
        last = address
    problem = answer.problem(503)
    assert problem["detail"], problem
    assert hairpin.dns.rdata(name) == [last], "memory still answers, and only with what is durable"
    hairpin.api.post("/v1/licences", {"licence": "more"}).problem(503)
    assert hairpin.dns.rcode("pl-more.example.net.", "SOA") == "REFUSED"
    hairpin.anyone.get("/healthz").expect(200)

    # There is room again: no restart needed.
    resource.prlimit(hairpin.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait_until(lambda: api.post("/v1/self/heartbeat", {"public": ["203.0.113.254"]}).status == 200,
               "writes go on once there is room")
    assert hairpin.dns.rdata(name) == ["203.0.113.254"]
    assert hairpin.stop() == 0
    hairpin.start()
    assert hairpin.dns.rdata(name) == ["203.0.113.254"]


def test_without_its_data_directory_questions_are_still_answered(make_hairpin):
    hairpin = make_hairpin().start()
    server = hairpin.new_server()
    api = hairpin.as_holder(server["token"])
    api.post("/v1/self/heartbeat", {"public": ["203.0.113.1"]}).expect(200)
    hairpin.data_dir.rename(hairpin.folder / "elsewhere")
    for _ in range(20):
        assert hairpin.dns.rdata(server["names"]["public"]) == ["203.0.113.1"]
    # SQLite may write on in the files it holds open, or find them gone: either is honest, a crash is not.
    answer = api.post("/v1/self/heartbeat", {"public": ["203.0.113.2"]})
    assert answer.status in (200, 503), answer
    expected = "203.0.113.2" if answer.status == 200 else "203.0.113.1"
    assert hairpin.dns.rdata(server["names"]["public"]) == [expected]
    (hairpin.folder / "elsewhere").rename(hairpin.data_dir)
    assert hairpin.stop() == 0
    hairpin.start()
    assert hairpin.dns.rdata(server["names"]["public"]) == [expected], "what was acknowledged was kept"


def test_without_a_ca_everything_else_works_and_the_reason_is_told(make_hairpin, tmp_path):
    hairpin = make_hairpin()
    hairpin.config["acme"] = {"directory": f"https://127.0.0.1:{free_port()}/dir"}
    hairpin.start()
    server = hairpin.new_server()
    api = hairpin.as_holder(server["token"])
    _, csr = new_csr(tmp_path, list(server["names"].values()))
    api.put("/v1/self/certificate", csr, headers={"Content-Type": "application/x-pem-file"}).expect(202)
    state = wait_until(
        lambda: (found := api.get("/v1/self").expect(200).json["certificate"])["problem"] and found,
        "the reason is told")
    assert "127.0.0.1" in json.dumps(state) or re.search(r"CA|connect", state["problem"]), state
    beat = api.post("/v1/self/heartbeat", {"public": ["203.0.113.10"]}).expect(200).json
    assert beat["changed"] and beat["certificate"]["state"] != "valid"
    assert hairpin.dns.rdata(server["names"]["public"]) == ["203.0.113.10"]
