#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How a C file begins: licence, one sentence, include guard; and every header compiles alone."""

import concurrent.futures
import os
import re
import shutil
import subprocess

from source import Lint

LICENCE = "/* SPDX-License-Identifier: Apache-2.0 */"
SENTENCE = re.compile(r"/\* \S.*[^\s.][.?!] \*/")
LIBRARIES = ("jansson", "libcurl", "libmicrohttpd", "openssl", "libjwt", "libsecret-1", "cmocka")


def check_beginning(lint, path, lines):
    if lines[:1] != [LICENCE]:
        lint.add("headers", path, 1, "licence", f"the first line is not {LICENCE}")
    if len(lines) < 2 or not SENTENCE.fullmatch(lines[1]):
        lint.add("headers", path, 2, "sentence", "the second line is not one sentence in a comment")


def check_guard(lint, path, lines):
    first = next((number for number, line in enumerate(lines) if line.startswith("#")), None)
    match = re.fullmatch(r"#ifndef (\w+_H)", lines[first]) if first is not None else None
    if not match or lines[first + 1] != f"#define {match.group(1)}" or lines[-1] != "#endif":
        lint.add("headers", path, (first or 0) + 1, "guard", "no include guard is around the whole header")
        return
    expected = re.sub(r"\W", "_", path.removeprefix("include/")).upper()
    if path.startswith("include/") and match.group(1) != expected:
        lint.add("headers", path, first + 1, "guard", f"the guard is {match.group(1)}, not {expected}")


def compile_alone(lint, compiler, flags, path):
    command = [compiler, "-std=gnu17", "-D_GNU_SOURCE", "-fsyntax-only", "-Wall", "-Wextra", "-Werror",
               *flags, f"-I{lint.root / 'include'}", "-x", "c", "-include", str(lint.root / path), os.devnull]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        why = next((line for line in result.stderr.splitlines() if "error:" in line), result.stderr.strip())
        lint.add("headers", path, 1, "alone", f"does not compile alone: {why.split('error: ')[-1]}")


def library_flags():
    if not shutil.which("pkg-config"):
        return []
    flags = []
    for library in LIBRARIES:
        command = ["pkg-config", "--cflags", library]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        flags += result.stdout.split() if result.returncode == 0 else []
    return flags


def main():
    lint = Lint(__doc__, {"headers"})
    for path in lint.files("src", "include", "tests"):
        lines = lint.read(path).splitlines()
        check_beginning(lint, path, lines)
        if path.endswith(".h"):
            check_guard(lint, path, lines)
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        lint.add("headers", "tests/lint/headers.py", 1, "compiler", "no C compiler to try the headers with")
    else:
        flags = library_flags()
        with concurrent.futures.ThreadPoolExecutor() as pool:
            list(pool.map(lambda path: compile_alone(lint, compiler, flags, path),
                          lint.files("src", "include", suffixes=(".h",))))
    lint.finish()


if __name__ == "__main__":
    main()
