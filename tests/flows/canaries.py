# SPDX-License-Identifier: Apache-2.0
"""Secrets that are searched for wherever they must not be, in every form in which they could have got there."""

import base64
import os
import threading
import time
from pathlib import Path
from urllib.parse import quote

SHORTEST = 8


def forms(secret):
    """Raw, percent-encoded, base64 at any alignment, hexadecimal, reversed, with its case turned."""
    data = secret.encode()
    every = "".join(f"%{byte:02X}" for byte in data)
    found = {secret, quote(secret, safe=""), quote(quote(secret, safe=""), safe=""), every, every.lower(), data.hex(),
             data.hex().upper(), secret[::-1], secret.swapcase()}
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + data).decode()
        inner = whole[(shift * 4 + 2) // 3:len(whole) - 4]  # without what depends on the neighbours
        found |= {inner, inner.translate(str.maketrans("+/", "-_"))}
    return {form for form in found if len(form) >= SHORTEST}


class Watch(threading.Thread):
    """Reads the command line of every process that we started, again and again, and the environment of every child of
    the program's: browsers and commands. (Its own environment is where it gets its secrets from.)"""

    def __init__(self):
        super().__init__(daemon=True)
        self.command_lines, self.environments, self.family = set(), set(), {os.getpid()}
        self.ended = threading.Event()

    def run(self):
        while not self.ended.is_set():
            for pid in filter(str.isdigit, os.listdir("/proc")):
                self.look(Path("/proc", pid))
            time.sleep(0.003)

    def look(self, process):
        try:
            parent = int((process / "stat").read_text(errors="replace").rpartition(")")[2].split()[1])
            if parent not in self.family and int(process.name) not in self.family:
                return  # a neighbour's
            self.family.add(int(process.name))
            command_line = (process / "cmdline").read_bytes()
            self.command_lines.add(command_line)
            if int(process.name) != os.getpid() and os.path.basename(command_line.split(b"\0")[0]) != b"latchkey":
                self.environments.add((process / "environ").read_bytes())
        except OSError:
            return  # it has ended

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()


def places(result, directory, watch):
    """(name, text) of everything that a run left or showed, but for the answer and the session."""
    yield "stderr", result.err
    yield from ((f"file {path.name}", path.read_bytes().decode("latin-1")) for path in directory.rglob("*")
                if path.is_file() and not path.is_symlink() and not (path.parent.name == "cache" and path.suffix == ".json"))
    yield from (("command line", line.decode("latin-1")) for line in watch.command_lines)
    yield from (("environment of a child", text.decode("latin-1")) for text in watch.environments)


def hits(secrets, result, directory, watch):
    """What was found where it must not be."""
    searched = list(places(result, directory, watch))
    return [f"{name} in {place}" for name, secret in secrets.items() for form in forms(secret)
            for place, text in searched if form in text]
