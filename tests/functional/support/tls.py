"""A throw-away CA and certificates for servers on loopback, by the openssl program."""

from __future__ import annotations

import dataclasses
import pathlib
import subprocess


def openssl(*arguments: object, stdin: str | None = None) -> str:
    run = subprocess.run(["openssl", *map(str, arguments)], input=stdin, text=True,
                         capture_output=True, check=False)
    assert run.returncode == 0, f"openssl {' '.join(map(str, arguments))}\n{run.stderr}"
    return run.stdout


def _new_key(folder: pathlib.Path, name: str) -> pathlib.Path:
    key = folder / f"{name}.key"
    openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
    return key


@dataclasses.dataclass(frozen=True)
class Certificate:
    certificate: pathlib.Path
    key: pathlib.Path


class TestCa:
    """Signs certificates for localhost and 127.0.0.1."""

    __test__ = False  # Not a test, whatever its name begins with.

    def __init__(self, folder: pathlib.Path):
        self._folder = folder
        self._key = _new_key(folder, "ca")
        self.certificate = folder / "ca.pem"
        openssl("req", "-x509", "-new", "-key", self._key, "-days", 2, "-subj", "/CN=test CA",
                "-addext", "basicConstraints=critical,CA:TRUE", "-out", self.certificate)

    def issue(self, name: str) -> Certificate:
        key = _new_key(self._folder, name)
        extensions = self._folder / f"{name}.ext"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\n"
                              "extendedKeyUsage=serverAuth\n")
        request = openssl("req", "-new", "-key", key, "-subj", "/CN=localhost")
        certificate = self._folder / f"{name}.pem"
        openssl("x509", "-req", "-CA", self.certificate, "-CAkey", self._key, "-set_serial",
                f"0x{abs(hash(name)):x}", "-days", 2, "-extfile", extensions, "-out", certificate,
                stdin=request)
        return Certificate(certificate, key)


def new_csr(folder: pathlib.Path, names: list[str], *, key: pathlib.Path | None = None) -> tuple[pathlib.Path, str]:
    """(key file, CSR as PEM): what a server makes at its own place."""
    key = key or _new_key(folder, "server")
    subject_names = ",".join(f"DNS:{name}" for name in names)
    return key, openssl("req", "-new", "-key", key, "-subj", f"/CN={names[0]}",
                        "-addext", f"subjectAltName={subject_names}")
