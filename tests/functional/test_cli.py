"""`hairpin` as an operator types it: credentials, explanations, mistakes."""

from __future__ import annotations

import json
import os
import subprocess

import pytest
from support.hairpin import BUILD


@pytest.fixture
def hairpin_cli(hairpin, ca, tmp_path):
    token = tmp_path / "token"
    token.write_text(hairpin.token)
    token.chmod(0o600)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(BUILD / "cli" / "hairpin"), *arguments], text=True, capture_output=True, check=False, timeout=60,
            env={**os.environ, "HAIRPIN_URL": f"https://localhost:{hairpin.http_port}",
                 "HAIRPIN_TOKEN_FILE": str(token), "HAIRPIN_CA_FILE": str(ca.certificate)})

    return hairpin, run


def test_a_credential_from_making_to_revoking(hairpin_cli):
    hairpin, run = hairpin_cli
    hairpin.new_server()
    made = run("credential", "make", "--kind", "token", "--licence", "acme", "--role", "zone", "--label", "ci")
    assert made.returncode == 0, made.stderr
    credential = json.loads(made.stdout)
    assert hairpin.as_holder(credential["secret"]).put(
        "/v1/zones/pl-acme.example.net/rrsets/www.pl-acme.example.net/A", {"records": ["203.0.113.1"]}).status == 201
    rotated = json.loads(run("credential", "rotate", str(credential["id"])).stdout)
    assert rotated["secret"] != credential["secret"]
    lines = run("credential", "list", "--licence", "acme").stdout.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [rotated["id"]]
    assert not any(secret in line for line in lines for secret in (credential["secret"], rotated["secret"]))
    assert run("credential", "revoke", str(rotated["id"])).returncode == 0
    gone = run("credential", "show", str(rotated["id"]))
    assert gone.returncode == 1 and "404" in gone.stderr


def test_explain_ends_with_a_status_for_scripts(hairpin_cli):
    hairpin, run = hairpin_cli
    hairpin.new_server()
    ask = ("credential", "explain", "--server", "acme/nur1", "--zone", "pl-acme.example.net", "--set")
    allowed = run(*ask, "nur1.pl-acme.example.net A 203.0.113.7")
    assert allowed.returncode == 0 and "+ nur1.pl-acme.example.net 60 A 203.0.113.7" in allowed.stdout
    refused = run(*ask, "nur1.pl-acme.example.net A 10.0.0.1")
    assert refused.returncode == 1 and refused.stdout.startswith("refused: ")


def test_explain_asks_a_door_in_its_own_words(hairpin_cli):
    hairpin, run = hairpin_cli
    hairpin.new_server()
    ask = ("credential", "explain", "--server", "acme/nur1", "--door")
    done = run(*ask, "dyndns2", "--request", "hostname=nur1.pl-acme.example.net&myip=203.0.113.7")
    assert done.returncode == 0 and done.stdout.endswith(
        "+ nur1.pl-acme.example.net 60 A 203.0.113.7\n= 200 good 203.0.113.7\n"), done.stdout + done.stderr
    refused = run(*ask, "update", "--zone", "pl-acme.example.net", "--request", "delete www.pl-acme.example.net")
    assert refused.returncode == 1 and refused.stdout.endswith("\n= REFUSED\n"), refused.stdout + refused.stderr


@pytest.mark.parametrize("arguments, says", [
    (["credentail"], 'there is no command "credentail"; did you mean "credential"?'),
    (["credential", "mke"], 'there is no command "mke"; did you mean "make"?'),
    (["zone", "imprt"], 'there is no command "imprt"; did you mean "import"?'),
    (["zone", "quux"], 'there is no command "quux"'),
    (["credential"], "subcommand is required"),
    (["credential", "make", "--kind", "king"], '/kind must be "tsig"'),
])
def test_a_mistake_is_answered_with_what_was_meant(hairpin_cli, arguments, says):
    _, run = hairpin_cli
    wrong = run(*arguments)
    assert wrong.returncode in (1, 2) and says in wrong.stderr, wrong.stderr
    assert wrong.stderr.count(says) == 1 and not wrong.stdout
