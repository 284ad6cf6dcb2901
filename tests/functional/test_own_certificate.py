"""Hairpin's own certificate: ordered from pebble, shown by every listener, renewed, expired, pinned."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import time

import dns.message
import dns.query
import pytest
from support.hairpin import BUILD, Hairpin
from support.http import Api
from support.ports import free_port
from support.process import wait_until
from support.tls import openssl

NAME = "manager.example.net"
WARNING = "and is not renewed yet: renewed within a day already"


class Manager(Hairpin):
    """A hairpind whose clients know it by its fallback listener, whatever the others show."""

    def __init__(self, folder, ca):
        super().__init__(folder, ca)
        self.tls_port, self.https_port, self.fallback_port = free_port(), free_port(), free_port()
        self.config["dns"].update({"tls_listen": [f"127.0.0.1:{self.tls_port}"],
                                   "https_listen": [f"127.0.0.1:{self.https_port}"]})
        self.config["http"] = {"listen": [f"127.0.0.1:{self.http_port}"], "server_name": NAME,
                               "fallback_listen": [f"127.0.0.1:{self.fallback_port}"]}
        self.ports = (self.http_port, self.tls_port, self.https_port)

    def trust(self, pebble) -> None:
        self.config["acme"] = {"directory": pebble.directory, "ca_file": str(pebble.ca_file)}
        self.root = self.folder / "root.pem"
        self.root.write_text(pebble.root)

    @property
    def self_signed(self):
        return self.data_dir / "self-signed.pem"

    def as_holder(self, token):
        return Api(self.fallback_port, self.self_signed, token)

    def is_ready(self) -> bool:
        assert self.process and self.process.status is None, self.logs()
        with contextlib.suppress(OSError):
            return self.self_signed.exists() and self.anyone.get("/readyz", timeout=5).status == 200
        return False

    def shown(self, port: int) -> str:
        """SHA-256 of the certificate that a listener shows."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with socket.create_connection(("127.0.0.1", port), timeout=30) as raw, \
                context.wrap_socket(raw, server_hostname=NAME) as connection:
            return hashlib.sha256(connection.getpeercert(binary_form=True)).hexdigest()

    def told(self) -> dict:
        return self.api.get("/v1/certificate").expect(200).json

    def is_trusted(self, name: str = NAME) -> bool:
        """Whether stock clients that know the CA take what the API, DNS over TLS and over HTTPS show."""
        curl = subprocess.run(["curl", "-sf", "--cacert", self.root, "--resolve",
                               f"{name}:{self.http_port}:127.0.0.1",
                               f"https://{name}:{self.http_port}/healthz"], capture_output=True, check=False)
        asked = [self._kdig(port, way, name) for port, way in ((self.tls_port, "+tls"), (self.https_port, "+https"))]
        return curl.returncode == 0 and all(asked)

    def _kdig(self, port: int, way: str, name: str) -> bool:
        run = subprocess.run(["kdig", "-p", str(port), "@127.0.0.1", way, f"+tls-ca={self.root}",
                              f"+tls-hostname={name}", "example.net", "SOA", "+short", "+retry=0"],
                             text=True, capture_output=True, check=False, timeout=60)
        return "ns1.example.net." in run.stdout

    def curl_pinned(self, pin: str) -> int:
        """curl's exit status at the fallback listener, with nothing but a pin to go by."""
        return subprocess.run(["curl", "-sf", "-k", "--pinnedpubkey", f"sha256//{pin}",
                               f"https://127.0.0.1:{self.fallback_port}/healthz"],
                              capture_output=True, check=False, timeout=60).returncode

    def reload(self) -> None:
        self.write_config()
        before = self.process.log().count("reloaded")
        self.process.signal(signal.SIGHUP)
        wait_until(lambda: self.process.log().count("reloaded") > before, "the configuration is reloaded")


@pytest.fixture
def manager(tmp_path, ca):
    folder = tmp_path / "hairpin"
    folder.mkdir()
    made = Manager(folder, ca)
    yield made
    made.end()
    for sign in ("Sanitizer", "runtime error:", "Assertion"):
        assert sign not in made.logs(), made.logs()[-8000:]


