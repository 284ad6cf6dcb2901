"""Free ports on loopback.

They are taken below the range that the kernel hands out to clients, so that no outgoing connection
of another test can sit on one between our asking and the server's binding. Each process takes them from
blocks that no other process of the tests has at the time: between one's asking and its server's binding,
and while its server is started again, nobody else asks.
"""

from __future__ import annotations

import os
import random
import socket

_LOWEST, _HIGHEST = 15000, 32000
_IN_BLOCK = 100
_random = random.Random(os.getpid())
_claims: list[socket.socket] = []  # A name in Linux's abstract namespace each: it ends with the process, whatever ends that.
_left: list[int] = []  # Of our blocks, not given yet.


def _claim_block() -> list[int]:
    """The ports of a block that nobody has, in some order. There are more than tests could need at once."""
    blocks = list(range(_LOWEST, _HIGHEST, _IN_BLOCK))
    _random.shuffle(blocks)
    for lowest in blocks:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0hairpin-test-ports-{lowest}")
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return _random.sample(range(lowest, lowest + _IN_BLOCK), _IN_BLOCK)
    raise RuntimeError(f"all ports between {_LOWEST} and {_HIGHEST} are taken by tests")


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            with socket.socket(family, kind) as probe:
                try:
                    probe.bind((address, port))
                except OSError:
                    return False
    return True


def free_port() -> int:
    """A port free for UDP and TCP on 127.0.0.1 and ::1, never given twice by this process, nor to another while it lives."""
    while True:
        if not _left:
            _left.extend(_claim_block())
        if _is_free(port := _left.pop()):
            return port
