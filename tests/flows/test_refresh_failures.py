# SPDX-License-Identifier: Apache-2.0
"""The refresh that fails: only a dead grant leads to a login, nothing else loses a session or opens a browser."""

import json
import os
import subprocess
import time

import pki
import pytest
from issuer.client import Issuer
from patience import PROMPT
from rested import NO_BROWSER, log_in, refresh, refuse
from sockets import swallowing
from wire import endpoints, flat

ids = pytest.mark.ids
REFRESH = {"endpoint": "token", "grant_type": "refresh_token"}


def oauth_error(name, status=400):
    return {"status": status, "json": {"error": name, "error_description": "no", "request_id": "0123abcd"}}


def grants(issuer):
    return [entry["grant_type"] for entry in issuer.requests("token")]


# A dead grant

@ids("REF-05", "K7-29")
@pytest.mark.parametrize("error",
                         ["invalid_grant", "interaction_required", "login_required", "consent_required"])
def test_a_dead_grant_leads_to_one_login_and_says_why(kube, issuer, error):
    log_in(kube, issuer)
    issuer.fault(**REFRESH, **oauth_error(error))
    result = kube.get_token()
    assert result.claims["email"] == "alice@example.com"
    warnings = [line for line in result.err.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 1 and error in warnings[0] and "0123abcd" in warnings[0]
    assert grants(issuer) == ["refresh_token", "authorization_code"]


@ids("REF-05", "K7-29")
def test_a_dead_grant_is_forgotten_even_when_the_login_fails(kube, issuer):
    log_in(kube, issuer)
    issuer.revoke_refresh()
    assert kube.get_token(FAKE_BROWSER="deny").code == "callback_error"
    assert list(kube.cache.glob("*.json")) == []


@ids("REF-05", "K7-29")
@pytest.mark.parametrize("words", [
    pytest.param(["get-token", "--force-refresh"], id="nobody there"),
    pytest.param(["get-token", "--min-validity=10h"], id="a long deploy"),
    pytest.param(["whoami", "--userinfo"], id="who only looks")])
def test_a_dead_grant_costs_nobody_the_token_that_is_still_good(kube, issuer, words):
    token = kube.get_token().token
    issuer.revoke_refresh()
    result = kube.run(*words, CI="true")
    assert result.status == 1 and result.out == ""
    after = kube.get_token(CI="true", **NO_BROWSER)
    assert after.token == token and "refresh_token" not in kube.session
    assert grants(issuer) == ["authorization_code", "refresh_token"], "no login but the first"


def test_a_refresh_token_that_has_worked_before_has_simply_ended(kube, issuer):
    log_in(kube, issuer)
    refresh(kube)
    kube.expire()
    issuer.revoke_refresh()
    result = kube.get_token()
    assert result.status == 0
    assert any("has expired or was used elsewhere" in hint for hint in result.hints)
    assert "grant_types" not in result.err


@ids("K7-90")
def test_an_authentik_that_lacks_the_grant_is_recognised_and_the_setting_named(program, tmp_path):
    with Issuer(tmp_path, preset="2026.5", grant_types=["authorization_code"]) as issuer:
        program.flags = [f"--oidc-issuer-url={issuer.url}", "--oidc-client-id=kubernetes",
                         f"--certificate-authority={issuer.ca_file}", f"--token-cache-dir={program.cache}"]
        for _ in range(2):
            program.get_token()
            assert program.session["refreshed"] is False
            program.expire()
        result = program.get_token()
        assert result.status == 0
        hints = "\n".join(result.hints)
        for words in ("has never worked", "Grant types may lack 'refresh_token'", "grant_types"):
            assert words in hints


# A client that is refused

@ids("REF-05", "TOK-07")
@pytest.mark.parametrize(("answer", "code"), [
    (oauth_error("invalid_client"), "oauth_error"), (oauth_error("invalid_client", 401), "oauth_error"),
    (oauth_error("unauthorized_client"), "oauth_error"),
    (oauth_error("unsupported_grant_type"), "oauth_error"), (oauth_error("invalid_scope"), "oauth_error"),
    (oauth_error("invalid_request"), "oauth_error"), ({"status": 401, "body": ""}, "token_http")])
def test_a_client_that_is_refused_is_an_error_and_the_session_is_kept(kube, issuer, answer, code):
    log_in(kube, issuer)
    issuer.fault(**REFRESH, times=-1, **answer)
    result = refuse(kube, issuer, code, ["token"])
    assert result.err.startswith("error: the session could not be refreshed: the token request failed: HTTP 4")
    issuer.clear_faults()
    refresh(kube)


def test_a_secret_that_was_changed_is_named(kube, issuer):
    log_in(kube, issuer)
    issuer.configure(client_type="confidential", client_secret="new")
    hints = refuse(kube, issuer, "oauth_error", ["token"]).hints
    assert any("--oidc-client-secret" in hint for hint in hints)
    issuer.clear_log()
    hints = refuse(kube, issuer, "oauth_error", ["token"], "--oidc-client-secret=old").hints
    assert any("Client Secret" in hint for hint in hints)
    refresh(kube, "--oidc-client-secret=new")


# A server that cannot answer

MASK = {"status": 405, "body": "", "headers": {"Allow": "GET, HEAD, OPTIONS"}}


@ids("REF-05", "TOK-10")
@pytest.mark.parametrize(("answer", "code", "asked"), [
    ({"status": 500}, "server", ["token", "discovery"]),
    ({"status": 502, "body": "<html>"}, "server", ["token", "discovery"]),
    ({"status": 503}, "server", ["token", "discovery"]), ({"status": 429}, "server", ["token"]),
    ({"status": 408}, "server", ["token", "discovery"]), ({"status": 425}, "server", ["token", "discovery"]),
    ({"status": 503, "headers": {"Retry-After": "11"}}, "server", ["token", "discovery"]),
    ({"status": 503, "headers": {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}}, "server",
     ["token", "discovery"]),
    (oauth_error("temporarily_unavailable"), "server", ["token", "discovery"]),
    (oauth_error("server_error", 500), "server", ["token", "discovery"]),
    (MASK, "server", ["token", "discovery"]),
    ({"status": 404, "body": ""}, "token_http", ["token", "discovery"]),
    ({"status": 400, "body": "<html>", "content_type": "text/html"}, "token_http", ["token", "discovery"]),
    ({"body": "<html>", "content_type": "text/html"}, "token_json", ["token", "discovery"]),
    ({"body": "[]"}, "token_json", ["token", "discovery"]),
    ({"json": {"token_type": "mac", "access_token": "x"}}, "token_type", ["token", "discovery"]),
    (oauth_error("temporarily_unavailable", 200), "server", ["token", "discovery"])], ids=lambda value: "")
def test_a_server_that_cannot_answer_keeps_the_session(kube, issuer, answer, code, asked):
    log_in(kube, issuer)
    issuer.fault(**REFRESH, times=-1, **answer)
    refuse(kube, issuer, code, asked)
    issuer.clear_faults()
    refresh(kube)


@ids("REF-05")
def test_a_masked_failure_is_called_by_its_name(kube, issuer):
    log_in(kube, issuer)
    issuer.fault(**REFRESH, times=-1, **MASK)
    hints = "\n".join(refuse(kube, issuer, "server", ["token", "discovery"]).hints)
    assert "405 hides an internal failure" in hints and "Ed25519" in hints


@ids("REF-05")
@pytest.mark.parametrize("status", [429, 503])
def test_a_short_pause_that_the_server_asks_for_is_made_once(kube, issuer, status):
    log_in(kube, issuer)
    issuer.fault(**REFRESH, times=1, status=status, headers={"Retry-After": "1"})
    refresh(kube)
    first, second = issuer.requests()
    assert 1 <= second["time"] - first["time"] < 5 and first["form"] == second["form"]
    kube.expire()
    issuer.clear_log()
    issuer.fault(**REFRESH, times=-1, status=status, headers={"Retry-After": "0"})
    result = kube.get_token(**NO_BROWSER)
    assert result.code == "server" and "the server asks to wait 0 s" in result.hints[0]
    assert endpoints(issuer).count("token") == 2


@ids("REF-05")
def test_nobody_waits_for_the_server_while_the_old_token_is_good(kube, issuer):
    first = log_in(kube, issuer)
    kube.expire(40)
    issuer.fault(**REFRESH, times=-1, status=429, headers={"Retry-After": "10"})
    started = time.monotonic()
    assert refresh(kube).token == first.token
    assert time.monotonic() - started < 9.5 and endpoints(issuer) == ["token"]


@ids("REF-05")
def test_a_pause_ends_with_a_signal(kube, issuer):
    log_in(kube, issuer)
    before = kube.session_file.read_bytes()
    issuer.fault(**REFRESH, times=-1, status=503, headers={"Retry-After": "10"})
    running = kube.start("get-token", **NO_BROWSER)
    issuer.wait_for("token")
    started = time.monotonic()
    while running.process.poll() is None and time.monotonic() - started < PROMPT:
        running.signal()
        try:
            running.process.wait(0.2)
        except subprocess.TimeoutExpired:
            pass  # it may not have come to its pause yet
    assert running.wait().code == "interrupted"
    assert kube.session_file.read_bytes() == before
    assert set(endpoints(issuer)) == {"token"}, "nobody looks for another endpoint now"


# An answer that is lost on the way

@ids("REF-06")
@pytest.mark.parametrize("fault", [{"close": "before_headers"}, {"reset": "before_headers"}])
def test_a_lost_answer_is_asked_for_once_more_with_the_same_token(kube, issuer, fault):
    log_in(kube, issuer)
    issuer.fault(**REFRESH, times=1, **fault)
    refresh(kube)
    first, second = issuer.requests()
    assert first["form"] == second["form"]


@ids("REF-06")
def test_an_answer_that_is_lost_again_is_an_error_and_the_session_is_kept(kube, issuer):
    log_in(kube, issuer)
    issuer.fault(**REFRESH, times=-1, close="before_headers")
    refuse(kube, issuer, "network", ["token", "token"])


@ids("REF-06", "T-29")
@pytest.mark.parametrize("mode", ["overlap", "strict", "family"])
def test_a_lost_answer_of_a_server_that_had_done_its_work_ends_in_one_login(kube, issuer, mode):
    issuer.configure(single_use_refresh=mode)
    log_in(kube, issuer)
    issuer.fault(**REFRESH, times=1, after_processing=True)
    result = kube.get_token()
    assert result.claims["email"] == "alice@example.com"
    assert grants(issuer) == ["refresh_token", "refresh_token", "authorization_code"]
    kube.expire()
    issuer.clear_log()
    refresh(kube)


@ids("REF-06")
def test_a_refresh_that_takes_too_long_is_not_sent_again(kube, issuer):
    log_in(kube, issuer)
    issuer.fault(**REFRESH, times=-1, stall="before_headers")
    refuse(kube, issuer, "timeout", ["token"], "--http-timeout-sec=1")


# A network that is down

@ids("K7-29", "REF-05")
def test_without_a_network_a_session_whose_token_is_good_goes_on(kube, issuer):
    first = log_in(kube, issuer)
    kube.expire(40)
    before = kube.session_file.read_bytes()
    issuer.stop()
    started = time.monotonic()
    try:
        result = refresh(kube)
    finally:
        issuer.start()
    assert time.monotonic() - started < 2, "a good token waits for no network"
    assert result.token == first.token and kube.session_file.read_bytes() == before
    assert result.err.startswith("warning: the token could not be refreshed, the old one is good for another ")
    assert refresh(kube).token != first.token


@ids("K7-29", "REF-05")
def test_a_network_that_swallows_everything_holds_a_good_token_up_once_and_shortly(kube, issuer):
    first = log_in(kube, issuer)
    kube.expire(40)
    issuer.stop()
    try:
        with swallowing(issuer.port):
            times = []
            for _ in range(2):
                started = time.monotonic()
                assert refresh(kube).token == first.token
                times.append(time.monotonic() - started)
    finally:
        issuer.start()
    assert times[0] < 4 and times[1] < 1, times
    kube.expire()
    assert refresh(kube).token != first.token, "what is urgent is tried"


@ids("K7-29", "REF-05")
def test_without_a_network_a_session_whose_token_has_expired_is_kept(kube, issuer):
    log_in(kube, issuer)
    before = kube.session_file.read_bytes()
    issuer.stop()
    started = time.monotonic()
    try:
        result = kube.get_token(**NO_BROWSER)
    finally:
        issuer.start()
    assert result.code == "network" and "network, VPN or proxy" in result.hints[0]
    assert 4 < time.monotonic() - started < 5 + PROMPT
    assert kube.session_file.read_bytes() == before
    refresh(kube)


def test_a_network_that_comes_back_is_used_at_once(kube, issuer):
    log_in(kube, issuer)
    issuer.stop()
    running = kube.start("get-token", "-v1", **NO_BROWSER)
    running.read_line("trying again")
    issuer.start()
    assert running.wait().status == 0


@ids("REF-05")
def test_a_certificate_that_is_wrong_today_keeps_the_session(kube, issuer, tmp_path):
    log_in(kube, issuer)
    kept = [flag for flag in kube.flags if not flag.startswith("--certificate")]
    kube.flags, good = [*kept, f"--certificate-authority={pki.Authority(tmp_path).file}"], kube.flags
    refuse(kube, issuer, "tls", [])
    kube.flags = good
    refresh(kube)


@ids("K7-29")
def test_a_forced_refresh_says_that_it_failed(kube, issuer):
    kube.get_token()
    issuer.clear_log()
    issuer.fault(**REFRESH, times=-1, status=500)
    refuse(kube, issuer, "server", ["token", "discovery"], "--force-refresh")


# No token in the answer

@ids("REF-04")
def test_an_answer_without_an_id_token_leaves_the_old_one_while_it_is_good(kube, issuer):
    first = log_in(kube, issuer)
    kube.expire(40)
    old = kube.session["refresh_token"]
    issuer.fault("token", json_patch={"id_token": None}, times=-1)
    assert refresh(kube).token == first.token
    assert kube.session["refresh_token"] not in (None, old)


@ids("REF-04", "K7-29")
def test_an_answer_without_an_id_token_leads_to_a_login_when_the_old_one_has_expired(kube, issuer):
    first = log_in(kube, issuer)
    issuer.fault("token", json_patch={"id_token": None}, times=1)
    result = kube.get_token()
    assert result.token != first.token
    assert "warning: the session cannot be refreshed: the provider's answer holds no id_token\n" in result.err
    assert grants(issuer) == ["refresh_token", "authorization_code"]


# Somebody else was faster

@ids("T-29")
def test_a_session_that_another_host_has_refreshed_meanwhile_is_taken_over(kube, issuer):
    log_in(kube, issuer)
    issuer.fault(**REFRESH, delay_ms=1500, **oauth_error("invalid_grant"))
    running = kube.start("get-token", **NO_BROWSER)
    issuer.wait_for("token")
    now = int(time.time())
    kube.edit_session(refresh_token="of-another-host", expires_at=now + 3600, obtained_at=now, issued_at=now,
                      lifetime=3600)
    written = kube.session_file.read_bytes()
    assert running.wait().token == json.loads(written)["id_token"]
    assert kube.session_file.read_bytes() == written and endpoints(issuer) == ["token"]


@ids("T-29")
@pytest.mark.parametrize("works", [True, False])
def test_a_host_whose_clock_goes_before_ours_has_refreshed_meanwhile(kube, issuer, works):
    """Its token is not good yet, its refresh token is."""
    log_in(kube, issuer)
    good = kube.session["refresh_token"] if works else "of-another-host"
    kube.edit_session(refresh_token="spent")
    issuer.fault(**REFRESH, delay_ms=1500, **oauth_error("invalid_grant"))
    running = kube.start("get-token", **NO_BROWSER)
    issuer.wait_for("token")
    now = int(time.time()) - 1
    kube.edit_session(refresh_token=good, expires_at=now + 3600, obtained_at=now + 120, issued_at=now, lifetime=3600)
    result = running.wait()
    assert grants(issuer) == ["refresh_token"] * 2
    if works:
        assert result.token == kube.session["id_token"] and kube.session["refreshed"]
    else:
        assert result.status == 1 and "the session cannot be refreshed" in result.err


@ids("REF-09", "T-21")
def test_a_refresh_token_goes_to_its_own_issuer_alone(kube, issuer):
    issuer.configure(clients=[{"slug": "other", "client_id": "kubernetes-2"}])
    log_in(kube, issuer)
    own = kube.session_file
    other = issuer.url.replace("/kubernetes/", "/other/")
    flags = [f"--oidc-issuer-url={other}", "--oidc-client-id=kubernetes-2", *kube.flags[2:]]
    kube.flags, good = flags, kube.flags
    assert kube.get_token().status == 0
    (theirs,) = set(kube.cache.glob("*.json")) - {own}
    os.replace(own, theirs)
    issuer.clear_log()
    assert kube.get_token().status == 0
    assert [flat(entry["form"])["grant_type"] for entry in issuer.requests("token")] == ["authorization_code"]
    kube.flags = good
