"""How fake_ca.py validates: it asks our name server, from several perspectives, and looks at CAA."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import socket
import threading
import time
from collections.abc import Callable

import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype


def _ask(port: int, name: str, kind: str) -> dns.message.Message:
    question = dns.message.make_query(name, kind, use_edns=True)
    return dns.query.udp_with_fallback(question, "127.0.0.1", timeout=5, port=port)[0]


def _records(answer: dns.message.Message, kind: str) -> list:
    return [record for rrset in answer.answer if rrset.rdtype == dns.rdatatype.from_text(kind) for record in rrset]


def challenge_value(token: str, thumbprint: str) -> str:
    digest = hashlib.sha256(f"{token}.{thumbprint}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@dataclasses.dataclass
class Account:
    ca: str   # What CAA records call the CA.
    url: str


@dataclasses.dataclass
class Wanted:
    """A TXT record at `label`.<name>, as the method of validation wants it."""

    method: str
    label: str
    is_right: Callable[[str], bool]


def challenge(value: str) -> Wanted:
    return Wanted("dns-01", "_acme-challenge", lambda text: text == value)


def persistent(ca: str, account_uri: str) -> Wanted:
    """draft-ietf-acme-dns-persist section 4: an issue-value that has not ended."""
    def is_right(text: str) -> bool:
        issuer, *parameters = [part.strip() for part in text.split(";")]
        tags = [part.partition("=")[0] for part in parameters]
        values = dict(part.split("=", 1) for part in parameters)
        assert len(set(tags)) == len(tags) and "" not in tags, text
        assert "policy" not in values, text
        return (issuer == ca and values["accounturi"] == account_uri
                and time.time() < int(values["persistUntil"]) < time.time() + 31 * 86400)
    return Wanted("dns-persist-01", "_validation-persist", is_right)


def account_uris(name: str, account_url: str, thumbprint: str, prefix: str) -> dict[str, str]:
    """What each draft calls an account."""
    hashed = bytes([len(name)]) + f"{name}{thumbprint}{account_url}".encode()
    digest = base64.urlsafe_b64encode(hashlib.sha256(hashed).digest()).rstrip(b"=").decode()
    return {"draft-01": account_url, "draft-02": f"{prefix}sha-256/{digest}"}


def _sees_value(port: int, name: str, wanted: Wanted) -> bool:
    answer = _ask(port, f"{wanted.label}.{name}", "TXT")
    return any(wanted.is_right(b"".join(record.strings).decode()) for record in _records(answer, "TXT"))


def _lets_issue(value: str, account: Account, method: str) -> bool:
    """RFC 8659 section 4.2, RFC 8657."""
    issuer, *parameters = [part.strip() for part in value.split(";")]
    values = dict(part.split("=", 1) for part in parameters if part)
    return (issuer == account.ca and values.get("accounturi", account.url) == account.url
            and method in values.get("validationmethods", method).split(","))


def _forbidding_caa(port: int, name: str, account: Account, method: str) -> str | None:
    """The name whose CAA records forbid this CA (RFC 8659 section 3), if there is one."""
    at = dns.name.from_text(name)
    while len(at) > 2:
        answer = _ask(port, at.to_text(), "CAA")
        if answer.rcode() == dns.rcode.REFUSED:
            return None  # Above what this name server has.
        assert answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN), answer
        records = _records(answer, "CAA")
        issuers = [record.value.decode() for record in records if record.tag == b"issue"]
        if records:
            is_allowed = not issuers or any(_lets_issue(each, account, method) for each in issuers)
            return None if is_allowed else at.to_text(omit_final_dot=True)
        at = at.parent()
    return None


def _broken_dnssec(parent: int, port: int, name: str) -> str | None:
    """The zone that has a DS at its parent and no key of its own (RFC 4035 section 5.2), if there is one."""
    at = dns.name.from_text(name)
    while len(at) > 2:
        if _records(_ask(parent, at.to_text(), "DS"), "DS") and not _records(_ask(port, at.to_text(), "DNSKEY"), "DNSKEY"):
            return at.to_text(omit_final_dot=True)
        at = at.parent()
    return None


def refusal(ports: list[int], may_disagree: int, account: Account, name: str, wanted: Wanted,
            parent: int | None) -> dict | None:
    """The problem of a challenge that fails, or None. A perspective is a port to ask."""
    if parent and (bogus := _broken_dnssec(parent, ports[0], name)):
        return {"type": "dns", "detail": f"DNSSEC: DNSKEY Missing: validation failure <{bogus}. DNSKEY IN>"}
    if forbidding := _forbidding_caa(ports[0], name, account, wanted.method):
        return {"type": "caa", "detail": f"CAA record for {forbidding} prevents issuance"}
    where = f"{wanted.label}.{name}"
    seen = [_sees_value(port, name, wanted) for port in ports]
    if not seen[0]:
        return {"type": "unauthorized", "detail": f"No TXT record found at {where}"}
    if seen.count(False) > may_disagree:
        return {"type": "unauthorized", "detail":
                f"During secondary validation: No TXT record found at {where} "
                f"({seen.count(True)} of {len(seen)} perspectives agree)"}
    return None


class EmptyNameServer:
    """Answers every question over UDP with no records: a secondary that lags behind."""

    def __enter__(self) -> EmptyNameServer:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.2)
        self.port = self._socket.getsockname()[1]
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def _serve(self) -> None:
        while not self._ends.is_set():
            try:
                question, client = self._socket.recvfrom(4096)
            except TimeoutError:
                continue
            answer = dns.message.make_response(dns.message.from_wire(question))
            self._socket.sendto(answer.to_wire(), client)

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()
        self._socket.close()
