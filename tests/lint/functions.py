# SPDX-License-Identifier: Apache-2.0
"""Finds the functions of a C file and how deeply their statements nest, without a compiler."""

import dataclasses
import re

from source import blank, line_of, mask, mask_directives

WORD = re.compile(r"[A-Za-z_]\w*|\S")
NOT_NAMES = {"__attribute__", "__typeof__", "typeof", "_Static_assert", "static_assert", "_Alignas",
             "__extension__", "if", "for", "while", "switch", "return", "sizeof"}
LOOPS = {"for", "while", "switch"}
CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclasses.dataclass
class Function:
    name: str
    parameters: int
    line: int
    lines: int      # of a definition, from its first word to its last brace; 0 of a declaration
    nesting: int    # control statements within each other
    nesting_line: int


def find_end(text, position):
    """The position of the bracket that closes the one at POSITION, or the end of the text."""
    stack = []
    for match in re.compile(r"[()\[\]{}]").finditer(text, position):
        if match.group() in CLOSING:
            stack.append(CLOSING[match.group()])
        elif stack and match.group() == stack[-1]:
            stack.pop()
            if not stack:
                return match.start()
    return len(text)


def find_name(header):
    """The first name before a parenthesis in a declaration, and where that parenthesis is."""
    position = 0
    while match := re.compile(r"([A-Za-z_]\w*)\s*\(").search(header, position):
        if match.group(1) not in NOT_NAMES:
            return match.group(1), match.end() - 1
        position = find_end(header, match.end() - 1)
    return None, 0


def count_parameters(text):
    depth = 0
    commas = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        commas += character == "," and depth == 0
    return 0 if text.strip() in ("", "void") else commas + 1


class Body:
    """The words of a function's body, walked statement by statement."""

    def __init__(self, text, offset):
        end = find_end(text, offset)
        self.words = [(match.group(), match.start()) for match in WORD.finditer(text, offset, end)]
        self.at = 0
        self.deepest = 0
        self.deepest_at = offset

    def word(self, ahead=0):
        return self.words[self.at + ahead][0] if self.at + ahead < len(self.words) else None

    def skip_brackets(self):
        depth = 0
        while self.word() is not None:
            depth += (self.word() in CLOSING) - (self.word() in CLOSING.values())
            self.at += 1
            if depth <= 0:
                return

    def enter(self, level):
        if level > self.deepest:
            self.deepest, self.deepest_at = level, self.words[self.at][1]

    def statement(self, level):
        word = self.word()
        if word == "{":
            self.block(level)
        elif word == "if":
            self.if_statement(level)
        elif word in LOOPS or self.is_loop_macro():
            self.enter(level + 1)
            self.at += 1
            self.skip_brackets()
            self.statement(level + 1)
        elif word == "do":
            self.enter(level + 1)
            self.at += 1
            self.statement(level + 1)
            self.expression()
        elif word in ("case", "default") or (word.isidentifier() and self.word(1) == ":"):
            self.label()
        else:
            self.expression()

    def is_loop_macro(self):
        """`json_object_foreach (...) {`: a name, a parenthesis, and then a block."""
        word = self.word() or ""
        if self.word(1) != "(" or not word.isidentifier() or word in ("return", "sizeof"):
            return False
        start, self.at = self.at, self.at + 1
        self.skip_brackets()
        found, self.at = self.word() == "{", start
        return found

    def block(self, level):
        self.at += 1
        while self.word() not in ("}", None):
            self.statement(level)
        self.at += 1

    def if_statement(self, level):
        self.enter(level + 1)
        self.at += 1
        self.skip_brackets()
        self.statement(level + 1)
        if self.word() == "else":
            self.at += 1
            self.statement(level if self.word() == "if" else level + 1)

    def label(self):
        while self.word() not in (":", None):
            self.at += 1
        self.at += 1

    def expression(self):
        while self.word() not in (";", "}", None):
            if self.word() in CLOSING:
                self.skip_brackets()
            else:
                self.at += 1
        self.at += self.word() == ";"


def make_function(text, start, end):
    """The function that TEXT[START:END] declares or begins to define; None when it is something else."""
    header = text[start:end]
    start += len(header) - len(header.lstrip())
    header = text[start:end]
    name, parenthesis = find_name(header)
    if name is None or "=" in header[:parenthesis] or header.startswith("typedef"):
        return None
    close = find_end(header, parenthesis)
    if "=" in header[close:] or "(" in header[close + 1:close + 2]:  # initialised, or a pointer to a function
        return None
    parameters = count_parameters(header[parenthesis + 1:close])
    return Function(name, parameters, line_of(text, start), 0, 0, 0)


def find_functions(source):
    """Every function that the C text SOURCE defines or declares; None if its braces do not match."""
    text = mask_directives(mask(source))
    found = []
    start = position = 0
    while match := re.compile(r"[;{}]").search(text, position):
        function = make_function(text, start, match.start())
        position = match.end()
        if match.group() == "}":
            return None
        if match.group() == "{":
            end = find_end(text, match.start())
            position = end + 1
            if end == len(text):
                return None
            if function is None:  # a type or an initialiser: its declaration goes on until the semicolon
                text = text[:match.start()] + blank(text[match.start():position]) + text[position:]
                continue
            body = Body(text, match.start())
            body.statement(0)
            function.lines = line_of(text, end) - function.line + 1
            function.nesting, function.nesting_line = body.deepest, line_of(text, body.deepest_at)
        if function is not None:
            found.append(function)
        start = position
    return found
