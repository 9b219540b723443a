# SPDX-License-Identifier: Apache-2.0
"""Which keys may have signed an ID token, and where they come from."""

import pytest
from forge import Forger
from refusal import refused, store_old_session
from wire import endpoints

ids = pytest.mark.ids
CURVE_KEY = {"kty": "EC", "crv": "secp256k1", "x": "A" * 43, "y": "A" * 43, "kid": "curve", "use": "sig"}
JUNK = [CURVE_KEY, {"kty": "oct", "k": "c2VjcmV0", "kid": "shared"}, {"kty": "RSA", "kid": "bare", "x5c": ["MIIB"]},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "tiny"}, {"kty": "OKP", "crv": "X25519", "x": "A" * 43},
        {"kty": "OKP", "crv": "Ed448", "x": "A" * 76}, {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}, {}, None, 7, "key",
        []]


@pytest.fixture
def stored(kube, issuer):
    """A session that a failed login must leave alone."""
    store_old_session(kube, issuer)


@pytest.fixture
def forger(issuer):
    return Forger(issuer)


def log_in(kube, *flags):
    result = kube.get_token(*flags)
    assert result.status == 0, result.err
    return result


def without(jwk, *names, **changes):
    return {name: value for name, value in {**jwk, **changes}.items() if name not in names}


@ids("IDT-07")
@pytest.mark.parametrize("place", ["extra_jwks_first", "extra_jwks"])
def test_keys_that_cannot_be_used_do_not_spoil_the_set(kube, issuer, place):
    issuer.configure(**{place: JUNK})
    log_in(kube)


@ids("K7-67")
@pytest.mark.parametrize("omit", [["alg"], ["use"], ["alg", "use"], ["x5c", "x5t", "x5t#S256"]])
def test_a_key_need_not_say_what_it_is_for(kube, issuer, omit):
    issuer.configure(jwk_omit=omit)
    log_in(kube)


@ids("IDT-07")
@pytest.mark.parametrize("spoil", [
    lambda jwk: without(jwk, use="enc"), lambda jwk: without(jwk, key_ops=["sign"]),
    lambda jwk: without(jwk, alg="RS512"),
    lambda jwk: without(jwk, d="AQAB"), lambda jwk: without(jwk, "n", "e"), lambda jwk: without(jwk, e="AQ"),
    lambda jwk: without(jwk, kty="oct", k=jwk["n"]), lambda jwk: without(jwk, n=jwk["n"] + "=")],
    ids=["for-encryption", "not-for-verifying", "for-another-algorithm", "with-a-private-part", "certificate-only",
         "exponent-one", "shared", "padded"])
def test_a_key_that_may_not_verify_does_not(kube, issuer, stored, forger, spoil):
    issuer.configure(publish_signing=False, extra_jwks=[spoil(forger.keys.get("rsa").jwk())])
    result = refused(kube, issuer, "idtoken_key", last="token")
    assert any("of the 1 published keys" in hint for hint in result.hints)


@ids("IDT-07")
def test_a_short_rsa_key_does_not_verify(kube, issuer, stored):
    issuer.configure(rsa_bits=1024)
    refused(kube, issuer, "idtoken_key", last="token")
    issuer.configure(rsa_bits=2048)


@ids("IDT-06")
@pytest.mark.parametrize("name", ["jku", "x5u", "jwk", "x5c"])
def test_a_key_in_the_header_is_never_used(kube, issuer, stored, forger, name):
    value = {"jwk": forger.keys.get("rsa", "-other").jwk(), "x5c": forger.keys.get("rsa", "-other").jwk()["x5c"]}.get(
        name, f"{issuer.base_url}/evil/jwks")
    issuer.mutate_id_token(sign="other_key", header={name: value})
    refused(kube, issuer, "idtoken_signature", last="token")
    assert "other" not in endpoints(issuer)


@ids("IDT-06")
def test_a_key_in_the_header_does_no_harm_to_a_good_token(kube, issuer):
    issuer.mutate_id_token(header={"jku": f"{issuer.base_url}/evil/jwks", "x5t": "AAAA"})
    log_in(kube)
    assert "other" not in endpoints(issuer)


