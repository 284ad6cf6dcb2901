"""Asks one name server very many questions: datagrams with a window, TCP by pipelining. No name server is
waited for longer than it takes; what stays without an answer is None.
"""

from __future__ import annotations

import select
import socket
import struct
import time
from typing import BinaryIO

_WINDOW = 128          # Datagrams under way; far less than any socket buffer holds.
_PIPELINE = 32         # Messages of one TCP connection under way.
_RETRY_SECONDS = 1.0   # A datagram is sent again after this,
_ATTEMPTS = 4          # and given up after so many.


def ask_udp(port: int, messages: list[bytes]) -> list[bytes | None]:
    """One answer for each message, in their order. The first two octets of a message are replaced."""
    answers: list[bytes | None] = [None] * len(messages)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        client.connect(("127.0.0.1", port))
        client.setblocking(False)
        waiting = list(range(len(messages)))
        for _ in range(_ATTEMPTS):
            waiting = _ask_round(client, messages, answers, waiting)
            if not waiting:
                break
    return answers


def _ask_round(client: socket.socket, messages: list[bytes], answers: list[bytes | None],
               numbers: list[int]) -> list[int]:
    """Asks these once; returns those without an answer. IDs are numbers modulo 65,536: never twice in a window."""
    under_way: dict[int, int] = {}
    unanswered: list[int] = []
    at = 0
    last = time.monotonic()
    while at < len(numbers) or under_way:
        while at < len(numbers) and len(under_way) < _WINDOW:
            number = numbers[at]
            client.send(struct.pack(">H", number & 0xFFFF) + messages[number][2:])
            under_way[number & 0xFFFF] = number
            at += 1
        if not select.select([client], [], [], 0.05)[0]:
            if time.monotonic() - last > _RETRY_SECONDS:
                unanswered += under_way.values()
                under_way.clear()
                last = time.monotonic()
            continue
        last = time.monotonic()
        try:
            while True:
                answer = client.recv(65535)
                number = under_way.pop(int.from_bytes(answer[:2], "big"), None)
                if number is not None:
                    answers[number] = answer
        except BlockingIOError:
            pass
    return unanswered


def ask_tcp(port: int, messages: list[bytes]) -> list[bytes | None]:
    """The same over TCP. Answers may come in any order (RFC 7766 section 7)."""
    answers: list[bytes | None] = [None] * len(messages)
    at = 0
    while at < len(messages):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with connection.makefile("rb") as stream:
                at = _ask_connection(connection, stream, messages, answers, at)
    return answers


def _ask_connection(connection: socket.socket, stream: BinaryIO, messages: list[bytes], answers: list[bytes | None],
                    at: int) -> int:
    """Asks from `at` on until the peer closes; where to go on."""
    while at < len(messages):
        batch = range(at, min(at + _PIPELINE, len(messages)))
        connection.sendall(b"".join(_framed(number, messages[number]) for number in batch))
        at = batch.stop
        for _ in batch:
            answer = _read_framed(stream)
            if answer is None:
                return at
            answers[_number_of(answer, batch)] = answer
    return at


def _framed(number: int, message: bytes) -> bytes:
    return struct.pack(">HH", len(message), number & 0xFFFF) + message[2:]


def _read_framed(stream: BinaryIO) -> bytes | None:
    head = stream.read(2)
    if len(head) < 2:
        return None
    return stream.read(int.from_bytes(head, "big"))


def _number_of(answer: bytes, batch: range) -> int:
    low = int.from_bytes(answer[:2], "big")
    return next(number for number in batch if number & 0xFFFF == low)
