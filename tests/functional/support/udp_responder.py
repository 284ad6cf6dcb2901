"""A DNS server on a loopback port that answers whatever a function says."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import dns.message

Answer = Callable[[dns.message.Message], dns.message.Message | None]


class UdpResponder:
    """One thread, one message after the other; an answer of None is silence."""

    def __init__(self, answer: Answer):
        self._answer = answer
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            octets, peer = self._socket.recvfrom(65535)
            if not octets:
                return
            answer = self._answer(dns.message.from_wire(octets))
            if answer is not None:
                self._socket.sendto(answer.to_wire(), peer)

    def stop(self) -> None:
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> UdpResponder:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
