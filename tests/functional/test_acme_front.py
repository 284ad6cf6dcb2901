"""Stock ACME clients of Debian get their server's certificate from us; we get it from pebble."""

from __future__ import annotations

import json
import os
import pathlib
import re
import sqlite3
import subprocess

import pytest

from support.acme_client import AcmeClient, Key, b64
from support.fake_ca import FakeCa, Fault
from support.front_site import FrontSite
from support.hairpin import BUILD
from support.http import Answer
from support.ports import free_port
from support.process import wait_until
from support.tls import openssl

NAMES = ["nur1.pl-acme.example.net", "i-nur1.pl-acme.example.net"]


class Site(FrontSite):
    def run(self, *arguments: object, status: int | None = 0, **environment: str) -> str:
        run = subprocess.run([str(argument) for argument in arguments], text=True, capture_output=True, check=False,
                             timeout=180, cwd=self.folder, stdin=subprocess.DEVNULL,
                             env={**os.environ, "LEGO_CA_CERTIFICATES": str(self.ca.certificate),
                                  "REQUESTS_CA_BUNDLE": str(self.ca.certificate), **environment})
        said = run.stdout + run.stderr
        if status is None:
            assert run.returncode != 0, said[-6000:]
        else:
            assert run.returncode == status, said[-6000:] + self.hairpin.logs()[-4000:]
        return said

    def lego(self, *command: str, names: list[str] | None = None, eab: dict[str, str] | None = None,
             path: str = "lego", status: int | None = 0) -> str:
        eab = eab or self.eab
        return self.run("lego", "--accept-tos", "--email", "ops@example.net", "--server", self.directory,
                        "--path", path, "--eab", "--kid", eab["kid"], "--hmac", eab["hmac_key"],
                        "--http", "--http.port", f"127.0.0.1:{free_port()}",
                        *[word for name in names or NAMES for word in ("--domains", name)], *command, status=status)

    def certbot(self, *more: str, status: int | None = 0) -> str:
        return self.run("certbot", "certonly", "-n", "--agree-tos", "-m", "ops@example.net", "--server", self.directory,
                        "--eab-kid", self.eab["kid"], "--eab-hmac-key", self.eab["hmac_key"],
                        "--config-dir", "certbot", "--work-dir", "work", "--logs-dir", "logs",
                        "--standalone", "--http-01-port", str(free_port()),
                        *[word for name in NAMES for word in ("-d", name)], *more, status=status)

    def check(self, chain: pathlib.Path) -> str:
        """The chain is pebble's and for both names; its serial number."""
        assert "OK" in self.pebble.verify(chain)
        text = self.run("openssl", "x509", "-in", chain, "-noout", "-serial", "-ext", "subjectAltName")
        assert sorted(re.findall(r"DNS:([^,\s]+)", text)) == sorted(NAMES)
        return re.search(r"serial=(\w+)", text).group(1)


@pytest.fixture
def site(make_hairpin, make_pebble, ca, tmp_path):
    return Site(make_hairpin, make_pebble, ca, tmp_path)


def test_lego(site):
    site.lego("run")
    site.check(site.folder / "lego" / "certificates" / f"{NAMES[0]}.crt")


def test_certbot(site):
    site.certbot()
    chain = site.folder / "certbot" / "live" / NAMES[0] / "fullchain.pem"
    first = site.check(chain)
    site.run("certbot", "renew", "--force-renewal", "--no-random-sleep-on-renew", "--config-dir", "certbot",
             "--work-dir", "work", "--logs-dir", "logs")
    assert site.check(chain) != first


def test_dehydrated(site):
    (site.folder / "config").write_text(
        f'CA="{site.directory}"\nCHALLENGETYPE="dns-01"\nHOOK=/bin/true\nCURL_OPTS="--cacert {site.ca.certificate}"\n'
        f'BASEDIR="{site.folder}"\nCONTACT_EMAIL=ops@example.net\nEAB_KID="{site.eab["kid"]}"\n'
        f'EAB_HMAC_KEY="{site.eab["hmac_key"]}"\n')
    (site.folder / "domains.txt").write_text(" ".join(NAMES) + "\n")
    site.run("dehydrated", "--register", "--accept-terms", "-f", "config")
    chain = site.folder / "certs" / NAMES[0] / "fullchain.pem"
    site.run("dehydrated", "-c", "-f", "config")
    first = site.check(chain)
    site.run("dehydrated", "-c", "-x", "-f", "config")
    assert site.check(chain) != first


