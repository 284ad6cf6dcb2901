"""docs/standards.md is true: every file it names exists, every test it names is in its file.

A row is `| section | what | source files | tests |`. Paths stand in backticks; a test is written
`tests/...cpp` or `tests/...cpp: sentence of the test`.
"""

import re

from sources import ROOT, finish, lines, text

INDEX = "docs/standards.md"
QUOTED = re.compile(r"`([^`]+)`")
PATH = re.compile(r"^[\w./-]+\.(?:cpp|hpp|py|md|yaml|sql)$")


def findings():
    if not (ROOT / INDEX).exists():
        yield f"{INDEX}: is missing"
        return
    for number, line in lines(INDEX):
        for quoted in QUOTED.findall(line):
            path, _, sentence = quoted.partition(": ")
            if not PATH.match(path) or "/" not in path:
                continue
            if not (ROOT / path).is_file():
                yield f"{INDEX}:{number}: {path} does not exist"
            elif sentence and sentence not in re.sub(r'"\s*"', "", text(path)):
                yield f'{INDEX}:{number}: {path} has no test "{sentence}"'


finish(findings())
