#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""White space and width of every text that people write here; the licence line of scripts."""

import subprocess

from source import Lint

WIDTH = {".c": 110, ".h": 110}
OTHER_WIDTH = 160
LICENCE = "SPDX-License-Identifier: Apache-2.0"
SUFFIXES = (".c", ".h", ".py", ".sh", ".mjs", ".cmake", "CMakeLists.txt")
LICENSED = (".py", ".sh", ".mjs", ".cmake", "CMakeLists.txt")


def check_line(lint, path, number, line):
    if "\t" in line:
        lint.add("style", path, number, "tab", "a tab")
    if line.endswith((" ", "\t", "\r")):
        lint.add("style", path, number, "space", "white space at the end of the line")
    width = WIDTH.get(path[-2:], OTHER_WIDTH)
    if len(line) > width:
        lint.add("style", path, number, "width", f"{len(line)} columns, more than {width}")


def check_file(lint, path):
    text = lint.read(path)
    for number, line in enumerate(text.split("\n"), 1):
        check_line(lint, path, number, line)
    count = text.count("\n")
    if text and not text.endswith("\n"):
        lint.add("style", path, count + 1, "end", "no newline at the end")
    elif text.endswith("\n\n"):
        lint.add("style", path, count, "end", "an empty line at the end")
    beginning = text.split("\n")[:2]
    if path.endswith(LICENSED) and not any(LICENCE in line for line in beginning):
        lint.add("style", path, 1, "licence", "no SPDX line at the beginning")
    if path.endswith(".sh"):
        command = ["bash", "-n", str(lint.root / path)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            lint.add("style", path, 1, "syntax", f"bash cannot read it: {result.stderr.splitlines()[0]}")


def main():
    lint = Lint(__doc__, {"style"})
    for path in lint.files("src", "include", "tests", suffixes=SUFFIXES):
        check_file(lint, path)
    for path in ("CMakeLists.txt",):
        if (lint.root / path).exists():
            check_file(lint, path)
    lint.finish()


if __name__ == "__main__":
    main()
