# SPDX-License-Identifier: Apache-2.0
"""--oidc-use-access-token where the access token is opaque: its lifetime is expires_in, and the ID token tells whose it is."""

import json
import time
from datetime import datetime

import pytest
from forge import Forger, half_digest
from rested import NO_BROWSER
from wire import endpoints
from waiting import Waiting

ids = pytest.mark.ids
FLAG = "--oidc-use-access-token"
OPAQUE = "mF_9.B5f-4.1JqM~+/"


@pytest.fixture
def forger(issuer):
    return Forger(issuer)


def log_in(kube, forger, token=OPAQUE, **members):
    """A login whose access token is TOKEN; MEMBERS change the answer."""
    waiting = Waiting(kube, FLAG)
    return forger.deliver(waiting, forger.token(forger.claims(waiting)), access_token=token, **members)


def seconds_left(result):
    expiry = result.credential["status"]["expirationTimestamp"]
    return datetime.fromisoformat(expiry.replace("Z", "+00:00")).timestamp() - time.time()


@ids("OUT-03")
@pytest.mark.parametrize("token", [OPAQUE, "a", "abc==", "0123456789abcdef.x.y"])
def test_an_opaque_token_is_printed_with_the_lifetime_of_the_answer(kube, issuer, forger, token):
    result = log_in(kube, forger, token, expires_in=1234)
    assert result.token == token
    assert kube.get_token(FLAG, **NO_BROWSER).token == token
    assert 1224 <= seconds_left(result) <= 1234


def test_it_is_answered_from_the_cache(kube, issuer, forger):
    first = log_in(kube, forger)
    issuer.clear_log()
    second = kube.get_token(FLAG, **NO_BROWSER)
    assert second.token == first.token and endpoints(issuer) == []
    assert second.credential == first.credential


@ids("OUT-03")
@pytest.mark.parametrize("token", ['a"b', "a b", "a\\b", "a=b", "=", "a,b", "a;b"])
def test_a_token_that_no_header_can_carry_is_refused(kube, issuer, forger, token):
    result = log_in(kube, forger, token)
    assert result.code == "idtoken_format" and "access token" in result.err
    assert list(kube.cache.glob("*.json")) == []


@pytest.mark.parametrize("lifetime", [None, 0, -1, "soon", 1.5])
def test_without_a_lifetime_it_is_refused(kube, issuer, forger, lifetime):
    result = log_in(kube, forger, expires_in=lifetime)
    assert result.code == "token_json" and "expires_in" in result.err
    assert any(FLAG in hint for hint in result.hints)


def test_a_lifetime_without_end_has_one(kube, issuer, forger):
    result = log_in(kube, forger, expires_in=2**52)
    assert result.token == OPAQUE
    assert kube.get_token(FLAG, **NO_BROWSER).token == OPAQUE


@ids("TOK-12")
@pytest.mark.parametrize(("change", "code"), [({"aud": "x"}, "idtoken_aud"), ({"nonce": "x"}, "idtoken_nonce"), ({"exp": 1}, "idtoken_exp"),
                                              ({"at_hash": half_digest("another")}, "idtoken_at_hash")])
def test_the_id_token_is_verified_all_the_same(kube, issuer, forger, change, code):
    waiting = Waiting(kube, FLAG)
    result = forger.deliver(waiting, forger.token(forger.claims(waiting, **change)), access_token=OPAQUE)
    assert result.code == code
    assert list(kube.cache.glob("*.json")) == []


@ids("TOK-12")
def test_without_an_id_token_nobody_knows_whose_it_is(kube, issuer, forger):
    waiting = Waiting(kube, FLAG)
    assert forger.deliver(waiting, None, access_token=OPAQUE).code == "idtoken_missing"


@ids("TOK-12")
def test_without_the_flag_it_is_never_the_credential(kube, issuer, forger):
    waiting = Waiting(kube)
    id_token = forger.token(forger.claims(waiting))
    assert forger.deliver(waiting, id_token, access_token=OPAQUE).token == id_token


@ids("TOK-12")
@pytest.mark.parametrize("change", [{"exp": 1}, {"iss": "https://other.example/"}])
def test_a_jwt_is_never_taken_for_an_opaque_token(kube, issuer, forger, change):
    waiting = Waiting(kube, FLAG)
    token = forger.token(forger.claims(waiting, nonce=None, **change))
    assert forger.deliver(waiting, forger.token(forger.claims(waiting)), access_token=token).status == 1


@pytest.mark.parametrize("with_id_token", [True, False])
def test_it_is_refreshed(kube, issuer, forger, with_id_token):
    waiting = Waiting(kube, FLAG)
    claims = forger.claims(waiting)
    forger.deliver(waiting, forger.token(claims), access_token=OPAQUE, refresh_token="first")
    kube.expire()
    fresh = forger.token({**claims, "iat": int(time.time())}) if with_id_token else None
    forger.answer(fresh, access_token="fresh-one", refresh_token="second", expires_in=77)
    result = kube.get_token(FLAG, **NO_BROWSER)
    assert result.token == "fresh-one" and 67 <= seconds_left(result) <= 77
    assert kube.session["refresh_token"] == "second"
    assert (kube.session["subject"], kube.session["username"]) == ("subject-1", "alice@example.com")


@ids("REF-03")
def test_a_refresh_for_somebody_else_is_refused(kube, issuer, forger):
    waiting = Waiting(kube, FLAG)
    claims = forger.claims(waiting)
    forger.deliver(waiting, forger.token(claims), access_token=OPAQUE, refresh_token="first")
    kube.expire()
    forger.answer(forger.token({**claims, "sub": "subject-2"}), access_token="fresh-one")
    assert kube.get_token(FLAG, **NO_BROWSER).code == "refresh_sub"
    assert list(kube.cache.glob("*.json")) == []


def test_whoami_knows_the_person_and_not_the_groups(kube, issuer, forger):
    log_in(kube, forger)
    said = json.loads(kube.run("whoami", FLAG, "--output=json").out)
    assert (said["user"], said["subject"], said["token_kind"], said["groups"]) == ("alice@example.com", "subject-1", "access_token", None)
    assert "groups:  not known, the token is opaque" in kube.run("whoami", FLAG).out


def test_as_json_it_says_whose_it_is(kube, issuer, forger):
    log_in(kube, forger)
    said = json.loads(kube.get_token(FLAG, "--output=json", **NO_BROWSER).out)
    assert (said["token"], said["issuer"], said["subject"], said["groups"]) == (OPAQUE, issuer.url, "subject-1", [])


@ids("OUT-04")
def test_a_client_needs_no_id_token(kube, issuer, forger):
    flags = ["--grant-type=client-credentials", "--oidc-client-secret=x"]
    forger.answer(None, access_token=OPAQUE, expires_in=1234)
    result = kube.get_token(FLAG, *flags, **NO_BROWSER)
    assert result.token == OPAQUE and 1224 <= seconds_left(result) <= 1234
    assert kube.get_token(FLAG, *flags, **NO_BROWSER).token == OPAQUE
    forger.answer(None, access_token=OPAQUE)
    assert kube.get_token(*flags, **NO_BROWSER).code == "idtoken_missing"
