"""An ACME CA that misbehaves on demand, for what pebble cannot do.

It keeps RFC 8555's objects and states, checks nonces, URLs, signatures and who signs, asks our name server where it is
told one, looks at CAA, and knows renewal information (RFC 9773), profiles, external account binding, key rollover and
alternate chains. What it does wrong is a knob or a fault of the test.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import http.server
import itertools
import json
import secrets
import ssl
import threading
import time
from typing import Any, Callable

from cryptography import x509

from support import fake_jws, fake_validation
from support.fake_issuer import Issuer
from support.tls import TestCa

ERROR = "urn:ietf:params:acme:error:"
NAME_IN_CAA = "fake-ca.example"
Window = tuple[datetime.datetime, datetime.datetime]


@dataclasses.dataclass
class Fault:
    """What is said instead of the right answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str | None] = dataclasses.field(default_factory=dict)  # None: left out.
    delay: float = 0  # Seconds, before it is said.
    missing: int = 0  # So many octets that were announced are not sent; the connection ends.


def problem(status: int, kind: str, detail: str = "because the test says so", **more: Any) -> Fault:
    headers, delay = more.pop("headers", {}), more.pop("delay", 0)
    document = {"type": ERROR + kind, "detail": detail, "status": status, **more}
    return Fault(status, json.dumps(document).encode(), {"Content-Type": "application/problem+json", **headers}, delay)


def window_at(share: float, width: float) -> Callable[[x509.Certificate], Window]:
    """A window around a share of the lifetime, `width` of it to each side: Let's Encrypt's is 2/3 and 1 %."""
    def window(leaf: x509.Certificate) -> Window:
        life = leaf.not_valid_after - leaf.not_valid_before
        return (leaf.not_valid_before + life * (share - width), leaf.not_valid_before + life * (share + width))
    return window


def window_past(_leaf: x509.Certificate) -> Window:
    """"Renew now", as Let's Encrypt says it: the half hour that ended half an hour ago."""
    now = datetime.datetime.utcnow()
    return now - datetime.timedelta(hours=1), now - datetime.timedelta(minutes=30)


