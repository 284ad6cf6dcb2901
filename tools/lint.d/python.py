"""Every Python file of ours parses, without leaving compiled files behind."""

import ast

from sources import files, finish, text


def findings():
    for path in files(suffixes=(".py",)):
        try:
            ast.parse(text(path), path)
        except SyntaxError as error:
            yield f"{path}:{error.lineno}: {error.msg}"


finish(findings())
