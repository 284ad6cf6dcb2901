"""Several CAs, in a whole hairpind: its configuration, what it shows, and a first issue while the first CA is down."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess

import pytest

from support.fake_ca import FakeCa
from support.hairpin import BUILD, Hairpin, run_hairpind
from support.process import wait_until
from support.tls import new_csr


@pytest.fixture(name="site")
def hairpin_with_two(make_hairpin, fake: FakeCa, second: FakeCa) -> Hairpin:
    site = make_hairpin()
    trust = str(fake.ca_file)
    site.config["acme"] = {"directory": fake.directory, "ca_file": trust,
                           "fallbacks": [f"{second.directory}; name=second; ca_file={trust}"]}
    return site


def issuers(site: Hairpin) -> dict[str, dict]:
    return {each["name"]: each for each in site.api.get("/v1/acme/issuers").expect(200).json["issuers"]}


def cli(site: Hairpin, ca, *arguments: str) -> str:
    token = site.folder / "token"
    token.write_text(site.token)
    token.chmod(0o600)
    return subprocess.run(
        [str(BUILD / "cli" / "hairpin"), "acme", *arguments], text=True, capture_output=True, check=True, timeout=60,
        env={**os.environ, "HAIRPIN_URL": f"https://localhost:{site.http_port}", "HAIRPIN_TOKEN_FILE": str(token),
             "HAIRPIN_CA_FILE": str(ca.certificate)}).stdout


def try_canary_again(site: Hairpin) -> None:
    wait_until(lambda: issuers(site)["second"]["certificate_canary"], "it was tried once")
    site.stop()
    with sqlite3.connect(site.data_dir / "hairpin.db") as store:
        assert store.execute("UPDATE acme_canaries SET due_at = 1").rowcount >= 1
    site.start()


def first_name(fake: FakeCa) -> str:
    return fake.host.removeprefix("https://").replace(":", "-")


def test_accounts_are_there_before_they_are_needed_and_can_be_changed(site, ca, fake, second):
    site.start()
    name = first_name(fake)
    wait_until(lambda: len(fake.accounts()) == 2 and len(second.accounts()) == 2, "all accounts are registered")
    wait_until(lambda: {each["role"] for each in issuers(site)[name]["accounts"] if each["url"]} ==
               {"active", "standby"}, "they are shown")
    before = {each["role"]: each["url"] for each in issuers(site)[name]["accounts"]}
    assert sorted(before.values()) == sorted(fake.accounts())
    shown = cli(site, ca, "issuers")
    assert f"  account active   {before['active']}\n" in shown and f"  account standby  {before['standby']}\n" in shown
    shown = cli(site, ca, "switch-account", name)
    assert f"  account active   {before['standby']}\n" in shown
    site.api.post("/v1/acme/issuers/third/switch-account").expect(404)
    site.api.post("/v1/acme/issuers/third/rollover").expect(404)
    assert site.api.get("/v1/audit").expect(200).json["audit"][0]["action"] == "acme.switch-account"


def test_the_account_at_a_fallback_gets_a_new_key_and_orders_with_it(site, ca, fake, second):
    site.start()
    wait_until(lambda: len(second.accounts()) == 2, "both accounts are registered there")
    assert cli(site, ca, "rollover", "second") == "the account at second has a new key\n"
    assert second.count("key-change") == 1 and fake.count("key-change") == 0
    assert site.api.get("/v1/audit").expect(200).json["audit"][0]["action"] == "acme.rollover"
    # Who signs with the old key is refused there: the canary's order shows that the new one does.
    site.api.post("/v1/zones", {"zone": "example.net."}).expect(201)
    try_canary_again(site)
    wait_until(lambda: issuers(site)["second"]["certificate_canary"]["good_at"], "it was tried")
    assert len(second.leaves) == 1 and second.broken == []


def test_the_second_ca_is_tried_once_there_is_a_zone_for_it(site, fake, second):
    site.start()
    wait_until(lambda: (issuers(site)["second"]["certificate_canary"] or {}).get("failures") == 1,
               "it cannot be tried without a zone")
    assert "acme-canary.example.net" in issuers(site)["second"]["certificate_canary"]["problem"]
    site.api.post("/v1/zones", {"zone": "example.net."}).expect(201)
    try_canary_again(site)
    wait_until(lambda: issuers(site)["second"]["certificate_canary"]["good_at"], "it was tried")
    assert second.payloads("new-order")[0]["identifiers"] == [{"type": "dns", "value": "acme-canary.example.net"}]
    assert len(fake.leaves) == 0
    metrics = site.api.get("/metrics").expect(200).body.decode()
    assert 'hairpin_acme_canary_failures{issuer="second",kind="certificate"} 0' in metrics
    assert 'hairpin_acme_issuer_up{issuer="second"} 1' in metrics
    # Nothing of it stays in the zone.
    assert site.dns.rcode("_acme-challenge.acme-canary.example.net", "TXT") == "NXDOMAIN"


def test_a_first_issue_does_not_wait_for_a_ca_that_is_down(site, fake, second, tmp_path):
    fake.down = True
    site.config["acme"]["canaries"] = "off"
    site.start()
    server = site.new_server("acme", "nur1")
    names = [server["names"]["public"], server["names"]["internal"]]
    _, csr = new_csr(tmp_path, names)
    api = site.as_holder(server["token"])
    api.put("/v1/self/certificate", csr, headers={"Content-Type": "application/x-pem-file"}).expect(202)
    wait_until(lambda: second.accounts(), "the second CA has given an account")
    site.stop()
    with sqlite3.connect(site.data_dir / "hairpin.db") as store:  # As if it had waited for ten minutes.
        assert store.execute("UPDATE acme_attempts SET created_at = created_at - 600000, next_at = 1").rowcount == 1
    site.start()
    wait_until(lambda: api.get("/v1/self").expect(200).json["certificate"]["state"] == "valid", "it has a certificate")
    assert len(second.leaves) == 1
    assert fake.count("new-order") == 0
    assert issuers(site)["second"]["issued"] == 1


def test_limits_are_each_cas_own(site, ca, second):
    site.start()
    assert site.api.get("/v1/acme/limits?issuer=second").expect(200).json["directory"] == second.directory
    cli(site, ca, "limit", "set", "orders-per-account", "10/1h", "--issuer", "second")
    wait_until(lambda: "set here" in cli(site, ca, "limits", "--issuer", "second"), "the limit is shown")
    assert "set here" not in cli(site, ca, "limits")
    cli(site, ca, "limit", "reset", "orders-per-account", "--issuer", "second")


def test_check_says_what_is_wrong_with_a_ca(site):
    site.config["acme"]["fallbacks"] = ["gogle; eab_kid=a; eab_key_file=b"]
    site.write_config()
    run = run_hairpind("check", "--config", site.config_path)
    assert run.returncode != 0
    assert re.search(r"hairpin\.toml:\d+: acme\.fallbacks: .*did you mean google\?", run.stderr), run.stderr
    site.config["acme"]["fallbacks"] = ["google; eab_kid=a; eab_key_file=nowhere.key"]
    site.write_config()
    run = run_hairpind("check", "--config", site.config_path)
    assert run.returncode != 0 and "nowhere.key" in run.stderr
