# SPDX-License-Identifier: Apache-2.0
"""The token endpoint's answer: what is accepted, what is refused and how it is told, and that a code is sent once."""

import json
import re
import socket
import threading

import pytest
from issuer.client import Issuer
from refusal import refused, store_old_session
from waiting import Waiting
from wire import endpoints, header

ids = pytest.mark.ids


class Listener:
    """A server that reads what comes and closes."""

    def __enter__(self):
        self.requests = []
        self.plug = socket.create_server(("127.0.0.1", 0))
        self.port = self.plug.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()
        return self

    def serve(self):
        while True:
            try:
                client, _ = self.plug.accept()
            except OSError:
                return
            with client:
                self.requests.append(client.recv(65536))

    def __exit__(self, *_):
        self.plug.shutdown(socket.SHUT_RDWR)
        self.plug.close()
        self.thread.join()


@pytest.fixture
def stored(kube, issuer):
    """A session that a failed login must leave alone."""
    store_old_session(kube, issuer)


# Accepted

@ids("T-12")
@pytest.mark.parametrize(("groups", "warns"), [(100, False), (700, True)])
def test_a_token_that_a_proxy_may_refuse_for_its_length_is_told(kube, issuer, groups, warns):
    issuer.mutate_id_token(claims={"groups": [f"group-{number:024}" for number in range(groups)]})
    result = kube.get_token()
    assert result.status == 0 and (len(result.token) > 16384) == warns
    assert ("warning: the token is " in result.err) == warns
    assert kube.get_token().err == ""


@ids("TOK-04")
@pytest.mark.parametrize("patch", [
    pytest.param({"token_type": "bEARER"}, id="fapi2-token-type-case-insensitivity"), {"token_type": "BEARER"},
    pytest.param({"expires_in": None}, id="fapi2-token-endpoint-response-without-expires_in"),
    {"expires_in": "3600"}, {"expires_in": -1}, {"expires_in": 2**62}, {"expires_in": 2**63}, {"expires_in": 1.5}, {"expires_in": [1]},
    {"expires_in": True}])
def test_a_lifetime_that_cannot_be_and_letters_of_any_case_are_accepted(kube, issuer, patch):
    issuer.fault("token", json_patch=patch)
    assert kube.get_token().claims["preferred_username"] == "alice"


@ids("TOK-06")
@pytest.mark.parametrize("patch", [
    pytest.param({"scope": None, "expires_in": None}, id="fapi1-no-scope-in-token-endpoint-response"),
    {"unknown": {"a": [1, None, "x"]}, "not-before-policy": 0, "session_state": "x"}, {"refresh_token": None},
    {"refresh_token": ""}])
def test_members_may_be_missing_or_unknown(kube, issuer, patch):
    issuer.fault("token", json_patch=patch)
    assert kube.get_token().claims["preferred_username"] == "alice"


def test_an_answer_of_another_type_is_judged_by_what_it_holds(kube, issuer):
    issuer.fault("token", after_processing=True, content_type="text/plain")
    assert kube.get_token().status == 0


def test_the_longest_answer_is_a_mebibyte(kube, issuer):
    issuer.fault("token", after_processing=True, size=1 << 20)
    assert kube.run("login").status == 0
    issuer.fault("token", after_processing=True, size=(1 << 20) + 1)
    assert kube.run("login").code == "too_large"


# Refused although the status is 200

@ids("TOK-04")
@pytest.mark.parametrize(("patch", "code"), [
    ({"token_type": None}, "token_type"), ({"token_type": "DPoP"}, "token_type"), ({"token_type": "mac"}, "token_type"),
    ({"token_type": ["Bearer"]}, "token_type"), ({"token_type": ""}, "token_type"),
    ({"access_token": None}, "token_json"), ({"access_token": ""}, "token_json"), ({"access_token": 7}, "token_json"),
    ({"access_token": "a\nb"}, "token_json"), ({"id_token": 7}, "token_json"), ({"id_token": {"a": 1}}, "token_json"),
    ({"refresh_token": ["x"]}, "token_json"),
    ({"refresh_token": "a\u0007b"}, "token_json")])
