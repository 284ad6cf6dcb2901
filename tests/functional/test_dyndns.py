"""dyndns2 with the clients of Debian (ddclient, inadyn) and with curl as boxes send it."""

from __future__ import annotations

import subprocess
from urllib.parse import quote

import pytest

NAME = "nur1.pl-acme.example.net"
INTERNAL = "i-nur1.pl-acme.example.net"


@pytest.fixture
def router(hairpin):
    """(server, password): a server, and the password of the box in front of it."""
    server = hairpin.new_server()
    made = hairpin.api.post("/v1/credentials", {
        "kind": "dyndns", "owner": {"licence": "acme", "server": "nur1"}, "role": "addresses"}).expect(201).json
    return hairpin, made["secret"]


def curl(hairpin, ca, *arguments: str) -> str:
    run = subprocess.run(["curl", "-sS", "--cacert", str(ca.certificate), *arguments], text=True,
                         capture_output=True, check=False, timeout=60)
    assert run.returncode == 0, run.stderr
    return run.stdout


def addresses(hairpin, name: str, rtype: str = "A") -> list[str]:
    return sorted(hairpin.dns.run("dig", "+short", name, rtype).split())


def test_ddclient_sets_each_family_and_is_told_when_nothing_changed(router, ca, tmp_path):
    hairpin, password = router
    config = tmp_path / "ddclient.conf"

    def command(name: str, address: str) -> str:
        script = tmp_path / name
        script.write_text(f"#!/bin/sh\necho {address}\n")
        script.chmod(0o755)
        return str(script)

    def run(address: str) -> str:
        """Debian's version tells one address in a call."""
        config.write_text(
            f"daemon=0\nsyslog=no\ncache={tmp_path}/ddclient.cache\npid={tmp_path}/ddclient.pid\n"
            f"protocol=dyndns2\nssl=yes\nssl_ca_file={ca.certificate}\nserver=127.0.0.1:{hairpin.http_port}\n"
            f"use=cmd, cmd={command('address', address)}\n"
            f"login={NAME}\npassword='{password}'\n{NAME}\n")
        config.chmod(0o600)
        done = subprocess.run(["ddclient", "-daemon=0", "-foreground", "-file", str(config), "-force", "-verbose",
                               "-noquiet"], text=True, capture_output=True, check=False, timeout=60)
        return done.stdout + done.stderr

    assert "SUCCESS" in run("203.0.113.7")
    assert addresses(hairpin, NAME) == ["203.0.113.7"]
    assert "good" in run("2001:db8::7")
    assert addresses(hairpin, NAME, "AAAA") == ["2001:db8::7"]
    assert "good" in run("203.0.113.8")
    assert addresses(hairpin, NAME) == ["203.0.113.8"]
    assert addresses(hairpin, NAME, "AAAA") == ["2001:db8::7"]
    assert "nochg" in run("203.0.113.8")
    assert password not in hairpin.logs()


def inadyn(hairpin, ca, folder, password: str, address: str) -> subprocess.CompletedProcess[str]:
    """Once, over HTTP/1.0 and TLS, with the test CA."""
    script = folder / "address"
    script.write_text(f"#!/bin/sh\necho {address}\n")
    script.chmod(0o755)
    config = folder / "inadyn.conf"
    config.write_text(
        "allow-ipv6 = true\nverify-address = false\n"
        f'ca-trust-file = "{ca.certificate}"\n'
        "custom hairpin {\n"
        f'    username = "{NAME}"\n    password = "{password}"\n'
        f'    checkip-command = "{script}"\n'
        f'    ddns-server = "localhost:{hairpin.http_port}"\n'
        '    ddns-path = "/nic/update?hostname=%h&myip=%i"\n'
        f'    hostname = "{NAME}"\n}}\n')
    config.chmod(0o600)
    return subprocess.run(["inadyn", "--once", "--foreground", "--force", "-f", str(config), "-l", "debug",
                           "--cache-dir", str(folder), "--no-pidfile"],
                          text=True, capture_output=True, check=False, timeout=60)


