"""Certificates for fake_ca.py: right ones, and ones that are wrong in one way."""

from __future__ import annotations

import base64
import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_BACKDATED = datetime.timedelta(hours=1)  # As Let's Encrypt does.


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)] if text else [])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


class Authority:
    """A name with a key, certified by itself or by another."""

    def __init__(self, name: str, by: Authority | None = None):
        self.name, self.key = name, ec.generate_private_key(ec.SECP256R1())
        self.certificate = self.certify(self, by or self)

    @staticmethod
    def certify(subject: Authority, by: Authority) -> x509.Certificate:
        now = datetime.datetime.utcnow()
        return (x509.CertificateBuilder().subject_name(_name(subject.name)).issuer_name(_name(by.name))
                .public_key(subject.key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=999))
                .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(subject.key.public_key()), critical=False)
                .sign(by.key, hashes.SHA256()))


class Issuer:
    """One intermediate under two roots ("fake root A", the usual one, and "fake root B")."""

    def __init__(self) -> None:
        self.roots = [Authority("fake root A"), Authority("fake root B")]
        self._intermediate = Authority("fake intermediate", self.roots[0])
        self._crossed = Authority.certify(self._intermediate, self.roots[1])
        self._stranger = Authority("a stranger")
        # Knobs.
        self.lifetime = datetime.timedelta(days=20)
        self.wrong_key = False    # The next certificate is for a key that nobody asked for.
        self.wrong_chain = False  # The next one comes with an issuer that did not sign it.
        self.age = datetime.timedelta()  # The next ones are so old already.

    def issue(self, csr_der: bytes, names: list[str], common_name: bool) -> tuple[list[str], str, x509.Certificate]:
        """Its chains as PEM, the usual one first; its identifier (RFC 9773 section 4.1); the leaf."""
        csr = x509.load_der_x509_csr(csr_der)
        assert csr.is_signature_valid
        key = csr.public_key()
        if self.wrong_key:
            key, self.wrong_key = ec.generate_private_key(ec.SECP256R1()).public_key(), False
        begin = datetime.datetime.utcnow() - _BACKDATED - self.age
        leaf = (x509.CertificateBuilder().subject_name(_name(names[0] if common_name else ""))
                .issuer_name(_name(self._intermediate.name)).public_key(key)
                .serial_number(x509.random_serial_number())
                .not_valid_before(begin).not_valid_after(begin + self.lifetime)
                .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
                .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                    self._intermediate.key.public_key()), critical=False)
                .sign(self._intermediate.key, hashes.SHA256()))
        issuers = [self._intermediate.certificate, self._crossed]
        if self.wrong_chain:
            issuers, self.wrong_chain = [self._stranger.certificate] * 2, False
        return [_pem(leaf) + _pem(issuer) for issuer in issuers], cert_id(leaf), leaf


def cert_id(leaf: x509.Certificate) -> str:
    """RFC 9773 section 4.1."""
    key = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    serial = leaf.serial_number
    return _b64(key) + "." + _b64(serial.to_bytes(serial.bit_length() // 8 + 1, "big"))
