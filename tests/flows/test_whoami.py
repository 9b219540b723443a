# SPDX-License-Identifier: Apache-2.0
"""`latchkey whoami`: the cached session in words and as JSON, and what the issuer says now."""

import json

import pytest
from rested import NO_BROWSER, spoil
from wire import endpoints, header

ids = pytest.mark.ids
GROUPS = ["k8s-admins", "k8s-viewers"]


def whoami(kube, *flags, **environment):
    return kube.run("whoami", *flags, **NO_BROWSER, **environment)


def answer(kube, *flags, **environment):
    result = whoami(kube, "--output=json", *flags, **environment)
    assert result.status == 0, result.err
    return json.loads(result.out)


@pytest.fixture
def known(kube, issuer):
    """Somebody is logged in."""
    assert kube.get_token().status == 0
    issuer.clear_log()
    return kube


def test_it_tells_who_is_logged_in_without_the_network(known, issuer):
    before = known.session_file.read_bytes()
    result = whoami(known)
    lines = [line.strip() for line in result.out.splitlines()]
    assert result.status == 0 and result.err == ""
    assert lines[0] == "alice@example.com"
    assert f"issuer:  {issuer.url}" in lines and "client:  kubernetes" in lines
    assert f"subject: {known.session['subject']}" in lines
    assert f"groups:  {', '.join(GROUPS)}" in lines
    assert any(line.startswith("token:   good for ") for line in lines)
    assert "session: is refreshed without a login" in lines
    assert endpoints(issuer) == [] and known.session_file.read_bytes() == before


def test_as_json(known, issuer):
    said, session = answer(known), known.session
    assert 0 < said.pop("remaining_seconds") <= session["lifetime"]
    assert said.pop("expiry").endswith("Z")
    assert said == {"issuer": issuer.url, "client_id": "kubernetes", "account": None, "user": "alice@example.com",
                    "subject": session["subject"], "token_kind": "id_token", "refreshable": True, "refresh_token_in": "disk", "groups": GROUPS}


def test_no_token_is_ever_shown(known):
    session = known.session
    for flags in ([], ["--output=json"], ["--userinfo"], ["--userinfo", "--output=json"]):
        result = whoami(known, *flags)
        assert result.status == 0
        for secret in (session["id_token"], session["refresh_token"], known.session["refresh_token"]):
            assert secret not in result.out + result.err


def test_nobody_is_logged_in(kube, issuer):
    result = whoami(kube)
    assert result.code == "no_session" and endpoints(issuer) == []
    assert any("latchkey login" in hint for hint in result.hints)
    assert not kube.cache.exists()


def test_other_flags_are_another_session(known):
    assert whoami(known, "--oidc-extra-scope=other").code == "no_session"


def test_a_damaged_session_is_named(known):
    known.session_file.write_text("{}")
    result = whoami(known)
    assert result.code == "no_session"
    assert any(known.session_file.name in hint for hint in result.hints)


@pytest.mark.parametrize("flags", [[], ["--userinfo"]])
@pytest.mark.parametrize("kind", ["stranger", "loose", "link"])
def test_nobody_can_tell_from_a_directory_that_cannot_be_used(known, issuer, kind, flags):
    spoil(known.cache, kind)
    result = whoami(known, *flags)
    assert result.code == "cache_perm" and str(known.cache) in result.err
    assert endpoints(issuer) == []


def test_an_expired_session_says_so(known):
    known.expire(-100)
    known.edit_session(refresh_token=None)
    said = answer(known)
    assert said["remaining_seconds"] == 0 and said["refreshable"] is False
    result = whoami(known)
    assert "token:   expired" in result.out and "needs a login" in result.out


def test_a_token_without_groups(kube, issuer):
    issuer.mutate_id_token(remove=["groups"])
    assert kube.get_token().status == 0
    assert answer(kube)["groups"] == []
    assert "groups:  none in the token" in whoami(kube).out


def test_an_unknown_output_is_refused(known):
    assert whoami(known, "--output=token").code == "config"
    assert whoami(known, LATCHKEY_OUTPUT="token").status == 0  # that is for get-token


