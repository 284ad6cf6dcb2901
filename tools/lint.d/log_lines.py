"""docs/operations.md explains every log line at warning or above, and only lines that exist.

A line is the format string of a call `.warn("...")`, `.error("...")` or `.critical("...")`, each
placeholder written as an ellipsis. In the manual it stands in backticks at the start of a table row.
"""

import re

from sources import CPP, MODULES, files, finish, text

CALL = re.compile(r'(?:\.|->)(warn|error|critical)\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)')
LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"')
COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
ROW = re.compile(r"^\|\s*`([^`]+)`\s*\|", re.MULTILINE)
MANUAL = "docs/operations.md"


def shown(format_string: str) -> str:
    unescaped = format_string.replace('\\"', '"').replace("\\\\", "\\")
    return re.sub(r"\{[^{}]*\}", "…", unescaped).replace("|", "/").replace("`", "'")


def told():
    """(path, line number, message) of every warning and error in the sources."""
    for path in files(under=MODULES, suffixes=CPP):
        content = COMMENT.sub("", text(path))
        for call in CALL.finditer(content):
            message = shown("".join(LITERAL.findall(call[2])))
            yield path, content.count("\n", 0, call.start()) + 1, message


def findings():
    explained = set(ROW.findall(text(MANUAL)))
    said = set()
    for path, number, message in told():
        said.add(message)
        if len(re.sub(r"[^A-Za-z]+", " ", message).split()) < 2:
            yield f'{path}:{number}: "{message}" says nothing that a manual could explain'
        elif message not in explained:
            yield f"{path}:{number}: {MANUAL} has no row | `{message}` |"
    for message in sorted(explained - said):
        yield f"{MANUAL}: explains `{message}`, which nothing says"


finish(findings())