def with_certificate(manager) -> str:
    """Starts it, and waits until it shows a certificate of its own; its SHA-256."""
    manager.start()
    manager.api.post("/v1/zones", {"zone": "example.net."}).expect(201)
    wait_until(lambda: manager.told()["source"] == "acme", "the CA's certificate is shown")
    return manager.told()["sha256"]


def ask(connection: ssl.SSLSocket) -> str:
    query = dns.message.make_query("example.net", "SOA")
    dns.query.send_tcp(connection, query)
    answer, _ = dns.query.receive_tcp(connection, expiration=time.time() + 30)
    return answer.answer[0].to_text()


def test_every_listener_shows_it_without_a_restart_and_old_connections_go_on(manager, make_pebble):
    manager.trust(make_pebble(manager.dns_port))
    manager.start()
    told = manager.told()
    assert (told["source"], told["order"]["obstacle"]) == ("self-signed", f"no zone here holds {NAME}")
    assert f"no zone here holds {NAME}: a certificate for it is ordered once there is one" in manager.logs()
    assert {manager.shown(port) for port in manager.ports} == {told["sha256"]}
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    old_api = http.client.HTTPSConnection("127.0.0.1", manager.http_port, context=unchecked, timeout=60)
    old_api.request("GET", "/healthz")
    assert old_api.getresponse().read()
    old_dot = unchecked.wrap_socket(socket.create_connection(("127.0.0.1", manager.tls_port), timeout=60))

    manager.api.post("/v1/zones", {"zone": "example.net."}).expect(201)
    wait_until(manager.is_trusted, "clients that know the CA trust every listener")

    sock = old_api.sock
    old_api.request("GET", "/healthz")
    assert old_api.getresponse().status == 200 and old_api.sock is sock
    assert "ns1.example.net." in ask(old_dot)
    old_dot.close()
    told = manager.told()
    assert (told["source"], told["names"]) == ("acme", [NAME])
    assert told["order"]["state"] == "valid" and told["order"]["names"] == [NAME]
    assert {manager.shown(port) for port in manager.ports} == {told["sha256"]}
    expiry = re.search(r'^hairpin_own_certificate_expiry_timestamp_seconds\{source="acme"\} (\d+)$',
                       manager.api.get("/metrics").expect(200).body.decode(), re.MULTILINE)
    assert 89 < (int(expiry[1]) - time.time()) / 86400 < 91
    wait_until(lambda: manager.dns.rdata(f"_acme-challenge.{NAME}", "TXT") == [], "the challenge is taken away")


def test_neither_a_reload_nor_a_restart_nor_kill_9_undoes_it(manager, make_pebble):
    pebble = make_pebble(manager.dns_port)
    manager.trust(pebble)
    ours = with_certificate(manager)
    pebble.stop()  # From here on there is no other certificate to be had.
    manager.reload()
    assert manager.shown(manager.http_port) == ours
    assert manager.stop() == 0
    manager.start()
    assert {manager.shown(port) for port in manager.ports} == {ours}
    manager.kill()
    manager.start()
    assert {manager.shown(port) for port in manager.ports} == {ours}
    assert manager.is_trusted()
    # The key is in the database alone, sealed.
    assert b"PRIVATE KEY" not in b"".join(path.read_bytes() for path in manager.data_dir.glob("hairpin.db*"))
    assert "PRIVATE KEY" not in manager.logs()


def test_a_renewal_takes_its_place(manager, make_pebble):
    manager.trust(make_pebble(manager.dns_port))
    first = with_certificate(manager)
    assert manager.stop() == 0
    database = manager.data_dir / "hairpin.db"
    with contextlib.closing(sqlite3.connect(database)) as store, store:  # As if two months had passed.
        assert store.execute("UPDATE acme_attempts SET next_at = 1 WHERE state = 'offered'").rowcount == 1
        assert store.execute("UPDATE certificates SET issued_at = issued_at - 5184000000, renew_at = 1").rowcount == 1
    manager.start()
    wait_until(lambda: manager.shown(manager.http_port) != first, "the renewed one is shown")
    assert manager.told()["source"] == "acme" and manager.is_trusted()
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as store:
        assert store.execute("SELECT server_id, cause, state FROM acme_attempts ORDER BY id").fetchall() == [
            (None, "first", "superseded"), (None, "renewal", "offered")]
        keys = store.execute("SELECT key_sha256, length(key_sealed) > 0 FROM certificates").fetchall()
    assert len(set(keys)) == 2 and all(is_kept for _, is_kept in keys), "each has a key of its own, kept"


