"""Shape and words of our files: length, names, the comment that opens a header, TODOs, white space."""

import re

from sources import CPP, MODULES, files, finish, lines, text

MAX_LINES = 500
BANNED = {"domain", "entry", "data", "info", "manager", "helper", "helpers", "util", "utils", "common"}
TEXT = (".cpp", ".hpp", ".py", ".md", ".cmake", ".txt", ".sh", ".toml", ".yaml", ".yml", ".service", "")
# Words of the trade that hold a banned one.
TERMS = {"NoData", "NxDomain"}
TODO = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))")
TYPE = re.compile(r"^\s*(?:class|struct|enum class|using)\s+(?:\[\[nodiscard\]\]\s+)?(\w+)")
MEMORY = re.compile(r"(?<![\w:.])(?:new\s+[A-Z(:]|delete\s+\w|delete\[\]|malloc\(|calloc\(|realloc\()")
# A private constructor is reached by `unique_ptr<T>(new T(..))`, owned from the start.
OWNED = re.compile(r"(?:_ptr<[^;]*>(?:\s+\w+)?|_ptr|Ref<[^;]*>|Handle)\s*[({]\s*new\s")
COMMENT_OR_STRING = re.compile(r'//.*$|"(?:[^"\\]|\\.)*"')
CASE = re.compile(r"^\s*case\s+([\w:]+)")
DEFAULT = re.compile(r"^\s*default:")


def words(name: str):
    return [w.lower() for w in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)]


def header_opening(path: str):
    first = text(path).split("\n", 1)[0]
    if not first.startswith(f"// {path} - "):
        yield f"{path}:1: a header opens with '// {path} - what it is', not '{first[:40]}'"
    opening = text(path).split("#pragma once")[0]
    if "#pragma once" not in text(path):
        yield f"{path}:1: no #pragma once"
    if path.split("/")[0] in MODULES and "Threads" not in opening:
        yield f"{path}:1: the comment that opens a header says which threads may use it"


def shape(path: str):
    content = text(path)
    if content and not content.endswith("\n"):
        yield f"{path}: the last line has no line end"
    for number, line in lines(path):
        if line != line.rstrip() and not (path.endswith(".md") and line.endswith("  ")):
            yield f"{path}:{number}: white space at the end of the line"
        if "\t" in line and path.endswith((*CPP, ".py")):
            yield f"{path}:{number}: a tab"
        if TODO.search(line) and not path.startswith("tools/lint.d/") and "CONTRIBUTING" not in path:
            yield f"{path}:{number}: a TODO names its issue: TODO(#12)"
    stem = path.rsplit("/", 1)[-1].split(".")[0]
    if BANNED & set(words(stem)):
        yield f"{path}: the file's name says nothing ({', '.join(BANNED & set(words(stem)))})"


def code(path: str):
    count = text(path).count("\n")
    if count > MAX_LINES:
        yield f"{path}: {count} lines; over {MAX_LINES} the noun was two nouns"
    last_case = ""
    for number, line in lines(path):
        bare = COMMENT_OR_STRING.sub("", line)
        name = TYPE.match(bare)
        if name and name[1] not in TERMS and BANNED & set(words(name[1])):
            yield f"{path}:{number}: {name[1]}: not one of {', '.join(sorted(BANNED & set(words(name[1]))))}"
        if path.split("/")[0] in MODULES and MEMORY.search(OWNED.sub("", bare)):
            yield f"{path}:{number}: owned by hand; use unique_ptr, a container or a Handle"
        if "NOLINT" in line and not re.search(r"NOLINT\w*\([\w,.-]+\)\s*:?\s*\S", line):
            yield f"{path}:{number}: a NOLINT names its check and says why"
        if found := CASE.match(bare):
            last_case = found[1]
        elif DEFAULT.match(bare) and "::" in last_case and "std::" not in last_case:
            yield f"{path}:{number}: no default: over our own enum: the compiler finds a missing case"


def findings():
    for path in files():
        if not path.endswith(TEXT) or "/corpus/" in path or path == "LICENSE":
            continue
        try:
            text(path)
        except UnicodeDecodeError:
            continue
        yield from shape(path)
        if path.endswith(CPP):
            yield from code(path)
        if path.endswith(".hpp") and path.split("/")[0] in (*MODULES, "tests", "bench"):
            yield from header_opening(path)


finish(findings())
