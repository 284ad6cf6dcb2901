"""Cookies and rate limits as stock clients and floods meet them: dig, kdig and forged-looking sources."""

from __future__ import annotations

import contextlib
import re
import secrets
import signal
import socket
import stat
import threading

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from support.hairpin import run_hairpind
from support.process import wait_until

ZONE = "guard.test."
ZONE_FILE = """\
$TTL 60
@      IN SOA ns1.example.net. hostmaster.example.net. 1 3600 600 604800 60
@      IN NS  ns1.example.net.
www    IN A   192.0.2.1
*.wild IN A   192.0.2.2
"""
CLIENT_COOKIE = "2464c4abcf10c957"


def start(make_hairpin, **dns_options):
    hairpin = make_hairpin(dns={"workers": 1, **dns_options}).start()
    hairpin.api.post("/v1/zones", {"zone": ZONE}).expect(201)
    hairpin.api.request("PUT", f"/v1/zones/{ZONE}/zonefile", ZONE_FILE.encode(),
                        headers={"Content-Type": "text/dns"}).expect(200, 204)
    return hairpin


def cookie_of(answer: str) -> str:
    """The COOKIE that dig or kdig shows, in hexadecimal."""
    found = re.search(r"COOKIE: ([0-9a-fA-F]{16,80})", answer)
    return found[1].lower() if found else ""


def metric(hairpin, name: str) -> int:
    text = hairpin.api.get("/metrics").body.decode()
    return int(re.search(rf"^hairpin_{re.escape(name)} (\d+)$", text, re.MULTILINE)[1])


# --- cookies --------------------------------------------------------------------------------------


def test_dig_learns_a_cookie_and_shows_it(make_hairpin):
    hairpin = start(make_hairpin)
    first = hairpin.dns.run("dig", "+norec", f"+cookie={CLIENT_COOKIE}", f"www.{ZONE}", "A")
    learned = cookie_of(first)
    assert learned.startswith(CLIENT_COOKIE + "01000000") and len(learned) == 48
    assert "192.0.2.1" in first and "(good)" in first, first
    again = hairpin.dns.run("dig", "+norec", f"+cookie={learned}", f"www.{ZONE}", "A")
    assert cookie_of(again) == learned
    assert metric(hairpin, 'dns_cookies_total{state="valid"}') >= 1
    kept = hairpin.dns.run("dig", "+norec", "+tcp", f"+cookie={CLIENT_COOKIE}", f"www.{ZONE}", "A")
    assert cookie_of(kept)[:16] == CLIENT_COOKIE
    kdig = hairpin.dns.run("kdig", "+norec", f"+cookie={learned}", f"www.{ZONE}", "A")
    assert learned in re.sub(r"\s", "", kdig.lower()), kdig


def test_a_cookie_of_a_wrong_length_is_a_format_error(make_hairpin):
    hairpin = start(make_hairpin)
    option = dns.edns.GenericOption(10, bytes(9))
    answer = hairpin.dns.ask(f"www.{ZONE}", use_edns=0, options=[option])
    assert answer.rcode() == dns.rcode.FORMERR


def test_where_cookies_are_required_stock_clients_get_through(make_hairpin):
    hairpin = start(make_hairpin, cookies="required")
    # Both ask again by themselves with the cookie that BADCOOKIE brought; without one it works too.
    for program in ("dig", "kdig"):
        for arguments in ([f"+cookie={CLIENT_COOKIE}"], ["+nocookie"]):
            answer = hairpin.dns.run(program, "+norec", *arguments, f"www.{ZONE}", "A")
            assert "192.0.2.1" in answer, answer
    refused = hairpin.dns.run("dig", "+norec", "+nobadcookie", f"+cookie={CLIENT_COOKIE}", f"www.{ZONE}")
    assert "status: BADCOOKIE" in refused


