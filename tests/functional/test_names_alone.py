"""Clients of the ACME front that order each name apart: Caddy, and what an operator sees of it."""

from __future__ import annotations

import pathlib
import re
import subprocess

import pytest

from support.acme_client import AcmeClient
from support.front_site import FrontSite
from support.ports import free_port
from support.process import Process, wait_until
from support.tls import openssl

NAMES = ["nur1.pl-acme.example.net", "i-nur1.pl-acme.example.net"]

# As the page for operators says it, but for ports and folders of the test's own.
CADDYFILE = """{{
    admin off
    auto_https disable_redirects
    http_port {http_port}
    https_port {https_port}
    storage file_system {folder}/storage
    email ops@example.net
    acme_ca {directory}
    acme_ca_root {root}
    acme_eab {{
        key_id {kid}
        mac_key {hmac_key}
    }}
}}
{names} {{
    bind 127.0.0.1
    respond "hello"
}}
"""


class Site(FrontSite):
    def seen(self) -> dict:
        return self.hairpin.api.get("/v1/licences/acme/servers/nur1").expect(200).json

    def alone(self) -> dict[str, dict]:
        return {each["name"]: each for each in self.seen().get("certificates_alone", [])}

    def names_in(self, pem: str) -> list[str]:
        text = openssl("x509", "-noout", "-ext", "subjectAltName", stdin=pem)
        return sorted(re.findall(r"DNS:([^,\s]+)", text))


@pytest.fixture
def site(make_hairpin, make_pebble, ca, tmp_path):
    return Site(make_hairpin, make_pebble, ca, tmp_path)


def served(port: int, name: str) -> str:
    """The certificate that is served for a name, as PEM; empty: none yet."""
    run = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", name],
                         stdin=subprocess.DEVNULL, text=True, capture_output=True, check=False, timeout=30)
    found = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----\n", run.stdout, re.DOTALL)
    return found.group(0) if found else ""


def fetched(client: AcmeClient, names: list[str], *, key: pathlib.Path | None = None) -> str:
    """Orders and finalizes; the chain."""
    order = client.order(names).expect(201)
    _, answer = client.finalize(order, names, key=key)
    url = client.path(answer.expect(200).headers["location"])

    def done():
        state = client.post(url).expect(200).json
        return state if state["status"] != "processing" else None

    state = wait_until(done, "the order is done")
    assert state["status"] == "valid", state
    return client.post(client.path(state["certificate"])).expect(200).body.decode()


def test_caddy_by_itself(site):
    """It orders a certificate for each name, at the same time, and serves both."""
    port = free_port()
    config = site.folder / "Caddyfile"
    config.write_text(CADDYFILE.format(
        http_port=free_port(), https_port=port, folder=site.folder, directory=site.directory,
        root=site.ca.certificate, names=", ".join(NAMES), kid=site.eab["kid"], hmac_key=site.eab["hmac_key"]))
    caddy = Process(["caddy", "run", "--config", config, "--adapter", "caddyfile"], site.folder / "caddy.log",
                    environment={"HOME": str(site.folder), "XDG_CONFIG_HOME": str(site.folder)})
    try:
        for name in NAMES:
            pem = wait_until(lambda name=name: served(port, name), f"{name} is served", every=0.3)
            assert site.names_in(pem) == [name]
            chain = next((site.folder / "storage").rglob(f"{name}.crt"))
            assert "OK" in site.pebble.verify(chain)
    except AssertionError as error:
        raise AssertionError(f"{error}\n{caddy.log()[-4000:]}{site.hairpin.logs()[-4000:]}") from None
    finally:
        caddy.end()
    assert {name: each["state"] for name, each in site.alone().items()} == dict.fromkeys(NAMES, "valid")
    # Neither took the place of the other, nor of the certificate for both that nobody asked for.
    assert site.seen()["certificate"]["state"] == "none"
    for name in NAMES:
        assert site.hairpin.dns.run("dig", "+short", f"_acme-challenge.{name}", "TXT") == ""


