# SPDX-License-Identifier: Apache-2.0
"""`Program`: runs the latchkey under test and says what came of it."""

import base64
import json
import os
import re
import signal
import subprocess
import time
import sys
from dataclasses import dataclass
from pathlib import Path

BROWSER = Path(__file__).resolve().parents[1] / "issuer" / "browse.py"
TIMEOUT = 90
EXEC_INFO = '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/%s","spec":{"interactive":%s}}'


def exec_info(version="v1", interactive="false"):
    return EXEC_INFO % (version, interactive)


def compact(session):
    """The text of a session file, as the program itself writes it."""
    return json.dumps(session, separators=(",", ":")) + "\n"


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@dataclass
class Result:
    status: int
    out: str
    err: str

    @property
    def credential(self):
        """The one ExecCredential on stdout: the whole of it, one line."""
        assert self.status == 0, f"status {self.status}: {self.err}"
        assert self.out.endswith("\n") and self.out.count("\n") == 1, self.out
        return json.loads(self.out)

    @property
    def token(self):
        return self.credential["status"]["token"]

    @property
    def claims(self):
        return claims(self.token)

    @property
    def code(self):
        """The stable code of the error line; a failure has exactly one, status 1 and nothing on stdout."""
        assert self.status == 1, f"status {self.status}: {self.out}{self.err}"
        assert self.out == "", self.out
        lines = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.err
        return re.search(r"\[(\w+)\]$", lines[0])[1]

    @property
    def hints(self):
        return [line.removeprefix("hint: ") for line in self.err.splitlines() if line.startswith("hint: ")]


class Running:
    """A process that has not ended; `wait` gives its Result."""

    def __init__(self, process):
        self.process = process

    def wait(self, timeout=TIMEOUT):
        out, err = self.process.communicate(timeout=timeout)
        return Result(self.process.returncode, (out or b"").decode(), err.decode(errors="replace"))

    def read_line(self, pattern):
        """Reads stderr until a line matches; what was read is lost for `wait`."""
        for line in self.process.stderr:
            found = re.search(pattern, line.decode(errors="replace"))
            if found:
                return found
        raise AssertionError(f"stderr ended without {pattern}")

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)


class Program:
    def __init__(self, directory, path=None):
        self.path = Path(path or os.environ["LATCHKEY"])
        self.directory = Path(directory)
        self.home = self.directory / "home"
        self.home.mkdir(exist_ok=True)
        self.cache = self.directory / "cache"
        self.page = self.directory / "page.html"
        self.flags = []
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # `env python3` may be a slow shim otherwise
        self.environment = {"HOME": str(self.home), "PATH": path, "LANG": "C.UTF-8", "BROWSER": str(BROWSER),
                            "FAKE_BROWSER_PAGE": str(self.page),
                            # on a machine that is no container a call could leave a process behind
                            "LATCHKEY_BACKGROUND_REFRESH": "false"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.environment[name] = os.environ[name]
        self.running = []

    def start(self, command, *flags, process=None, **environment):
        """Starts `latchkey COMMAND` with the usual flags before FLAGS; an environment value of None unsets a name.

        PROCESS holds arguments for Popen: another stdin or stdout, preexec_fn, a command to put `before` it."""
        env = {name: value for name, value in {**self.environment, **environment}.items() if value is not None}
        words = [self.path, *command.split(), *self.flags, *flags]
        arguments = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                     "bufsize": 0, **(process or {})}  # read_line must not take more than its line
        process = subprocess.Popen([*arguments.pop("before", []), *words], env=env, **arguments)
        self.running.append(process)
        return Running(process)

    def run(self, command, *flags, timeout=TIMEOUT, **environment):
        return self.start(command, *flags, **environment).wait(timeout)

    def get_token(self, *flags, **environment):
        """get-token with a browser that logs in by itself."""
        return self.run("get-token", *flags, **environment)

    def bare(self, *words, **environment):
        """The program with exactly these words, without the usual flags."""
        kept, self.flags = self.flags, []
        try:
            return self.run("", *words, **environment)
        finally:
            self.flags = kept

    def read_page(self, patience=TIMEOUT):
        """The last page of the fake browser, which may still be writing it when the program has ended."""
        deadline = time.monotonic() + patience
        while not (self.page.exists() and "</html>" in self.page.read_text()):
            assert time.monotonic() < deadline, "the browser left no page"
            time.sleep(0.02)
        return self.page.read_text()

    @property
    def session_file(self):
        """The one session in the cache."""
        files = sorted(self.cache.glob("*.json"))
        assert len(files) == 1, files
        return files[0]

    @property
    def session(self):
        return json.loads(self.session_file.read_text())

    def edit_session(self, **changes):
        """Changes members of the stored session (None removes one), as a clock or another program might have."""
        session = {**self.session, **changes}
        path = self.session_file
        path.write_text(compact({name: value for name, value in session.items() if value is not None}))
        path.chmod(0o600)

    def expire(self, seconds=0):
        """Makes the stored token look as if SECONDS of it were left."""
        import time
        session = self.session
        shift = session["expires_at"] - int(time.time()) - seconds
        self.edit_session(expires_at=session["expires_at"] - shift, obtained_at=session["obtained_at"] - shift,
                          issued_at=session["issued_at"] - shift)

    def end_all(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in filter(None, (process.stdout, process.stderr)):
                stream.close()
