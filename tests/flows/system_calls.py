# SPDX-License-Identifier: Apache-2.0
"""What a process asked of the kernel, by strace."""

import re

CALL = re.compile(r"^(?:\d+ +)?(\w+)\((.*)$")
# The first thing that main does; what stands before it is the loader's and libc's.
BEGIN = re.compile(r"^(?:\d+ +)?poll\(\[\{fd=0,")


class Call:
    """One system call: its name, the rest of its line."""

    def __init__(self, line):
        self.name, self.text = CALL.match(line).groups()

    def __repr__(self):
        return f"{self.name}({self.text}"


def strace(log, *options):
    """The words to put before a program; what it asks goes to LOG. LeakSanitizer cannot work when traced."""
    return ["strace", "-o", str(log), *options, "-E", "ASAN_OPTIONS=detect_leaks=0"]


def calls(log):
    return [Call(line) for line in log.read_text().splitlines() if CALL.match(line)]


def own_calls(log):
    """Those since main began."""
    lines = log.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if BEGIN.match(line))
    return [Call(line) for line in lines[first:] if CALL.match(line)]
