"""A client as there are many: asks over UDP and TCP, tries again as resolvers do, and counts."""

from __future__ import annotations

import dataclasses
import random
import socket
import struct
import time
from collections.abc import Callable

import dns.exception
import dns.message

TRIES, TRY_SECONDS = 12, 1.0


@dataclasses.dataclass
class Figures:
    """Of one transport: how many questions, how many answers, milliseconds with all tries in them."""

    asked: int = 0
    times: list[float] = dataclasses.field(default_factory=list)

    @property
    def share(self) -> float:
        return len(self.times) / self.asked if self.asked else 0.0

    def percentile(self, part: float) -> float:
        return sorted(self.times)[min(len(self.times) - 1, int(part * len(self.times)))] if self.times else 0.0

    def text(self) -> str:
        return (f"{self.share:7.2%} of {self.asked:5d}  p50 {self.percentile(0.5):8.2f} ms  "
                f"p99 {self.percentile(0.99):8.2f} ms")


class HonestClient:
    """Asks for `name` A, whose answer is `address`, from a network of its own."""

    SOURCE = "127.211.7.1"

    def __init__(self, port: int, name: str, address: str):
        self.port = port
        self.query = dns.message.make_query(name, "A")
        self.address = address
        self._random = random.Random(7)

    def measure(self, seconds: float, *, at_least: int = 30) -> dict[str, Figures]:
        """Asks for that long, and for as long as it takes to have asked so often."""
        figures = {"udp": Figures(), "tcp": Figures()}
        end = time.monotonic() + seconds
        while time.monotonic() < end or figures["tcp"].asked < at_least:
            for transport, ask in (("udp", self._udp), ("tcp", self._tcp)):
                began = time.monotonic()
                figures[transport].asked += 1
                if self._patiently(ask):
                    figures[transport].times.append((time.monotonic() - began) * 1000)
            time.sleep(0.002)
        return figures

    def _patiently(self, ask: Callable[[bytes], bytes]) -> bool:
        for _ in range(TRIES):
            self.query.id = self._random.randrange(65536)
            began = time.monotonic()
            try:
                answer = dns.message.from_wire(ask(self.query.to_wire()))
                if answer.id == self.query.id and self.address in str(answer.answer):
                    return True
            except (OSError, EOFError, dns.exception.DNSException, struct.error):
                pass
            # A connection that is closed at once is tried again, but not at once.
            time.sleep(max(0.0, min(0.5, began + TRY_SECONDS - time.monotonic())))
        return False

    def _udp(self, wire: bytes) -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(TRY_SECONDS)
            client.bind((self.SOURCE, 0))
            client.connect(("127.0.0.1", self.port))
            client.send(wire)
            return client.recv(4096)

    def _tcp(self, wire: bytes) -> bytes:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
            client.settimeout(TRY_SECONDS)
            client.bind((self.SOURCE, 0))
            client.connect(("127.0.0.1", self.port))
            return exchange(client, wire)


def exchange(client: socket.socket, wire: bytes) -> bytes:
    """One question and its answer on a connection that stays."""
    client.sendall(struct.pack(">H", len(wire)) + wire)
    size, = struct.unpack(">H", exactly(client, 2))
    return exactly(client, size)


def exactly(client: socket.socket, size: int) -> bytes:
    octets = b""
    while len(octets) < size:
        piece = client.recv(size - len(octets))
        if not piece:
            raise EOFError
        octets += piece
    return octets
