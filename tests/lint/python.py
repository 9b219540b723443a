#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tests' Python files: short, described, and readable by the interpreter."""

import ast
import py_compile
import tempfile

from source import Lint

FILE = 400


def check_file(lint, path, scratch):
    text = lint.read(path)
    count = len(text.splitlines())
    if count > FILE:
        lint.add("python", path, FILE + 1, "file", f"the file has {count} lines, more than {FILE}")
    try:
        py_compile.compile(str(lint.root / path), cfile=f"{scratch}/compiled", doraise=True)
    except py_compile.PyCompileError as error:
        number = getattr(error.exc_value, "lineno", None) or 1
        lint.add("python", path, number, "syntax", f"cannot be compiled: {error.exc_value.args[0]}")
        return
    if text.strip() and ast.get_docstring(ast.parse(text)) is None:
        lint.add("python", path, 1, "docstring", "no docstring says what the file is for")


def main():
    lint = Lint(__doc__, {"python"})
    with tempfile.TemporaryDirectory() as scratch:
        for path in lint.files("tests", suffixes=(".py",)):
            check_file(lint, path, scratch)
    lint.finish()


if __name__ == "__main__":
    main()
