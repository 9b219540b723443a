# SPDX-License-Identifier: Apache-2.0
"""Faults on the wire, spoiled ID tokens, and the control interface."""

import base64
import gzip
import hashlib
import hmac
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from threading import Thread

import pytest

from .client import HERE, Issuer, interpreter
from .test_issuer import JWKS, METADATA
from .visitor import Visitor, part

GONE = (http.client.RemoteDisconnected, http.client.IncompleteRead, ConnectionError)


class TestAnswers:
    def test_times_and_after(self, issuer, visitor):
        issuer.fault("jwks", times=2, after=1, status=503, headers={"Retry-After": "7"})
        assert [visitor.get(JWKS).status for _ in range(4)] == [200, 503, 503, 200]
        issuer.fault("jwks", times=-1, status=500)
        assert visitor.get(METADATA).status == 200
        assert [visitor.get(JWKS).status for _ in range(3)] == [500] * 3
        issuer.clear_faults()
        assert visitor.get(JWKS).status == 200

    @pytest.mark.parametrize("action, body", [
        ({"body": "<html>"}, b"<html>"), ({"json": {"a": [1]}}, b'{"a": [1]}'),
        ({"body_base64": base64.b64encode(b"\xff\x00").decode()}, b"\xff\x00"), ({"status": 502}, b"")])
    def test_replaced(self, issuer, visitor, action, body):
        issuer.fault("jwks", **action)
        answer = visitor.get(JWKS)
        assert (answer.status, answer.body) == (action.get("status", 200), body)
        assert answer.header("content-length") == str(len(body))

    def test_patched(self, issuer, visitor):
        issuer.fault("token", json_patch={"token_type": "bEARER", "expires_in": None})
        answer = visitor.tokens()
        assert answer["token_type"] == "bEARER"
        assert "expires_in" not in answer
        assert "refresh_token" in answer

    def test_only_one_grant(self, issuer, visitor):
        issuer.fault("token", times=-1, grant_type="refresh_token", status=429)
        assert visitor.refresh(visitor.tokens()["refresh_token"]).status == 429

    def test_headers_and_type(self, issuer, visitor):
        issuer.fault("jwks", headers={"vary": None, "X-Two": ["1", "2"]}, content_type="text/plain")
        answer = visitor.get(JWKS)
        assert answer.header("content-type") == "text/plain"
        assert [value for name, value in answer.headers if name == "X-Two"] == ["1", "2"]

    def test_redirect_gzip_size_chunked(self, issuer, visitor):
        issuer.fault("jwks", redirect={"location": "https://evil.example/", "status": 307})
        answer = visitor.get(JWKS)
        assert (answer.status, answer.location) == (307, "https://evil.example/")
        issuer.fault("jwks", gzip=True)
        answer = visitor.get(JWKS)
        assert answer.header("content-encoding") == "gzip"
        assert "keys" in json.loads(gzip.decompress(answer.body))
        issuer.fault("jwks", size=3_000_000)
        answer = visitor.get(JWKS)
        assert (len(answer.body), answer.header("content-length")) == (3_000_000, None)
        issuer.fault("jwks", chunked=True)
        assert "keys" in visitor.get(JWKS).json

    def test_unknown_member_is_refused(self, issuer):
        with pytest.raises(ValueError, match="stal"):
            issuer.fault("jwks", stal=True)


