"""An ACME CA that misbehaves on demand, for what pebble cannot do.

It keeps RFC 8555's objects and states, checks nonces, URLs and who signs (by kid or jwk), but neither
signatures nor TXT records: pebble does. Certificates come from the openssl program.
"""

from __future__ import annotations

import base64
import collections
import dataclasses
import http.server
import itertools
import json
import pathlib
import secrets
import ssl
import threading
import time
from typing import Any

from support.tls import TestCa, openssl

ERROR = "urn:ietf:params:acme:error:"


@dataclasses.dataclass
class Fault:
    """What is said instead of the right answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str | None] = dataclasses.field(default_factory=dict)  # None: left out.
    delay: float = 0  # Seconds, before it is said.


def problem(status: int, kind: str, detail: str = "because the test says so", **more: Any) -> Fault:
    headers, delay = more.pop("headers", {}), more.pop("delay", 0)
    document = {"type": ERROR + kind, "detail": detail, "status": status, **more}
    return Fault(status, json.dumps(document).encode(), {"Content-Type": "application/problem+json", **headers}, delay)


def _b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class FakeCa:
    """Serves on a free loopback port from `start()` to `stop()`.

    `requests` lists what was asked: (endpoint, decoded payload or None). Endpoints are the first part of the path:
    dir, nonce, account, new-order, order, authz, chall, finalize, cert, revoke.
    """

    def __init__(self, folder: pathlib.Path, ca: TestCa):
        self._folder = folder
        self.ca_file = ca.certificate
        self._tls = ca.issue("fake-ca")
        self._make_issuer()
        self._lock = threading.RLock()
        self._faults: dict[str, collections.deque[Fault]] = collections.defaultdict(collections.deque)
        self._nonces: set[str] = set()
        self._numbers = itertools.count(1)
        self._accounts: dict[str, str] = {}  # JWK as text: URL.
        self._orders: dict[str, dict[str, Any]] = {}
        self._authorizations: dict[str, dict[str, Any]] = {}
        self._certificates: dict[str, str] = {}
        self.revoked: dict[str, int] = {}  # DER as base64url: reason.
        self.requests: list[tuple[str, Any]] = []
        self.refused_nonces = 0
        self.retried_with_given_nonce = 0
        self._given_with_refusal: set[str] = set()
        # Knobs.
        self.reject_nonces = 0         # So many of the next POSTs.
        self.processing_polls = 0      # An order stays "processing" for so many looks.
        self.names_to_issue: list[list[str]] = []  # For the next certificates, instead of the CSR's.
        self.authorization_error: dict[str, Any] | None = None  # The next challenge fails with it.
        self.held: set[str] = set()    # Names whose challenges are never looked at.
        self.directory_delay = 0.0     # Seconds, of every look at the directory but the first.

    # -- for tests -------------------------------------------------------------------------------

    def fail(self, endpoint: str, fault: Fault, times: int = 1) -> None:
        with self._lock:
            self._faults[endpoint].extend([fault] * times)

    def forget_accounts(self) -> None:
        with self._lock:
            self._accounts.clear()

    def count(self, endpoint: str) -> int:
        with self._lock:
            return sum(1 for asked, _ in self.requests if asked == endpoint)

    def start(self) -> FakeCa:
        ca = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # noqa: N802
                ca.handle(self, None)

            do_HEAD = do_GET

            def do_POST(self) -> None:  # noqa: N802
                ca.handle(self, self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._tls.certificate, self._tls.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.base = f"https://127.0.0.1:{self._server.server_address[1]}"
        self.directory = f"{self.base}/dir"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    # -- the protocol ----------------------------------------------------------------------------

    def handle(self, handler: http.server.BaseHTTPRequestHandler, body: bytes | None) -> None:
        with self._lock:
            answer = self._answer(handler.path, body)
            nonce = self._new_nonce()
            if answer.body and b"badNonce" in answer.body:
                self._given_with_refusal.add(nonce)
        time.sleep(answer.delay)
        handler.send_response(answer.status)
        headers = {"Replay-Nonce": nonce, "Content-Type": "application/json", **answer.headers}
        for name, value in headers.items():
            if value is not None:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(answer.body)

    def _new_nonce(self) -> str:
        nonce = secrets.token_urlsafe(16)
        self._nonces.add(nonce)
        return nonce

    def _answer(self, path: str, body: bytes | None) -> Fault:
        endpoint, _, number = path.lstrip("/").partition("/")
        protected: dict[str, Any] = {}
        payload = None
        if body is not None:
            jws = json.loads(body)
            protected = json.loads(_unb64(jws["protected"]))
            text = _unb64(jws["payload"])
            payload = json.loads(text) if text else None
        self.requests.append((endpoint, payload))
        if body is not None and (refusal := self._check_header(protected, path, endpoint)):
            return refusal
        if self._faults[endpoint]:
            return self._faults[endpoint].popleft()
        answer = getattr(self, "_" + endpoint.replace("-", "_"))
        return answer(number, payload, protected)

    def _check_header(self, protected: dict[str, Any], path: str, endpoint: str) -> Fault | None:
        nonce = protected["nonce"]
        if nonce in self._given_with_refusal:
            self.retried_with_given_nonce += 1
        if nonce not in self._nonces or self.reject_nonces > 0:
            self.reject_nonces = max(0, self.reject_nonces - 1)
            self.refused_nonces += 1
            return problem(400, "badNonce")
        self._nonces.remove(nonce)
        assert protected["url"] == self.base + path, (protected, path)
        if endpoint == "account":
            assert "kid" not in protected
        elif protected["kid"] not in self._accounts.values():
            return problem(400, "accountDoesNotExist")
        return None

    def _json(self, document: Any, status: int = 200, **headers: str) -> Fault:
        return Fault(status, json.dumps(document).encode(), headers)

    def _dir(self, *_: Any) -> Fault:
        answer = self._json({"newNonce": f"{self.base}/nonce", "newAccount": f"{self.base}/account",
                             "newOrder": f"{self.base}/new-order", "revokeCert": f"{self.base}/revoke"})
        answer.delay = self.directory_delay if self.count("dir") > 1 else 0
        return answer

    def _revoke(self, _number: str, payload: Any, _protected: Any) -> Fault:
        if payload["certificate"] in self.revoked:
            return problem(400, "alreadyRevoked")
        self.revoked[payload["certificate"]] = payload["reason"]
        return Fault(200)

    def _nonce(self, *_: Any) -> Fault:
        return Fault(200)

    def _account(self, _number: str, _payload: Any, protected: dict[str, Any]) -> Fault:
        key = json.dumps(protected["jwk"], sort_keys=True)
        url = self._accounts.setdefault(key, f"{self.base}/account/{next(self._numbers)}")
        return self._json({"status": "valid"}, 201, Location=url)

    def _new_order(self, _number: str, payload: Any, _protected: Any) -> Fault:
        number = str(next(self._numbers))
        authorizations = []
        for identifier in payload["identifiers"]:
            authz = str(next(self._numbers))
            self._authorizations[authz] = {
                "status": "pending", "identifier": identifier,
                "challenges": [
                    {"type": "dns-persist-01", "status": "pending", "url": f"{self.base}/chall/0"},
                    {"type": "dns-01", "status": "pending", "url": f"{self.base}/chall/{authz}",
                     "token": _b64(secrets.token_bytes(16))}]}
            authorizations.append(f"{self.base}/authz/{authz}")
        self._orders[number] = {"status": "pending", "identifiers": payload["identifiers"],
                                "authorizations": authorizations,
                                "finalize": f"{self.base}/finalize/{number}", "polls": self.processing_polls}
        return self._order_answer(number, 201)

    def _order_answer(self, number: str, status: int = 200) -> Fault:
        order = self._orders[number]
        states = {self._authorizations[url.rpartition("/")[2]]["status"] for url in order["authorizations"]}
        if order["status"] == "pending" and states & {"invalid", "deactivated"}:
            order["status"] = "invalid"
        elif order["status"] == "pending" and states == {"valid"}:
            order["status"] = "ready"
        shown = {key: value for key, value in order.items() if key != "polls"}
        return self._json(shown, status, Location=f"{self.base}/order/{number}")

    def _order(self, number: str, _payload: Any, _protected: Any) -> Fault:
        order = self._orders[number]
        if order["status"] == "processing":
            order["polls"] -= 1
            if order["polls"] <= 0:
                order["status"], order["certificate"] = "valid", f"{self.base}/cert/{number}"
        return self._order_answer(number)

    def _authz(self, number: str, payload: Any, _protected: Any) -> Fault:
        authorization = self._authorizations[number]
        if payload == {"status": "deactivated"}:
            if authorization["status"] != "pending":
                return problem(400, "malformed", "the authorization is not pending")
            authorization["status"] = "deactivated"
        return self._json(authorization)

    def _chall(self, number: str, payload: Any, _protected: Any) -> Fault:
        assert payload == {}
        authorization = self._authorizations[number]
        challenge = authorization["challenges"][1]
        if self.authorization_error:
            challenge["error"], self.authorization_error = self.authorization_error, None
            challenge["status"] = authorization["status"] = "invalid"
        elif authorization["identifier"]["value"] in self.held:
            challenge["status"] = "processing"
        else:
            challenge["status"] = authorization["status"] = "valid"
        return self._json(challenge)

    def _finalize(self, number: str, payload: Any, _protected: Any) -> Fault:
        order = self._orders[number]
        assert order["status"] == "ready"
        self._certificates[number] = self._issue(number, _unb64(payload["csr"]))
        if order["polls"] > 0:
            order["status"] = "processing"
        else:
            order["status"], order["certificate"] = "valid", f"{self.base}/cert/{number}"
        return self._order_answer(number)

    def _cert(self, number: str, *_: Any) -> Fault:
        return Fault(200, self._certificates[number].encode(),
                     {"Content-Type": "application/pem-certificate-chain"})

    # -- certificates ----------------------------------------------------------------------------

    def _make_issuer(self) -> None:
        self._issuer_key = self._folder / "issuer.key"
        self.issuer = self._folder / "issuer.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 30,
                "-subj", "/CN=fake issuer", "-addext", "basicConstraints=critical,CA:TRUE",
                "-keyout", self._issuer_key, "-out", self.issuer)

    def _issue(self, number: str, csr: bytes) -> str:
        request = self._folder / f"{number}.csr"
        request.write_bytes(csr)
        extensions = self._folder / f"{number}.ext"
        names = [each["value"] for each in self._orders[number]["identifiers"]]
        if self.names_to_issue:
            names = self.names_to_issue.pop(0)
        extensions.write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in names) + "\n")
        leaf = openssl("x509", "-req", "-inform", "DER", "-in", request, "-CA", self.issuer, "-CAkey",
                       self._issuer_key, "-set_serial", f"0x{secrets.token_hex(15)}", "-days", 20,
                       "-extfile", extensions)
        return leaf + self.issuer.read_text()
