"""Hostile senders, and an honest client that is answered all the same.

The figures are printed and kept in hostile-figures.txt of the build; what passes or fails is that the
client is answered (with the tries that any resolver makes), that nothing crashes, and that afterwards
all descriptors and about all memory are back.
"""

from __future__ import annotations

import os
import pathlib
import resource
import socket

import dns.message
import pytest
from support.attacks import Attack, idle_connections, kinds, raise_descriptors
from support.hairpin import BUILD
from support.honest import HonestClient, exchange
from support.process import wait_until

ZONE = "hostile.test."
NAME, ADDRESS = f"www.{ZONE}", "198.51.100.7"
ZONE_FILE = f"""\
$TTL 60
@    IN SOA ns1.example.net. hostmaster.example.net. 1 3600 600 604800 60
@    IN NS  ns1.example.net.
www  IN A   {ADDRESS}
""" + "".join(f'big IN TXT "{"x" * 200}{number:03}"\n' for number in range(100))

SHARE = 0.99
SECONDS = 2.0  # For each attack; the client asks 30 questions at least.
MOST_GROWTH = 256 << 20
SANITIZED = BUILD.name in ("asan", "tsan")  # They keep what was freed.
# The kinds of a server's limits: as delivered, and so wide that the connections really stay.
WIDE = {"tcp_connections": 8000, "tcp_idle_seconds": 60}


def start(make_hairpin, *, before=raise_descriptors, **dns_options):
    hairpin = make_hairpin(dns=dns_options, log={"level": "info"}).start(before=before)
    hairpin.api.post("/v1/zones", {"zone": ZONE}).expect(201)
    hairpin.api.request("PUT", f"/v1/zones/{ZONE}/zonefile", ZONE_FILE.encode(),
                        headers={"Content-Type": "text/dns"}).expect(200)
    return hairpin


def descriptors(hairpin) -> int:
    return len(os.listdir(f"/proc/{hairpin.process.pid}/fd"))


def resident(hairpin) -> int:
    text = pathlib.Path(f"/proc/{hairpin.process.pid}/status").read_text()
    return next(int(line.split()[1]) << 10 for line in text.splitlines() if line.startswith("VmRSS:"))


class Ledger:
    """The figures of one server, told and kept."""

    def __init__(self, title: str):
        self.lines = [title]

    def note(self, what: str, figures, count: int = 0, opened: int = 0) -> None:
        for transport, each in figures.items():
            self.lines.append(f"  {what:24} {count:8d} {opened:6d}  {transport}  {each.text()}")

    def keep(self) -> None:
        text = "\n".join(self.lines) + "\n"
        print(text)
        with open(BUILD / "hostile-figures.txt", "a", encoding="utf-8") as file:
            file.write(text)


@pytest.mark.parametrize("limits", [{}, WIDE], ids=["default limits", "wide limits"])
def test_an_honest_client_is_answered_through_every_attack(make_hairpin, limits):
    hairpin = start(make_hairpin, **limits)
    client = HonestClient(hairpin.dns_port, NAME, ADDRESS)
    ledger = Ledger(f"limits: {limits or 'default'}; what, how often, descriptors; answered of asked")
    client.measure(0.2)  # Whatever is made at first use is made.
    before = descriptors(hairpin), resident(hairpin)
    quiet = client.measure(SECONDS / 2)
    ledger.note("quiet", quiet)
    attacks = kinds(ZONE)
    if limits:
        attacks = {name: body for name, body in attacks.items() if "connections" in name or "half" in name}
    shares = {}
    for name, body in attacks.items():
        with Attack(body, hairpin.dns_port).running() as attack:
            opened = descriptors(hairpin)
            figures = client.measure(SECONDS)
            assert hairpin.process.status is None, hairpin.logs()[-4000:]
            assert attack.count.value > 0
            ledger.note(name, figures, attack.count.value, opened)
        shares |= {f"{name} over {transport}": each.share for transport, each in figures.items()}
    ledger.keep()
    assert all(share >= SHARE for share in shares.values()), "\n".join(ledger.lines)
    assert all(each.share == 1 for each in quiet.values())
    wait_until(lambda: descriptors(hairpin) <= before[0] + 2, "all descriptors are back", every=0.2)
    growth = resident(hairpin) - before[1]
    assert SANITIZED or growth < MOST_GROWTH, f"{growth >> 20} MiB more than before"
    assert hairpin.logs().count("\n") < 200, "a line of the log for each packet"
    assert hairpin.stop() == 0


def test_without_descriptors_udp_and_open_connections_go_on_and_it_recovers(make_hairpin):
    few = 150

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (few, few))

    hairpin = start(make_hairpin, before=limit)
    client = HonestClient(hairpin.dns_port, NAME, ADDRESS)
    query = dns.message.make_query(NAME, "A").to_wire()
    before = descriptors(hairpin)
    with socket.create_connection(("127.0.0.1", hairpin.dns_port), timeout=30) as early:
        assert exchange(early, query)
        with Attack(idle_connections(600, b""), hairpin.dns_port).running():
            wait_until(lambda: "TCP connections cannot be accepted" in hairpin.logs(), "it has said so", every=0.1)
            assert descriptors(hairpin) >= few - 1
            for _ in range(50):
                assert client._udp(query)
            # An idle connection may end after its time; this one asks.
            assert exchange(early, query)
    wait_until(lambda: descriptors(hairpin) <= before + 3, "all descriptors are back", every=0.2)
    figures = client.measure(0.5)
    assert all(each.share == 1 for each in figures.values()), figures
    assert hairpin.is_ready()  # The API accepts again, too.
    assert hairpin.stop() == 0
