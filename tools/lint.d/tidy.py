"""clang-tidy over the sources of the product, the fuzz targets and the benchmarks.

The compile commands come from a configure step of its own without precompiled headers (which are
g++'s). The unit tests are left out: what Catch2's macros expand to is not ours to judge, and the
compiler's warnings hold there too.
"""

import json
import pathlib
import re
import subprocess
import sys

from proofs import check_all
from sources import MODULES, ROOT, files, finish, text

TIDY = "clang-tidy-14"
BUILD = ROOT / "build" / "lint" / "commands"
CONFIGURE = [
    "cmake", "-G", "Ninja", "-S", ".", "-B", str(BUILD), "-DCMAKE_CXX_COMPILER=clang++-14",
    "-DCMAKE_BUILD_TYPE=Debug", "-DHAIRPIN_PCH=OFF", "-DHAIRPIN_FUZZ=ON", "-DHAIRPIN_BENCH=ON",
    "-DHAIRPIN_TESTS=OFF",
]  # fmt: skip


def configure() -> set[str]:
    run = subprocess.run(CONFIGURE, cwd=ROOT, text=True, capture_output=True, check=False)
    if run.returncode != 0:
        sys.exit(f"cmake: cannot configure {BUILD}\n{run.stderr}")
    commands = json.loads((BUILD / "compile_commands.json").read_text())
    return {str(pathlib.Path(c["file"]).resolve().relative_to(ROOT)) for c in commands}


def tidy(path: str) -> str:
    run = subprocess.run(
        [TIDY, "--quiet", "-p", str(BUILD), str(ROOT / path)],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    # A header is reached through its stage; the reader knows it by its place in the tree.
    found = re.sub(rf"{re.escape(str(BUILD))}/stage/\w+/|{re.escape(str(ROOT))}/", "", run.stdout)
    return found or ("" if run.returncode == 0 else run.stderr)


built = configure()
sources = [p for p in files(under=(*MODULES, "tests/fuzz", "bench"), suffixes=(".cpp",))]
unbuilt = [f"{p}:1: no target compiles this file" for p in sources if p not in built]
findings = check_all(
    "tidy", [p for p in sources if p in built], text(".clang-tidy"), tidy
)
# A header's findings come once for each source that includes it.
finish(dict.fromkeys("\n".join(unbuilt + findings).splitlines()))
