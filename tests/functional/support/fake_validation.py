"""How fake_ca.py validates: it asks our name server, from several perspectives, and looks at CAA."""

from __future__ import annotations

import base64
import hashlib
import socket
import threading

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


def _sees_value(port: int, name: str, value: str) -> bool:
    answer = _ask(port, f"_acme-challenge.{name}", "TXT")
    return value.encode() in [b"".join(record.strings) for record in _records(answer, "TXT")]


def _forbidding_caa(port: int, name: str, ca: str) -> str | None:
    """The name whose CAA records forbid this CA (RFC 8659 section 3), if there is one."""
    at = dns.name.from_text(name)
    while len(at) > 2:
        answer = _ask(port, at.to_text(), "CAA")
        if answer.rcode() == dns.rcode.REFUSED:
            return None  # Above what this name server has.
        assert answer.rcode() in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN), answer
        records = _records(answer, "CAA")
        issuers = [record.value.decode().partition(";")[0].strip() for record in records if record.tag == b"issue"]
        if records:
            return None if ca in issuers or not issuers else at.to_text(omit_final_dot=True)
        at = at.parent()
    return None


def refusal(ports: list[int], may_disagree: int, ca: str, name: str, value: str) -> dict | None:
    """The problem of a challenge that fails, or None. A perspective is a port to ask."""
    if forbidding := _forbidding_caa(ports[0], name, ca):
        return {"type": "caa", "detail": f"CAA record for {forbidding} prevents issuance"}
    seen = [_sees_value(port, name, value) for port in ports]
    if not seen[0]:
        return {"type": "unauthorized", "detail": f"No TXT record found at _acme-challenge.{name}"}
    if seen.count(False) > may_disagree:
        return {"type": "unauthorized", "detail":
                f"During secondary validation: No TXT record found at _acme-challenge.{name} "
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