# -- what happens after the first certificate -----------------------------------------------------


def issued(client: AcmeClient, order, *, key=None) -> bytes:
    """Finalizes an order and waits for its chain."""
    _, answer = client.finalize(order.expect(201), NAMES, key=key)
    return fetched(client, answer)


def fetched(client: AcmeClient, answer) -> bytes:
    url = answer.expect(200).headers["location"]
    order = wait_until(lambda: done(client.post(client.path(url))), "the order is done")
    assert order["status"] == "valid", order
    return client.post(client.path(order["certificate"])).expect(200).body


def done(answer):
    order = answer.expect(200).json
    if order["status"] == "processing":
        assert int(answer.headers["retry-after"]) >= 1
        return None
    return order


def fingerprint(pem: bytes) -> str:
    return openssl("x509", "-noout", "-fingerprint", "-sha256", stdin=pem.decode())


@pytest.fixture
def client(site):
    return site.client()


def test_lego_renews_and_revokes(site):
    chain = site.folder / "lego" / "certificates" / f"{NAMES[0]}.crt"
    site.lego("run")
    first = site.check(chain)
    assert "authorization already valid" in site.lego("renew", "--days", "365", "--no-random-sleep")
    assert site.check(chain) != first
    site.lego("revoke", "--reason", "4", "--keep")
    wait_until(lambda: "is revoked" in site.hairpin.logs(), "the CA has revoked it")
    assert site.pebble.status_of(chain) == "Revoked"
    # The first one is good still: it is the server's again.
    current = site.hairpin.as_holder(site.server["token"]).get("/v1/self/certificate").expect(200).body.decode()
    assert f"serial={first}" in openssl("x509", "-noout", "-serial", stdin=current)


def test_certbot_revokes_with_the_certificates_key(site):
    site.certbot()
    live = site.folder / "certbot" / "live" / NAMES[0]
    kept = site.folder / "kept.pem"
    kept.write_bytes((live / "cert.pem").read_bytes())
    site.run("certbot", "revoke", "-n", "--server", site.directory, "--cert-path", live / "cert.pem", "--key-path",
             live / "privkey.pem", "--reason", "keycompromise", "--no-delete-after-revoke", "--config-dir", "certbot",
             "--work-dir", "work", "--logs-dir", "logs")
    wait_until(lambda: "is revoked" in site.hairpin.logs(), "the CA has revoked it")
    assert site.pebble.status_of(kept) == "Revoked"
    # That key is never taken again.
    client = AcmeClient(site.hairpin.http_port, site.ca.certificate, site.folder).register(site.eab)
    _, answer = client.finalize(client.order(NAMES), NAMES, key=live / "privkey.pem")
    assert "compromised" in client.post(client.path(answer.headers["location"])).json["error"]["detail"]


def test_the_same_key_is_given_the_same_certificate(site, client):
    key, answer = client.finalize(client.order(NAMES), NAMES)
    first = fetched(client, answer)
    for _ in range(3):
        assert fingerprint(issued(client, client.order(NAMES), key=key)) == fingerprint(first)
    # Another key is another certificate, three in a week; then the client is told when to come again.
    for _ in range(2):
        assert fingerprint(issued(client, client.order(NAMES))) != fingerprint(first)
    order = client.order(NAMES).expect(201)
    _, refused = client.finalize(order, NAMES)
    assert refused.problem(429)["type"] == "urn:ietf:params:acme:error:rateLimited"
    assert 0 < int(refused.headers["retry-after"]) <= 7 * 24 * 3600
    assert client.post(client.path(order.headers["location"])).json["status"] == "ready"
    # When none of them is young any more, there is nothing to order for.
    site.hairpin.stop()
    with sqlite3.connect(site.hairpin.data_dir / "hairpin.db") as database:
        database.execute("UPDATE certificates SET issued_at = issued_at - 2 * 24 * 3600 * 1000")
    database.close()
    site.hairpin.start()
    refused = client.order(NAMES)
    assert "3 certificates" in refused.problem(429)["detail"]
    assert 4 * 24 * 3600 < int(refused.headers["retry-after"]) <= 5 * 24 * 3600


def test_a_restart_between_finalize_and_download(site, client):
    _, answer = client.finalize(client.order(NAMES), NAMES)
    site.hairpin.kill()
    site.hairpin.start()
    assert client.post("/acme/new-order", {}, nonce=client.last_nonce).problem(400)["type"].endswith(":badNonce")
    chain = site.folder / "chain.pem"
    chain.write_bytes(fetched(client, answer))
    site.check(chain)


