"""`hairpin` as an operator types it."""

from __future__ import annotations

import os
import pathlib
import subprocess

from support.hairpin import BUILD, Hairpin
from support.tls import TestCa


def run_cli(hairpin: Hairpin, ca: TestCa, folder: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    token = folder / "token"
    if not token.exists():
        token.write_text(hairpin.token)
        token.chmod(0o600)
    return subprocess.run(
        [str(BUILD / "cli" / "hairpin"), *arguments], text=True, capture_output=True, check=False, timeout=60,
        env={**os.environ, "HAIRPIN_URL": f"https://localhost:{hairpin.http_port}",
             "HAIRPIN_TOKEN_FILE": str(token), "HAIRPIN_CA_FILE": str(ca.certificate)})