def test_a_name_alone_beside_the_twin_certificate(site):
    client = site.client()
    both = fetched(client, NAMES)
    assert site.names_in(both) == sorted(NAMES)
    key = site.folder / "alone.key"
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    first = fetched(client, [NAMES[0]], key=key)
    assert site.names_in(first) == [NAMES[0]]
    # The same key is given the same certificate, and another key another one, for that name.
    assert fetched(client, [NAMES[0]], key=key) == first
    second = fetched(client, [NAMES[0]])
    assert second != first and site.names_in(second) == [NAMES[0]]

    seen = site.seen()
    assert seen["certificate"]["state"] == "valid"
    assert [each["name"] for each in seen["certificates_alone"]] == [NAMES[0]]
    holder = site.hairpin.as_holder(site.server["token"])
    assert holder.get("/v1/self/certificate").expect(200).body.decode() == both
    # What it serves may be any of them, and what it says of that is believed.
    digest = site.alone()[NAMES[0]]["sha256"]
    holder.post("/v1/self/heartbeat", {"certificate": {"sha256": digest}}).expect(200)
    wait_until(lambda: any(row["action"] == "certificate.deployed" for row in
                           site.hairpin.api.get("/v1/audit?limit=500").expect(200).json["audit"]), "it is deployed")
    rows = site.hairpin.api.get("/v1/certificates").expect(200).json["certificates"]
    assert [each["name"] for each in rows[0]["certificates_alone"]] == [NAMES[0]]
    assert rows[0]["certificate"]["alarm"] is None


def test_what_is_refused_of_a_name_alone(site):
    client = site.client()
    for names in (["nur2.pl-acme.example.net"], ["pl-acme.example.net"], ["*.pl-acme.example.net"]):
        assert client.order(names).problem(403)["type"].endswith(":rejectedIdentifier")
    order = client.order([NAMES[0]]).expect(201)
    for names in (NAMES, [NAMES[1]]):
        _, refused = client.finalize(order, names)
        assert refused.problem(400)["type"].endswith(":badCSR")
        assert NAMES[0] in refused.problem(400)["detail"]
    # Bounds hold for each name: the CA counts each set of names.
    for _ in range(3):
        fetched(client, [NAMES[1]])
    # With the key of the youngest it would cost nothing, so that finalize decides.
    _, refused = client.finalize(client.order([NAMES[1]]).expect(201), [NAMES[1]])
    late = refused.problem(429)
    assert late["type"].endswith(":rateLimited") and "within a week" in late["detail"]
    fetched(client, [NAMES[0]])


def test_the_same_key_with_other_names_is_another_order(site):
    """Whatever comes of an order whose place another took: no certificate for other names than its own."""
    site.hairpin.api.put("/v1/licences/acme/servers/nur1/aliases/cloud").expect(201)
    more = [*NAMES, "cloud.pl-acme.example.net"]
    client = site.client()
    first, second = client.order(NAMES).expect(201), client.order(more).expect(201)
    key, _ = client.finalize(first, NAMES)
    client.finalize(second, more, key=key)

    def ended(order):
        def state():
            seen = client.post(client.path(order.headers["location"])).expect(200).json
            return seen if seen["status"] != "processing" else None
        return wait_until(state, "the order is done")

    def names_of(order: dict) -> list[str]:
        return site.names_in(client.post(client.path(order["certificate"])).expect(200).body.decode())

    assert names_of(ended(second)) == sorted(more)
    old = ended(first)
    if old["status"] == "valid":  # The CA was faster than the second order.
        assert names_of(old) == sorted(NAMES)
    else:
        assert "came after this one" in old["error"]["detail"]


def test_a_certificate_for_a_name_alone_is_taken_back(site):
    client = site.client()
    both, alone = fetched(client, NAMES), fetched(client, [NAMES[1]])
    client.post("/acme/revoke-cert", {"certificate": client.certificate_der(alone.encode())}).expect(200)
    assert NAMES[1] not in site.alone()
    assert site.seen()["certificate"]["state"] == "valid"
    again = fetched(client, [NAMES[1]])
    site.hairpin.api.delete("/v1/licences/acme/servers/nur1").expect(204)
    # What a server leaves behind is revoked, all of it.
    for name, pem in (("both", both), ("again", again)):
        path = site.folder / f"{name}.pem"
        path.write_text(pem)
        wait_until(lambda path=path: site.pebble.status_of(path) == "Revoked", f"{name} is revoked")
