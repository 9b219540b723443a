# SPDX-License-Identifier: Apache-2.0
"""What the lint scripts share: the files, C text without comments and literals, findings, exemptions."""

import argparse
import os
import pathlib
import re
import sys

EXEMPTIONS = "tests/lint/exemptions.txt"
SKIPPED = {"__pycache__", "node_modules", "corpus", "build"}
TOKEN = re.compile(r"""
    /\*.*?\*/                         # comment
  | //[^\n]*
  | "(?:\\.|[^"\\\n])*"               # string
  | '(?:\\.|[^'\\\n])*'               # character
""", re.VERBOSE | re.DOTALL)


def blank(text):
    return re.sub(r"[^\n]", " ", text)


def mask(text):
    """The text with comments and the contents of literals as spaces; every character keeps its place."""
    def replace(match):
        found = match.group()
        if found[0] in "\"'":
            return found[0] + blank(found[1:-1]) + found[-1]
        return blank(found)
    return TOKEN.sub(replace, text)


def mask_directives(text):
    """Preprocessor lines, with their continuations, as spaces. TEXT is masked already."""
    return re.sub(r"^[ \t]*#(?:\\\n|[^\n])*", lambda match: blank(match.group()), text, flags=re.MULTILINE)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


class Lint:
    """One script's run: walks the tree under ROOT, collects findings, knows which are excused and why."""

    def __init__(self, description, checks):
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2])
        self.root = parser.parse_args().root
        self.checks = checks
        self.findings = []
        self.exemptions = dict(self.read_exemptions())
        self.used = set()

    def read_exemptions(self):
        """Lines of `check path subject: reason`; the reason is what makes it one."""
        path = self.root / EXEMPTIONS
        if not path.exists():
            return
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = re.fullmatch(r"(\S+) (\S+) ([^:]+): \S.*", line)
            if match and match.group(1) in self.checks:
                yield match.groups(), number
            elif line and not line.startswith("#") and not match:
                self.findings.append((EXEMPTIONS, number, "is not `check path subject: reason`"))

    def files(self, *places, suffixes=(".c", ".h")):
        """The files below PLACES whose names end in one of SUFFIXES, relative to the root, sorted."""
        for place in places:
            for folder, folders, names in os.walk(self.root / place):
                folders[:] = sorted(set(folders) - SKIPPED - {f for f in folders if f[0] == "."})
                for name in sorted(names):
                    if name.endswith(suffixes):
                        yield (pathlib.Path(folder) / name).relative_to(self.root).as_posix()

    def read(self, path):
        with open(self.root / path, encoding="utf-8", newline="") as file:
            return file.read()

    def add(self, check, path, line, subject, text):
        """A finding of CHECK about SUBJECT (a function, a header, a word), unless an exemption names it."""
        key = (check, path, subject)
        if key in self.exemptions:
            self.used.add(key)
        else:
            self.findings.append((path, line, text))

    def finish(self):
        for key, number in self.exemptions.items():
            if key not in self.used:
                self.findings.append((EXEMPTIONS, number, f"excuses nothing: {' '.join(key)}"))
        for path, line, text in sorted(set(self.findings)):
            print(f"{path}:{line}: {text}")
        sys.exit(1 if self.findings else 0)
