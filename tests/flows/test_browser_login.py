# SPDX-License-Identifier: Apache-2.0
"""A login in the browser as the issuer sees it: the authorization request, the token request, and nothing besides."""

import base64
import hashlib
import json
import re
import time

import pytest
from patience import PROMPT
from stranger import move
from waiting import Waiting
from wire import authorization, endpoints, header, token_form

ids = pytest.mark.ids
RANDOM = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes, base64url
OURS = "latchkey/"


def log_in(kube, *flags, **environment):
    result = kube.get_token(*flags, **environment)
    assert result.status == 0, result.err
    return result


def log_in_twice(kube, issuer):
    """The authorization requests of two logins in a row."""
    requests = []
    for _ in range(2):
        assert kube.run("login").status == 0
        requests.append(authorization(issuer))
    return requests


# The authorization request

@ids("AZ-01")
def test_the_request_asks_for_a_code_and_nothing_else(kube, issuer):
    log_in(kube)
    request = authorization(issuer)
    assert request["response_type"] == "code"
    assert not {"response_mode", "request", "request_uri"} & set(request)


@ids("AZ-02")
def test_extra_scopes_are_sent_once_in_order_before_openid(kube, issuer):
    log_in(kube, "--oidc-auto-scopes=false", "--oidc-extra-scope=email,profile", "--oidc-extra-scope=email")
    assert authorization(issuer)["scope"] == "email profile openid"


@pytest.mark.parametrize("name", [pytest.param("state", marks=ids("AZ-03")), pytest.param("nonce", marks=ids("AZ-04"))])
def test_state_and_nonce_are_32_random_bytes_of_each_login(kube, issuer, name):
    first, second = (request[name] for request in log_in_twice(kube, issuer))
    assert RANDOM.fullmatch(first) and RANDOM.fullmatch(second)
    assert first != second


@ids("K7-52", "AZ-03", "AZ-04")
def test_every_random_value_of_two_logins_differs(kube, issuer):
    requests = log_in_twice(kube, issuer)
    values = [request[name] for request in requests for name in ("state", "nonce", "code_challenge")]
    values += [entry["form"]["code_verifier"][0] for entry in issuer.requests("token")]
    values += [entry["query"][name][0] for entry in issuer.requests("authorize") if entry["probe"]
               for name in ("state", "nonce", "code_challenge")]
    assert len(values) == len(set(values)) == 11  # the second login asks no probe