def test_servers_with_one_secret_know_each_others_cookies_and_secrets_roll(make_hairpin, tmp_path):
    shared = tmp_path / "cookie.secrets"
    old, new = secrets.token_hex(16), secrets.token_hex(16)

    def keep(*lines: str) -> None:
        shared.write_text("".join(f"{line}\n" for line in lines))
        shared.chmod(0o640)

    keep(old)
    one, two = (start(make_hairpin, cookie_secret_file=str(shared), cookies="required") for _ in range(2))

    def status(hairpin, cookie: str) -> str:
        answer = hairpin.dns.run("dig", "+norec", "+nobadcookie", f"+cookie={cookie}", f"www.{ZONE}")
        return re.search(r"status: (\w+)", answer)[1]

    learned = cookie_of(one.dns.run("dig", "+norec", f"+cookie={CLIENT_COOKIE}", f"www.{ZONE}"))
    assert status(two, learned) == "NOERROR"
    keep(new, old)
    already = len(two.process.log())
    two.process.signal(signal.SIGHUP)
    wait_until(lambda: "reloaded" in two.process.log()[already:], "the secrets are read anew")
    assert status(two, learned) == "NOERROR"
    keep(new)
    two.process.signal(signal.SIGHUP)
    wait_until(lambda: two.process.log().count("reloaded") == 2, "the old secret is forgotten")
    wait_until(lambda: status(two, learned) == "BADCOOKIE", "every worker has forgotten it")


def test_a_server_keeps_a_secret_of_its_own_over_a_restart(make_hairpin):
    hairpin = start(make_hairpin, cookies="required")
    path = hairpin.data_dir / "cookie.secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    learned = cookie_of(hairpin.dns.run("dig", "+norec", f"+cookie={CLIENT_COOKIE}", f"www.{ZONE}"))
    hairpin.stop()
    hairpin.start()
    answer = hairpin.dns.run("dig", "+norec", "+nobadcookie", f"+cookie={learned}", f"www.{ZONE}")
    assert "status: NOERROR" in answer


def test_secrets_that_anybody_can_read_or_that_are_none_are_refused(make_hairpin, tmp_path):
    shared = tmp_path / "cookie.secrets"
    hairpin = make_hairpin(dns={"cookie_secret_file": str(shared)}).init()
    for text, mode, told in (("00" * 16, 0o644, "anybody can read"), ("00" * 15, 0o600, "32 hexadecimal digits")):
        shared.write_text(text + "\n")
        shared.chmod(mode)
        check = run_hairpind("check", "--config", hairpin.config_path)
        assert check.returncode != 0 and told in check.stderr


# --- rate limits ----------------------------------------------------------------------------------


class Flood:
    """Asks one question from many addresses of 127.66.0.0/16, far more often than is allowed, until the block ends."""

    def __init__(self, port: int, name: str, networks: int = 1):
        self._query = dns.message.make_query(name, "A").to_wire()
        self._port = port
        self._sources = [f"127.66.{network}.{host}" for network in range(networks) for host in (1, 77)]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        sockets = []
        for source in self._sources:
            each = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            each.bind((source, 0))
            each.setblocking(False)
            sockets.append(each)
        while not self._over.is_set():
            for each in sockets:
                with contextlib.suppress(BlockingIOError):
                    each.sendto(self._query, ("127.0.0.1", self._port))
                with contextlib.suppress(BlockingIOError):
                    each.recv(4096)
            self._over.wait(0.004)  # More would fill the socket of a slow build, and measure the kernel.
        for each in sockets:
            each.close()

    def __enter__(self) -> Flood:
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self._thread.join()


def ask(hairpin, source: str, name: str = f"www.{ZONE}", **options) -> dns.message.Message:
    """Asks again when nothing comes, as resolvers do: on a busy machine a flood fills the socket's buffer."""
    query = dns.message.make_query(name, "A", **options)
    for _ in range(6):
        with contextlib.suppress(dns.exception.Timeout):
            return dns.query.udp(query, "127.0.0.1", port=hairpin.dns_port, source=source, timeout=3)
    raise AssertionError(f"no answer to six queries for {name}")


