"""The doors of stock clients: Debian's lego against a real server over TLS, with pebble as the CA.

external-dns, octoDNS and lego's acme-dns provider are not in Debian: what they send is replayed, here and in
tests/unit/admin/door_powerdns_test.cpp.
"""

from __future__ import annotations

import json
import os
import subprocess

import pytest

ZONE = "pl-acme.example.net"
TWIN = f"nur1.{ZONE}"


@pytest.fixture(name="site")
def licence_with_server(make_hairpin):
    hairpin = make_hairpin().start()
    hairpin.api.post("/v1/licences", {"licence": "acme"}).expect(201)
    hairpin.server_token = hairpin.api.post("/v1/licences/acme/servers", {}).expect(201).json["token"]
    return hairpin


@pytest.fixture(name="order")
def lego_order(site, ca, make_pebble, tmp_path):
    """Runs lego with one of its DNS providers; it holds a certificate then."""
    pebble = make_pebble(site.dns_port)

    def run(provider: str, **environment: str) -> None:
        ended = subprocess.run(
            ["lego", "--accept-tos", "--email", "ops@example.net", "--server", pebble.directory, "--path",
             str(tmp_path / "lego"), "--domains", TWIN, "--dns", provider, "--dns.disable-cp",
             "--dns.resolvers", f"127.0.0.1:{site.dns_port}", "run"],
            env={**os.environ, "SSL_CERT_FILE": str(ca.certificate), "LEGO_CA_CERTIFICATES": str(ca.certificate),
                 **environment},
            text=True, capture_output=True, check=False, timeout=150)
        assert ended.returncode == 0, ended.stdout + ended.stderr + site.logs()[-4000:]
        assert (tmp_path / "lego" / "certificates" / f"{TWIN}.crt").is_file()

    return run


def test_lego_gets_a_certificate_over_httpreq(site, order):
    order("httpreq", HTTPREQ_ENDPOINT=f"https://127.0.0.1:{site.http_port}/httpreq", HTTPREQ_USERNAME=TWIN,
          HTTPREQ_PASSWORD=site.server_token)


def test_lego_gets_a_certificate_over_httpreq_in_raw_mode(site, order):
    order("httpreq", HTTPREQ_ENDPOINT=f"https://127.0.0.1:{site.http_port}/httpreq", HTTPREQ_USERNAME=TWIN,
          HTTPREQ_PASSWORD=site.server_token, HTTPREQ_MODE="RAW")


def test_what_the_go_client_of_acme_dns_sends_is_taken(site):
    """Debian's lego is built without its acme-dns provider: this is what goacmedns sends."""
    value = "LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM"
    stranger = site.api.with_token(None)
    stranger.get("/health").expect(200)
    headers = {"Content-Type": "application/json", "X-Api-User": TWIN, "X-Api-Key": site.server_token}
    answer = stranger.request("POST", "/update", {"SubDomain": TWIN, "Txt": value}, headers=headers).expect(200)
    assert answer.body == json.dumps({"txt": value}, separators=(",", ":")).encode()
    assert value in site.dns.run("drill", "-o", "rd", f"_acme-challenge.{TWIN}", "TXT")
    made = site.api.post("/v1/credentials", {"kind": "token", "owner": {"licence": "acme"}, "role": "challenges"})
    token = made.expect(201).json["secret"]
    stranger.request("POST", "/register", "", headers={}).expect(401)
    account = site.api.with_token(token).request("POST", "/register", {"AllowFrom": []}).expect(201).json
    assert "NOERROR" in site.dns.run("drill", "-o", "rd", account["fulldomain"], "TXT")
    headers |= {"X-Api-User": account["username"], "X-Api-Key": account["password"]}
    stranger.request("POST", "/update", {"SubDomain": account["subdomain"], "Txt": value}, headers=headers).expect(200)
    assert value in site.dns.run("drill", "-o", "rd", account["fulldomain"], "TXT")


def test_lego_gets_a_certificate_over_the_powerdns_api(site, order):
    order("pdns", PDNS_API_URL=f"https://127.0.0.1:{site.http_port}", PDNS_API_KEY=site.server_token)


def test_what_external_dns_and_octodns_send_is_taken(site):
    made = site.api.post("/v1/credentials", {"kind": "powerdns", "owner": {"licence": "acme"}, "role": "zone"})
    key = {"X-API-Key": made.expect(201).json["secret"]}
    stranger = site.api.with_token(None)
    base = "/api/v1/servers/localhost"
    assert stranger.request("GET", base, headers=key).expect(200).json["version"].split(".")[0] == "4"
    (zone,) = stranger.request("GET", f"{base}/zones", headers=key).expect(200).json
    assert zone["id"] == f"{ZONE}."
    stranger.request("PATCH", zone["url"], {"rrsets": [
        {"name": f"app.{ZONE}.", "type": "A", "ttl": 300, "changetype": "REPLACE",
         "records": [{"content": "203.0.113.5", "disabled": False}]},
        {"name": f"a-app.{ZONE}.", "type": "TXT", "ttl": 300, "changetype": "REPLACE",
         "records": [{"content": '"heritage=external-dns,external-dns/owner=default"', "disabled": False}]},
    ]}, headers=key).expect(204)
    content = stranger.request("GET", zone["url"], headers=key).expect(200).json
    assert {rrset["name"] for rrset in content["rrsets"]} >= {f"app.{ZONE}.", f"a-app.{ZONE}."}
    assert "203.0.113.5" in site.dns.run("drill", "-o", "rd", f"app.{ZONE}", "A")
    stranger.request("GET", f"{base}/zones/none.example.", headers=key).expect(404)
