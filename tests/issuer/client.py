# SPDX-License-Identifier: Apache-2.0
"""`Issuer`: start, ask, configure and spoil the test issuer from pytest or a script (standard library only)."""

import http.client
import importlib.util
import json
import os
import select
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode, urlsplit

HERE = Path(__file__).resolve().parent
BROWSER = HERE / "browse.py"
START_TIMEOUT = 30


def interpreter():
    """A Python that has `cryptography`: $LATCHKEY_TEST_PYTHON, ours, or the distribution's."""
    chosen = os.environ.get("LATCHKEY_TEST_PYTHON")
    if chosen:
        return chosen
    return sys.executable if importlib.util.find_spec("cryptography") else "/usr/bin/python3"


def key_cache():
    """Where keys and certificates are kept between starts: private to this user."""
    path = Path(os.environ.get("LATCHKEY_TEST_KEYS") or Path(tempfile.gettempdir()) / f"latchkey-issuer-{os.getuid()}")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_uid != os.getuid():
        raise PermissionError(f"'{path}' belongs to somebody else")
    return path


class Issuer:
    """A running issuer. Use it as a context manager; other arguments are configuration keys.

    `tls_dir` is where keys and certificates live (shared by default, so that a start is quick); `port` 0 is any."""

    def __init__(self, tmpdir, preset="2026.2", tls=True, tls_dir=None, host="localhost", port=0, **config):
        self.tmpdir, self.preset, self.host, self.port = Path(tmpdir), preset, host, port
        self.tls_dir = Path(tls_dir) if tls_dir else key_cache()
        self.tls = tls
        self.config = {"state_file": str(self.tmpdir / f"issuer-{id(self):x}-state.json"), **config}
        self.process = None
        self.url = self.base_url = self.ca_file = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    # Life

    def start(self):
        """Start the server process and wait until it listens."""
        self.tmpdir.mkdir(parents=True, exist_ok=True)
        path = self.tmpdir / f"issuer-{id(self):x}-config.json"
        path.write_text(json.dumps(self.config), encoding="utf-8")
        command = [interpreter(), str(HERE), "--host", self.host, "--port", str(self.port), "--preset", self.preset,
                   "--config", str(path), "--exit-with-parent"]
        # Without TLS the keys still come from the shared directory: private_cache() of the server.
        command += ["--tls-dir", str(self.tls_dir)] if self.tls else []
        with open(self.tmpdir / "issuer.log", "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log)
        ready = json.loads(self.first_line())
        self.url, self.base_url, self.ca_file = ready["issuer"], ready["base_url"], ready["ca_file"]
        self.port = urlsplit(self.base_url).port

    def first_line(self):
        readable, _, _ = select.select([self.process.stdout], [], [], START_TIMEOUT)
        line = self.process.stdout.readline() if readable else b""
        if not line:
            self.end_process()
            raise RuntimeError(f"the issuer did not start: see '{self.tmpdir / 'issuer.log'}'")
        return line

    def stop(self):
        """End the process; its configuration and tokens are kept for `start` or `restart`."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.config = self.get("config")
        self.end_process()

    def end_process(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process = None

    def restart(self):
        """Stop and start on the same port with the same configuration, sessions and tokens; the log starts anew."""
        self.stop()
        self.start()

    # Log

    def requests(self, endpoint=None):
        """Log entries, oldest first; of one endpoint when it is named."""
        return self.get("log", endpoint=endpoint)

    def count(self, endpoint=None):
        return len(self.requests(endpoint))

    def wait_for(self, endpoint=None, count=1, timeout=25):
        """Wait until that many requests have arrived; gives them, or fewer after the timeout."""
        return self.get("wait", endpoint=endpoint, count=count, timeout=timeout)

    def clear_log(self):
        self.post("clear")

    def clear(self, *what):
        """Forget also: faults, throttle, sessions, consents, codes, refresh, access, devices."""
        self.post("clear", dict.fromkeys(what, True))

    def reset(self):
        """Everything as after the start: configuration, faults, log, tokens, keys."""
        self.post("reset")

    # Behaviour

    def configure(self, **changes):
        """Merge changes into the configuration; gives the whole of it."""
        return self.call("PATCH", "config", changes)

    def fault(self, endpoint, times=1, after=0, **action):
        """Install a fault for the next requests of an endpoint."""
        self.post("fault", {"endpoint": endpoint, "times": times, "after": after, **action})

    def clear_faults(self):
        """Remove all faults and all ID token mutations."""
        self.post("clear-faults")

    def mutate_id_token(self, **mutation):
        """Add a mutation of the ID tokens to come (members: see README.md)."""
        self.post("mutate", mutation)

    def approve_device(self, user_code=None, user=None):
        """Approve a device login (the newest without a code); gives whether it was possible."""
        return self.post("device/approve", {"user_code": user_code, "user": user})["approved"]

    def rotate_keys(self):
        self.post("rotate-keys")

    def logout(self, user=None):
        self.post("logout", {"user": user})

    def revoke_refresh(self, user=None, token=None, delete=False):
        self.post("revoke-refresh", {"user": user, "token": token, "delete": delete})

    # Transport of the control interface

    def get(self, path, **query):
        query = {name: value for name, value in query.items() if value is not None}
        return self.call("GET", f"{path}?{urlencode(query)}")

    def post(self, path, value=None):
        return self.call("POST", path, value or {})

    def call(self, method, path, value=None):
        connection = self.connect()
        try:
            body = None if value is None else json.dumps(value)
            connection.request(method, f"/__fake/{path}", body, {"Connection": "close"})
            answer = connection.getresponse()
            result = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != 200:
            raise ValueError(result["error"])
        return result

    def connect(self, timeout=90):
        """A connection to the server (http.client), certificates not checked."""
        if self.tls:
            return http.client.HTTPSConnection(self.host, self.port, timeout=timeout,
                                               context=ssl._create_unverified_context())
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)
