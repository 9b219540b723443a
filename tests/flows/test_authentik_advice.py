# SPDX-License-Identifier: Apache-2.0
"""The ways in which a set-up at Authentik fails, and that each is recognised and told with its setting."""

import pytest
from issuer.client import Issuer
from refusal import refused, store_old_session
from stranger import move
from waiting import Waiting
from wire import endpoints

ids = pytest.mark.ids
HIDDEN = {"discovery_patch": {"id_token_encryption_alg_values_supported": None,
                              "id_token_encryption_enc_values_supported": None}}


@pytest.fixture
def log(kube, issuer, tmp_path):
    """A file that exists once a browser was started; a session that a failed login must leave alone is stored."""
    store_old_session(kube, issuer)
    kube.environment["FAKE_BROWSER_LOG"] = str(tmp_path / "browser-log")
    return tmp_path / "browser-log"


def advised(result, *words):
    """Whether every one of the words stands in a hint."""
    missing = [word for word in words if not any(word in hint for hint in result.hints)]
    assert not missing, f"no {missing} in {result.err}"


# Keys: each case is told apart, and before a browser opens where the metadata show it

@ids("K7-90")
def test_a_provider_without_a_signing_key_is_recognised_before_a_browser_opens(kube, issuer, log):
    issuer.configure(signing="none")
    result = refused(kube, issuer, "idtoken_alg")
    assert "signs ID tokens with HS256 only" in result.err
    advised(result, "Signing Key", "signing_key")
    assert endpoints(issuer) == ["discovery"] and not log.exists()


def test_other_issuers_get_the_remedy_without_authentiks_words(kube, issuer, log):
    move(kube, issuer, id_token_signing_alg_values_supported=["HS256", "none"])
    result = refused(kube, issuer, "idtoken_alg")
    advised(result, "RS256 or ES256")
    assert "Authentik" not in result.err


@ids("K7-90")
def test_a_provider_that_encrypts_is_recognised_before_a_browser_opens(kube, issuer, log):
    issuer.configure(encryption_key=True)
    result = refused(kube, issuer, "idtoken_encrypted")
    advised(result, "Encryption Key", "encryption_key")
    assert endpoints(issuer) == ["discovery"] and not log.exists()


@ids("K7-90")
def test_an_encrypted_token_is_recognised_where_the_metadata_do_not_say_so(kube, issuer, log):
    issuer.configure(encryption_key=True, **HIDDEN)
    result = refused(kube, issuer, "idtoken_encrypted", last="token")
    assert "the ID token is encrypted" in result.err
    advised(result, "Encryption Key")


def test_a_token_with_a_shared_secret_is_recognised_where_the_metadata_do_not_say_so(kube, issuer, log):
    issuer.configure(signing="none", discovery_patch={"id_token_signing_alg_values_supported": ["RS256"]})
    result = refused(kube, issuer, "idtoken_alg", last="token")
    assert "'HS256', so with a shared secret" in result.err
    advised(result, "Signing Key")


def test_an_empty_key_set_is_recognised(kube, issuer, log):
    issuer.configure(publish_signing=False)
    result = refused(kube, issuer, "idtoken_key", last="token")
    assert "publishes no key" in result.err
    advised(result, "Signing Key")


def test_the_three_are_told_apart(kube, issuer, log):
    messages = set()
    for change in ({"signing": "none"}, {"encryption_key": True}, {"publish_signing": False}):
        issuer.reset()
        issuer.configure(**change)
        messages.add(kube.run("login").err.splitlines()[0])
    assert len(messages) == 3


def test_a_signing_key_that_breaks_the_server_is_recognised(kube, issuer, log):
    """Authentik 2026.2 answers 500 on its metadata then."""
    issuer.configure(signing="ed25519")
    result = refused(kube, issuer, "server")
    assert "HTTP 500" in result.err
    advised(result, "RSA or EC P-256 key")


def test_a_key_without_its_private_part_fails_behind_a_405(kube, issuer, log):
    issuer.configure(key_without_private=True)
    result = refused(kube, issuer, "server", last="token")
    assert "HTTP 405" in result.err
    advised(result, "hides an internal failure", "RSA or EC P-256 key")


# Grant types, from 2026.5 on

GRANTS = {"behaviour": {"grant_types_enforced": True}, "grant_types": ["refresh_token"]}


def test_a_missing_grant_type_is_recognised_by_the_probe(kube, issuer, log):
    issuer.configure(**GRANTS)
    result = refused(kube, issuer, "oauth_error")
    advised(result, "Grant types may lack 'authorization_code'", "grant_types of the OAuth2 provider")
    assert endpoints(issuer) == ["discovery", "authorize"] and not log.exists()


def test_a_missing_grant_type_is_recognised_in_the_callback(kube, issuer, log):
    issuer.configure(**GRANTS)
    result = refused(kube, issuer, "callback_error", "--redirect-probe=never")
    assert "invalid_request: The request is otherwise malformed" in result.err
    advised(result, "Grant types may lack 'authorization_code'")


