"""One program that we started, its log, and a sure end."""

from __future__ import annotations

import contextlib
import os
import pathlib
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

# Sanitizers make everything slower; a wait is a bound, never a measure.
PATIENCE = 60.0


def wait_until(true: Callable[[], object], what: str, *, seconds: float = PATIENCE, every: float = 0.02):
    """Calls `true` until it answers something true, and returns that; fails naming `what`."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := true():
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s for: {what}")
        time.sleep(every)


class Process:
    """A program in the background with its output in `log`."""

    def __init__(self, arguments: Sequence[object], log: pathlib.Path, *,
                 environment: Mapping[str, str] | None = None, cwd: pathlib.Path | None = None,
                 before: Callable[[], None] | None = None):
        self.arguments = [str(argument) for argument in arguments]
        self.log_path = log
        with open(log, "ab") as output:
            self._child = subprocess.Popen(
                self.arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                cwd=cwd, env={**os.environ, **(environment or {})}, preexec_fn=before)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._child.poll()

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def signal(self, number: signal.Signals) -> None:
        self._child.send_signal(number)

    def wait(self, seconds: float = PATIENCE) -> int:
        try:
            return self._child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.arguments[0]} did not end in {seconds} s:\n{self.log()}") from None

    def terminate(self) -> int:
        """SIGTERM, and the status it ends with."""
        if self.status is None:
            self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """SIGKILL: as a power cut, as far as the process can tell."""
        if self.status is None:
            self.signal(signal.SIGKILL)
        self.wait()

    def end(self) -> None:
        """For the end of a test: gone, however that has to happen."""
        with contextlib.suppress(AssertionError, ProcessLookupError):
            if self.status is None:
                self.signal(signal.SIGTERM)
                self.wait(15)
        if self.status is None:
            self.kill()