class TestWire:
    @pytest.mark.parametrize("action", [{"close": "before_headers"}, {"close": "mid_body"}, {"reset": True}])
    def test_broken(self, issuer, visitor, action):
        issuer.fault("jwks", **action)
        with pytest.raises(GONE):
            visitor.get(JWKS)
        assert visitor.get(JWKS).status == 200

    def test_close_after_headers(self, issuer, visitor):
        issuer.fault("jwks", close="after_headers")
        with pytest.raises(http.client.IncompleteRead):
            visitor.get(JWKS)

    def test_stall(self, issuer):
        issuer.fault("jwks", stall=True)
        connection = issuer.connect(timeout=0.3)
        connection.request("GET", JWKS)
        with pytest.raises(TimeoutError):
            connection.getresponse()
        connection.close()
        assert issuer.requests("jwks")[0]["status"] is None

    def test_delay_and_drip(self, issuer, visitor):
        issuer.configure(signing="none")
        issuer.fault("jwks", delay_ms=200)
        issuer.fault("jwks", drip=100)
        for _ in range(2):
            begin = time.monotonic()
            assert visitor.get(JWKS).body == b"{}"
            assert time.monotonic() - begin >= 0.2

    def test_endless(self, issuer):
        for action in ("infinite_body", "infinite_headers"):
            issuer.fault("discovery", **{action: True})
            connection = issuer.connect()
            connection.connect()
            connection.sock.sendall(f"GET {METADATA} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            received = 0
            while received < 2_000_000:
                received += len(connection.sock.recv(65536))
            connection.close()

    def test_processed_and_lost(self, issuer, visitor):
        token = visitor.tokens()["refresh_token"]
        issuer.fault("token", after_processing=True)
        with pytest.raises(GONE):
            visitor.refresh(token)
        assert visitor.refresh(token).error == "invalid_grant"

    def test_not_processed(self, issuer, visitor):
        token = visitor.tokens()["refresh_token"]
        issuer.fault("token", reset=True)
        with pytest.raises(GONE):
            visitor.refresh(token)
        assert visitor.refresh(token).status == 200

    def test_starting(self, issuer, visitor):
        issuer.configure(starting=True)
        answer = visitor.get(METADATA, Accept="application/json")
        assert (answer.status, answer.text) == (503, '{"error":"authentik starting"}')
        assert answer.header("retry-after") == "5"

    def test_keep_alive_is_one_connection(self, issuer):
        connection = issuer.connect()
        for path in (METADATA, JWKS):
            connection.request("GET", path)
            connection.getresponse().read()
        connection.close()
        first, second = issuer.requests()
        assert first["connection"] == second["connection"]

    def test_both_families(self, issuer):
        for host in ("127.0.0.1", "::1"):
            try:
                socket.create_connection((host, issuer.port)).close()
            except OSError:
                assert host == "::1"


class TestMutations:
    @pytest.mark.parametrize("mutation, check", [
        ({"claims": {"iss": {"$append": "1"}}}, lambda t, i: part(t, 1)["iss"] == i.url + "1"),
        ({"claims": {"exp": {"$now": -360}}}, lambda t, i: part(t, 1)["exp"] < time.time() - 350),
        ({"claims": {"aud": ["a", "b"]}}, lambda t, i: part(t, 1)["aud"] == ["a", "b"]),
        ({"remove": ["sub"]}, lambda t, i: "sub" not in part(t, 1)),
        ({"raw_payload": '{"a":1,"a":2}'}, lambda t, i: decoded(t, 1) == b'{"a":1,"a":2}'),
        ({"header": {"alg": "RS512"}}, lambda t, i: part(t, 0)["alg"] == "RS512"),
        ({"header_remove": ["kid"]}, lambda t, i: "kid" not in part(t, 0)),
        ({"sign": "none"}, lambda t, i: decoded(t, 0) == b'{"alg":"none"}' and t.endswith(".")),
        ({"sign": "empty"}, lambda t, i: t.endswith(".") and part(t, 0)["alg"] == "RS256"),
        ({"sign": "unpublished_kid"}, lambda t, i: part(t, 0)["kid"] not in published(i)),
        ({"sign": "other_key"}, lambda t, i: part(t, 0)["kid"] in published(i)),
        ({"parts": "a.b"}, lambda t, i: t == "a.b")])
    def test_applied(self, issuer, visitor, mutation, check):
        issuer.mutate_id_token(**mutation, times=1)
        assert check(visitor.tokens()["id_token"], issuer)
        assert part(visitor.tokens()["id_token"], 1)["iss"] == issuer.url

    def test_signature_of_xor(self, issuer, visitor):
        issuer.configure(signing="eddsa")
        code = visitor.login().code()
        issuer.mutate_id_token(sign="xor")
        answer = visitor.exchange(code).json
        assert len(decoded(answer["id_token"], 2)) == 64

    def test_public_key_as_secret(self, issuer, visitor):
        issuer.mutate_id_token(sign="hs256")
        token = visitor.tokens()["id_token"]
        assert part(token, 0)["alg"] == "HS256"
        issuer.configure(client_type="public", client_secret="SECRET", id_token=[{"sign": "hs256_secret"}])
        token = visitor.tokens()["id_token"]
        signed = token.rpartition(".")[0].encode()
        assert hmac.new(b"SECRET", signed, hashlib.sha256).digest() == decoded(token, 2)

    def test_when(self, issuer, visitor):
        issuer.mutate_id_token(claims={"sub": "other"}, when="refresh")
        first = visitor.tokens()
        assert part(first["id_token"], 1)["sub"] != "other"
        assert part(visitor.refresh(first["refresh_token"]).json["id_token"], 1)["sub"] == "other"


def decoded(token, number):
    text = token.split(".")[number]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def published(issuer):
    return [key["kid"] for key in Visitor(issuer).get(JWKS).json["keys"]]


class TestControl:
    def test_log(self, issuer, visitor):
        visitor.authorize(prompt="none")
        visitor.refresh("unknown")
        first, second = issuer.requests()
        assert (first["endpoint"], first["probe"], first["status"]) == ("authorize", True, 302)
        assert first["query"]["prompt"] == ["none"]
        assert (second["endpoint"], second["grant_type"]) == ("token", "refresh_token")
        assert second["form"]["refresh_token"] == ["unknown"]
        assert second["raw_body"].startswith("grant_type=refresh_token&")
        issuer.clear_log()
        assert issuer.count() == 0

    def test_wait(self, issuer, visitor):
        thread = Thread(target=visitor.get, args=(JWKS,))
        thread.start()
        assert [entry["path"] for entry in issuer.wait_for("jwks")] == [JWKS]
        thread.join()
        assert issuer.wait_for("jwks", count=2, timeout=0.05) != []

    def test_configuration(self, issuer):
        with pytest.raises(ValueError, match="no_such_key"):
            issuer.configure(no_such_key=1)
        changed = issuer.configure(users={"dora": {"groups": ["g"]}, "bob": None}, behaviour={"token_jti": False})
        assert [user["username"] for user in changed["users"]] == ["alice", "carol", "k8s-robot", "dora"]
        assert changed["behaviour"]["frontchannel"] is False

    def test_revoke_refresh(self, issuer, visitor):
        token = visitor.tokens()["refresh_token"]
        issuer.revoke_refresh("alice")
        assert visitor.refresh(token).error == "invalid_grant"


class TestProcess:
    def test_restart_keeps_port_configuration_and_tokens(self, tmp_path):
        with Issuer(tmp_path, access_ttl=300) as issuer:
            visitor, url = Visitor(issuer), issuer.url
            issuer.configure(refresh_ttl=100)
            token = visitor.tokens()["refresh_token"]
            issuer.restart()
            assert issuer.url == url
            assert visitor.refresh(token).json["expires_in"] == 300
            assert issuer.configure()["refresh_ttl"] == 100

    def test_ends_with_its_parent(self, tmp_path):
        program = ("import subprocess, sys\n"
                   f"child = subprocess.Popen([{interpreter()!r}, {str(HERE)!r}, '--exit-with-parent'],"
                   " stdout=subprocess.PIPE)\n"
                   "print(child.stdout.readline().decode(), flush=True)\nsys.stdin.read()\n")
        parent = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        pid = json.loads(parent.stdout.readline())["pid"]
        watch = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
        parent.send_signal(signal.SIGKILL)
        parent.communicate()
        assert ended(pid, watch)

    @pytest.mark.parametrize("variant", ["wrong_host", "expired", "other_ca"])
    def test_bad_certificates(self, tmp_path, variant):
        with Issuer(tmp_path, tls_variant=variant) as issuer:
            import ssl
            context = ssl.create_default_context(cafile=issuer.ca_file)
            plug = socket.create_connection(("localhost", issuer.port))
            with pytest.raises(ssl.SSLCertVerificationError):
                context.wrap_socket(plug, server_hostname="localhost")
            plug.close()


def ended(pid, watch):
    """Whether a process ends within ten seconds."""
    import select
    if watch is not None:
        return bool(select.select([watch], [], [], 10)[0])
    return not os.path.exists(f"/proc/{pid}")