@ids("IDT-08")
def test_a_token_and_keys_without_kid(kube, issuer, forger):
    """oidcc-client-test-kid-absent-single-jwks: one RSA key to sign, one of each other kind, one to encrypt."""
    to_encrypt = without(forger.keys.get("rsa", "-second1").jwk(), "kid", use="enc")
    issuer.configure(jwk_omit=["kid"], second_signing=["p256", "ed25519"], extra_jwks_first=[to_encrypt, CURVE_KEY])
    issuer.mutate_id_token(header_remove=["kid"])
    log_in(kube)


@ids("IDT-08")
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_token_without_kid_and_several_keys(kube, issuer, number):
    """oidcc-client-test-kid-absent-multiple-jwks"""
    issuer.configure(jwk_omit=["kid"], second_signing=["rsa", "rsa", "p256"], sign_with=number)
    issuer.mutate_id_token(header_remove=["kid"])
    log_in(kube)


@ids("IDT-08")
@pytest.mark.parametrize(("before", "code"), [(7, None), (8, "idtoken_signature")])
def test_at_most_eight_keys_are_tried(kube, issuer, forger, before, code):
    other = without(forger.keys.get("rsa", "-other").jwk(), "kid")
    issuer.configure(extra_jwks_first=[other] * before)
    issuer.mutate_id_token(header_remove=["kid"])
    result = kube.get_token()
    assert result.status == 0 if code is None else result.code == code


@ids("IDT-08")
def test_a_kid_that_nobody_publishes_is_asked_for_once_more(kube, issuer, stored):
    issuer.mutate_id_token(sign="unpublished_kid")
    result = refused(kube, issuer, "idtoken_key", last="token")
    assert issuer.count("jwks") == 2
    assert "publishes no key" in result.err and any("may have replaced its key" in hint for hint in result.hints)


@ids("K7-67")
def test_an_unknown_kid_is_not_made_up_for_by_other_keys(kube, issuer, stored):
    issuer.mutate_id_token(header={"kid": "another"})
    refused(kube, issuer, "idtoken_key", last="token")


@ids("IDT-08")
def test_keys_that_are_replaced_just_before_signing(kube, issuer):
    """oidcc-client-test-signing-key-rotation-just-before-signing"""
    issuer.configure(rotate_on_token=True)
    log_in(kube)
    assert issuer.count("jwks") == 2


@ids("IDT-08")
def test_keys_that_are_replaced_between_two_logins(kube, issuer):
    """oidcc-client-test-signing-key-rotation"""
    for _ in range(2):
        assert kube.run("login").status == 0
        issuer.rotate_keys()


def test_the_place_of_the_keys_is_taken_from_the_metadata(kube, issuer, forger):
    """oidcc-client-test-discovery-jwks-uri-keys"""
    issuer.configure(discovery_patch={"jwks_uri": f"{issuer.base_url}/qwertyuiop"})
    issuer.fault("other", times=-1, json={"keys": [forger.keys.get("rsa").jwk()]})
    log_in(kube)
    assert endpoints(issuer) == ["discovery", "authorize", "other", "token"]


@pytest.mark.parametrize("fault", [{"status": 500}, {"close": "mid_body"}, {"reset": "before_headers"},
                                   {"status": 404}])
def test_keys_that_did_not_come_in_time_are_asked_for_again(kube, issuer, fault):
    issuer.fault("jwks", times=1, **fault)
    log_in(kube)


@pytest.mark.parametrize(("fault", "code"), [
    ({"status": 500}, "server"), ({"status": 503}, "server"), ({"status": 404}, "jwks_http"),
    ({"status": 204}, "jwks_http"), ({"redirect": "https://elsewhere.example/"}, "redirect"),
    ({"body": "<html>"}, "jwks_json"), ({"body": "[]"}, "jwks_json"), ({"json": {"keys": {}}}, "jwks_json"),
    ({"json": {"keys": None}}, "jwks_json"), ({"json": {"keys": [{}] * 129}}, "jwks_limit"),
    ({"infinite_body": True}, "too_large"), ({"json": {"keys": []}}, "idtoken_key"), ({"json": {}}, "idtoken_key"),
    ({"reset": "before_headers"}, "network")])
def test_without_keys_the_login_ends(kube, issuer, stored, fault, code):
    issuer.fault("jwks", times=-1, **fault)
    refused(kube, issuer, code, last="token")
