"""Free ports on loopback.

They are taken below the range that the kernel hands out to clients, so that no outgoing connection
of another test can sit on one between our asking and the server's binding.
"""

from __future__ import annotations

import os
import random
import socket

_LOWEST, _HIGHEST = 15000, 32000
_random = random.Random(os.getpid())
_given: set[int] = set()


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
    """A port free for UDP and TCP on 127.0.0.1 and ::1, never given twice by this process."""
    for _ in range(1000):
        port = _random.randint(_LOWEST, _HIGHEST)
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise RuntimeError(f"no free port between {_LOWEST} and {_HIGHEST}")
