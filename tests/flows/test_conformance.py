# SPDX-License-Identifier: Apache-2.0
"""A provider as odd as the OpenID conformance suite's: its metadata and keys, and those of its modules that have no other
home. The other modules are rows of test_callback, test_id_token*, test_client_authentication and test_token_response."""

import pytest
from stranger import move
from wire import authorization, endpoints, flat, header

ids = pytest.mark.ids
PATH = "/test/a/latchkey/"
ODD = {
    "response_types_supported": ["id_token code", "code", "token id_token"],
    "id_token_signing_alg_values_supported": ["none", "HS256", "PS256", "RS256", "ES256", "EdDSA"],
    "id_token_encryption_alg_values_supported": ["RSA-OAEP", "dir"], "id_token_encryption_enc_values_supported": ["A128GCM"],
    "claims_parameter_supported": True, "acr_values_supported": None, "x_unknown": {"a": [None, 1.5]}}
NO_BROWSER = {"BROWSER": "/bin/false"}


@pytest.fixture
def suite(kube, issuer):
    """Keys of every kind without `alg`, one of them for encryption; tokens live for five minutes."""
    issuer.configure(second_signing=["rsa", "p256", "p256", "ed25519", "secp256k1"], jwk_omit=["alg"], access_ttl=300,
                     behaviour={"ed25519_breaks": False})
    move(kube, issuer, PATH, **ODD)
    return kube


def log_in(kube, *flags):
    result = kube.get_token(*flags)
    assert result.status == 0, result.err
    return result


@pytest.mark.parametrize("key", range(5))
def test_oidcc_client_test(suite, issuer, key):
    """With any of the keys that sign."""
    issuer.configure(sign_with=key)
    log_in(suite)


@ids("DISC-07")
def test_oidcc_client_test_discovery_openid_config(suite, issuer):
    log_in(suite)
    assert issuer.requests()[0]["path"] == PATH + ".well-known/openid-configuration"


@ids("DISC-03")
def test_oidcc_client_test_discovery_issuer_mismatch(kube, issuer):
    move(kube, issuer, PATH, **ODD)
    issuer.clear_faults()
    issuer.fault("other", times=-1, json={**ODD, "issuer": issuer.base_url + PATH + "INVALID"})
    assert kube.get_token().code == "discovery_issuer"
    assert endpoints(issuer) == ["other"]


@ids("AZ-02")
@pytest.mark.parametrize("scope", ["profile", "email", "phone", "address"])
def test_oidcc_client_test_scope_userinfo_claims(suite, issuer, scope):
    log_in(suite, f"--oidc-extra-scope={scope}")
    assert authorization(issuer)["scope"] == f"{scope} openid"


def test_what_the_suite_checks_of_our_requests(suite, issuer):
    log_in(suite)
    request, (token,) = authorization(issuer), issuer.requests("token")
    assert (request["response_type"], request["client_id"]) == ("code", "kubernetes")
    assert "openid" in request["scope"].split() and "max_age" not in request
    assert len(request["nonce"]) == len(request["state"]) == len(request["code_challenge"]) == 43
    form = flat(token["form"])
    assert form["grant_type"] == "authorization_code" and form["redirect_uri"] == request["redirect_uri"]
    assert form["client_id"] == "kubernetes" and len(form["code_verifier"]) == 43
    assert header(token, "Authorization") is None and token["query"] == {}
    assert issuer.count("userinfo") == 0


OFFLINE = "--oidc-extra-scope=offline_access"


@ids("REF-01")
def test_oidcc_client_test_refresh_token(suite, issuer):
    log_in(suite, OFFLINE)
    spent = suite.session["refresh_token"]
    suite.expire()
    assert suite.get_token(OFFLINE, **NO_BROWSER).status == 0
    assert flat(issuer.requests("token")[-1]["form"])["refresh_token"] == spent
    assert suite.session["refresh_token"] != spent
    assert spent not in suite.session_file.read_text()


@ids("REF-03")
@pytest.mark.parametrize(("claim", "code"), [
    pytest.param("iss", "refresh_iss", id="oidcc-client-test-refresh-token-invalid-issuer"),
    pytest.param("sub", "refresh_sub", id="oidcc-client-test-refresh-token-invalid-sub")])
def test_a_refreshed_token_of_somebody_else_ends_the_session(suite, issuer, claim, code):
    log_in(suite, OFFLINE)
    issuer.mutate_id_token(claims={claim: {"$append": "1"}}, when="refresh")
    suite.expire()
    assert suite.get_token(OFFLINE, **NO_BROWSER).code == code
    assert not list(suite.cache.glob("*.json"))