def test_an_order_that_nobody_works_on_is_asked_for_again(site, client):
    """As if the process had ended between the order's commit and the attempt's."""
    _, answer = client.finalize(client.order(NAMES), NAMES)
    site.hairpin.kill()
    with sqlite3.connect(site.hairpin.data_dir / "hairpin.db") as database:
        for table in ("acme_authorizations", "acme_attempts", "certificates"):
            database.execute(f"DELETE FROM {table}")
    database.close()
    site.hairpin.start()
    assert fetched(client, answer).startswith(b"-----BEGIN CERTIFICATE-----")


def test_the_renewal_window_ends_when_we_would_renew(site, client):
    pem = issued(client, client.order(NAMES))
    text = openssl("x509", "-noout", "-serial", "-ext", "authorityKeyIdentifier", stdin=pem.decode())
    serial = bytes.fromhex(re.search(r"serial=(\w+)", text).group(1))
    issuer = bytes.fromhex(re.search(r"((?:[0-9A-F]{2}:)+[0-9A-F]{2})", text).group(1).replace(":", ""))
    serial = (b"\0" if serial[0] & 0x80 else b"") + serial
    name = f"{b64(issuer)}.{b64(serial)}"
    answer = site.hairpin.anyone.get(f"/acme/renewal-info/{name}", headers={"Host": f"localhost:{site.hairpin.http_port}"})
    window = answer.expect(200).json["suggestedWindow"]
    assert window["start"] < window["end"]
    assert int(answer.headers["retry-after"]) > 0
    site.hairpin.anyone.get("/acme/renewal-info/AAAA.AAAA").problem(404)


def test_a_suspended_licence_ends_its_clients_at_once(site, client):
    order = client.order(NAMES).expect(201)
    licence = "/v1/licences/acme"
    site.hairpin.api.patch(licence, {"state": "suspended"}).expect(200)
    for refused in (client.order(NAMES), client.post(client.path(order.headers["location"])),
                    client.finalize(order, NAMES)[1], client.post(client.path(client.kid))):
        problem = refused.problem(403)
        assert problem["type"].endswith(":unauthorized") and "suspended" in problem["detail"]
    site.hairpin.api.patch(licence, {"state": "active"}).expect(200)
    assert issued(client, order).startswith(b"-----BEGIN CERTIFICATE-----")


def test_a_new_credential_ends_the_accounts_of_the_old_one(site, client):
    fresh = site.hairpin.api.post("/v1/licences/acme/servers/nur1/credentials", {}).expect(201).json
    assert "register again" in client.order(NAMES).problem(403)["detail"]
    old = client.kid
    assert client.register(fresh["acme"]).kid == old, "the same key is the same account"
    client.order(NAMES).expect(201)


def test_a_withdrawn_licence_is_revoked_at_the_ca(site, client):
    chain = site.folder / "chain.pem"
    chain.write_bytes(issued(client, client.order(NAMES)))
    site.hairpin.api.delete("/v1/licences/acme").expect(204)
    site.hairpin.stop()
    site.hairpin.start()
    wait_until(lambda: "is revoked" in site.hairpin.logs(), "the CA has revoked it")
    assert site.pebble.status_of(chain) == "Revoked"
    assert client.order(NAMES).problem(400)["type"].endswith(":accountDoesNotExist")


def test_an_operator_takes_a_certificate_back(site, client):
    chain = site.folder / "chain.pem"
    key, answer = client.finalize(client.order(NAMES), NAMES)
    chain.write_bytes(fetched(client, answer))
    (site.folder / "token").write_text(site.hairpin.token + "\n")
    (site.folder / "token").chmod(0o600)
    hairpin = [BUILD / "cli" / "hairpin", "acme"]
    api = ["--url", f"https://localhost:{site.hairpin.http_port}", "--ca-file", site.ca.certificate,
           "--token-file", site.folder / "token"]
    [row] = site.run(*hairpin, "accounts", *api).splitlines()
    assert json.loads(row)["server"] == "nur1"
    site.run(*hairpin, "revoke", "acme/nur1", "--reason", "2", *api, status=None)
    site.run(*hairpin, "revoke", "acme/nur1", "--reason", "1", *api)
    wait_until(lambda: "is revoked" in site.hairpin.logs(), "the CA has revoked it")
    assert site.pebble.status_of(chain) == "Revoked"
    site.run(*hairpin, "revoke", "acme/nur1", *api, status=None)
    _, answer = client.finalize(client.order(NAMES), NAMES, key=key)
    assert "compromised" in client.post(client.path(answer.headers["location"])).json["error"]["detail"]
    site.run(*hairpin, "forget", json.loads(row)["id"], *api)
    assert site.run(*hairpin, "accounts", *api) == ""


