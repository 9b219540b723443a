# SPDX-License-Identifier: Apache-2.0
"""The silent refresh that works: what is sent, what is kept, when it is due, whose token it may be."""

import base64
import json
import time

import pytest
from program import claims
from rested import NO_BROWSER, log_in, refresh, refuse
from system_calls import calls, strace
from wire import authorization, endpoints, flat, header

ids = pytest.mark.ids


# What is sent and what is kept

@ids("REF-02")
def test_a_refresh_is_one_request_without_a_scope(kube, issuer):
    log_in(kube, issuer, "--oidc-extra-scope=groups")
    token = kube.session["refresh_token"]
    refresh(kube, "--oidc-extra-scope=groups")
    (entry,) = issuer.requests()
    assert flat(entry["form"]) == {"grant_type": "refresh_token", "refresh_token": token,
                                   "client_id": "kubernetes"}
    assert header(entry, "authorization") is None and entry["query"] == {}


def test_a_refresh_writes_and_syncs_no_more_than_it_must(kube, issuer, tmp_path):
    log_in(kube, issuer)
    (record,) = kube.cache.glob("*.provider")
    before = record.stat()
    log = tmp_path / "trace"
    running = kube.start("get-token", process={"before": strace(log, "-e", "trace=fsync,fdatasync")}, **NO_BROWSER)
    assert running.wait().status == 0
    assert (record.stat().st_ino, record.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert len(calls(log)) == 2 + 3, "who is at it; the draft, what is written into it; the directory each time"


def test_a_confidential_client_authenticates_its_refresh(kube, issuer):
    issuer.configure(client_type="confidential", client_secret="s3cr3t")
    kube.flags.append("--oidc-client-secret=s3cr3t")
    log_in(kube, issuer)
    refresh(kube)
    assert flat(issuer.requests("token")[0]["form"])["client_secret"] == "s3cr3t"


@ids("REF-01", "K7-27")
def test_each_refresh_spends_the_token_of_the_one_before(kube, issuer):
    log_in(kube, issuer)
    sent = []
    for _ in range(3):
        sent.append(kube.session["refresh_token"])
        first = refresh(kube)
        assert kube.session["id_token"] == first.token and kube.session["refreshed"] is True
        kube.expire()
    assert [flat(entry["form"])["refresh_token"] for entry in issuer.requests()] == sent
    assert len(set(sent)) == 3
    stored = "".join(path.read_text() for path in kube.cache.iterdir())
    assert not [token for token in sent if token in stored], "those that were spent are gone from the disk"


@ids("REF-01", "OUT-05")
def test_the_new_refresh_token_is_on_disk_before_anything_is_printed(kube, issuer):
    log_in(kube, issuer)
    old = kube.session["refresh_token"]
    with open("/dev/full", "wb") as full:
        assert kube.start("get-token", process={"stdout": full}, **NO_BROWSER).wait().code == "stdout"
    assert kube.session["refresh_token"] != old
    assert refresh(kube).token == kube.session["id_token"]
    assert endpoints(issuer) == ["token"]


@ids("K7-28", "REF-01")
def test_an_answer_without_a_refresh_token_keeps_the_old_one(kube, issuer):
    issuer.configure(refresh_threshold=3600)
    log_in(kube, issuer)
    old = kube.session["refresh_token"]
    for _ in range(2):
        refresh(kube)
        assert kube.session["refresh_token"] == old
        kube.expire()
    assert endpoints(issuer) == ["token", "token"]


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_refresh_token_is_none(kube, issuer, value):
    log_in(kube, issuer)
    old = kube.session["refresh_token"]
    issuer.fault("token", json_patch={"refresh_token": value})
    refresh(kube)
    assert kube.session["refresh_token"] == old


# When it is due

@ids("K7-30")
def test_a_forced_refresh_renews_a_token_that_is_good(kube, issuer):
    first = kube.get_token()
    issuer.clear_log()
    assert refresh(kube, "--force-refresh").token != first.token
    assert endpoints(issuer) == ["token"]


@ids("K7-30")
def test_a_forced_refresh_without_a_refresh_token_logs_in(kube, issuer):
    flags = ["--oidc-auto-scopes=false"]
    first = kube.get_token(*flags)
    assert "refresh_token" not in kube.session
    issuer.clear_log()
    assert kube.get_token("--force-refresh", *flags).token != first.token
    assert "authorization_code" in [entry["grant_type"] for entry in issuer.requests("token")]


MARGINS = [(3600, 64, False), (3600, 56, True), (3600, 1, True), (3600, 0, True), (3600, -1, True),
           (3600, -100000, True), (300, 34, False), (300, 26, True), (60, 8, False), (60, 4, True),
           (86400, 64, False), (86400, 56, True)]


@ids("REF-08", "K7-31")
@pytest.mark.parametrize(("lifetime", "left", "due"), MARGINS)
def test_a_token_is_renewed_a_little_before_it_expires(kube, issuer, lifetime, left, due):
    issuer.configure(access_ttl=lifetime)
    log_in(kube, issuer)
    kube.expire(left)
    refresh(kube)
    assert endpoints(issuer) == (["token"] if due else [])


def with_exp(token, exp):
    """The token with another exp; its signature is then wrong, which nobody looks at in the cache."""
    head, _, signature = token.split(".")
    payload = json.dumps({**claims(token), "exp": exp}).encode()
    return ".".join([head, base64.urlsafe_b64encode(payload).rstrip(b"=").decode(), signature])


@ids("REF-11")
@pytest.mark.parametrize("left", [-10, 30])
def test_a_file_cannot_make_a_token_live_longer_than_the_token_says(kube, issuer, left):
    kube.get_token()
    issuer.clear_log()
    token = with_exp(kube.session["id_token"], int(time.time()) + left)
    kube.edit_session(id_token=token, expires_at=int(time.time()) + 100000, lifetime=100000)
    assert refresh(kube).token != token
    assert endpoints(issuer) == ["token"]


# Whose token it is

@ids("K7-32")
@pytest.mark.parametrize("nonce", ["the login's", None])
def test_a_refreshed_token_may_carry_the_nonce_of_the_login(kube, issuer, nonce):
    kube.get_token()
    sent = authorization(issuer)["nonce"]
    assert kube.session["nonce"] == sent
    kube.expire()
    issuer.mutate_id_token(when="refresh",
                           **({"claims": {"nonce": sent}} if nonce else {"remove": ["nonce"]}))
    for _ in range(2):
        refresh(kube)
        assert kube.session["nonce"] == sent
        kube.expire()


OTHERS = [("refresh_iss", {"claims": {"iss": {"$append": "1"}}}),
          ("refresh_sub", {"claims": {"sub": {"$append": "1"}}}),
          ("refresh_aud", {"claims": {"aud": {"$append": "1"}}}), ("refresh_iss", {"remove": ["iss"]}),
          ("refresh_sub", {"remove": ["sub"]}), ("refresh_aud", {"remove": ["aud"]}),
          ("refresh_aud", {"claims": {"aud": ["kubernetes", "other"]}}),
          ("idtoken_nonce", {"claims": {"nonce": "another"}}),
          ("idtoken_azp", {"claims": {"azp": "another"}}),
          ("idtoken_auth_time", {"claims": {"auth_time": {"$now": 100}}}),
          ("idtoken_iat", {"claims": {"iat": {"$now": -100000}}})]


@ids("REF-03", "IDT-16", "K7-32", "T-22")
@pytest.mark.parametrize(("code", "mutation"), OTHERS,
                         ids=[f"{row[0]}-{index}" for index, row in enumerate(OTHERS)])
def test_a_token_of_another_login_is_refused_and_ends_the_session(kube, issuer, code, mutation):
    log_in(kube, issuer)
    issuer.mutate_id_token(when="refresh", **mutation)
    result = refuse(kube, issuer, code, ["token"], dropped=True)
    assert result.err.startswith("error: the session could not be refreshed: ")
    assert result.hints[-1] == "the session is forgotten: the next call logs in again"
    assert kube.get_token().status == 0


@ids("REF-03")
def test_a_session_that_cannot_be_deleted_is_not_called_forgotten(kube, issuer):
    log_in(kube, issuer)
    issuer.mutate_id_token(claims={"sub": "somebody else"}, when="refresh")
    kube.expire()
    stuck = strace(kube.directory / "trace", "-f", "-e", "inject=unlinkat:error=EIO")
    result = kube.start("get-token", process={"before": stuck}, **NO_BROWSER).wait()
    assert result.code == "refresh_sub" and "forgotten" not in result.err
    assert kube.session_file.exists()


PASSING = [("idtoken_exp", {"claims": {"exp": {"$now": -3600}}}, []),
           ("idtoken_exp", {"remove": ["exp"]}, []),
           ("idtoken_iat", {"claims": {"iat": {"$now": 100000}}}, []),
           ("idtoken_nbf", {"claims": {"nbf": {"$now": 100000}}}, []),
           ("idtoken_signature", {"sign": "xor"}, ["jwks"]), ("idtoken_alg", {"sign": "hs256"}, []),
           ("idtoken_format", {"parts": "a.b"}, []), ("idtoken_key", {"sign": "unpublished_kid"}, ["jwks"])]


@ids("REF-03")
@pytest.mark.parametrize(("code", "mutation", "more"), PASSING,
                         ids=[f"{row[0]}-{index}" for index, row in enumerate(PASSING)])
def test_a_token_that_is_bad_in_itself_is_refused_and_the_session_goes_on(kube, issuer, code, mutation, more):
    log_in(kube, issuer)
    before = kube.session
    issuer.mutate_id_token(when="refresh", times=1, **mutation)
    result = kube.get_token(**NO_BROWSER)
    assert result.code == code
    assert endpoints(issuer) == ["token", *more]
    assert kube.session["id_token"] == before["id_token"]
    assert kube.session["refresh_token"] != before["refresh_token"], "the new one is kept"
    refresh(kube)


@ids("REF-03")
def test_a_refresh_may_leave_auth_time_out(kube, issuer):
    log_in(kube, issuer)
    issuer.mutate_id_token(when="refresh", remove=["auth_time"])
    refresh(kube)


def test_keys_that_were_rotated_are_fetched_once(kube, issuer):
    log_in(kube, issuer)
    issuer.rotate_keys()
    refresh(kube)
    assert endpoints(issuer) == ["token", "jwks"]
    kube.expire()
    refresh(kube)
    assert endpoints(issuer) == ["token", "jwks", "token"]


@ids("T-12")
def test_an_unknown_key_is_looked_for_once_a_minute(kube, issuer):
    log_in(kube, issuer)
    issuer.mutate_id_token(when="refresh", sign="unpublished_kid")
    asked = []
    for _ in range(3):
        assert kube.get_token(**NO_BROWSER).code == "idtoken_key"
        asked = endpoints(issuer)
    assert asked.count("token") == 3 and asked.count("jwks") == 1


# The access token as the credential

@ids("K7-70")
def test_in_access_token_mode_a_refresh_needs_no_id_token(kube, issuer):
    kube.flags.append("--oidc-use-access-token")
    first = log_in(kube, issuer)
    issuer.fault("token", json_patch={"id_token": None}, times=1)
    second = refresh(kube)
    assert second.token != first.token and second.claims["azp"] == "kubernetes"
    assert kube.session["subject"] == second.claims["sub"]
