"""A small HTTPS client: one kept connection, JSON in and out."""

from __future__ import annotations

import dataclasses
import http.client
import json
import pathlib
import ssl
from collections.abc import Mapping
from typing import Any


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # Names in lower case.
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def expect(self, *statuses: int) -> Answer:
        assert self.status in statuses, f"HTTP {self.status}, not {statuses}: {self.body[:2000]!r}"
        return self

    def problem(self, status: int) -> Any:
        """The problem document (RFC 9457) of a refusal."""
        self.expect(status)
        assert self.headers["content-type"].startswith("application/problem+json"), self.headers
        assert self.json["status"] == status
        return self.json


class Api:
    """Speaks to one listener, as whoever holds `token`. Reconnects when the connection was closed."""

    def __init__(self, port: int, ca: pathlib.Path, token: str | None = None, *, host: str = "127.0.0.1"):
        self._host, self._port, self._ca, self._token = host, port, ca, token
        self._connection: http.client.HTTPSConnection | None = None

    def with_token(self, token: str | None) -> Api:
        return Api(self._port, self._ca, token, host=self._host)

    def request(self, method: str, path: str, body: Any = None, *,
                headers: Mapping[str, str] | None = None, timeout: float = 60) -> Answer:
        """`body`: bytes or str as they are, anything else as JSON."""
        sent = dict(headers or {})
        if self._token is not None:
            sent.setdefault("Authorization", f"Bearer {self._token}")
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            sent.setdefault("Content-Type", "application/json")
        fresh = self._connection is None
        try:
            return self._exchange(method, path, body, sent, timeout)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            self.close()
            if fresh:
                raise
            return self._exchange(method, path, body, sent, timeout)  # The kept one was stale.

    def _exchange(self, method, path, body, headers, timeout) -> Answer:
        if self._connection is None:
            trust = ssl.create_default_context(cafile=str(self._ca))
            self._connection = http.client.HTTPSConnection(self._host, self._port, context=trust)
        self._connection.timeout = timeout
        if self._connection.sock is not None:
            self._connection.sock.settimeout(timeout)
        self._connection.request(method, path, body=body, headers=headers)
        response = self._connection.getresponse()
        answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        if response.will_close:
            self.close()
        return answer

    def get(self, path: str, **kept: Any) -> Answer:
        return self.request("GET", path, **kept)

    def post(self, path: str, body: Any = None, **kept: Any) -> Answer:
        return self.request("POST", path, body, **kept)

    def put(self, path: str, body: Any = None, **kept: Any) -> Answer:
        return self.request("PUT", path, body, **kept)

    def patch(self, path: str, body: Any = None, **kept: Any) -> Answer:
        return self.request("PATCH", path, body, **kept)

    def delete(self, path: str, **kept: Any) -> Answer:
        return self.request("DELETE", path, **kept)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
