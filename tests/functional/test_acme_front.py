"""Stock ACME clients of Debian get their server's certificate from us; we get it from pebble."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import time

import pytest

from support.ports import free_port

NAMES = ["nur1.pl-acme.example.net", "i-nur1.pl-acme.example.net"]


class Site:
    """A hairpind with pebble as its CA, and a customer's server that knows its EAB key and nothing else."""

    def __init__(self, make_hairpin, make_pebble, ca, folder: pathlib.Path):
        self.ca, self.folder = ca, folder
        self.hairpin = make_hairpin()
        self.pebble = make_pebble(self.hairpin.dns_port)
        self.hairpin.config["acme"] = {"directory": self.pebble.directory, "ca_file": str(self.pebble.ca_file)}
        self.hairpin.start()
        self.server = self.hairpin.new_server()
        self.eab = self.server["acme"]
        self.directory = f"https://localhost:{self.hairpin.http_port}/acme/directory"

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
    site.check(site.folder / "certbot" / "live" / NAMES[0] / "fullchain.pem")


def test_dehydrated(site):
    (site.folder / "config").write_text(
        f'CA="{site.directory}"\nCHALLENGETYPE="dns-01"\nHOOK=/bin/true\nCURL_OPTS="--cacert {site.ca.certificate}"\n'
        f'BASEDIR="{site.folder}"\nCONTACT_EMAIL=ops@example.net\nEAB_KID="{site.eab["kid"]}"\n'
        f'EAB_HMAC_KEY="{site.eab["hmac_key"]}"\n')
    (site.folder / "domains.txt").write_text(" ".join(NAMES) + "\n")
    site.run("dehydrated", "--register", "--accept-terms", "-f", "config")
    site.run("dehydrated", "-c", "-f", "config")
    site.check(site.folder / "certs" / NAMES[0] / "fullchain.pem")
