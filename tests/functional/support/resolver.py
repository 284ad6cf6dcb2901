"""A real recursive resolver on loopback: BIND, with the parent zone and forwarding to the child's server."""

from __future__ import annotations

import pathlib

import dns.exception
from support.dns import Resolver
from support.name_server import NameServer
from support.ports import free_port
from support.process import wait_until

PARENT = """$ORIGIN example.net.
@ 60 IN SOA ns.example.net. hostmaster.example.net. 1 60 60 600 60
@ 60 IN NS ns.example.net.
ns 60 IN A 127.0.0.1
"""


class BindResolver(NameServer):
    """Has example.net itself (with `records`) and finds what is delegated there at 127.0.0.1:`child_port`."""

    program = "named"

    def __init__(self, folder: pathlib.Path, records: str, child: str, child_port: int,
                 more: dict[str, int] | None = None):
        """more: other children, and the ports of their servers."""
        super().__init__(folder)
        self.port, self._children = free_port(), {child: child_port, **(more or {})}
        folder.mkdir(parents=True)
        (folder / "zone").write_text(PARENT + records)

    def config(self) -> str:
        children = "".join(
            f'zone "{child}" {{ type forward; forward only; forwarders {{ 127.0.0.1 port {port}; }}; }};\n'
            for child, port in self._children.items())
        return f"""
options {{
    directory "{self.folder}";
    listen-on port {self.port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    pid-file "{self.folder}/named.pid";
    session-keyfile "{self.folder}/session.key";
    managed-keys-directory "{self.folder}";
    lock-file none;
    recursion yes;
    allow-recursion {{ 127.0.0.1; }};
    dnssec-validation no;
    minimal-responses yes;
    max-cache-ttl 1;
    max-ncache-ttl 1;
}};
controls {{ }};
zone "." {{ type primary; file "root"; }};
zone "example.net" {{ type primary; file "zone"; }};
{children}"""

    def command(self, config: pathlib.Path) -> list[object]:
        return ["/usr/sbin/named", "-g", "-n", "1", "-c", config]

    def __enter__(self) -> BindResolver:
        # A root of its own, so that nothing is ever asked outside.
        (self.folder / "root").write_text("$ORIGIN .\n@ 60 IN SOA ns. hostmaster. 1 60 60 600 60\n@ 60 IN NS ns.\n"
                                          "ns 60 IN A 127.0.0.1\nnet 60 IN TXT \"none of your business\"\n")
        self.run()
        wait_until(self._is_up, "the resolver is up", every=0.1)
        return self

    def _is_up(self) -> bool:
        assert self._process is not None and self._process.status is None, self.log()
        try:
            return bool(Resolver(self.port).serial("example.net."))
        except (dns.exception.DNSException, OSError, IndexError):
            return False

    def __exit__(self, *_: object) -> None:
        self.end()