# --userinfo

@ids("BR-01")
def test_userinfo_is_asked_with_the_token_of_a_refresh_in_a_header_alone(known, issuer):
    before = known.session
    said = answer(known, "--userinfo")
    assert endpoints(issuer) == ["token", "userinfo"]
    request = issuer.requests("userinfo")[0]
    assert request["method"] == "GET" and request["query"] == {} and request["form"] == {}
    assert header(request, "authorization").startswith("Bearer ")
    assert said["userinfo"]["sub"] == before["subject"] and said["userinfo"]["groups"] == GROUPS
    assert known.session["refresh_token"] != before["refresh_token"]
    assert known.get_token(**NO_BROWSER).status == 0
    assert "  groups: [" in whoami(known, "--userinfo").out


@ids("BR-01")
def test_a_second_authorization_header_is_refused(known, issuer):
    flags = ["--oidc-request-header=Authorization=Proxy eDp5"]
    assert known.get_token(*flags).status == 0
    issuer.clear_log()
    assert whoami(known, "--userinfo", *flags).code == "config"
    assert endpoints(issuer) == []


@ids("BR-01")
def test_in_access_token_mode_the_stored_token_is_used(kube, issuer):
    token = kube.get_token("--oidc-use-access-token").token
    issuer.clear_log()
    assert answer(kube, "--userinfo", "--oidc-use-access-token")["userinfo"]["groups"] == GROUPS
    assert endpoints(issuer) == ["userinfo"]
    assert header(issuer.requests("userinfo")[0], "authorization") == f"Bearer {token}"


@ids("BR-02")
@pytest.mark.parametrize("fault", [{"json_patch": {"sub": "somebody-else"}}, {"json_patch": {"sub": None}}, {"json": [{"sub": "x"}]},
                                   {"body": "no"}, {"body": '{"sub":"a","sub":"b"}'}])
def test_an_answer_about_somebody_else_is_dropped_whole(known, issuer, fault):
    issuer.fault("userinfo", **fault)
    result = whoami(known, "--userinfo")
    assert result.code == "userinfo"
    assert "k8s-admins" not in result.err
    assert endpoints(issuer) == ["token", "userinfo"]
    assert known.get_token(**NO_BROWSER).status == 0


@pytest.mark.parametrize(("status", "code", "hint"), [(401, "userinfo", "log in again"), (403, "userinfo", "scope openid"),
                                                      (503, "server", "try again later")])
def test_a_refusal_is_explained(known, issuer, status, code, hint):
    issuer.fault("userinfo", status=status, body="")
    result = whoami(known, "--userinfo")
    assert result.code == code and f"HTTP {status}" in result.err
    assert any(hint in line for line in result.hints)


def test_a_signed_answer_is_refused_by_name(known, issuer):
    issuer.fault("userinfo", body="e30.e30.e30", content_type="application/jwt")
    assert whoami(known, "--userinfo").code == "unsupported"


def test_without_an_endpoint_nothing_is_spent(known, issuer):
    before = known.session_file.read_bytes()
    for path in known.cache.glob("*.provider"):
        path.unlink()
    issuer.fault("discovery", times=-1, json_patch={"userinfo_endpoint": None})
    assert whoami(known, "--userinfo").code == "unsupported"
    assert known.session_file.read_bytes() == before and "token" not in endpoints(issuer)


def test_a_session_that_cannot_be_refreshed_has_no_access_token(known):
    known.edit_session(refresh_token=None)
    assert whoami(known, "--userinfo").code == "userinfo"


def test_a_refresh_that_fails_says_so_and_opens_no_browser(known, issuer):
    issuer.fault("token", times=-1, status=503, body="")
    before = known.session_file.read_bytes()
    result = whoami(known, "--userinfo")
    assert result.code == "server" and "could not be refreshed" in result.err
    assert known.session_file.read_bytes() == before


def test_a_dead_session_needs_a_login(known, issuer):
    issuer.revoke_refresh()
    result = whoami(known, "--userinfo")
    assert result.code == "oauth_error"
    assert any("latchkey login" in hint for hint in result.hints)
