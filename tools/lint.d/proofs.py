"""Runs a slow check on many files at once and remembers what passed.

The proof of a file is the hash of its text, of every header of ours that it reaches, and of what
the check itself depends on; while none of them changes, the file is not checked again. Proofs live
in build/lint/, and nothing but time is lost when they are deleted.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from sources import ROOT, text

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


def proof(path: str, circumstances: str) -> str:
    digest = hashlib.sha256(circumstances.encode())
    for name in sorted(reached(path)):
        digest.update(f"\0{name}\0{text(name)}".encode())
    return digest.hexdigest()


def check_all(
    name: str, paths: Iterable[str], circumstances: str, check: Callable[[str], str]
) -> list[str]:
    """Calls `check` for each path without a proof; it answers findings, or nothing. In order."""
    store = ROOT / "build" / "lint" / name
    store.mkdir(parents=True, exist_ok=True)
    paths = list(paths)
    wanted = {path: proof(path, circumstances) for path in paths}
    open_ = [path for path in paths if not (store / wanted[path]).exists()]
    findings: dict[str, str] = {}

    def one(path: str) -> None:
        findings[path] = check(path).strip()
        if not findings[path]:
            (store / wanted[path]).touch()
        print(f"[{len(findings)}/{len(open_)}] {path}", file=sys.stderr, flush=True)

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        list(pool.map(one, open_))
    for stale in set(os.listdir(store)) - set(wanted.values()):
        (store / stale).unlink()
    return [findings[path] for path in open_ if findings[path]]