@ids("AZ-05")
def test_the_verifier_is_fresh_and_the_challenge_is_its_digest(kube, issuer):
    log_in(kube)
    request, verifier = authorization(issuer), token_form(issuer)["code_verifier"]
    digest = hashlib.sha256(verifier.encode()).digest()
    assert RANDOM.fullmatch(verifier)
    assert request["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert request["code_challenge_method"] == "S256"


@ids("AZ-06")
def test_the_verifier_is_in_no_file_message_or_argument(kube, issuer, tmp_path):
    started = tmp_path / "started"
    result = log_in(kube, "-v=9", FAKE_BROWSER_LOG=str(started))
    verifier = token_form(issuer)["code_verifier"]
    files = [path for path in (*kube.cache.rglob("*"), *kube.home.rglob("*"), started, kube.page) if path.is_file()]
    assert len(files) >= 5
    assert not [path for path in files if verifier in path.read_text()]
    assert verifier not in result.err


@ids("K7-51")
@pytest.mark.parametrize(("flag", "methods", "challenge"), [
    ("auto", ["plain", "S256"], "S256"), ("auto", None, "S256"), ("no", ["plain", "S256"], None),
    ("S256", ["plain"], "S256"), ("S256", None, "S256")])
def test_the_pkce_method_is_chosen(kube, issuer, flag, methods, challenge):
    issuer.configure(discovery_patch={"code_challenge_methods_supported": methods})
    log_in(kube, f"--oidc-pkce-method={flag}")
    request = authorization(issuer)
    assert request.get("code_challenge_method") == challenge
    assert ("code_challenge" in request) == ("code_verifier" in token_form(issuer)) == (challenge is not None)


def test_an_issuer_that_knows_only_plain_is_refused_before_a_browser_opens(kube, issuer):
    issuer.configure(discovery_patch={"code_challenge_methods_supported": ["plain"]})
    result = kube.get_token()
    assert result.code == "pkce"
    assert any("--oidc-pkce-method" in hint for hint in result.hints)
    assert endpoints(issuer) == ["discovery"]


@ids("AZ-08")
def test_the_login_page_is_left_to_the_persons_browser(kube, issuer):
    log_in(kube)
    entries = issuer.requests()
    ours = [entry for entry in entries if header(entry, "User-Agent").startswith(OURS)]
    assert [entry["endpoint"] for entry in entries if entry not in ours] == ["authorize", "login", "authorize"]
    assert all(entry["endpoint"] != "login" and header(entry, "Cookie") is None for entry in ours)


@pytest.mark.parametrize("name", ["response_type", "client_id", "redirect_uri", "scope", "state", "nonce", "code_challenge",
                                  "code_challenge_method", "request", "request_uri", "response_mode"])
@ids("AZ-09")
def test_an_extra_parameter_cannot_replace_what_protects_the_login(kube, issuer, name):
    result = kube.get_token(f"--oidc-auth-request-extra-params={name}=x")
    assert result.code == "config"
    assert name in result.err and any("--oidc-auth-request-extra-params" in hint for hint in result.hints)
    assert issuer.requests() == []


@pytest.mark.parametrize("query", [pytest.param("?tenant=a%20b&x=1", marks=ids("AZ-10")),
                                   pytest.param("?tenant=a%20b", marks=ids("K7-49")), "?tenant=a%20b&"])
def test_a_query_of_the_endpoint_is_kept(kube, issuer, query):
    endpoint = f"{issuer.base_url}/application/o/authorize/{query}"
    issuer.configure(discovery_patch={"authorization_endpoint": endpoint})
    waiting = Waiting(kube)
    assert waiting.authorization.startswith(f"{endpoint.rstrip('&')}&access_type=")
    assert waiting.finish().claims["preferred_username"] == "alice"


@ids("AZ-10")
def test_every_value_is_encoded(kube, issuer):
    value = "a b&c=d#e%f+g/ü\"'"
    log_in(kube, f"--oidc-auth-request-extra-params=odd={value}", "--oidc-extra-scope=x&y#z")
    request = authorization(issuer)
    assert request["odd"] == value
    assert request["scope"].startswith("x&y#z ")


@ids("AZ-12")
def test_no_prompt_is_asked_for(kube, issuer):
    log_in(kube)
    assert "prompt" not in authorization(issuer)


@ids("K7-50")
def test_a_prompt_and_an_access_type_can_be_asked_for(kube, issuer):
    issuer.configure(consent="explicit")
    log_in(kube, "--oidc-auth-request-extra-params=prompt=consent,access_type=online")
    requests = [entry["query"] for entry in issuer.requests("authorize") if not entry["probe"]]
    assert all(query["prompt"] == ["consent"] and query["access_type"] == ["online"] for query in requests)


# The token request

@ids("TOK-01")
def test_the_token_request_is_a_form_without_a_secret_in_its_url(kube, issuer):
    log_in(kube, "--oidc-client-secret=s3cr3t")
    (entry,) = issuer.requests("token")
    assert entry["method"] == "POST" and entry["query"] == {}
    assert header(entry, "Content-Type") == "application/x-www-form-urlencoded"
    names = [pair.partition("=")[0] for pair in entry["raw_body"].split("&")]
    assert sorted(names) == ["client_id", "client_secret", "code", "code_verifier", "grant_type", "redirect_uri"]
    assert not [other for other in issuer.requests() if "s3cr3t" in json.dumps(other["query"]) + other["path"]]


def test_the_code_of_the_callback_is_exchanged_once(kube, issuer):
    waiting = Waiting(kube)
    waiting.finish()
    form = token_form(issuer)
    assert form["code"] == waiting.answer["code"]
    assert form["grant_type"] == "authorization_code"
    assert form["redirect_uri"] == waiting.request["redirect_uri"]


# The whole

@ids("K7-48")
def test_the_start_page_leads_to_the_authorization_endpoint(kube, issuer):
    waiting = Waiting(kube)
    assert waiting.authorization.startswith(f"{issuer.base_url}/application/o/authorize/?")
    expected = {"response_type": "code", "client_id": "kubernetes", "access_type": "offline",
                "redirect_uri": "http://localhost:8000", "scope": "profile email offline_access openid"}
    assert expected.items() <= waiting.request.items()
    assert {"state", "nonce"} <= set(waiting.request)
    assert waiting.finish().status == 0


def test_a_login_is_four_requests_and_the_keys_come_while_the_person_is_busy(kube, issuer):
    waiting = Waiting(kube)
    assert len(issuer.wait_for("jwks")) == 1
    assert waiting.finish().status == 0
    assert endpoints(issuer) == ["discovery", "authorize", "jwks", "token"]


def test_another_issuer_gets_exactly_what_the_peer_sends(kube, issuer):
    move(kube, issuer)
    log_in(kube)
    assert endpoints(issuer) == ["other", "jwks", "token"]
    assert authorization(issuer)["scope"] == "openid"


def test_stderr_says_who_is_logged_in(kube, issuer):
    assert log_in(kube).err == f"logged in as alice@example.com at {issuer.url}\n"


def test_login_prints_who_is_logged_in_instead_of_a_token(kube, issuer):
    result = kube.run("login")
    assert result.status == 0
    assert re.fullmatch(rf"logged in as alice@example\.com at {re.escape(issuer.url)}, token good for \S.*\n", result.out)
    assert result.err == ""


def test_two_people_log_in_one_after_the_other_on_the_same_port(kube, issuer):
    for user in ("alice", "bob"):
        assert log_in(kube, f"--token-cache-dir={kube.directory / user}", FAKE_BROWSER_USER=user
                      ).claims["preferred_username"] == user
        assert authorization(issuer)["redirect_uri"] == "http://localhost:8000"


@ids("K7-53")
def test_a_refusal_with_the_right_state_ends_the_login_with_its_words(kube, issuer):
    result = kube.get_token(FAKE_BROWSER="deny")
    assert result.code == "callback_error"
    assert result.err.startswith("error: the provider refused the login: access_denied: The resource owner denied")
    assert issuer.count("token") == 0
    assert "The resource owner denied the request" in kube.read_page()


def test_a_login_ends_promptly_when_nobody_fetches_the_outcome(kube, issuer):
    waiting = Waiting(kube)
    target = waiting.callback()
    started = time.monotonic()
    assert waiting.ask(target).status == 303
    assert waiting.running.wait().status == 0
    assert time.monotonic() - started < PROMPT  # a second of grace, and the exchange
