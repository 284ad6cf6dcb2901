"""clang-tidy over the sources of the product, the fuzz targets and the benchmarks.

Most of its time goes into headers, so up to BATCH sources of a folder are looked at in one go, by a
file that includes them; only where that does not compile or finds something is each looked at by itself. What the
build does not unite (ALONE in a folder's CMakeLists.txt) is not united here either.
The compile commands come from a configure step of its own, without precompiled headers. The unit
tests are left out: what Catch2's macros expand to is not ours to judge.
"""

import itertools
import json
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence

from proofs import Proofs, in_parallel
from sources import MODULES, ROOT, files, finish, text

TIDY = "clang-tidy-14"
BATCH = 20
LINT = ROOT / "build" / "lint"
BUILD = LINT / "commands"
FOLDERS = (*MODULES, "tests/fuzz", "bench")
OURS = rf"({'|'.join(FOLDERS)})/.*\.(hpp|cpp)$"
CONFIGURE = [
    "cmake", "-G", "Ninja", "-S", ".", "-B", str(BUILD), "-DCMAKE_CXX_COMPILER=clang++-14",
    "-DCMAKE_BUILD_TYPE=Debug", "-DHAIRPIN_PCH=OFF", "-DHAIRPIN_UNITY=OFF", "-DHAIRPIN_FUZZ=ON", "-DHAIRPIN_BENCH=ON",
    "-DHAIRPIN_TESTS=OFF",
]  # fmt: skip


def configure() -> dict[str, list[str]]:
    """The flags that decide what a source means, by its path."""
    run = subprocess.run(CONFIGURE, cwd=ROOT, text=True, capture_output=True, check=False)
    if run.returncode != 0:
        sys.exit(f"cmake: cannot configure {BUILD}\n{run.stderr}")
    flags = {}
    for command in json.loads((BUILD / "compile_commands.json").read_text()):
        path = pathlib.Path(command["file"]).resolve()
        if path.is_relative_to(ROOT):
            words = shlex.split(command["command"])
            told = [
                word
                for before, word in itertools.pairwise(words)
                if before == "-isystem" or word.startswith(("-I", "-isystem", "-D", "-std=", "-W"))
            ]
            flags[str(path.relative_to(ROOT))] = told
    return flags


def run_tidy(source: pathlib.Path, flags: Sequence[str]) -> str:
    """What is found in our files, in the words of the compiler."""
    run = subprocess.run(
        [TIDY, "--quiet", f"--header-filter={OURS}", str(source), "--", "-x", "c++", *flags],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    # A header is reached through its stage; the reader knows it by its place in the tree.
    found = re.sub(rf"{re.escape(str(BUILD))}/stage/\w+/|{re.escape(str(ROOT))}/", "", run.stdout)
    return found or ("" if run.returncode == 0 else run.stderr)


def check(group: Sequence[str]) -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".cpp", dir=LINT) as batch:
        batch.write("".join(f'#include "{ROOT / path}"\n' for path in group))
        batch.flush()
        clean = len(group) > 1 and not run_tidy(pathlib.Path(batch.name), flags[group[0]])
    findings = "" if clean else "".join(check_alone(path) for path in group)
    if clean:
        for path in group:
            proofs.add(path)
    return findings


def check_alone(path: str) -> str:
    found = run_tidy(ROOT / path, flags[path])
    if not found:
        proofs.add(path)
    return found


def batches(paths: Sequence[str]) -> list[list[str]]:
    groups = []
    for _, folder in itertools.groupby(paths, key=lambda path: path.rsplit("/", 1)[0]):
        together = list(folder)
        # A program of one file has a main() of its own.
        alone = set(together) if together[0].startswith(("bench", "tests")) else compiled_alone(together[0])
        groups += [[path] for path in together if path in alone]
        together = [path for path in together if path not in alone]
        groups += [together[at : at + BATCH] for at in range(0, len(together), BATCH)]
    # The long ones first, so that no core waits for the last of them.
    return sorted(groups, key=len, reverse=True)


def compiled_alone(source: str) -> set[str]:
    folder = source.rsplit("/", 1)[0]
    lists = re.findall(r"\bALONE\s+((?:\w+\.cpp\s+)+)", text(f"{folder}/CMakeLists.txt"))
    return {f"{folder}/{name}" for names in lists for name in names.split()}


flags = configure()
sources = [path for path in files(under=FOLDERS, suffixes=(".cpp",))]
unbuilt = [f"{path}:1: no target compiles this file" for path in sources if path not in flags]
version = subprocess.run([TIDY, "--version"], text=True, capture_output=True, check=True).stdout
proofs = Proofs("tidy", [path for path in sources if path in flags], version + text(".clang-tidy"))
findings = in_parallel(batches(proofs.missing()), check)
# A header's findings come once for each source that includes it.
finish(dict.fromkeys("\n".join(unbuilt + findings).splitlines()) if unbuilt or findings else [])