def test_a_missing_grant_type_is_recognised_at_the_token_endpoint(kube, issuer):
    waiting = Waiting(kube)
    waiting.callback()
    issuer.configure(**GRANTS)
    result = waiting.finish()
    assert result.code == "oauth_error" and "invalid_grant" in result.err
    advised(result, "Grant types may lack 'authorization_code'", "works once")


# The redirect URI, the application, the person

def test_a_redirect_uri_that_the_token_endpoint_refuses(kube, issuer):
    waiting = Waiting(kube)
    waiting.callback()
    issuer.configure(redirect_uris=[])
    issuer.configure(redirect_uris=[{"mode": "strict", "url": "http://localhost:9999"}])
    result = waiting.finish()
    assert result.code == "oauth_error" and "invalid_client" in result.err
    advised(result, "the redirect URI 'http://localhost:8000' is not registered", "  http://localhost:8000",
            "Client type to Public")


def test_an_application_that_does_not_exist(kube, issuer, log):
    issuer.configure(has_application=False)
    result = refused(kube, issuer, "discovery_http")
    assert "HTTP 404" in result.err
    advised(result, "the slug in", "application")


def test_an_authentik_that_is_starting(kube, issuer, log):
    issuer.configure(starting=True)
    result = refused(kube, issuer, "server")
    advised(result, "still starting")


@ids("T-09")
def test_a_person_who_may_not_use_the_application_sees_a_page_and_the_time_limit_says_so(kube, issuer, log):
    issuer.configure(allowed=False)
    result = refused(kube, issuer, "callback_timeout", "--authentication-timeout-sec=2")
    assert "Permission denied" in kube.read_page()
    advised(result, "Permission denied", "Bindings")


def test_a_wrong_login_hint_is_named_when_nobody_gets_in(kube, issuer, log):
    result = refused(kube, issuer, "callback_timeout", "--authentication-timeout-sec=2",
                     "--oidc-auth-request-extra-params=login_hint=wrong@example.com")
    assert "Invalid password" in kube.read_page()
    advised(result, "'wrong@example.com' (login_hint)")


@pytest.mark.parametrize(("error", "description", "words"), [
    ("invalid_request", "dpop_jkt is required when bound_key scope is requested", "bound_key"),
    ("consent_required", "", "prompt=consent"), ("login_required", "", "prompt=none"),
    ("invalid_scope", "", "scope mapping")])
def test_a_refusal_in_the_callback_is_explained(kube, issuer, error, description, words):
    waiting = Waiting(kube)
    waiting.ask(waiting.refusal(error=error, error_description=description))
    waiting.ask("/done")
    result = waiting.running.wait()
    assert result.code == "callback_error"
    advised(result, words)


# A login that works, with something missing

@ids("K7-90")
@pytest.mark.parametrize(("mappings", "flags", "words"), [
    (["profile", "openid", "email"], [], ["attach the scope mapping for offline_access"]),
    (["profile", "openid", "email"], ["--oidc-auto-scopes=false"],
     ["attach the scope mapping for offline_access", "--oidc-extra-scope=offline_access"]),
    (["profile", "openid", "email", "offline_access"], ["--oidc-auto-scopes=false"],
     ["--oidc-extra-scope=offline_access"])])
def test_a_login_without_a_refresh_token_says_how_to_get_one(kube, issuer, mappings, flags, words):
    issuer.configure(mappings=mappings)
    result = kube.get_token(*flags)
    assert result.status == 0
    advised(result, *words)


def test_a_login_with_a_refresh_token_needs_no_advice(kube, issuer):
    assert kube.get_token().hints == []


@ids("K7-90")
def test_an_issuer_without_its_slash_is_told_the_whole_one(kube, issuer, log):
    kube.flags[0] = kube.flags[0].rstrip("/")
    result = refused(kube, issuer, "discovery_issuer")
    advised(result, f"--oidc-issuer-url={issuer.url}")
    assert endpoints(issuer) == ["discovery"] and not log.exists()


def test_an_issuer_for_all_providers_is_told(kube, issuer, log):
    issuer.configure(issuer_mode="global")
    result = refused(kube, issuer, "discovery_issuer")
    advised(result, "issuer_mode: per_provider", "discoveryURL")
    assert not log.exists()


# Every version

@pytest.mark.parametrize("preset", ["2025.10", "2026.2", "2026.5"])
def test_every_version_logs_in_with_a_secret_and_refreshes(program, tmp_path, preset):
    with Issuer(tmp_path, preset=preset, client_secret="p:ä%+ &") as issuer:
        program.flags = [f"--oidc-issuer-url={issuer.url}", "--oidc-client-id=kubernetes",
                         f"--certificate-authority={issuer.ca_file}", f"--token-cache-dir={program.cache}",
                         "--oidc-client-secret=p:ä%+ &"]
        assert program.get_token().claims["preferred_username"] == "alice"
        program.expire()
        assert program.get_token(BROWSER="/bin/false").status == 0
        assert issuer.count("token") == 2
