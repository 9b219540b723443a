#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measured limits: a function has 60 lines, 3 levels and 5 parameters at most, a file 400 lines."""

from functions import find_functions
from source import Lint

LINES, NESTING, PARAMETERS, FILE = 60, 3, 5, 400


def check_function(lint, path, function):
    for check, value, most, line, unit in (
            ("lines", function.lines, LINES, function.line, "lines"),
            ("nesting", function.nesting, NESTING, function.nesting_line, "levels"),
            ("parameters", function.parameters, PARAMETERS, function.line, "parameters")):
        if value > most:
            text = f"{function.name} has {value} {unit}, more than {most}"
            lint.add(check, path, line, function.name, text)


def main():
    lint = Lint(__doc__, {"lines", "nesting", "parameters", "file"})
    for path in lint.files("src", "include", "tests"):
        text = lint.read(path)
        count = len(text.splitlines())
        if count > FILE:
            lint.add("file", path, FILE + 1, "file", f"the file has {count} lines, more than {FILE}")
        functions = find_functions(text)
        if functions is None:
            lint.add("file", path, 1, "braces", "the braces of this file do not match")
        for function in functions or ():
            check_function(lint, path, function)
    lint.finish()


if __name__ == "__main__":
    main()