def test_the_ca_is_asked_to_revoke_until_it_has(make_hairpin, ca, tmp_path):
    fake = FakeCa(ca).start()
    hairpin = make_hairpin(acme={"directory": fake.directory, "ca_file": str(ca.certificate)}).start()
    client = AcmeClient(hairpin.http_port, ca.certificate, tmp_path).register(hairpin.new_server()["acme"])
    der = client.certificate_der(issued(client, client.order(NAMES)))
    fake.fail("revoke", Fault(503))
    client.post("/acme/revoke-cert", {"certificate": der, "reason": 7}).problem(400)
    client.post("/acme/revoke-cert", {"certificate": der, "reason": 5}).expect(200)
    assert client.post("/acme/revoke-cert", {"certificate": der}).problem(400)["type"].endswith(":alreadyRevoked")
    assert client.post("/acme/revoke-cert", {"certificate": der}, key=Key(), jwk=True).problem(403)
    wait_until(lambda: "is not revoked" in hairpin.logs(), "the CA has failed")
    hairpin.kill()
    with sqlite3.connect(hairpin.data_dir / "hairpin.db") as database:
        assert database.execute("UPDATE revocations SET next_at = 1 WHERE failures = 1").rowcount == 1
    database.close()
    hairpin.start()
    wait_until(lambda: fake.revocations, "the CA has revoked it")
    assert fake.revocations == {der: 5}
    wait_until(lambda: "is revoked" in hairpin.logs(), "we know it")
    assert fake.count("revoke") == 2
    fake.stop()


# -- what is refused ------------------------------------------------------------------------------


def test_without_the_right_binding_there_is_no_account(site):
    assert "external account binding" in site.run(
        "lego", "--accept-tos", "--email", "ops@example.net", "--server", site.directory, "--path", "none",
        "--http", "--domains", NAMES[0], "run", status=None).lower()
    wrong = {"kid": site.eab["kid"], "hmac_key": "A" * 43}
    assert "does not hold" in site.lego("run", eab=wrong, path="wrong", status=None)
    client = AcmeClient(site.hairpin.http_port, site.ca.certificate, site.folder)
    other = Key()

    def refused(binding) -> str:
        answer = client.post("/acme/new-account", {"externalAccountBinding": binding}, jwk=True)
        return answer.problem(answer.status)["type"].rpartition(":")[2]

    assert refused(client.binding(site.eab, key=other)) == "malformed"
    assert refused(client.binding(site.eab, url=client.base + "/acme/new-order")) == "malformed"
    assert refused(client.binding({**site.eab, "kid": "nobody"})) == "unauthorized"
    assert refused({**client.binding(site.eab), "signature": ""}) == "malformed"
    assert refused(client.binding(site.eab, alg="none")) == "badSignatureAlgorithm"
    assert refused(client.binding(site.eab, nonce=client.nonce())) == "malformed"
    answer = client.post("/acme/new-account", {}, jwk=True)
    assert answer.problem(403)["type"].endswith(":externalAccountRequired")
    assert client.post("/acme/new-account", {"onlyReturnExisting": True}, jwk=True).problem(400)


def test_only_the_names_of_the_bindings_server(site, client):
    other = site.hairpin.new_server("other")
    assert "other.example.net" in site.lego(
        "run", names=[other["names"]["public"], other["names"]["internal"]], path="other", status=None)
    foreign = client.order([NAMES[0], "nur1.pl-other.example.net"]).problem(403)
    assert foreign["type"].endswith(":rejectedIdentifier")
    assert [each["identifier"]["value"] for each in foreign["subproblems"]] == ["nur1.pl-other.example.net"]
    for names in (["*.pl-acme.example.net"], ["nur2.pl-acme.example.net"], ["example.net", *NAMES]):
        client.order(names).problem(403)
    order = client.order(NAMES).expect(201)
    _, refused = client.finalize(order, [NAMES[0]])
    assert refused.problem(400)["type"].endswith(":badCSR")
    stranger = AcmeClient(site.hairpin.http_port, site.ca.certificate, site.folder).register(other["acme"])
    stranger.post(client.path(order.headers["location"])).problem(404)
    stranger.post(client.path(client.kid)).problem(403)
    # A cloned disk: the same account key, vouched for by another server, is another account.
    clone = AcmeClient(site.hairpin.http_port, site.ca.certificate, site.folder)
    clone.key = client.key
    assert clone.register(other["acme"]).kid != client.kid
    clone.order(NAMES).problem(403)
    client.order(NAMES).expect(201)


