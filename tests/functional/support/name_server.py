"""What the real name servers of tests have in common: a process, a folder, a log."""

from __future__ import annotations

import pathlib
import shutil
import tempfile

from support.process import Process


class NameServer:
    program = ""

    def __init__(self, folder: pathlib.Path):
        self.folder = folder
        # A path of a socket has at most 107 octets; a test's folder is often longer.
        self.short = pathlib.Path(tempfile.mkdtemp(prefix="hp-"))
        self._process: Process | None = None

    def run(self) -> None:
        config = self.folder / f"{self.program}.conf"
        config.write_text(self.config())
        self._process = Process(self.command(config), self.folder / f"{self.program}.log", cwd=self.folder)

    def log(self) -> str:
        return "".join(path.read_text(errors="replace") for path in self.folder.glob("*.log"))

    def end(self) -> None:
        if self._process is not None:
            self._process.end()
        shutil.rmtree(self.short, ignore_errors=True)

    # Of each kind.
    def config(self) -> str:
        raise NotImplementedError

    def command(self, config: pathlib.Path) -> list[object]:
        raise NotImplementedError
