"""An ACME client that can also do what no honest one does: for what stock clients never send."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import pathlib
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from support.http import Answer, Api
from support.tls import new_csr, openssl


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def b64_json(value: Any) -> str:
    return b64(json.dumps(value).encode())


class Key:
    """A P-256 key and its JWK."""

    def __init__(self, key: ec.EllipticCurvePrivateKey | None = None):
        self._key = key or ec.generate_private_key(ec.SECP256R1())
        numbers = self._key.public_key().public_numbers()
        self.jwk = {"kty": "EC", "crv": "P-256", "x": b64(numbers.x.to_bytes(32, "big")),
                    "y": b64(numbers.y.to_bytes(32, "big"))}

    @staticmethod
    def read(path: pathlib.Path) -> Key:
        return Key(serialization.load_pem_private_key(path.read_bytes(), None))

    def sign(self, text: str) -> str:
        r, s = utils.decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))

    def jws(self, header: dict[str, Any], payload: Any) -> dict[str, str]:
        """`payload` None: POST-as-GET."""
        guarded, body = b64_json(header), "" if payload is None else b64_json(payload)
        return {"protected": guarded, "payload": body, "signature": self.sign(f"{guarded}.{body}")}


class AcmeClient:
    def __init__(self, port: int, ca: pathlib.Path, folder: pathlib.Path):
        self.base = f"https://localhost:{port}"
        self.folder = folder
        self._api = Api(port, ca, host="localhost")
        self.key = Key()
        self.kid = ""
        self.last_nonce = ""

    def nonce(self) -> str:
        return self._api.request("HEAD", "/acme/new-nonce").expect(200).headers["replay-nonce"]

    def send(self, path: str, body: Any, **kept: Any) -> Answer:
        sent = body if isinstance(body, (bytes, str)) else json.dumps(body)
        return self._api.post(path, sent, headers={"Content-Type": "application/jose+json", **kept})

    def post(self, path: str, payload: Any = None, *, jwk: bool = False, key: Key | None = None,
             **header: Any) -> Answer:
        """`header` replaces members of the protected header; None takes one away."""
        key = key or self.key
        protected = {"alg": "ES256", "nonce": self.nonce(), "url": self.base + path,
                     **({"jwk": key.jwk} if jwk or not self.kid else {"kid": self.kid}), **header}
        protected = {name: value for name, value in protected.items() if value is not None}
        self.last_nonce = protected.get("nonce", "")
        answer = self.send(path, key.jws(protected, payload))
        assert answer.headers["replay-nonce"], answer
        return answer

    def binding(self, eab: dict[str, str], *, key: Key | None = None, **header: Any) -> dict[str, str]:
        protected = {"alg": "HS256", "kid": eab["kid"], "url": self.base + "/acme/new-account", **header}
        guarded, body = b64_json(protected), b64_json((key or self.key).jwk)
        secret = base64.urlsafe_b64decode(eab["hmac_key"] + "=")
        mac = hmac.new(secret, f"{guarded}.{body}".encode(), hashlib.sha256).digest()
        return {"protected": guarded, "payload": body, "signature": b64(mac)}

    def register(self, eab: dict[str, str]) -> AcmeClient:
        answer = self.post("/acme/new-account", {"termsOfServiceAgreed": True,
                                                 "externalAccountBinding": self.binding(eab)}, jwk=True)
        self.kid = answer.expect(200, 201).headers["location"]
        return self

    def path(self, url: str) -> str:
        assert url.startswith(self.base), url
        return url[len(self.base):]

    def order(self, names: list[str]) -> Answer:
        return self.post("/acme/new-order", {"identifiers": [{"type": "dns", "value": name} for name in names]})

    def finalize(self, order: Answer, names: list[str], *, key: pathlib.Path | None = None) -> tuple[pathlib.Path, Answer]:
        """(the certificate's key, the answer)"""
        made, pem = new_csr(self.folder, names, key=key)
        der = base64.b64decode("".join(pem.splitlines()[1:-1]))
        return made, self.post(self.path(order.json["finalize"]), {"csr": b64(der)})

    def certificate_der(self, pem: bytes) -> str:
        """base64url, as revokeCert wants it."""
        text = openssl("x509", stdin=pem.decode())
        return b64(base64.b64decode("".join(text.splitlines()[1:-1])))
