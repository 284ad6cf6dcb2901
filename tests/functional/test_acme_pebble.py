"""Debian's pebble with each of its hostile switches. What it cannot do: test_acme_protocol.py."""

from __future__ import annotations

import os
import secrets
import subprocess

import pytest

from support import fake_jws
from support.acme_rig import NAMES, STATES, goes_on, names_in
from support.hairpin import BUILD
from support.tls import new_csr


def test_a_slow_validation_is_polled_and_survives_a_crash(rig, make_pebble):
    pebble = make_pebble(rig.dns_port, sleep=3)
    rig.directory = pebble.directory
    rig.run("crash=challenged", status=-9)
    resumed = rig.run()
    assert goes_on(resumed.states(), STATES[STATES.index("challenged") + 1:], was_told=True)
    assert "OK" in pebble.verify(rig.chain())


@pytest.mark.parametrize("number", [0, 1, 2])
def test_each_of_several_chains_can_be_preferred(rig, make_pebble, number):
    pebble = make_pebble(rig.dns_port, alternate_roots=2, chain_length=3)
    rig.directory = pebble.directory
    rig.run(f"chain={pebble.root_name(number)}")
    assert "OK" in pebble.verify(rig.chain(), number)
    assert rig.chain().read_text().count("BEGIN CERTIFICATE") == 4  # The leaf and three of pebble's.


def test_an_account_is_bound_by_its_mac_key(rig, make_pebble):
    key = fake_jws.b64(secrets.token_bytes(32))
    rig.directory = make_pebble(rig.dns_port, eab_keys={"kid-1": key}).directory
    rig.run(f"eab=kid-1:{key}")
    assert names_in(rig.chain()) == NAMES


@pytest.mark.parametrize("eab", ["", "eab=kid-1:" + fake_jws.b64(b"x" * 32), "eab=kid-2:" + fake_jws.b64(b"x" * 32)],
                         ids=["missing", "wrong-mac", "unknown"])
def test_a_binding_that_is_not_good_needs_a_person(rig, make_pebble, eab):
    key = fake_jws.b64(secrets.token_bytes(32))
    rig.directory = make_pebble(rig.dns_port, eab_keys={"kid-1": key}).directory
    run = rig.run("until-problem", *([eab] if eab else []))
    assert "registering with the CA failed" in run.problem
    assert "eab_kid and eab_key_file" in run.problem
    assert key not in run.errors and (not eab or eab.rpartition(":")[2] not in run.errors)


def test_a_name_that_the_ca_refuses_is_not_asked_for_in_a_loop(rig, make_pebble):
    rig.directory = make_pebble(rig.dns_port, blocked=["pl-demo.example.net"]).directory
    run = rig.run("until-problem")
    assert run.problem.startswith("blocked ")
    assert "pl-demo.example.net" in run.problem and "use another base domain or CA" in run.problem
    assert run.states() == ["admitted", "ordering", "blocked"]
    (pause,), = rig.rows("SELECT next_at - changed_at FROM acme_attempts")
    assert 4000 < pause <= 5000  # The longest pause of the rig, from before the commit.


def test_the_account_gets_a_new_key_at_a_real_ca(rig, make_pebble):
    pebble = make_pebble(rig.dns_port)
    rig.directory = pebble.directory
    rig.run()
    run = rig.run("rollover", "again", "new-key")
    assert "rollover done" in run.output and run.counter("failed") == 0
    assert rig.run("again", "new-key").counter("failed") == 0  # The next run signs with it, too.
    assert "OK" in pebble.verify(rig.chain())


def test_an_operator_rolls_the_account_over_while_servers_ask(make_hairpin, make_pebble, ca, tmp_path):
    hairpin = make_hairpin()
    pebble = make_pebble(hairpin.dns_port)
    hairpin.config["acme"] = {"directory": pebble.directory, "ca_file": str(pebble.ca_file)}
    hairpin.start()
    server = hairpin.new_server()
    names = [server["names"]["public"].rstrip("."), server["names"]["internal"].rstrip(".")]
    api = hairpin.as_holder(server["token"])
    api.post("/v1/acme/account/rollover").expect(403)
    _, csr = new_csr(tmp_path, names)
    api.put("/v1/self/certificate", csr, headers={"Content-Type": "application/x-pem-file"}).expect(202)
    token = tmp_path / "token"
    token.write_text(hairpin.token)
    token.chmod(0o600)
    done = subprocess.run(
        [str(BUILD / "cli" / "hairpin"), "acme", "rollover"], text=True, capture_output=True, check=False, timeout=90,
        env={**os.environ, "HAIRPIN_URL": f"https://localhost:{hairpin.http_port}",
             "HAIRPIN_TOKEN_FILE": str(token), "HAIRPIN_CA_FILE": str(ca.certificate)})
    assert (done.returncode, done.stdout) == (0, "the account at the CA has a new key\n"), done.stderr
    api.get("/v1/self/certificate?wait=60", timeout=90).expect(200)
    assert "has a new key" in hairpin.logs()
