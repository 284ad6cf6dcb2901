"""The signatures of ACME (RFC 7515, RFC 8555 section 6.2) as a CA checks them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    assert not text.endswith("=") and "+" not in text and "/" not in text, text
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def thumbprint(jwk: dict[str, str]) -> str:
    return b64(hashlib.sha256(key_text(jwk).encode()).digest())


def key_text(jwk: dict[str, str]) -> str:
    """One text for one key (RFC 7638 section 3)."""
    return json.dumps({name: jwk[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))


def read(jws: dict[str, str]) -> tuple[dict[str, Any], Any]:
    """Header and payload, unverified."""
    text = unb64(jws["payload"])
    return json.loads(unb64(jws["protected"])), json.loads(text) if text else None


def is_signed_by(jws: dict[str, str], jwk: dict[str, str]) -> bool:
    """ES256 by the key."""
    raw = unb64(jws["signature"])
    numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(unb64(jwk["x"]), "big"),
                                            int.from_bytes(unb64(jwk["y"]), "big"), ec.SECP256R1())
    signature = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    try:
        numbers.public_key().verify(signature, f"{jws['protected']}.{jws['payload']}".encode(),
                                    ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return len(raw) == 64


def is_mac_by(jws: dict[str, str], key: bytes) -> bool:
    """HS256 by the key."""
    mac = hmac.new(key, f"{jws['protected']}.{jws['payload']}".encode(), hashlib.sha256).digest()
    return hmac.compare_digest(mac, unb64(jws["signature"]))