LIMITS = {"rate_limit.answers": 20, "rate_limit.nxdomain": 20, "rate_limit.window": 15}


@pytest.mark.parametrize("networks", [1, 8])
def test_during_a_flood_everybody_else_is_answered(make_hairpin, networks):
    hairpin = start(make_hairpin, **LIMITS)
    with Flood(hairpin.dns_port, f"www.{ZONE}", networks):
        wait_until(lambda: metric(hairpin, 'dns_rate_limited_total{action="slipped"}') > 100, "the flood is limited")
        # The flood's own network: empty with TC, and TCP has the answer.
        limited = ask(hairpin, "127.66.0.9")
        assert limited.flags & dns.flags.TC and not limited.answer
        query = dns.message.make_query(f"www.{ZONE}", "A")
        assert dns.query.tcp(query, "127.0.0.1", port=hairpin.dns_port, source="127.66.0.9", timeout=10).answer
        # Of the same network, with a cookie: whoever has one did receive it.
        client = dns.edns.GenericOption(10, bytes.fromhex(CLIENT_COOKIE))
        told = ask(hairpin, "127.66.0.9", use_edns=0, options=[client])
        learned = next(option for option in told.options if option.otype == 10)
        for _ in range(50):
            assert ask(hairpin, "127.66.0.9", use_edns=0, options=[learned]).answer
        # Other networks, and other names for the same one.
        for number in range(15):
            assert ask(hairpin, f"127.99.{number}.1").answer
        assert ask(hairpin, "127.66.0.9", f"nosuch.{ZONE}").rcode() == dns.rcode.NXDOMAIN
    wait_until(lambda: "rate limiting began" in hairpin.process.log(), "the log says so")
    assert hairpin.process.log().count("rate limiting began") == 1
    assert metric(hairpin, 'dns_rate_limited_total{action="dropped"}') == 0


def test_random_names_of_one_zone_are_one_subject(make_hairpin):
    hairpin = start(make_hairpin, **LIMITS)
    for kind in ("", "wild."):
        answers = [ask(hairpin, "127.0.0.1", f"r{number}.{kind}{ZONE}") for number in range(60)]
        assert sum(bool(each.flags & dns.flags.TC) for each in answers) >= 20


def test_slip_0_drops_and_log_only_sends(make_hairpin):
    hairpin = start(make_hairpin, **LIMITS, **{"rate_limit.slip": 0})
    for _ in range(20):
        ask(hairpin, "127.0.0.1")
    query = dns.message.make_query(f"www.{ZONE}", "A")
    with pytest.raises(dns.exception.Timeout):
        for _ in range(60):
            dns.query.udp(query, "127.0.0.1", port=hairpin.dns_port, timeout=0.5)
    assert metric(hairpin, 'dns_rate_limited_total{action="dropped"}') >= 1
    # SIGHUP changes limits in a running server.
    text = hairpin.config_path.read_text()
    hairpin.config_path.write_text(text.replace("rate_limit.slip", 'rate_limit.mode = "log"\nrate_limit.slip'))
    hairpin.process.signal(signal.SIGHUP)
    wait_until(lambda: "reloaded" in hairpin.process.log(), "the limits are read anew")
    wait_until(lambda: ask(hairpin, "127.3.0.1").answer, "the worker has them")
    for _ in range(60):
        assert ask(hairpin, "127.3.0.1").answer
    assert metric(hairpin, 'dns_rate_limited_total{action="spared"}') >= 1


def test_the_default_limits_are_far_from_what_one_client_asks(make_hairpin):
    hairpin = start(make_hairpin)
    assert all(ask(hairpin, "127.0.0.1").answer for _ in range(500))
    assert metric(hairpin, 'dns_rate_limited_total{action="slipped"}') == 0
