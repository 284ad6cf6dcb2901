"""The six invariants of ARCHITECTURE.md against a whole server, each with a test that tries to break it.

Numbers one and two have their hardest test a level below (test_crash.py, 200 rounds on the change path);
here the same question is put to the server as its users see it.
"""

import contextlib
import http.client
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


class Writer(threading.Thread):
    """Changes one RRset again and again until the connection ends, and writes down what it was told.

    As the operator: a server's own reports are slowed down when they change too often.
    """

    def __init__(self, hairpin, number: int):
        super().__init__()
        self._api = hairpin.api
        self.owner = f"w{number}.{ZONE}"
        self.acknowledged = self.sent = 0  # The last value that was answered, the last one sent.
        self.refused = []

    def run(self):
        # The server is stopped or killed in the middle: how the connection ends is not the point.
        with contextlib.suppress(OSError, ssl.SSLError, http.client.HTTPException):
            while not self.refused:
                self.sent += 1
                answer = self._api.put(f"/v1/zones/{ZONE}/rrsets/{self.owner}/TXT",
                                       {"ttl": 60, "records": [f'"{self.sent}"']}, timeout=10)
                if answer.status in (200, 201):
                    self.acknowledged = self.sent
                else:
                    self.refused.append(answer)


def value(hairpin, owner: str) -> int:
    [text] = hairpin.dns.rdata(owner, "TXT")
    return int(text.strip('"'))


def test_kill_9_loses_nothing_that_was_acknowledged_or_answered(make_hairpin):
    hairpin = make_hairpin(log={"level": "warning"}).start()
    server = hairpin.new_server()
    chance = random.Random(20261121)
    for number in range(8):
        writers = [Writer(hairpin, each) for each in range(4)]
        address = f"203.0.113.{number + 1}"
        beat = hairpin.as_holder(server["token"]).post("/v1/self/heartbeat", {"public": [address]}).expect(200)
        for writer in writers:
            writer.start()
        wait_until(lambda writers=writers: all(each.acknowledged for each in writers), "changes flow")
        time.sleep(chance.uniform(0, 0.3))
        seen, answered = hairpin.dns.serial(ZONE), value(hairpin, writers[0].owner)
        hairpin.kill()
        for writer in writers:
            writer.join(30)
            assert not writer.refused
        hairpin.start()
        assert hairpin.dns.serial(ZONE) >= seen >= beat.json["serial"], f"round {number}"
        assert hairpin.dns.rdata(server["names"]["public"]) == [address]
        assert value(hairpin, writers[0].owner) >= answered, f"round {number}: a resolver had seen {answered}"
        for writer in writers:
            # The last one sent may have become durable without its answer having arrived.
            assert writer.acknowledged <= value(hairpin, writer.owner) <= writer.sent, f"round {number}"


def test_a_serial_never_stands_for_two_contents(hairpin):
    """Many writers, and an observer who sees the same content whenever it sees the same serial."""
    hairpin.new_server()
    seen: dict[int, set[int]] = {}
    writers = [Writer(hairpin, each) for each in range(3)]
    for writer in writers:
        writer.start()
    wait_until(lambda: all(each.acknowledged for each in writers), "changes flow")
    for _ in range(300):
        before = hairpin.dns.serial(ZONE)
        now = value(hairpin, writers[0].owner)
        if hairpin.dns.serial(ZONE) == before:  # Nothing was published in between.
            seen.setdefault(before, set()).add(now)
    hairpin.stop()
    for writer in writers:
        writer.join(30)
    assert seen and all(len(contents) == 1 for contents in seen.values()), seen


# --- 3: a credential can change only what its permission names -------------------------------------

PUBLIC_PATHS = {"/healthz", "/readyz", "/metrics", "/myip", "/v1/whoami", "/v1/openapi.json",
                "/health", "/api", "/acme/directory", "/acme/new-nonce", "/acme/renewal-info/{certificate}"}


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
            if item[method]["security"] == [{"signature": []}]:  # Only the signed body says who asks.
                assert all(each.request(method.upper(), concrete, "{}").status == 415
                           for each in (hairpin.anyone, hairpin.api, hairpin.as_holder(server["token"]))), who
                continue
            assert hairpin.anyone.request(method.upper(), concrete).status in (401, 429), who
            wrong = hairpin.as_holder("hps_" + "A" * 43)
            assert wrong.request(method.upper(), concrete).status in (401, 429), who
            if item[method]["security"] == [{"door": []}]:  # No bearer token opens it.
                assert hairpin.api.request(method.upper(), concrete).status in (401, 429), who
                continue
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
    hairpin.stop()

    # No file of the process may grow beyond this: what a full disk is to SQLite, for root as well.
    def limit_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (700_000, resource.RLIM_INFINITY))

    hairpin.start(before=limit_files)
    writer = Writer(hairpin, 1)
    writer.start()
    writer.join(120)
    [refusal] = writer.refused
    assert refusal.problem(503)["detail"]
    assert value(hairpin, writer.owner) == writer.acknowledged, "memory answers, only with what is durable"
    api = hairpin.as_holder(server["token"])
    api.post("/v1/self/heartbeat", {"public": ["203.0.113.7"]}).problem(503)
    assert hairpin.dns.rdata(server["names"]["public"]) == []
    hairpin.api.post("/v1/licences", {"licence": "more"}).problem(503)
    assert hairpin.dns.rcode("pl-more.example.net.", "SOA") == "REFUSED"
    hairpin.anyone.get("/healthz").expect(200)

    # There is room again: no restart needed.
    resource.prlimit(hairpin.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    wait_until(lambda: api.post("/v1/self/heartbeat", {"public": ["203.0.113.7"]}).status == 200,
               "writes go on once there is room", every=0.5)
    assert hairpin.dns.rdata(server["names"]["public"]) == ["203.0.113.7"]
    assert hairpin.stop() == 0
    hairpin.start()
    assert hairpin.dns.rdata(server["names"]["public"]) == ["203.0.113.7"]
    assert value(hairpin, writer.owner) == writer.acknowledged


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
