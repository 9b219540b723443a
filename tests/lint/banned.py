#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Functions that this project does without, the environment outside command/, and writes to stdout."""

import re

from source import Lint, line_of, mask

FUNCTIONS = ("gets strcpy strcat sprintf vsprintf strtok atoi atol sscanf alloca system popen tmpnam mktemp"
             " rand strncpy gmtime localtime").split()
BANNED = re.compile(rf"(?<![\w.>])({'|'.join(FUNCTIONS)})\s*\(")
ENVIRONMENT = re.compile(r"(?<![\w.>])((?:secure_)?getenv)\s*\(")
STDOUT = re.compile(r"(?<![\w.>])(v?printf|puts|putchar)\s*\(|\b(stdout)\b"
                    r"|\b(d?printf|write)\s*\(\s*(?:1|STDOUT_FILENO)\s*,")


def may_speak(path):
    """Only these read the environment and write to stdout; tests may do what they like there."""
    return path == "src/main.c" or path.startswith(("src/command/", "tests/"))


def main():
    lint = Lint(__doc__, {"banned", "environment", "stdout"})
    for path in lint.files("src", "include", "tests"):
        text = mask(lint.read(path))
        rules = [("banned", BANNED, "is banned")]
        if not may_speak(path):
            rules += [("environment", ENVIRONMENT, "is for command/ and main.c"),
                      ("stdout", STDOUT, "writes to stdout, which is for command/ and main.c")]
        for check, pattern, text_of_rule in rules:
            for match in pattern.finditer(text):
                name = next(group for group in match.groups() if group)
                lint.add(check, path, line_of(text, match.start()), name, f"{name} {text_of_rule}")
    lint.finish()


if __name__ == "__main__":
    main()
