"""What a hostile sender does to a name server on loopback, each in a process of its own.

Every attack runs until it is told to stop, and no longer than SECONDS. Its senders have many
addresses of 127.0.0.0/8, none of them the honest client's network.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import random
import resource
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any

import dns.message

SECONDS = 25.0
_fork = multiprocessing.get_context("fork")


def spread(number: int) -> str:
    """One of 120,000 addresses, 120 in a /24 at most, so that no limit of one client is met."""
    return f"127.{10 + number // 12000 % 100}.{number // 120 % 100}.{1 + number % 120}"


def raise_descriptors() -> int:
    """As many as are allowed; how many that is."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Attack:
    """Runs `body(port, attack)`; the body asks `attack.goes_on()` and counts in `attack.count`."""

    def __init__(self, body: Callable[[int, Attack], None], port: int):
        self._stop = _fork.Event()
        self._ready = _fork.Event()
        self.count = _fork.Value("l", 0)
        self._end = time.monotonic() + SECONDS
        self._process = _fork.Process(target=self._run, args=(body, port), daemon=True)

    def _run(self, body: Callable[[int, Attack], None], port: int) -> None:
        raise_descriptors()
        body(port, self)

    def goes_on(self) -> bool:
        return not self._stop.is_set() and time.monotonic() < self._end

    def is_under_way(self) -> None:
        self._ready.set()

    def add(self, number: int = 1) -> None:
        self.count.value += number

    @contextlib.contextmanager
    def running(self) -> Iterator[Attack]:
        self._process.start()
        try:
            self._ready.wait(SECONDS)
            yield self
        finally:
            self._stop.set()
            self._process.join(10)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()


def udp_socket(number: int) -> socket.socket:
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.bind((spread(number), 0))
    sender.setblocking(False)
    return sender


def blast(port: int, attack: Attack, packet: Callable[[int], bytes]) -> None:
    """Packets as fast as they go out, from 200 addresses; answers are not read."""
    senders = [udp_socket(number * 7) for number in range(200)]
    for sender in senders:
        sender.connect(("127.0.0.1", port))
    attack.is_under_way()
    number = 0
    while attack.goes_on():
        for _ in range(100):
            number += 1
            with contextlib.suppress(OSError):
                senders[number % len(senders)].send(packet(number))
        attack.add(100)


def mutations(zone: str, seed: int) -> Callable[[int], bytes]:
    """Queries with octets changed, cut off, doubled, and added."""
    chance = random.Random(seed)
    seeds = [dns.message.make_query(f"www.{zone}", rtype, **options).to_wire()
             for rtype in ("A", "ANY", "AXFR", "IXFR", "TXT") for options in ({}, {"use_edns": 0, "want_dnssec": True})]

    def packet(_: int) -> bytes:
        octets = bytearray(chance.choice(seeds))
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(octets))
            kind = chance.randrange(4)
            if kind == 0:
                octets[at] = chance.randrange(256)
            elif kind == 1:
                octets[at] ^= 1 << chance.randrange(8)
            elif kind == 2:
                octets[at:at] = chance.randbytes(chance.randrange(1, 20))
            else:
                del octets[at + 1:]
        return bytes(octets)
    return packet


def mutated_packets(zone: str) -> Callable[[int, Attack], None]:
    def body(port: int, attack: Attack) -> None:
        packet = mutations(zone, 11)

        def over_tcp_too(number: int) -> bytes:
            if number % 200 == 0:
                with contextlib.suppress(OSError), socket.socket() as client:
                    client.settimeout(0.2)
                    client.bind((spread(number), 0))
                    client.connect(("127.0.0.1", port))
                    wire = packet(number)
                    client.sendall(struct.pack(">H", len(wire)) + wire)
                    client.recv(512)
            return packet(number)
        blast(port, attack, over_tcp_too)
    return body


def udp_flood(zone: str) -> Callable[[int, Attack], None]:
    """Names that are not there, each another one."""
    def body(port: int, attack: Attack) -> None:
        head = dns.message.make_query(f"00000000.{zone}", "A").to_wire()
        blast(port, attack, lambda number: head[:13] + b"%08x" % (number & 0xffffffff) + head[21:])
    return body


def connections(port: int, wanted: int, first: bytes, *, receive_octets: int = 0) -> list[socket.socket]:
    """That many connections, as far as descriptors go, each of which has sent `first`."""
    made = []
    for number in range(min(wanted, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200)):
        client = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_octets:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_octets)
        client.setblocking(False)
        with contextlib.suppress(OSError):
            client.bind((spread(number), 0))
            client.connect_ex(("127.0.0.1", port))
        made.append(client)
        if number % 50 == 49:
            time.sleep(0.005)  # Or the listeners' queues overflow, and nothing is tested but those.
    select.select([], [], [], 0.3)
    for client in made:
        with contextlib.suppress(OSError):
            client.send(first)
    return made


def idle_connections(wanted: int, first: bytes) -> Callable[[int, Attack], None]:
    """Connections that say nothing, or the beginning of a message."""
    def body(port: int, attack: Attack) -> None:
        made = connections(port, wanted, first)
        attack.add(len(made))
        attack.is_under_way()
        while attack.goes_on():
            time.sleep(0.05)
    return body


def slow_tcp(zone: str) -> Callable[[int, Attack], None]:
    """Half of them send an octet a second, half ask for much and never read."""
    def body(port: int, attack: Attack) -> None:
        query = dns.message.make_query(f"big.{zone}", "TXT").to_wire()
        framed = struct.pack(">H", len(query)) + query
        deaf: list[socket.socket] = connections(port, 300, framed * 40, receive_octets=2048)
        drips = connections(port, 300, framed[:1])
        attack.add(len(deaf) + len(drips))
        attack.is_under_way()
        at = 1
        while attack.goes_on():
            for each in drips:
                with contextlib.suppress(OSError):
                    each.send(framed[at % len(framed):][:1])
            for each in deaf:
                with contextlib.suppress(OSError):
                    each.send(framed)
            at += 1
            for _ in range(20):
                if attack.goes_on():
                    time.sleep(0.05)
    return body


def kinds(zone: str) -> dict[str, Any]:
    """Each attack by its name."""
    return {
        "mutated packets": mutated_packets(zone),
        "UDP flood": udp_flood(zone),
        "slow TCP": slow_tcp(zone),
        "10,000 idle connections": idle_connections(10_000, b""),
        "10,000 half messages": idle_connections(10_000, b"\x00"),
    }
