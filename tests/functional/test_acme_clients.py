"""Stock ACME clients of Debian get certificates by DNS-01 over UPDATE, against pebble."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest

NAMES = ["nur1.pl-acme.example.net", "i-nur1.pl-acme.example.net"]


class Site:
    """A server, a key for its challenges, and a CA that asks our DNS."""

    def __init__(self, hairpin, pebble, folder: pathlib.Path):
        self.hairpin, self.pebble, self.folder = hairpin, pebble, folder
        hairpin.new_server()
        key = hairpin.api.post("/v1/credentials", {
            "kind": "tsig", "name": "acme-client", "owner": {"licence": "acme", "server": "nur1"},
            "role": "challenges"}).expect(201).json
        self.secret = key["secret"]

    def run(self, *arguments: object, **environment: str) -> str:
        run = subprocess.run([str(argument) for argument in arguments], text=True, capture_output=True, check=False,
                             timeout=180, cwd=self.folder, env={**os.environ, **environment})
        said = run.stdout + run.stderr
        assert run.returncode == 0, said[-6000:] + self.hairpin.logs()[-3000:]
        return said

    def challenges(self) -> list[str]:
        return [value for name in NAMES
                for value in self.hairpin.dns.run("dig", "+short", f"_acme-challenge.{name}", "TXT").split()]

    def check(self, chain: pathlib.Path) -> None:
        """The chain is pebble's and for these names; nothing is left behind, and the name never NXDOMAIN."""
        assert "OK" in self.pebble.verify(chain)
        names = subprocess.run(["openssl", "x509", "-in", chain, "-noout", "-ext", "subjectAltName"], text=True,
                               capture_output=True, check=True).stdout
        assert all(f"DNS:{name}" in names for name in NAMES), names
        assert self.challenges() == []
        assert "NOERROR" in self.hairpin.dns.run("dig", f"_acme-challenge.{NAMES[0]}", "TXT")


@pytest.fixture
def site(hairpin, make_pebble, tmp_path):
    return Site(hairpin, make_pebble(hairpin.dns_port), tmp_path)


def test_lego_with_rfc2136(site, ca):
    site.run("lego", "--accept-tos", "--email", "ops@example.net", "--server", site.pebble.directory, "--path", "lego",
             "--dns", "rfc2136", "--dns.disable-cp", "--dns.resolvers", f"127.0.0.1:{site.hairpin.dns_port}",
             *[word for name in NAMES for word in ("--domains", name)], "run",
             LEGO_CA_CERTIFICATES=str(ca.certificate), RFC2136_NAMESERVER=f"127.0.0.1:{site.hairpin.dns_port}",
             RFC2136_TSIG_KEY="acme-client", RFC2136_TSIG_SECRET=site.secret, RFC2136_TSIG_ALGORITHM="hmac-sha256.",
             RFC2136_SEQUENCE_INTERVAL="1")
    site.check(site.folder / "lego" / "certificates" / f"{NAMES[0]}.crt")


def test_certbot_with_dns_rfc2136(site, ca):
    credentials = site.folder / "rfc2136.ini"
    credentials.write_text(
        f"dns_rfc2136_server = 127.0.0.1\ndns_rfc2136_port = {site.hairpin.dns_port}\n"
        f"dns_rfc2136_name = acme-client.\ndns_rfc2136_secret = {site.secret}\ndns_rfc2136_algorithm = HMAC-SHA256\n")
    credentials.chmod(0o600)
    site.run("certbot", "certonly", "-n", "--agree-tos", "-m", "ops@example.net", "--server", site.pebble.directory,
             "--config-dir", "certbot", "--work-dir", "work", "--logs-dir", "logs", "--dns-rfc2136",
             "--dns-rfc2136-credentials", credentials, "--dns-rfc2136-propagation-seconds", "1",
             *[word for name in NAMES for word in ("-d", name)], REQUESTS_CA_BUNDLE=str(ca.certificate))
    site.check(site.folder / "certbot" / "live" / NAMES[0] / "fullchain.pem")


HOOK = """#!/bin/bash
set -e
change() {{ printf 'server 127.0.0.1 {port}\\nupdate %s _acme-challenge.%s. 60 TXT "%s"\\nsend\\n' "$1" "$2" "$3" |
    nsupdate -y 'hmac-sha256:acme-client:{secret}'; }}
case "$1" in
    deploy_challenge) change add "$2" "$4" ;;
    clean_challenge) change delete "$2" "$4" ;;
esac
"""


def test_dehydrated_with_an_nsupdate_hook(site, ca):
    hook = site.folder / "hook"
    hook.write_text(HOOK.format(port=site.hairpin.dns_port, secret=site.secret))
    hook.chmod(0o755)
    (site.folder / "config").write_text(
        f'CA="{site.pebble.directory}"\nCHALLENGETYPE="dns-01"\nHOOK="{hook}"\nCURL_OPTS="--cacert {ca.certificate}"\n'
        f'BASEDIR="{site.folder}"\nCONTACT_EMAIL=ops@example.net\n')
    (site.folder / "domains.txt").write_text(" ".join(NAMES) + "\n")
    site.run("dehydrated", "--register", "--accept-terms", "-f", "config")
    site.run("dehydrated", "-c", "-f", "config")
    site.check(site.folder / "certs" / NAMES[0] / "fullchain.pem")


def test_two_clients_at_one_name_do_not_undo_each_other(site):
    """lego deletes the whole RRset before it adds: what another key wrote stays."""
    other = site.hairpin.api.post("/v1/credentials", {
        "kind": "tsig", "name": "other", "owner": {"licence": "acme", "server": "nur1"},
        "role": "challenges"}).expect(201).json

    def nsupdate(key: str, secret: str, *lines: str) -> None:
        script = "\n".join([f"server 127.0.0.1 {site.hairpin.dns_port}", *lines, "send", ""])
        run = subprocess.run(["nsupdate", "-y", f"hmac-sha256:{key}:{secret}"], input=script, text=True,
                             capture_output=True, check=False, timeout=60)
        assert run.returncode == 0, run.stderr

    owner = f"_acme-challenge.{NAMES[0]}."
    nsupdate("acme-client", site.secret, f"update add {owner} 60 TXT {'a' * 43}")
    nsupdate("other", other["secret"], f"update delete {owner} TXT", f"update add {owner} 60 TXT {'b' * 43}")
    assert site.challenges() == [f'"{"a" * 43}"', f'"{"b" * 43}"']
    nsupdate("acme-client", site.secret, f"update delete {owner} TXT")
    assert site.challenges() == [f'"{"b" * 43}"']
    site.hairpin.api.delete(f"/v1/credentials/{other['id']}").expect(204)
    nsupdate("acme-client", site.secret, f"update add {owner} 60 TXT {'c' * 43}")