def test_an_answer_with_a_wrong_member_is_refused(kube, issuer, stored, patch, code):
    issuer.fault("token", json_patch=patch)
    result = refused(kube, issuer, code, last="token")
    assert next(iter(patch)) in result.err or "token type" in result.err


@ids("TOK-05")
@pytest.mark.parametrize("value", [None, ""])
def test_an_answer_without_an_id_token_is_refused(kube, issuer, stored, value):
    issuer.fault("token", json_patch={"id_token": value})
    result = refused(kube, issuer, "idtoken_missing", last="token")
    assert any("openid" in hint for hint in result.hints)


@ids("K7-69")
def test_the_message_about_a_missing_id_token_holds_no_secret(kube, issuer, stored):
    issuer.fault("token", json_patch={"id_token": None, "access_token": "SECRET1", "refresh_token": "SECRET2",
                                      "extra": "SECRET3"})
    waiting = Waiting(kube, "-v=9")
    result = waiting.finish()
    assert result.code == "idtoken_missing"
    secrets = ["SECRET", waiting.answer["code"], waiting.answer["state"]]
    assert not [secret for secret in secrets if secret in result.err or secret in waiting.page.text]


@ids("TOK-04")
@pytest.mark.parametrize("body", [
    "", "[]", "\"x\"", "7", "null", "{", "{}{}", "<html>ok</html>", "{\"access_token\":\"a\",\"access_token\":\"b\"}",
    "[" * 40 + "]" * 40, "{\"access_token\": \"a\\u0000b\", \"token_type\": \"Bearer\"}", "\ufeff{}"])
def test_a_body_that_is_no_json_object_is_refused(kube, issuer, stored, body):
    issuer.fault("token", body=body)
    result = refused(kube, issuer, "token_json", last="token")
    assert "the token response" in result.err


def test_an_error_in_an_answer_with_status_200_is_an_error(kube, issuer, stored):
    issuer.fault("token", json={"error": "invalid_grant", "error_description": "Code was redeemed"})
    result = refused(kube, issuer, "oauth_error", last="token")
    assert "invalid_grant: Code was redeemed" in result.err


# Error answers

@ids("TOK-07")
@pytest.mark.parametrize(("fault", "code", "words"), [
    ({"status": 400, "json": {"error": "invalid_grant", "error_description": "No", "error_uri": "https://e/x"}},
     "oauth_error", ["HTTP 400: invalid_grant: No", "https://e/x"]),
    ({"status": 401, "json": {"error": "invalid_client"}}, "oauth_error", ["HTTP 401: invalid_client"]),
    ({"status": 403, "json": {"error": "access_denied", "error_description": "User"}}, "oauth_error",
     ["HTTP 403: access_denied: User"]),
    ({"status": 500, "json": {"error": "server_error"}}, "server", ["HTTP 500: server_error"]),
    ({"status": 418, "body": "<html>SECRET-BODY</html>"}, "token_http", ["HTTP 418"]),
    ({"status": 401, "body": ""}, "token_http", ["HTTP 401"]),
    ({"status": 400, "body": "{\"error\": 7}"}, "token_http", ["HTTP 400"]),
    ({"status": 404, "body": "SECRET-BODY"}, "token_http", ["HTTP 404"]),
    ({"status": 503, "body": "SECRET-BODY", "headers": {"Retry-After": "7"}}, "server", ["HTTP 503", "wait 7 s"]),
    ({"status": 429, "body": "", "headers": {"Retry-After": "x"}}, "server", ["HTTP 429"]),
    ({"status": 204, "body": ""}, "token_http", ["HTTP 204"]),
    ({"status": 201, "json": {"access_token": "SECRET-BODY"}}, "token_http", ["HTTP 201"])])