class FakeCa:
    """Serves on a free loopback port from `start()` to `stop()`.

    `requests` lists what was asked: (endpoint, decoded payload or None). Endpoints are the first part of the path:
    dir, nonce, account, new-order, order, authz, chall, finalize, cert, key-change, renewal-info, revoke.
    """

    def __init__(self, ca: TestCa):
        self.ca_file = ca.certificate
        self._tls = ca.issue("fake-ca")
        self.issuer = Issuer()
        self._lock = threading.RLock()
        self._faults: dict[str, collections.deque[Fault]] = collections.defaultdict(collections.deque)
        self._nonces: set[str] = set()
        self._numbers = itertools.count(1)
        self._accounts: dict[str, dict[str, str]] = {}  # URL: JWK.
        self._orders: dict[str, dict[str, Any]] = {}
        self._authorizations: dict[str, dict[str, Any]] = {}
        self._certificates: dict[str, list[str]] = {}  # Of an order: its chains.
        self.leaves: dict[str, x509.Certificate] = {}  # By identifier, in the order of their issue.
        self._owners: dict[str, str] = {}              # The account of an identifier.
        self._replaced: dict[str, str] = {}            # Identifier: number of the order.
        self.revocations: dict[str, int] = {}          # DER as base64url: reason.
        self.revoked_by_key = 0                        # So many of them, not by an account.
        self.validated: list[tuple[str, str]] = []     # Type of challenge, name.
        self.requests: list[tuple[str, Any]] = []
        self.most_at_once: dict[str, int] = {}  # Requests under way at the same time, by endpoint.
        self._under_way: collections.Counter[str] = collections.Counter()
        self.refused_nonces = 0
        self.retried_with_given_nonce = 0
        self._given_with_refusal: set[str] = set()
        self.broken: list[str] = []  # What a client did that RFC 8555 forbids.
        # Knobs.
        self.reject_nonces = 0         # So many of the next POSTs.
        self.processing_polls = 0      # An order stays "processing" for so many looks.
        self.names_to_issue: list[list[str]] = []  # For the next certificates, instead of the CSR's.
        self.authorization_error: dict[str, Any] | None = None  # The next challenge fails with it.
        self.held: set[str] = set()    # Names whose challenges are never looked at.
        self.directory_delay = 0.0     # Seconds, of every look at the directory but the first.
        self.perspectives: list[int] = []  # Ports of name servers that are asked; none: not asked.
        self.may_disagree = 0              # So many of them.
        self.parent: int | None = None     # The port of a server of the parent, which is asked for DS.
        self.persist_draft = "draft-01"    # What dns-persist-01 records look like.
        self.window: Callable[[x509.Certificate], Window] | None = None  # None: no renewal information.
        self.explanation = ""              # Of the window.
        self.renewal_headers: dict[str, str] = {}
        self.profiles: dict[str, str] = {}     # As in meta.profiles.
        self.common_name = True
        self.eab_keys: dict[str, bytes] = {}   # By kid; each is good once. Any: a binding is required.
        self.revoked = False                   # All accounts.
        self.revoked_accounts: set[str] = set()  # By URL.
        self.down = False                      # Every request gets a load balancer's 503.
        self.down_requests = 0                 # The same, so many of them.
        self.stuck = False                     # Orders stay "processing" for ever.
        self.prefix = ""                       # Of all paths but the directory's.

    # -- for tests -------------------------------------------------------------------------------

    def fail(self, endpoint: str, fault: Fault, times: int = 1) -> None:
        with self._lock:
            self._faults[endpoint].extend([fault] * times)

    def release(self) -> None:
        """What was held is looked at, and found good."""
        with self._lock:
            self.held.clear()
            for authorization in self._authorizations.values():
                for challenge in authorization["challenges"]:
                    if challenge.get("status") == "processing":
                        challenge["status"] = authorization["status"] = "valid"

    def forget_accounts(self) -> None:
        with self._lock:
            self._accounts.clear()

    def count(self, endpoint: str) -> int:
        with self._lock:
            return sum(1 for asked, _ in self.requests if asked == endpoint)

    def payloads(self, endpoint: str) -> list[Any]:
        with self._lock:
            return [payload for asked, payload in self.requests if asked == endpoint]

    def accounts(self) -> list[str]:
        """The URLs of all, in the order in which they were made."""
        with self._lock:
            return list(self._accounts)

    def account_keys(self) -> list[str]:
        with self._lock:
            return [fake_jws.thumbprint(jwk) for jwk in self._accounts.values()]

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
        self.host = f"https://127.0.0.1:{self._server.server_address[1]}"
        self.directory = f"{self.host}/dir"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    # -- the protocol ----------------------------------------------------------------------------

    def handle(self, handler: http.server.BaseHTTPRequestHandler, body: bytes | None) -> None:
        endpoint = handler.path.removeprefix(self.prefix).lstrip("/").partition("/")[0]
        with self._lock:
            self._under_way[endpoint] += 1
            self.most_at_once[endpoint] = max(self.most_at_once.get(endpoint, 0), self._under_way[endpoint])
            try:
                answer = self._answer(handler.path, body)
            except AssertionError as error:
                self.broken.append(f"{handler.command} {handler.path}: {error!r}")
                answer = problem(500, "serverInternal", "the client is broken")
            nonce = self._new_nonce()
            if answer.body and b"badNonce" in answer.body:
                self._given_with_refusal.add(nonce)
        time.sleep(answer.delay)
        with self._lock:
            self._under_way[endpoint] -= 1
        handler.send_response(answer.status)
        headers = {"Replay-Nonce": nonce, "Content-Type": "application/json", **answer.headers}
        for name, value in headers.items():
            if value is not None:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(answer.body)))
        handler.end_headers()
        if handler.command != "HEAD":
            handler.wfile.write(answer.body[:len(answer.body) - answer.missing])
        if answer.missing:
            handler.close_connection = True

    @property
    def base(self) -> str:
        return self.host + self.prefix

    def _new_nonce(self) -> str:
        nonce = secrets.token_urlsafe(16)
        self._nonces.add(nonce)
        return nonce

    def _answer(self, path: str, body: bytes | None) -> Fault:
        if path != "/dir":
            if not path.startswith(self.prefix + "/"):
                return problem(404, "malformed", "there is no such path any more")
            path = path.removeprefix(self.prefix)
        endpoint, _, number = path.lstrip("/").partition("/")
        if self.down or self.down_requests > 0:
            self.down_requests = max(0, self.down_requests - 1)
            self.requests.append((endpoint, None))
            return Fault(503, b"<html>503 Service Unavailable</html>", {"Content-Type": "text/html"})
        if body is None:
            self.requests.append((endpoint, None))
            assert endpoint in ("dir", "nonce", "renewal-info"), "an unsigned request"
            protected, payload = {}, None
        else:
            jws = json.loads(body)
            protected, payload = fake_jws.read(jws)
            self.requests.append((endpoint, payload))
            assert endpoint != "renewal-info", "renewal information is asked for with a signature"
            if refusal := self._check_request(jws, protected, path, endpoint):
                return refusal
        if self._faults[endpoint]:
            return self._faults[endpoint].popleft()
        answer = getattr(self, "_" + endpoint.replace("-", "_"))
        return answer(number, payload, protected)

    def _check_request(self, jws: dict[str, str], protected: dict[str, Any], path: str, endpoint: str) -> Fault | None:
        nonce = protected["nonce"]
        if nonce in self._given_with_refusal:
            self.retried_with_given_nonce += 1
        if nonce not in self._nonces or self.reject_nonces > 0:
            self.reject_nonces = max(0, self.reject_nonces - 1)
            self.refused_nonces += 1
            return problem(400, "badNonce")
        self._nonces.remove(nonce)
        assert protected["alg"] == "ES256" and protected["url"] == self.base + path, (protected, path)
        assert ("kid" in protected) != ("jwk" in protected), protected
        if endpoint == "account" or (endpoint == "revoke" and "jwk" in protected):
            assert fake_jws.is_signed_by(jws, protected["jwk"])
            return None
        jwk = self._accounts.get(protected["kid"])
        if jwk is None:
            return problem(400, "accountDoesNotExist")
        if self.revoked or protected["kid"] in self.revoked_accounts:
            return problem(403, "unauthorized", "Account is not valid, has status \"revoked\"")
        if not fake_jws.is_signed_by(jws, jwk):
            return problem(400, "malformed", "JWS verification error")
        return None

    def _json(self, document: Any, status: int = 200, **headers: str) -> Fault:
        return Fault(status, json.dumps(document).encode(), headers)

    def _dir(self, *_: Any) -> Fault:
        directory: dict[str, Any] = {
            "newNonce": f"{self.base}/nonce", "newAccount": f"{self.base}/account",
            "newOrder": f"{self.base}/new-order", "keyChange": f"{self.base}/key-change",
            "revokeCert": f"{self.base}/revoke",
            "meta": {"termsOfService": f"{self.base}/terms", "caaIdentities": [NAME_IN_CAA],
                     "accountHashPrefix": f"{self.host}/account-hash/"}}
        if self.window:
            directory["renewalInfo"] = f"{self.base}/renewal-info"
        if self.profiles:
            directory["meta"]["profiles"] = self.profiles
        if self.eab_keys:
            directory["meta"]["externalAccountRequired"] = True
        answer = self._json(directory)
        answer.delay = self.directory_delay if self.count("dir") > 1 else 0
        return answer

    def _revoke(self, _number: str, payload: Any, protected: Any) -> Fault:
        if payload["certificate"] in self.revocations:
            return problem(400, "alreadyRevoked")
        if "jwk" in protected:  # By the certificate's own key.
            point = x509.load_der_x509_certificate(fake_jws.unb64(payload["certificate"])).public_key().public_numbers()
            assert protected["jwk"]["x"] == fake_jws.b64(point.x.to_bytes(32, "big"))
            self.revoked_by_key += 1
        self.revocations[payload["certificate"]] = payload["reason"]
        return Fault(200)

    def _nonce(self, *_: Any) -> Fault:
        return Fault(200)

    # -- accounts --------------------------------------------------------------------------------

    def _account_of(self, jwk: dict[str, str]) -> str | None:
        return next((url for url, key in self._accounts.items() if key == jwk), None)

    def _account(self, _number: str, payload: Any, protected: dict[str, Any]) -> Fault:
        jwk = protected["jwk"]
        if url := self._account_of(jwk):
            is_valid = not self.revoked and url not in self.revoked_accounts
            return self._json({"status": "valid" if is_valid else "revoked"}, 200, Location=url)
        if payload.get("onlyReturnExisting"):
            return problem(400, "accountDoesNotExist")
        assert payload["termsOfServiceAgreed"] is True
        if self.eab_keys and (refusal := self._check_binding(payload, protected)):
            return refusal
        url = f"{self.base}/account/{next(self._numbers)}"
        self._accounts[url] = jwk
        return self._json({"status": "valid"}, 201, Location=url)

    def _check_binding(self, payload: Any, protected: dict[str, Any]) -> Fault | None:
        """RFC 8555 section 7.3.4."""
        if "externalAccountBinding" not in payload:
            return problem(403, "externalAccountRequired")
        binding = payload["externalAccountBinding"]
        header, key = fake_jws.read(binding)
        assert header["alg"] == "HS256" and header["url"] == protected["url"] and "nonce" not in header, header
        assert key == protected["jwk"]
        if header["kid"] not in self.eab_keys or not fake_jws.is_mac_by(binding, self.eab_keys[header["kid"]]):
            return problem(403, "unauthorized", "unknown external account or wrong MAC")
        self.eab_keys[header["kid"]] = secrets.token_bytes(32)
        return None

    def _key_change(self, _number: str, inner: Any, protected: dict[str, Any]) -> Fault:
        """RFC 8555 section 7.3.5."""
        header, payload = fake_jws.read(inner)
        assert fake_jws.is_signed_by(inner, header["jwk"]) and "nonce" not in header
        assert header["url"] == protected["url"] and payload["account"] == protected["kid"]
        assert payload["oldKey"] == self._accounts[protected["kid"]]
        if taken := self._account_of(header["jwk"]):
            return problem(409, "malformed", "the key has an account", headers={"Location": taken})
        self._accounts[protected["kid"]] = header["jwk"]
        # A fault of "key-changed" hides that it was done.
        return self._faults["key-changed"].popleft() if self._faults["key-changed"] else self._json({})

    # -- orders ----------------------------------------------------------------------------------

    def _new_order(self, _number: str, payload: Any, protected: dict[str, Any]) -> Fault:
        if profile := payload.get("profile"):
            if profile not in self.profiles:
                return problem(400, "invalidProfile", f"profile \"{profile}\" is not known")
        number = str(next(self._numbers))
        if replaces := payload.get("replaces"):
            if refusal := self._check_replaces(replaces, protected["kid"]):
                return refusal
            self._replaced[replaces] = number
        authorizations = []
        for identifier in payload["identifiers"]:
            authz = str(next(self._numbers))
            self._authorizations[authz] = {
                "status": "pending", "identifier": identifier,
                "challenges": [
                    {"type": "dns-persist-01", "status": "pending", "url": f"{self.base}/chall/{authz}/persist",
                     "issuer-domain-names": [NAME_IN_CAA]},
                    {"type": "dns-01", "status": "pending", "url": f"{self.base}/chall/{authz}",
                     "token": fake_jws.b64(secrets.token_bytes(16))},
                    {"type": "carrier-pigeon-07"}]}
            authorizations.append(f"{self.base}/authz/{authz}")
        self._orders[number] = {"status": "pending", "identifiers": payload["identifiers"],
                                "authorizations": authorizations,
                                "finalize": f"{self.base}/finalize/{number}", "polls": self.processing_polls}
        return self._order_answer(number, 201)

    def _check_replaces(self, replaces: str, account: str) -> Fault | None:
        """RFC 9773 section 5; as Let's Encrypt does, an order has its predecessor until it is invalid."""
        if replaces not in self.leaves:
            return problem(404, "malformed", "no such certificate")
        if self._owners[replaces] != account:
            return problem(403, "unauthorized", "requester account did not request the certificate being replaced")
        holder = self._replaced.get(replaces)
        if holder and self._orders[holder]["status"] != "invalid":
            return problem(409, "alreadyReplaced", "the certificate has been replaced by another order")
        return None

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
        if order["status"] == "processing" and not self.stuck:
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

    def _chall(self, number: str, payload: Any, protected: dict[str, Any]) -> Fault:
        assert payload == {}
        number, _, is_persistent = number.partition("/")
        authorization = self._authorizations[number]
        challenge = authorization["challenges"][0 if is_persistent else 1]
        name = authorization["identifier"]["value"]
        self.validated.append((challenge["type"], name))
        error, self.authorization_error = self.authorization_error, None
        if not error and self.perspectives:
            thumbprint = fake_jws.thumbprint(self._accounts[protected["kid"]])
            if is_persistent:
                uris = fake_validation.account_uris(name, protected["kid"], thumbprint, f"{self.host}/account-hash/")
                wanted = fake_validation.persistent(NAME_IN_CAA, uris[self.persist_draft])
            else:
                wanted = fake_validation.challenge(fake_validation.challenge_value(challenge["token"], thumbprint))
            account = fake_validation.Account(NAME_IN_CAA, protected["kid"])
            error = fake_validation.refusal(self.perspectives, self.may_disagree, account, name, wanted, self.parent)
            if error:
                error["type"] = ERROR + error["type"]
        if error:
            challenge["error"] = error
            challenge["status"] = authorization["status"] = "invalid"
        elif name in self.held:
            challenge["status"] = "processing"
        else:
            challenge["status"] = authorization["status"] = "valid"
        return self._json(challenge)

    def _finalize(self, number: str, payload: Any, protected: dict[str, Any]) -> Fault:
        order = self._orders[number]
        assert order["status"] == "ready", f"finalize while {order['status']}"
        names = [each["value"] for each in order["identifiers"]]
        if self.names_to_issue:
            names = self.names_to_issue.pop(0)
        chains, identifier, leaf = self.issuer.issue(fake_jws.unb64(payload["csr"]), names, self.common_name)
        self._certificates[number], self.leaves[identifier] = chains, leaf
        self._owners[identifier] = protected["kid"]
        if order["polls"] > 0 or self.stuck:
            order["status"] = "processing"
        else:
            order["status"], order["certificate"] = "valid", f"{self.base}/cert/{number}"
        return self._order_answer(number)

    # -- certificates ----------------------------------------------------------------------------

    def _cert(self, number: str, *_: Any) -> Fault:
        number, _, which = number.partition("/")
        answer = Fault(200, self._certificates[number][int(which or 0)].encode(),
                       {"Content-Type": "application/pem-certificate-chain"})
        if not which:
            answer.headers["Link"] = (f"<{self.host}/dir>;rel=\"index\", "
                                      f"<{self.base}/cert/{number}/1>;rel=\"alternate\"")
        return answer

    def _renewal_info(self, identifier: str, *_: Any) -> Fault:
        """RFC 9773 section 4."""
        if identifier not in self.leaves or not self.window:
            return problem(404, "malformed", "no such certificate")
        start, end = self.window(self.leaves[identifier])
        info: dict[str, Any] = {"suggestedWindow": {"start": start.isoformat() + "Z", "end": end.isoformat() + "Z"}}
        if self.explanation:
            info["explanationURL"] = self.explanation
        return self._json(info, 200, **{"Retry-After": "21600", **self.renewal_headers})
