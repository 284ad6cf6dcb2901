"""A hairpind with pebble as its CA, and a customer's server that knows its EAB key and nothing else."""

from __future__ import annotations

import pathlib

from support.acme_client import AcmeClient


class FrontSite:
    def __init__(self, make_hairpin, make_pebble, ca, folder: pathlib.Path):
        self.ca, self.folder = ca, folder
        self.hairpin = make_hairpin()
        self.pebble = make_pebble(self.hairpin.dns_port)
        self.hairpin.config["acme"] = {"directory": self.pebble.directory, "ca_file": str(self.pebble.ca_file)}
        self.hairpin.start()
        self.server = self.hairpin.new_server()
        self.eab = self.server["acme"]
        self.directory = f"https://localhost:{self.hairpin.http_port}/acme/directory"

    def client(self) -> AcmeClient:
        """With an account of the server's."""
        return AcmeClient(self.hairpin.http_port, self.ca.certificate, self.folder).register(self.eab)
