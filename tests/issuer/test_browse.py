# SPDX-License-Identifier: Apache-2.0
"""The browser of the tests, against a callback server of its own."""

import json
import os
import subprocess
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from .client import BROWSER
from .visitor import SCOPE


class Callback(ThreadingHTTPServer):
    """A client's loopback server: the callback answers 303 to /done."""

    daemon_threads = True

    def __init__(self):
        self.seen = []
        super().__init__(("127.0.0.1", 0), Handler)
        Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.seen.append((self.command, self.path))
        done = urlsplit(self.path).path == "/done"
        self.send_response(200 if done else 303 if "state=" in self.path else 404)
        self.send_header("Location", "/done")
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(b"<p>finished</p>" if done else b"")

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def callback():
    server = Callback()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def browse(issuer, callback, tmp_path):
    """Run the browser on an authorization request; gives the saved page or None."""
    def run(mode="", **environment):
        query = {"response_type": "code", "client_id": "kubernetes", "scope": SCOPE, "state": "st",
                 "redirect_uri": f"http://localhost:{callback.server_port}"}
        page = tmp_path / "page"
        variables = {"FAKE_BROWSER": mode, "FAKE_BROWSER_PAGE": str(page), **environment}
        subprocess.run([BROWSER, f"{issuer.base_url}/application/o/authorize/?{urlencode(query)}"], check=True,
                       timeout=30, env={**os.environ, **variables}, stdin=subprocess.DEVNULL)
        return page.read_bytes() if page.exists() else None
    return run


def answers(callback):
    """Parameters of the callbacks that arrived."""
    return [parse_qs(urlsplit(path).query) for _, path in callback.seen if "state=" in path]


def test_login(browse, callback, issuer):
    assert browse() == b"<p>finished</p>"
    answer, = answers(callback)
    assert set(answer) == {"code", "state"}
    assert issuer.count("login") == 1


def test_explicit_consent_and_another_user(browse, callback, issuer):
    issuer.configure(consent="explicit")
    assert browse(FAKE_BROWSER_USER="carol") == b"<p>finished</p>"
    assert any("fake_user" in entry["query"] for entry in issuer.requests("login"))


def test_denied_user_never_comes_back(browse, callback, issuer):
    issuer.configure(allowed=["bob"])
    assert b"Permission denied" in browse()
    assert callback.seen == []


def test_modes(browse, callback):
    assert browse("ignore") is None
    assert callback.seen == []
    browse("deny")
    assert answers(callback)[0]["error"] == ["access_denied"]
    callback.seen.clear()
    browse("twice")
    assert len(answers(callback)) == 2


def test_record_of_the_start(browse, tmp_path):
    record = tmp_path / "starts"
    for _ in range(2):
        browse("ignore", FAKE_BROWSER_LOG=str(record))
    first, second = map(json.loads, record.read_text().splitlines())
    assert first["argv"][1].startswith("https://localhost:")
    assert {number for number, _ in first["fds"]} == {0, 1, 2}
    assert "FAKE_BROWSER" in second["env"]
