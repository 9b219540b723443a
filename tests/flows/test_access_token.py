# SPDX-License-Identifier: Apache-2.0
"""--oidc-use-access-token: the access token is the credential, and the ID token is verified all the same."""

import time

import pytest
from forge import Forger
from program import claims
from refusal import refused
from waiting import Waiting

ids = pytest.mark.ids
FLAG = "--oidc-use-access-token"


@pytest.fixture
def forger(issuer):
    return Forger(issuer)


def pair(forger, waiting, **access):
    """An ID token and an access token; ACCESS changes the claims of the second."""
    access = {"nonce": None, "aud": "https://kubernetes.default.svc", **access}
    return forger.token(forger.claims(waiting)), forger.token(forger.claims(waiting, **access))


@ids("K7-70")
def test_the_access_token_is_printed(kube, issuer):
    printed = claims(kube.get_token(FLAG).token)
    assert printed["scope"] and printed["uid"]  # what Authentik's ID tokens do not have


@ids("K7-70")
def test_its_audience_is_the_api_servers_business(kube, issuer, forger):
    waiting = Waiting(kube, FLAG)
    id_token, access_token = pair(forger, waiting)
    assert forger.deliver(waiting, id_token, access_token=access_token).token == access_token


@ids("K7-70")
def test_an_answer_without_an_id_token_is_enough(kube, issuer, forger):
    waiting = Waiting(kube, FLAG)
    _, access_token = pair(forger, waiting)
    assert forger.deliver(waiting, None, access_token=access_token).token == access_token


def test_it_may_say_that_it_is_an_access_token(kube, issuer, forger):
    """RFC 9068: typ is at+jwt."""
    waiting = Waiting(kube, FLAG)
    token = forger.token(forger.claims(waiting, nonce=None), typ="at+jwt")
    assert forger.deliver(waiting, None, access_token=token).token == token


@ids("TOK-12")
@pytest.mark.parametrize(("mutation", "code"), [
    ({"claims": {"aud": "x"}}, "idtoken_aud"), ({"sign": "xor"}, "idtoken_signature"), ({"sign": "none"}, "idtoken_alg"),
    ({"claims": {"nonce": "x"}}, "idtoken_nonce"), ({"parts": "opaque"}, "idtoken_format")])
def test_a_bad_id_token_is_refused_although_it_is_not_printed(kube, issuer, mutation, code):
    issuer.mutate_id_token(**mutation)
    result = refused(kube, issuer, code, FLAG, last="token")
    assert "access token" not in result.err


@ids("TOK-12")
@pytest.mark.parametrize(("change", "code"), [
    ({"iss": "https://other.example/"}, "idtoken_iss"), ({"exp": 1}, "idtoken_exp"), ({"sub": None}, "idtoken_sub"),
    ({"iat": None}, "idtoken_iat")])
def test_a_bad_access_token_is_refused_and_the_flag_named(kube, issuer, forger, change, code):
    waiting = Waiting(kube, FLAG)
    id_token, access_token = pair(forger, waiting, **change)
    result = forger.deliver(waiting, id_token, access_token=access_token)
    assert result.code == code
    assert "the access token cannot be used as the credential" in result.err
    assert any(FLAG in hint for hint in result.hints)


@ids("TOK-12")
def test_one_that_ends_before_it_begins_is_refused(kube, issuer, forger):
    waiting = Waiting(kube, FLAG)
    now = int(time.time())
    id_token, access_token = pair(forger, waiting, exp=now + 120, iat=now + 180)
    result = forger.deliver(waiting, id_token, access_token=access_token)
    assert result.code == "idtoken_exp" and "not later than it was issued" in result.err
    assert not list(kube.cache.glob("*.json"))


@ids("TOK-12")
def test_without_the_flag_an_access_token_is_never_the_credential(kube, issuer, forger):
    waiting = Waiting(kube)
    _, access_token = pair(forger, waiting)
    assert forger.deliver(waiting, None, access_token=access_token).code == "idtoken_missing"


@ids("T-22")
def test_an_access_token_in_place_of_an_id_token_is_refused(kube, issuer, forger):
    waiting = Waiting(kube)
    token = forger.token(forger.claims(waiting), typ="at+jwt")
    assert forger.deliver(waiting, token).code == "idtoken_format"


@ids("T-22")
def test_the_token_of_another_login_is_refused(kube, issuer, forger):
    """Right key, right client, right person: only the nonce tells them apart."""
    first = Waiting(kube, f"--token-cache-dir={kube.directory / 'first'}", "--listen-address=127.0.0.1:0")
    second = Waiting(kube, "--listen-address=127.0.0.1:0")
    token = forger.token(forger.claims(first))
    assert forger.deliver(second, token).code == "idtoken_nonce"
    assert forger.deliver(first, token).token == token
