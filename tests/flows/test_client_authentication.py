# SPDX-License-Identifier: Apache-2.0
"""How the client says who it is at the token endpoint: by no secret, by Basic or in the form, as the metadata says."""

import base64
from urllib.parse import unquote_plus

import pytest
from stranger import move
from wire import authorization, endpoints, header

ids = pytest.mark.ids
SECRET = "p:ä%+ &=/?\"'~"
BASIC, POST = "client_secret_basic", "client_secret_post"


def used(issuer):
    """(method, client id, secret) of the one token request; a request that uses two methods is a mistake."""
    (entry,) = issuer.requests("token")
    form, basic = entry["form"], header(entry, "Authorization")
    if basic is None:
        secret = form.get("client_secret", [None])[0]
        return ("post" if secret else "none"), form["client_id"][0], secret
    assert not {"client_secret", "client_assertion", "client_id"} & set(form)
    scheme, _, text = basic.partition(" ")
    client, _, secret = base64.b64decode(text).decode("ascii").partition(":")
    return scheme, unquote_plus(client), unquote_plus(secret)


def log_in(kube, *flags):
    result = kube.get_token(*flags)
    assert result.status == 0, result.err


@ids("K7-64")
@pytest.mark.parametrize("flags", [[], ["--oidc-client-secret="]])
def test_a_client_without_a_secret_only_names_itself(kube, issuer, flags):
    log_in(kube, *flags)
    assert used(issuer) == ("none", "kubernetes", None)


@ids("TOK-02")
@pytest.mark.parametrize(("methods", "method"), [
    pytest.param([BASIC], "Basic", id="oidcc-client-test-client-secret-basic"), ([POST], "post"),
    ([POST, BASIC], "Basic"), (["private_key_jwt", BASIC], "Basic"), (["none", POST], "post"), (None, "Basic")])
def test_the_metadata_chooses_the_method(kube, issuer, methods, method):
    issuer.configure(client_secret="s3cr3t")
    move(kube, issuer, token_endpoint_auth_methods_supported=methods)
    log_in(kube, "--oidc-client-secret=s3cr3t")
    assert used(issuer) == (method, "kubernetes", "s3cr3t")


@ids("K7-64")
@pytest.mark.parametrize(("methods", "method"), [([BASIC], "Basic"), ([POST], "post")])
def test_servers_that_take_only_one_method_are_served(kube, issuer, methods, method):
    issuer.configure(client_secret="s3cr3t", discovery_patch={"token_endpoint_auth_methods_supported": methods})
    log_in(kube, "--oidc-client-secret=s3cr3t")
    assert used(issuer)[0] == method


def test_authentik_gets_the_secret_in_the_form(kube, issuer):
    """Its versions before 2026.2 do not decode what Basic carries."""
    issuer.configure(client_secret=SECRET, behaviour={"basic_percent_decoding": False})
    log_in(kube, f"--oidc-client-secret={SECRET}")
    assert used(issuer) == ("post", "kubernetes", SECRET)


@ids("TOK-02")
@pytest.mark.parametrize(("methods", "method"), [([BASIC], "Basic"), ([POST], "post")])
def test_a_secret_and_a_client_id_may_hold_any_character(kube, issuer, methods, method):
    client = "kube:net es/ü+%&"
    issuer.configure(client_id=client, client_secret=SECRET,
                     discovery_patch={"token_endpoint_auth_methods_supported": methods})
    log_in(kube, f"--oidc-client-id={client}", f"--oidc-client-secret={SECRET}")
    assert used(issuer) == (method, client, SECRET)
    assert authorization(issuer)["client_id"] == client


@ids("TOK-02")
@pytest.mark.parametrize("methods", [["private_key_jwt"], ["tls_client_auth", "none"], []])
def test_a_provider_that_takes_no_secret_is_told_before_a_browser_opens(kube, issuer, tmp_path, methods):
    log = tmp_path / "log"
    issuer.configure(discovery_patch={"token_endpoint_auth_methods_supported": methods})
    result = kube.get_token("--oidc-client-secret=s3cr3t", FAKE_BROWSER_LOG=str(log))
    assert result.code == "unsupported"
    assert ", ".join(methods) in result.err and any("--oidc-client-secret" in hint for hint in result.hints)
    assert endpoints(issuer) == ["discovery"] and not log.exists()


@pytest.mark.parametrize("methods", [["private_key_jwt"], []])
def test_a_public_client_does_not_mind(kube, issuer, methods):
    """Keycloak names no method `none` and takes public clients all the same."""
    issuer.configure(discovery_patch={"token_endpoint_auth_methods_supported": methods})
    log_in(kube)
    assert used(issuer)[0] == "none"


@ids("TOK-02")
@pytest.mark.parametrize(("secret", "words"), [("wrong", "Client Secret"), (None, "--oidc-client-secret")])
def test_a_wrong_or_missing_secret_is_explained_and_the_code_not_sent_again(kube, issuer, secret, words):
    issuer.configure(client_secret="s3cr3t")
    result = kube.get_token(*([f"--oidc-client-secret={secret}"] if secret else []))
    assert result.code == "oauth_error"
    assert "invalid_client" in result.err and words in result.hints[0], result.err
    assert issuer.count("token") == 1
    assert "s3cr3t" not in result.err and "wrong" not in result.err