def test_an_error_answer_is_told_with_its_status_and_never_with_its_body(kube, issuer, stored, fault, code, words):
    issuer.fault("token", **fault)
    result = refused(kube, issuer, code, last="token")
    assert not [word for word in words if word not in result.err], result.err
    assert "could not exchange the code for a token: " in result.err
    assert "SECRET-BODY" not in result.err


@ids("TOK-07")
@pytest.mark.parametrize("description", ["\x1b]0;owned\x07 error: x\r\nhint: y", "a" * 100_000, "\u202e\u200b\x9b31m"])
def test_a_description_is_shown_on_one_line(kube, issuer, stored, description):
    issuer.fault("token", status=400, json={"error": "invalid_grant", "error_description": description})
    result = refused(kube, issuer, "oauth_error", last="token")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u200b]", result.err)
    assert len(result.err.splitlines()[0]) < 600


def test_authentiks_request_id_is_shown(kube, issuer, stored):
    answer = {"error": "invalid_grant", "error_description": "No", "request_id": "c0ffee"}
    issuer.fault("token", status=400, json=answer)
    assert "(request id c0ffee)" in refused(kube, issuer, "oauth_error", last="token").err


def test_a_405_that_hides_a_failure_is_told_as_one(kube, issuer, stored):
    issuer.fault("token", status=405, body="", headers={"Allow": "GET, HEAD, OPTIONS"})
    result = refused(kube, issuer, "server", last="token")
    assert any("hides an internal failure" in hint for hint in result.hints)


def test_a_405_of_its_own_is_no_failure_of_the_server(kube, issuer, stored):
    issuer.fault("token", status=405, body="", headers={"Allow": "POST, OPTIONS"})
    result = refused(kube, issuer, "token_http", last="token")
    assert "hides" not in result.err


# The code is sent once, and nowhere else

@ids("TOK-08")
@pytest.mark.parametrize("fault", [
    {"close": "before_headers"}, {"reset": "before_headers"}, {"close": "before_headers", "after_processing": True},
    {"close": "after_headers", "after_processing": True}, {"close": "mid_body", "after_processing": True},
    {"reset": True}, {"status": 503}, {"status": 429}])
def test_a_code_is_never_sent_twice(kube, issuer, stored, fault):
    issuer.fault("token", times=1, **fault)
    result = refused(kube, issuer, "server" if "status" in fault else "network")
    assert issuer.count("token") == 1
    assert result.status == 1


@ids("TOK-08")
def test_a_server_that_closes_after_reading_gets_one_request(kube, tmp_path):
    """With a server of the test's own, so that nothing but the connections to its socket count."""
    with Listener() as server, Issuer(tmp_path, tls=False) as issuer:
        issuer.configure(discovery_patch={"token_endpoint": f"http://localhost:{server.port}/token"})
        kube.flags[0] = f"--oidc-issuer-url={issuer.url}"
        result = kube.get_token()
    assert result.code == "network"
    assert [request.partition(b" ")[0] for request in server.requests] == [b"POST"]


@ids("TOK-09")
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(kube, issuer, stored, status):
    with Listener() as elsewhere:
        issuer.fault("token", redirect={"location": f"http://127.0.0.1:{elsewhere.port}/token", "status": status})
        result = refused(kube, issuer, "redirect", last="token")
    assert elsewhere.requests == []
    assert "redirect" in result.err


@ids("TOK-10")
def test_secrets_reach_no_host_but_the_token_endpoints(kube, issuer):
    with Listener() as elsewhere:
        other = f"https://127.0.0.1:{elsewhere.port}/"
        issuer.configure(discovery_patch={"userinfo_endpoint": other, "revocation_endpoint": other})
        waiting = Waiting(kube, "--oidc-client-secret=s3cr3t", "--oidc-request-header=X-Team=blue")
        assert waiting.finish().status == 0
    assert elsewhere.requests == []
    sent = [entry["endpoint"] for entry in issuer.requests() if waiting.answer["code"] in json.dumps(entry["form"])
            or "s3cr3t" in json.dumps(entry) or (header(entry, "Authorization") or "")]
    assert sent == ["token"]
    assert endpoints(issuer)[-1] == "token"
