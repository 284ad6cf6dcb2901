"""Questions to a name server: by dnspython for facts, by stock programs for compatibility."""

from __future__ import annotations

import subprocess

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype


class Resolver:
    """Asks one authoritative server and does not interpret."""

    def __init__(self, port: int, *, host: str = "127.0.0.1"):
        self.host, self.port = host, port

    def ask(self, name: str, rtype: str = "A", *, tcp: bool = False, timeout: float = 10,
            **options) -> dns.message.Message:
        query = dns.message.make_query(name, rtype, **options)
        query.flags &= ~dns.flags.RD
        send = dns.query.tcp if tcp else dns.query.udp
        return send(query, self.host, timeout=timeout, port=self.port)

    def rdata(self, name: str, rtype: str = "A") -> list[str]:
        """The RDATA of the answer section for this type as sorted texts; [] where there is none."""
        answer = self.ask(name, rtype)
        wanted = dns.rdatatype.from_text(rtype)
        return sorted(rr.to_text() for rrset in answer.answer if rrset.rdtype == wanted for rr in rrset)

    def rcode(self, name: str, rtype: str = "A") -> str:
        return dns.rcode.to_text(self.ask(name, rtype).rcode())

    def serial(self, zone: str) -> int:
        return int(self.rdata(zone, "SOA")[0].split()[2])

    def run(self, *arguments: str) -> str:
        """Runs a stock client (dig, kdig, drill) against this server; its output."""
        program, *rest = arguments
        port = ["-p", str(self.port)]
        run = subprocess.run([program, *port, f"@{self.host}", *rest], text=True, capture_output=True,
                             check=False, timeout=60)
        assert run.returncode == 0, f"{program} {' '.join(rest)}: {run.stdout}{run.stderr}"
        return run.stdout
