"""Include rules that CMake cannot see: who may include which library, and no way around a stage."""

import re

from sources import CPP, MODULES, files, finish, lines

# Third-party header -> top folders that may include it.
OWNERS = [
    (re.compile(r"uv\.h|nghttp2/|boost/"), {"net"}),
    (re.compile(r"sqlite3\.h|libpq|postgresql/"), {"store"}),
    (re.compile(r"ldns/"), {"zones", "tools", "tests", "bench"}),
    (re.compile(r"curl/"), {"net", "acme"}),
    (re.compile(r"fstrm"), {"observer"}),
]
NEVER_IN_HEADERS = re.compile(r"nlohmann/|simdjson|toml\+\+|boost/|ldns/|CLI/")
INCLUDE = re.compile(r'\s*#\s*include\s+([<"])([^>"]+)[>"]')


def findings():
    for path in files(suffixes=CPP):
        top = path.split("/")[0]
        for number, line in lines(path):
            if not (found := INCLUDE.match(line)):
                continue
            quote, target = found.groups()
            where = f"{path}:{number}:"
            if ".." in target.split("/"):
                yield f"{where} an include goes through '..'; write \"folder/file.hpp\""
            if quote == '"' and "/" not in target:
                yield f'{where} write "folder/file.hpp", not "{target}"'
            if quote == '"' and top in MODULES and target.split("/")[0] in ("tests", "bench", "tools"):
                yield f"{where} {top}/ includes {target}: the product knows no tests"
            if target.startswith("daemon/") and top not in ("daemon", "tests", "bench"):
                yield f"{where} nothing may know daemon/, the composition root"
            for pattern, owners in OWNERS:
                if pattern.match(target) and top not in owners | {"tests"}:
                    yield f"{where} {target} may be included only in {', '.join(sorted(owners))}"
            if path.endswith(".hpp") and top in MODULES and NEVER_IN_HEADERS.match(target):
                yield f"{where} {target} is too dear for a header; include it in a .cpp"


finish(findings())
