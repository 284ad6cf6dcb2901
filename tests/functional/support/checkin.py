"""A server that checks in: docs/protocols/check-in.md in sixty lines, as a client may have it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
from typing import Any

OCTETS = 32
CHECK_IN, CHALLENGE = 1, 2


def key_of(secret: bytes) -> bytes:
    return hmac.new(secret, b"hairpin check-in 1", hashlib.sha256).digest()


def machine_tag(machine: str) -> bytes:
    return hashlib.sha256(machine.encode()).digest()[:3] if machine else bytes(3)


def datagram(kind: int, server: int, milliseconds: int, tag: bytes, key: bytes) -> bytes:
    head = bytes([0x10 | kind]) + server.to_bytes(6, "big") + milliseconds.to_bytes(6, "big") + tag
    return head + hmac.new(key, head, hashlib.sha256).digest()[:16]


class CheckIns:
    """What the 201 of a new server tells is enough; the time comes with the answer to a report."""

    def __init__(self, created: dict[str, Any], machine: str = ""):
        self.key = key_of(base64.b64decode(created["tsig"]["secret"]))
        self.server, self.port = created["check_in"]["server"], created["check_in"]["port"]
        self.tag = machine_tag(machine)
        self._last = 0

    def next(self, milliseconds: int) -> bytes:
        """The check-in of that moment; of the same moment, of the next one."""
        self._last = max(self._last + 1, milliseconds)
        return datagram(CHECK_IN, self.server, self._last, self.tag, self.key)

    def send(self, request: bytes, source: str = "127.0.0.1", patience: float = 10) -> bytes:
        """The datagram that comes back; nothing when none does for so long."""
        with socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET, socket.SOCK_DGRAM) as own:
            own.bind((source, 0))
            own.connect(("::1" if ":" in source else "127.0.0.1", self.port))
            own.settimeout(patience)
            own.send(request)
            try:
                return own.recv(512)
            except TimeoutError:
                return b""

    def is_challenge(self, request: bytes, answer: bytes) -> bool:
        """Whether it is the challenge of that check-in, and made by who has the key."""
        wanted = datagram(CHALLENGE, self.server, int.from_bytes(request[7:13], "big"), bytes(3), self.key)
        return hmac.compare_digest(answer, wanted)
