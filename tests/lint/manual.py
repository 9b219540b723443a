# SPDX-License-Identifier: Apache-2.0
"""The manual page and --help name the same flags, values and defaults: both are compared, word by word."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ["", "get-token", "login", "setup", "whoami", "list", "logout", "clean", "completion", "version"]


def flags_of_help(program, command):
    """Per flag and value: the default, as --help shows it."""
    words = [program, *command.split(), "--help"]
    text = subprocess.run(words, capture_output=True, text=True, check=True, timeout=10).stdout
    flags, name = {}, None
    for line in text.partition("Flags:\n")[2].splitlines():
        found = re.match(r" {2}(?:-\w, |    )--([\w-]+)(?:=(.*))?$", line)
        if found:
            name = found[1]
            flags[name] = [found[2], ""]
        elif line.startswith(" " * 10):
            flags[name][1] += " " + line.strip()
        else:
            break
    return {(name, value): default_of(text) for name, (value, text) in flags.items()}


def default_of(text):
    found = re.search(r"\(default ([^)$]*)\)", text)
    return found[1] if found else None


def flags_of_manual(page):
    flags, name = {}, None
    for line in page.splitlines():
        found = re.match(r"\.It (?:Fl \w , )?Fl -([\w-]+)(?: Ns = Ns Ar (\S+))?$", line)
        if found:
            name = (found[1], found[2])
            flags[name] = None
        elif name and line.startswith("Default: "):
            flags[name] = line.removeprefix("Default: ").rstrip(".")
        elif line.startswith(".El"):
            name = None
    return flags


def compare(helped, manual):
    findings = [f"--{name}={value} is in --help, not in the manual" for name, value in helped if (name, value) not in manual]
    findings += [f"--{name}={value} is in the manual, not in --help" for name, value in manual if (name, value) not in helped]
    for flag in helped.keys() & manual.keys():
        if helped[flag] != manual[flag]:
            findings.append(f"--{flag[0]}: the default in --help is {helped[flag]}, in the manual {manual[flag]}")
    return sorted(findings)


def main():
    program = os.environ.get("LATCHKEY") or str(ROOT / "build" / "dev" / "latchkey")
    helped = {}
    for command in COMMANDS:
        helped.update(flags_of_help(program, command))
    findings = compare(helped, flags_of_manual((ROOT / "man" / "latchkey.1").read_text()))
    for finding in findings:
        print(f"man/latchkey.1: {finding}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
