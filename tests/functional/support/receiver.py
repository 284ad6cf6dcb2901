"""A web-hook's receiver: an HTTPS server of the test's own, which verifies signatures with code of its own."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import http.server
import json
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from support.ports import free_port
from support.process import wait_until
from support.tls import TestCa


@dataclasses.dataclass(frozen=True)
class Delivery:
    headers: Mapping[str, str]  # Names in lower case.
    body: bytes
    path: str
    at: float

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> Any:
        return json.loads(self.body)

    def signatures(self) -> list[str]:
        return self.headers["webhook-signature"].split(" ")

    def is_signed_with(self, secret: str) -> bool:
        """As the Standard Webhooks specification says, without a line of Hairpin's."""
        assert secret.startswith("whsec_")
        key = base64.b64decode(secret.removeprefix("whsec_"))
        signed = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert abs(time.time() - int(self.headers["webhook-timestamp"])) < 300
        return f"v1,{mac}" in self.signatures()


class Receiver:
    """Answers each request as `answer(delivery)` says: a status, or a status and headers. Keeps what came."""

    def __init__(self, ca: TestCa, answer: Callable[[Delivery], Any] = lambda delivery: 204):
        self.answer = answer
        self.deliveries: list[Delivery] = []
        self.port = free_port()
        tls = ca.issue(f"receiver-{self.port}")
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                delivery = Delivery({k.lower(): v for k, v in self.headers.items()}, body, self.path, time.time())
                receiver.deliveries.append(delivery)
                told = receiver.answer(delivery)
                status, headers = told if isinstance(told, tuple) else (told, {})
                self.send_response(status)
                for name, value in {"content-length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                  do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        return f"https://{host}:{self.port}{path}"

    def types(self) -> list[str]:
        return [each.event["type"] for each in self.deliveries]

    def await_types(self, *types: str) -> None:
        wait_until(lambda: self.types() == list(types), f"{types}, not {self.types()}")

    def await_count(self, count: int) -> None:
        wait_until(lambda: len(self.deliveries) >= count, f"{count} deliveries")

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