def test_an_operator_orders_another_and_more_names(manager, make_pebble, tmp_path):
    manager.trust(make_pebble(manager.dns_port))
    first = with_certificate(manager)
    token = tmp_path / "token"
    token.write_text(manager.token)
    token.chmod(0o600)

    def hairpin(*arguments: str) -> str:
        return subprocess.run([BUILD / "cli" / "hairpin", "certificate", "own", *arguments, "--url",
                               f"https://127.0.0.1:{manager.fallback_port}", "--token-file", token,
                               "--ca-file", manager.self_signed],
                              text=True, capture_output=True, check=True, timeout=60).stdout

    assert re.search(rf"^shown +acme\nnames +{NAME}\n", hairpin())
    hairpin("--order")
    wait_until(lambda: manager.shown(manager.http_port) != first, "another one is shown")
    second = manager.told()
    assert second["source"] == "acme" and second["sha256"] != first
    assert manager.is_trusted()

    manager.config["http"]["other_names"] = ["dns.example.net", "127.0.0.1", "elsewhere.example.org"]
    manager.reload()
    assert ("elsewhere.example.org of http.other_names is left out of our certificate: "
            "it is not in example.net.") in manager.logs()
    wait_until(lambda: sorted(manager.told()["names"]) == ["dns.example.net", NAME], "the other name is in it")
    assert manager.is_trusted() and manager.is_trusted("dns.example.net")
    audit = manager.api.get("/v1/audit?limit=100").expect(200).body.decode()
    assert audit.count('"action":"certificate.request"') == 3 and "certificate.issue" in audit


def test_an_expired_certificate_cuts_nobody_off(manager, make_pebble):
    pebble = make_pebble(manager.dns_port, validity=30)
    manager.trust(pebble)
    with_certificate(manager)
    pin = manager.told()["fallback"]["key_pin"]
    key = openssl("pkey", "-in", manager.data_dir / "self-signed.key", "-pubout", "-outform", "PEM")
    der = base64.b64decode("".join(key.splitlines()[1:-1]))
    assert pin == base64.b64encode(hashlib.sha256(der).digest()).decode()
    assert f"always self-signed, key pin sha256//{pin}" in manager.logs()
    assert manager.curl_pinned(pin) == 0
    assert manager.curl_pinned(base64.b64encode(bytes(32)).decode()) == 90, "another key is not taken"

    # One renewal a day is enough; until then, it says so, and goes on with what there is.
    wait_until(lambda: WARNING in manager.logs(), "the warning before the end")
    wait_until(lambda: manager.told()["source"] == "self-signed", "the end")
    assert re.search(r"error.*our certificate expired on \S+ and was not renewed: listeners show the "
                     r"self-signed one now", manager.logs())
    assert {manager.shown(port) for port in manager.ports} == {manager.told()["fallback"]["sha256"]}
    assert manager.curl_pinned(pin) == 0

    # The key outlives its certificate: the self-signed one is made again for another name.
    manager.config["http"]["other_names"] = ["192.0.2.53"]
    manager.reload()
    assert "192.0.2.53" in manager.told()["fallback"]["names"]
    assert manager.curl_pinned(pin) == 0
    manager.api.post("/v1/certificate").expect(202)
    wait_until(lambda: manager.told()["source"] == "acme", "the operator's order")
    assert manager.curl_pinned(pin) == 0


def test_without_a_ca_nothing_is_ordered_and_it_says_why(manager):
    manager.start()
    manager.api.post("/v1/zones", {"zone": "example.net."}).expect(201)
    told = manager.told()
    assert (told["source"], told["order"]["state"]) == ("self-signed", "none")
    assert told["order"]["obstacle"] == "no CA is configured ([acme] directory)"
    refused = manager.api.post("/v1/certificate").problem(409)
    assert "no CA is configured" in refused["detail"]
