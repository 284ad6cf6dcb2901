"""A name server that sends what it is told, over TCP: for clients of ours that have to bear it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator

import dns.message
import dns.name
import dns.rrset

# What it does with one connection, after the query has come. Ends with the connection.
Script = Callable[[socket.socket, dns.message.Message], None]


def framed(wire: bytes) -> bytes:
    return struct.pack(">H", len(wire)) + wire


def answer(query: dns.message.Message, *lines: str, flags: int = 0x8400, question: bool = True) -> bytes:
    """A message of a transfer with these records ("www 60 IN A 192.0.2.1"), as the wire has it."""
    message = dns.message.Message(id=query.id)
    message.flags = flags
    if question:
        message.question = list(query.question)
    for line in lines:
        owner, ttl, rclass, rtype, rdata = line.split(" ", 4)
        # Not found_rrset(): every line is a record of its own, in this order.
        message.answer.append(dns.rrset.from_text(dns.name.from_text(owner), int(ttl), rclass, rtype, rdata))
    return message.to_wire()


@contextlib.contextmanager
def liar(script: Script) -> Iterator[str]:
    """Its address while it runs."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        done = threading.Event()

        def serve() -> None:
            while not done.is_set():
                try:
                    client, _ = listener.accept()
                except TimeoutError:
                    continue
                with client, contextlib.suppress(OSError):
                    client.settimeout(30)
                    script(client, read_query(client))

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}"
        finally:
            done.set()
            thread.join()


def read_query(client: socket.socket) -> dns.message.Message:
    wire = b""
    while len(wire) < 2 or len(wire) < 2 + struct.unpack(">H", wire[:2])[0]:
        piece = client.recv(4096)
        if not piece:
            raise OSError("no query")
        wire += piece
    return dns.message.from_wire(wire[2:], question_only=True)
