# SPDX-License-Identifier: Apache-2.0
"""What the browser tests drive: the OpenID provider as a process, and one login of the program under test."""

import base64
import hashlib
import json
import os
import re
import selectors
import shutil
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIMIT = 90  # seconds for any one step; a step takes well under one where the machine is idle
MISSING = "run tests/tools/setup.sh browser"


class HarnessError(Exception):
    """A part of the set-up is missing or did not do what the tests need."""


def cache_folder():
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(os.environ.get("LATCHKEY_TEST_CACHE") or os.path.join(home, "latchkey-tests"))


def modules_folder():
    """Where tests/tools/setup.sh put the modules that this package-lock.json names."""
    lock = b"".join((HERE / name).read_bytes() for name in ("package.json", "package-lock.json"))
    folder = cache_folder() / f"node-{hashlib.sha256(lock).hexdigest()[:8]}"
    if not (folder / "node_modules").is_dir():
        raise HarnessError(f"oidc-provider is not installed: {MISSING}")
    return folder


def node_program():
    """A node of version 20 or newer: PATH's, else the one in the tests' Python environment."""
    for program in (shutil.which("node"), str(cache_folder() / "venv/bin/node")):
        if program and os.access(program, os.X_OK):
            version = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=LIMIT, check=True)
            if int(version.stdout.lstrip("v").split(".")[0]) >= 20:
                return program
    raise HarnessError(f"no node of version 20 or newer: {MISSING}")


class Provider:
    """The certified npm oidc-provider; with a certificate and key it speaks TLS."""

    def __init__(self, folder, tls=()):
        self.path = Path(folder) / "provider.log"
        with open(self.path, "wb") as log:
            self.process = subprocess.Popen(
                [node_program(), HERE / "provider.mjs", modules_folder(), *tls],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        reader = Reader(self.process)
        ready = reader.until(lambda: b"\n" in reader.data[1], "say that it is ready")
        if not ready:
            self.stop()
            raise HarnessError(f"oidc-provider did not start:\n{self.log()}")
        facts = json.loads(reader.data[1])
        self.issuer, self.secret, self.keys = facts["issuer"], facts["secret"], facts["keys"]

    def log(self):
        return self.path.read_text(errors="replace")

    def stop(self):
        self.process.terminate()
        self.process.wait(LIMIT)


class Reader:
    """Collects what a process writes to its pipes (1: stdout, 2: stderr, 3: one more) until something is there."""

    def __init__(self, process, more=None):
        self.data = {1: b"", 2: b"", 3: b""}
        self.process = process
        self.selector = selectors.DefaultSelector()
        self.open = 0
        for number, pipe in ((1, process.stdout), (2, process.stderr)):
            if pipe:
                self.selector.register(pipe.fileno(), selectors.EVENT_READ, number)
                self.open += 1
        if more is not None:
            self.selector.register(more, selectors.EVENT_READ, 3)

    def until(self, condition, what, seconds=LIMIT):
        """True as soon as `condition` holds; False when the process closed its pipes before."""
        deadline = time.monotonic() + seconds
        while not condition():
            if not self.open:
                return False
            events = self.selector.select(max(0.0, deadline - time.monotonic()))
            if not events:
                raise HarnessError(f"it did not {what} in {seconds} s; stderr: {self.text(2)}")
            for key, _ in events:
                self._read(key)
        return True

    def _read(self, key):
        piece = os.read(key.fd, 65536)
        self.data[key.data] += piece
        if not piece:
            self.selector.unregister(key.fd)
            self.open -= key.data != 3

    def text(self, number):
        return self.data[number].decode(errors="replace")


class Login:
    """One run of `latchkey get-token` that a test leads through a browser."""

    URL = re.compile(r"https?://[^\s\"']+")

    def __init__(self, folder, issuer, client, *flags, opener=True, command="get-token"):
        """With `opener` the program opens its URL with a command that hands it to us, else it prints the URL."""
        self.folder = Path(folder)
        self.fifo = None
        arguments = [latchkey(), command, f"--oidc-issuer-url={issuer}", f"--oidc-client-id={client}",
                     f"--token-cache-dir={self.folder}/tokens", *flags]
        arguments.append(f"--browser-command={self._make_opener()}" if opener else "--skip-open-browser")
        self.process = subprocess.Popen(arguments, env=self._environment(), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.reader = Reader(self.process, self.fifo)

    def _environment(self):
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "ASAN_OPTIONS",
                                                                              "UBSAN_OPTIONS", "LSAN_OPTIONS")}
        info = {"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1",
                "spec": {"interactive": False}}
        return {**kept, "HOME": str(self.folder), "KUBERNETES_EXEC_INFO": json.dumps(info)}

    def _make_opener(self):
        fifo, script = self.folder / "opened", self.folder / "opener"
        if not fifo.exists():
            os.mkfifo(fifo, 0o600)
            script.write_text(f"#!/bin/sh\nprintf '%s\\n' \"$1\" >'{fifo}'\n")
            script.chmod(0o700)
        self.fifo = os.open(fifo, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)  # our own writer: no end of file
        return script

    def url(self):
        """The address that a person would see in the browser first."""
        number = 2 if self.fifo is None else 3
        if not self.reader.until(lambda: self._address(number), "open or print its URL"):
            raise HarnessError(f"it ended before it had an URL; stderr: {self.reader.text(2)}")
        return self._address(number)

    def shown(self, pattern):
        """What it shows on stderr, which may come line by line: the match of a pattern."""
        if not self.reader.until(lambda: re.search(pattern, self.reader.text(2)), "show what is expected"):
            raise HarnessError(f"it ended without showing {pattern}; stderr: {self.reader.text(2)}")
        return re.search(pattern, self.reader.text(2))

    def _address(self, number):
        for line in self.reader.text(number).splitlines(keepends=True):
            found = self.URL.search(line)
            if found and line.endswith("\n") and (number == 3 or "visit" in line):
                return found.group()
        return None

    def finish(self):
        """Wait for the end: (exit status, stdout, stderr)."""
        self.reader.until(lambda: False, "end")
        return self.process.wait(LIMIT), self.reader.text(1), self.reader.text(2)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(LIMIT)
        for pipe in (self.process.stdout, self.process.stderr):
            pipe.close()
        if self.fifo is not None:
            os.close(self.fifo)


def latchkey():
    program = os.environ.get("LATCHKEY", "")
    if not os.path.isabs(program) or not os.access(program, os.X_OK):
        raise HarnessError("LATCHKEY must be the absolute path of the program under test")
    return program


def token_of(stdout):
    """The token of the one ExecCredential line that is all of stdout."""
    assert stdout.count("\n") == 1 and stdout.endswith("\n"), stdout
    credential = json.loads(stdout)
    assert credential["kind"] == "ExecCredential"
    assert credential["apiVersion"] == "client.authentication.k8s.io/v1"
    assert credential["status"]["expirationTimestamp"].endswith("Z")
    return credential["status"]["token"]


def parts_of(token):
    """Header and claims of a JWT."""
    pieces = token.split(".")
    assert len(pieces) == 3
    return tuple(json.loads(base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4))) for piece in pieces[:2])
