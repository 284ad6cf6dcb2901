"""Runs a slow check on many files at once and remembers what passed.

The proof of a file is the hash of its text, of every header of ours that it reaches, and of what
the check itself depends on; while none of them changes, the file is not checked again, in another clone
neither. Proofs live beside the compiler's cache, and nothing but time is lost when they are deleted.
"""

from __future__ import annotations

import functools
import hashlib
import os
import pathlib
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sources import ROOT, text

CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "hairpin-lint"
KEPT_DAYS = 30

OURS = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


@functools.cache
def reached(path: str) -> frozenset[str]:
    """The file and every header of ours that it includes, directly or not."""
    todo, seen = [path], set()
    while todo:
        current = todo.pop()
        if current not in seen and (ROOT / current).is_file():
            seen.add(current)
            todo += OURS.findall(text(current))
    return frozenset(seen)


class Proofs:
    """The files that passed one check, under circumstances that are part of the proof."""

    def __init__(self, check: str, paths: Iterable[str], circumstances: str):
        self._store = CACHE / check
        self._store.mkdir(parents=True, exist_ok=True)
        self._names = {path: self._name(path, circumstances) for path in paths}
        oldest = time.time() - KEPT_DAYS * 86_400
        for proof in self._store.iterdir():
            if proof.name in self._names.values():
                proof.touch()
            elif proof.stat().st_mtime < oldest:
                proof.unlink(missing_ok=True)

    @staticmethod
    def _name(path: str, circumstances: str) -> str:
        digest = hashlib.sha256(f"{path}\0{circumstances}".encode())
        for name in sorted(reached(path)):
            digest.update(f"\0{name}\0{text(name)}".encode())
        return digest.hexdigest()

    def missing(self) -> list[str]:
        return [path for path, name in self._names.items() if not (self._store / name).exists()]

    def add(self, path: str) -> None:
        (self._store / self._names[path]).touch()


def in_parallel(groups: Sequence[Sequence[str]], check: Callable[[Sequence[str]], str]) -> list[str]:
    """What `check` finds in each group, in order; says on standard error how far it is."""
    done: list[str] = []

    def one(group: Sequence[str]) -> str:
        found = check(group).strip()
        done.extend(group)
        print(f"[{len(done)}/{sum(map(len, groups))}] {group[-1]}", file=sys.stderr, flush=True)
        return found

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return [found for found in pool.map(one, groups) if found]
