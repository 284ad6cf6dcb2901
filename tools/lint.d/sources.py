"""What the checks of tools/lint.d share: our files, and how a finding is told.

Every check is a program: it prints findings as `path:line: sentence` and ends with status 1 when
there is one.
"""

from __future__ import annotations

import os
import pathlib
import sys
from collections.abc import Iterable, Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODULES = ("core", "net", "zones", "store", "dnsd", "observer", "relay", "acme", "hooks", "agent", "admin", "cli", "daemon")
CPP = (".cpp", ".hpp")
SKIPPED = {"build", ".git", "__pycache__", ".pytest_cache", "node_modules"}


def files(*, under: Iterable[str] = (".",), suffixes: Iterable[str] | None = None) -> Iterator[str]:
    """Our files as paths relative to the root, in order."""
    for top in under:
        for folder, folders, names in os.walk(ROOT / top):
            folders[:] = sorted(f for f in folders if f not in SKIPPED)
            for name in sorted(names):
                path = pathlib.Path(folder, name)
                if suffixes is None or path.suffix in suffixes:
                    yield str(path.relative_to(ROOT))


def text(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def lines(path: str) -> Iterator[tuple[int, str]]:
    return enumerate(text(path).splitlines(), start=1)


def finish(findings: Iterable[str]) -> None:
    told = list(findings)
    print("\n".join(told), end="\n" if told else "")
    sys.exit(1 if told else 0)