def test_inadyn_updates_over_tls(router, ca, tmp_path):
    hairpin, password = router
    run = inadyn(hairpin, ca, tmp_path, password, "203.0.113.7")
    assert run.returncode == 0, run.stdout + run.stderr
    assert addresses(hairpin, NAME) == ["203.0.113.7"]
    wrong = inadyn(hairpin, ca, tmp_path, "wrong", "203.0.113.8")
    assert wrong.returncode != 0
    assert addresses(hairpin, NAME) == ["203.0.113.7"]


def base(hairpin) -> str:
    return f"https://localhost:{hairpin.http_port}/nic/update"


def test_a_fritzbox_substitutes_its_placeholders_without_escaping(router, ca):
    hairpin, password = router
    login = ["-u", f"{NAME}:{password}", "-A", "Fritz!Box DDNS/1.0.1"]
    url = f"{base(hairpin)}?hostname={NAME}&myip=203.0.113.7,2001:db8::7"
    assert curl(hairpin, ca, *login, url) == "good 203.0.113.7\n"
    # IPv6 is away for a moment: the placeholder is empty, and nothing is lost.
    assert curl(hairpin, ca, *login, f"{base(hairpin)}?hostname={NAME}&myip=203.0.113.7,") == "nochg 203.0.113.7\n"
    assert addresses(hairpin, NAME, "AAAA") == ["2001:db8::7"]
    # The provider gave a new prefix: the server's own half stays.
    prefix = f"{base(hairpin)}?hostname={NAME}&myip=203.0.113.7,2001:db8:1:100::/56"
    assert curl(hairpin, ca, *login, prefix) == "good 203.0.113.7\n"
    assert addresses(hairpin, NAME, "AAAA") == ["2001:db8:1:100::7"]


def test_unifi_sends_a_private_side_over_http_1_0(router, ca):
    hairpin, password = router
    said = curl(hairpin, ca, "--http1.0", "-u", f"{NAME}:{password}", "-A", "inadyn/2.9.1",
                f"{base(hairpin)}?hostname={NAME}&myip=203.0.113.9")
    assert said == "good 203.0.113.9\n"
    # What it says fits no public name, and neither does the loopback address that it comes from.
    said = curl(hairpin, ca, "--http1.0", "-u", f"{NAME}:{password}", f"{base(hairpin)}?hostname={NAME}&myip=10.0.0.2")
    assert said == "nochg 203.0.113.9\n"
    both = curl(hairpin, ca, "-u", f"{NAME}:{password}",
                f"{base(hairpin)}?hostname={NAME},{INTERNAL}&myip=203.0.113.9,192.168.1.11")
    assert both == "nochg 203.0.113.9\ngood 192.168.1.11\n"
    assert addresses(hairpin, INTERNAL) == ["192.168.1.11"]


def test_openwrt_puts_the_login_into_the_query_and_no_log_has_it(router, ca):
    hairpin, password = router
    url = (f"{base(hairpin)}?username={quote(NAME)}&password={password}&hostname={NAME}&myip=203.0.113.7")
    assert curl(hairpin, ca, url) == "good 203.0.113.7\n"
    assert curl(hairpin, ca, url.replace(password, "wrong")) == "badauth\n"
    assert password not in hairpin.logs()
    audit = hairpin.api.get("/v1/audit").expect(200).body.decode()
    assert password not in audit


def test_a_change_is_durable_and_in_the_history_with_its_door(router, ca):
    hairpin, password = router
    assert curl(hairpin, ca, "-u", f"{NAME}:{password}", f"{base(hairpin)}?myip=203.0.113.7") == "good 203.0.113.7\n"
    hairpin.kill()
    hairpin.start()
    assert addresses(hairpin, NAME) == ["203.0.113.7"]
    newest = hairpin.api.get("/v1/zones/pl-acme.example.net/history?limit=1").expect(200).json["history"][0]
    assert newest["actor"]["door"] == "dyndns2" and newest["actor"]["source"] == "127.0.0.1"


def test_checkip_has_three_forms(hairpin, ca):
    url = f"https://localhost:{hairpin.http_port}/myip"
    assert curl(hairpin, ca, url) == "127.0.0.1\n"
    assert "Current IP Address: 127.0.0.1" in curl(hairpin, ca, url + "?format=html")
    assert curl(hairpin, ca, url + "?format=json") == '{"ip":"127.0.0.1"}'
