# SPDX-License-Identifier: Apache-2.0
"""A server that never ends, never begins or sends too much: a clear error in time, and little memory."""

import socket
import threading
import time

import crowd
import peak
import pytest
from patience import PROMPT
from rested import NO_BROWSER, log_in

TIMEOUT = 3
LIMITS = {"discovery": 256 * 1024, "jwks": 1024 * 1024, "token": 1024 * 1024}
HEAD_LIMIT = 64 * 1024


def run(kube, *flags, **environment):
    """A call with a short time limit; it must end after it, with little memory."""
    file = kube.directory / "peak"
    running = kube.start("get-token", f"--http-timeout-sec={TIMEOUT}", *flags, process={"before": peak.words(file)}, **environment)
    started = time.monotonic()
    result = running.wait()
    assert time.monotonic() - started < TIMEOUT + PROMPT
    assert int(file.read_text()) < peak.LIMIT or crowd.sanitized(), f"{file.read_text()} kB"
    return result


def refuse(kube, code, **environment):
    """A call that must fail and leave the session as it was."""
    before = {path.name: path.read_bytes() for path in kube.cache.glob("*.json")}
    result = run(kube, **environment)
    assert result.code == code, result.err
    assert {path.name: path.read_bytes() for path in kube.cache.glob("*.json")} == before
    return result


BODIES = [
    pytest.param("too_large", {"infinite_body": True}, id="endless body"),
    pytest.param("too_large", {"infinite_headers": True}, id="endless header"),
    pytest.param("too_large", {"headers": {"X-Fill": ["a" * 1000] * 66}}, id="header too large"),
    pytest.param("too_large", {"headers": {"X-Fill": "a" * 101000}}, id="header line too long"),
    pytest.param("too_large", {"size": 8 << 20}, id="8 MB without a length"),
    pytest.param("unsupported", {"gzip": True}, id="compressed"),
    pytest.param("redirect", {"redirect": "https://localhost:1/"}, id="redirect"),
    pytest.param("network", {"reset": "before_headers", "times": -1}, id="reset"),
    pytest.param("network", {"close": "before_headers", "times": -1}, id="closed"),
    pytest.param("network", {"close": "after_headers", "times": -1}, id="cut after the header"),
    pytest.param("network", {"close": "mid_body", "times": -1}, id="cut in the body"),
    pytest.param("timeout", {"stall": "before_headers"}, id="silence"),
    pytest.param("timeout", {"drip": 100}, id="ten bytes a second"),
    pytest.param("timeout", {"drip": 20}, id="fifty bytes a second"),
    pytest.param("timeout", {"drip": 20, "drip_headers": True}, id="a header that drips"),
]


@pytest.mark.ids("T-12", "K7-74")
@pytest.mark.parametrize(("code", "fault"), BODIES)
def test_a_discovery_document_of_a_hostile_server(kube, issuer, code, fault):
    issuer.fault("discovery", **fault)
    refuse(kube, code, **NO_BROWSER)
    assert issuer.count("authorize") == 0


@pytest.mark.ids("T-12")
@pytest.mark.parametrize(("code", "fault"), BODIES)
def test_a_token_answer_of_a_hostile_server(kube, issuer, code, fault):
    log_in(kube, issuer)
    issuer.fault("token", **fault)
    refuse(kube, code, **NO_BROWSER)
    assert issuer.count("authorize") == 0


@pytest.mark.ids("T-12")
@pytest.mark.parametrize(("code", "fault"), [case for case in BODIES if case.id in (
    "endless body", "endless header", "8 MB without a length", "compressed", "redirect", "reset", "silence")])
def test_a_key_set_of_a_hostile_server(kube, issuer, code, fault):
    issuer.fault("jwks", **{**fault, "times": -1})
    refuse(kube, code)
    assert issuer.count("token") == 1


@pytest.mark.ids("T-12")
@pytest.mark.parametrize(("endpoint", "limit"), LIMITS.items())
def test_a_body_is_taken_up_to_its_limit_and_no_further(kube, issuer, endpoint, limit):
    issuer.fault(endpoint, size=limit)
    assert run(kube).status == 0
    kube.session_file.unlink()
    issuer.fault(endpoint, size=limit + 1, times=-1)
    result = run(kube)
    assert result.code == "too_large" and str(limit) in result.err


class Listener:
    """A server below TLS: ANSWER is what each connection gets; `seen` are the bytes that came."""

    def __init__(self, answer=None):
        self.answer, self.seen = answer, []
        self.plug = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self.plug.getsockname()[1]}/"
        self.clients = []

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.plug.shutdown(socket.SHUT_RDWR)
        for plug in [self.plug, *self.clients]:
            plug.close()

    def accept(self):
        while True:
            try:
                client, _ = self.plug.accept()
            except OSError:
                return
            self.clients.append(client)
            try:
                self.seen.append(client.recv(4096))
                if self.answer is not None:
                    client.sendall(self.answer)
                    client.close()
            except OSError:
                continue


@pytest.mark.ids("T-12")
@pytest.mark.parametrize(("code", "answer"), [
    pytest.param("timeout", None, id="silence instead of TLS"),
    pytest.param("tls", b"HTTP/1.1 200 OK\r\n\r\n", id="plain http"),
    pytest.param("tls", b"\x00" * 4096, id="zeros"),
    pytest.param("network", b"", id="closed")])
def test_a_server_that_does_not_speak_tls(kube, code, answer):
    with Listener(answer) as listener:
        kube.flags[0] = f"--oidc-issuer-url={listener.url}"
        refuse(kube, code, **NO_BROWSER)


@pytest.mark.ids("T-11", "TOK-09")
@pytest.mark.parametrize("endpoint", LIMITS)
def test_nobody_is_led_to_another_server(kube, issuer, endpoint):
    """The refresh token above all."""
    with Listener(b"") as canary:
        log_in(kube, issuer)
        for file in kube.cache.glob("*.provider"):
            file.unlink()
        if endpoint == "jwks":
            issuer.rotate_keys()
        issuer.fault(endpoint, redirect={"location": canary.url, "status": 307}, times=-1)
        result = run(kube, **NO_BROWSER)
        assert canary.seen == []
    assert result.code == "redirect"
    assert canary.url.split("/")[2] in result.err
    assert "refresh_token" not in result.err