def test_requests_that_break_a_rule_of_the_protocol(site, client):
    def kind(answer) -> str:
        return f"{answer.status} {answer.problem(answer.status)['type'].rpartition(':')[2]}"

    account = client.path(client.kid)
    client.post(account).expect(200)
    assert kind(client.post(account, nonce=client.last_nonce)) == "400 badNonce"
    assert kind(client.post(account, nonce="AAAA")) == "400 badNonce"
    assert kind(client.post(account, nonce=None)) == "400 malformed"
    assert kind(client.post(account, url=client.base + "/acme/new-order")) == "403 unauthorized"
    assert kind(client.post(account, url=client.base.replace("localhost", "evil.example") + account)) == "403 unauthorized"
    assert kind(client.post(account, alg="HS256")) == "400 badSignatureAlgorithm"
    assert kind(client.post(account, alg="none")) == "400 badSignatureAlgorithm"
    assert kind(client.post(account, alg="ES384")) == "400 badSignatureAlgorithm"
    assert kind(client.post(account, key=Key())) == "400 malformed"
    assert kind(client.post(account, jwk=client.key.jwk)) == "400 malformed"
    assert kind(client.post(account, kid=client.base + "/acme/account/" + "0" * 32)) == "400 accountDoesNotExist"
    assert kind(client.post(account, crit=["exp"])) == "400 malformed"
    assert kind(client.send(account, "{")) == "400 malformed"
    assert kind(client.send(account, "[" * 10000)) == "400 malformed"
    assert kind(client.send(account, {}, **{"Content-Type": "application/json"})) == "415 malformed"
    assert kind(client.send(account, {}, Host="evil.example")) == "421 malformed"
    assert client.send(account, "x" * 20_000).status == 413
    assert client.post(account).expect(200).json["status"] == "valid", "none of it has done harm"


def test_another_key_for_an_account(site, client):
    new = Key()

    def change(inner_key: Key, payload) -> Answer:
        inner = inner_key.jws({"alg": "ES256", "jwk": inner_key.jwk, "url": client.base + "/acme/key-change"}, payload)
        return client.post("/acme/key-change", inner)

    good = {"account": client.kid, "oldKey": client.key.jwk}
    change(new, {**good, "oldKey": new.jwk}).problem(400)
    change(new, {**good, "account": client.kid[:-1]}).problem(400)
    change(client.key, good).problem(409)
    change(new, good).expect(200)
    client.post(client.path(client.kid)).problem(400)
    client.key = new
    client.order(NAMES).expect(201)


def test_the_operator_sees_accounts_and_what_became_of_them(site, client):
    pem = issued(client, client.order(NAMES))
    [row] = site.hairpin.api.get("/v1/acme-accounts").expect(200).json["accounts"]
    assert (row["licence"], row["server"], row["status"]) == ("acme", "nur1", "valid")
    assert (row["orders"], row["last_order"]["status"]) == (1, "valid")
    metrics = site.hairpin.api.get("/metrics").expect(200).body.decode()
    assert re.search(r'door="acme",outcome="done"\} [1-9]', metrics), metrics
    actions = {row["action"] for row in site.hairpin.api.get("/v1/audit?limit=500").expect(200).json["audit"]}
    assert {"acme-account.register", "acme-order.new", "acme-order.finalize", "acme-order.valid"} <= actions
    assert site.eab["hmac_key"] not in site.hairpin.logs()
    client.post(client.path(client.kid), {"status": "deactivated"}).expect(200)
    assert "deactivated" in client.order(NAMES).problem(403)["detail"]
    site.hairpin.api.delete(f"/v1/acme-accounts/{row['id']}").expect(204)
    assert client.order(NAMES).problem(400)["type"].endswith(":accountDoesNotExist")
    # What it brought is the server's all the same.
    assert site.hairpin.as_holder(site.server["token"]).get("/v1/self/certificate").expect(200).body == pem
