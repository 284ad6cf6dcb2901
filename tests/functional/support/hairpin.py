"""One hairpind: its folder, its configuration, its life."""

from __future__ import annotations

import os
import pathlib
import subprocess
from collections.abc import Callable
from typing import Any

from support.dns import Resolver
from support.http import Api
from support.ports import free_port
from support.process import PATIENCE, Process, wait_until
from support.tls import TestCa

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("HAIRPIN_BUILD", ROOT / "build" / "dev"))
PROGRAM = BUILD / "daemon" / "hairpind"


def run_hairpind(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs a command of hairpind to its end."""
    return subprocess.run([str(PROGRAM), *map(str, arguments)], text=True, capture_output=True,
                          check=False, timeout=PATIENCE, stdin=subprocess.DEVNULL, **options)


class Hairpin:
    """A server of its own in `folder`, on free loopback ports, not started until `start()`.

    `config` holds lines to add to or put in place of the sample below, by section:
    {"acme": {"directory": ".."}}. Public names may hold the documentation ranges (RFC 5737, 3849).
    """

    def __init__(self, folder: pathlib.Path, ca: TestCa, config: dict[str, dict[str, Any]] | None = None):
        self.folder = folder
        self._ca = ca
        self.dns_port, self.http_port = free_port(), free_port()
        self.data_dir = folder / "state"
        self.config_path = folder / "hairpin.toml"
        tls = ca.issue("api")
        self.config: dict[str, dict[str, Any]] = {
            "": {"version": 1, "data_dir": str(self.data_dir)},
            "log": {"level": "debug"},
            "dns": {"listen": [f"127.0.0.1:{self.dns_port}", f"[::1]:{self.dns_port}"], "workers": 2},
            "http": {"listen": [f"127.0.0.1:{self.http_port}"], "server_name": "localhost",
                     "certificate": str(tls.certificate), "key": str(tls.key)},
            "names": {"base": "example.net.", "nameservers": ["ns1.example.net.", "ns2.example.net."],
                      "hostmaster": "hostmaster.example.net.",
                      "public_also": ["203.0.113.0/24", "198.51.100.0/24", "2001:db8::/32"]},
            "acme": {"directory": ""},
            "store": {"url": "sqlite:hairpin.db"},
        }
        for section, options in (config or {}).items():
            self.config.setdefault(section, {}).update(options)
        self.token = ""
        self.process: Process | None = None
        self.dns = Resolver(self.dns_port)
        self._starts = 0

    def write_config(self) -> None:
        def shown(value: Any) -> str:
            if isinstance(value, bool):
                return str(value).lower()
            if isinstance(value, list):
                return "[" + ", ".join(shown(each) for each in value) + "]"
            return f'"{value}"' if isinstance(value, str) else str(value)

        text = ""
        for section, options in self.config.items():
            text += f"[{section}]\n" if section else ""
            text += "".join(f"{key} = {shown(value)}\n" for key, value in options.items()) + "\n"
        self.config_path.write_text(text)

    def init(self) -> Hairpin:
        """`hairpind init`: keeps the first operator token."""
        self.write_config()
        run = run_hairpind("init", "--config", self.config_path)
        assert run.returncode == 0, run.stderr
        self.token = run.stdout.strip()
        return self

    def start(self, *, before: Callable[[], None] | None = None,
              environment: dict[str, str] | None = None) -> Hairpin:
        """Starts `hairpind serve` and waits until it says that it is ready."""
        if not self.token:
            self.init()
        self.write_config()
        self._starts += 1
        self.process = Process([PROGRAM, "serve", "--config", self.config_path],
                               self.folder / f"hairpind-{self._starts}.log", before=before,
                               environment=environment)
        wait_until(self.is_ready, "hairpind is ready")
        return self

    def is_ready(self) -> bool:
        assert self.process is not None
        assert self.process.status is None, f"hairpind ended:\n{self.process.log()}"
        try:
            return Api(self.http_port, self._ca.certificate).get("/readyz", timeout=5).status == 200
        except OSError:
            return False

    @property
    def api(self) -> Api:
        """The API as operator; a new connection each time."""
        return self.as_holder(self.token)

    @property
    def anyone(self) -> Api:
        return self.as_holder(None)

    def as_holder(self, token: str | None) -> Api:
        return Api(self.http_port, self._ca.certificate, token)

    def new_server(self, licence: str = "acme", label: str | None = None) -> dict[str, Any]:
        """Makes the licence where it is missing, and a server in it; the 201's document."""
        operator = self.api
        if operator.get(f"/v1/licences/{licence}").status == 404:
            operator.post("/v1/licences", {"licence": licence}).expect(201)
        body = {} if label is None else {"label": label}
        return operator.post(f"/v1/licences/{licence}/servers", body).expect(201).json

    def logs(self) -> str:
        """Everything that any start of this server has said."""
        return "".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("hairpind-*.log")))

    def stop(self) -> int:
        assert self.process is not None
        return self.process.terminate()

    def operator_environment(self) -> dict[str, str]:
        """What `hairpin` needs to be the operator's."""
        token = self.folder / "operator.token"
        token.write_text(self.token)
        token.chmod(0o600)
        return {**os.environ, "HAIRPIN_URL": f"https://localhost:{self.http_port}", "HAIRPIN_TOKEN_FILE": str(token),
                "HAIRPIN_CA_FILE": str(self._ca.certificate)}

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`hairpin`, as the operator types it."""
        return subprocess.run([str(BUILD / "cli" / "hairpin"), *arguments], text=True, capture_output=True, check=False,
                              timeout=60, env=self.operator_environment())

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()

    def end(self) -> None:
        if self.process is not None:
            self.process.end()
