"""Every header of ours compiles alone: no precompiled header, nothing included before it."""

import subprocess

from proofs import Proofs, in_parallel
from sources import MODULES, ROOT, files, finish

COMPILER = "g++"
FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-I."]


def compile_alone(path: str) -> str:
    # A header in the place of a source is "the main file" to the compiler, so a file includes it.
    run = subprocess.run(
        [COMPILER, *FLAGS, "-x", "c++", "-"],
        input=f'#include "{path}"\n',
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    if run.returncode == 0:
        proofs.add(path)
        return ""
    return f"{path}:1: does not compile alone\n{run.stderr}"


version = subprocess.run([COMPILER, "--version"], text=True, capture_output=True, check=True).stdout
headers = files(under=(*MODULES, "tests", "bench"), suffixes=(".hpp",))
proofs = Proofs("headers", headers, version + " ".join(FLAGS))
finish(in_parallel([[path] for path in proofs.missing()], lambda group: compile_alone(group[0])))
