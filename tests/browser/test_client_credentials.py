# SPDX-License-Identifier: Apache-2.0
"""Clients that log in by themselves at a certified provider: a secret by Basic and post, a key of their own."""

import pytest
from harness import parts_of, token_of

ids = pytest.mark.ids
GRANT = ["--grant-type=client-credentials", "--non-interactive"]


def log_in(provider, start_login, client, *flags):
    login = start_login(provider.issuer, client, f"--certificate-authority={provider.ca_file}", *GRANT, *flags, opener=False)
    return login.finish()


def accepted(outcome, client):
    """An access token for the API server, in the name of the client itself."""
    status, stdout, stderr = outcome
    assert status == 0, stderr
    claims = parts_of(token_of(stdout))[1]
    assert claims["sub"] == claims["client_id"] == client and claims["aud"] == "https://kubernetes.example"


@ids("K7-80", "TOK-02")
@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_secret(provider, start_login, method):
    """With every awkward character in it."""
    client = f"pipeline-{method}"
    accepted(log_in(provider, start_login, client, "--oidc-use-access-token", f"--oidc-client-secret={provider.secret}"), client)


@ids("TOK-03")
@pytest.mark.parametrize("alg", ["RS256", "ES256"])
@pytest.mark.parametrize("flags", [[], ["--client-assertion-key-id=mine"]], ids=["no kid", "kid"])
def test_a_key(provider, start_login, tmp_path, alg, flags):
    path = tmp_path / "client.pem"
    path.write_text(provider.keys[alg])
    outcome = log_in(provider, start_login, f"pipeline-{alg}", "--oidc-use-access-token", f"--client-assertion-key={path}", *flags)
    accepted(outcome, f"pipeline-{alg}")


@ids("TOK-03")
def test_the_key_of_another_client_is_refused(provider, start_login, tmp_path):
    path = tmp_path / "client.pem"
    path.write_text(provider.keys["ES256"])
    status, stdout, stderr = log_in(provider, start_login, "pipeline-RS256", "--oidc-use-access-token", f"--client-assertion-key={path}")
    assert status == 1 and stdout == "" and "invalid_client" in stderr


@ids("OUT-04")
def test_a_provider_that_gives_clients_no_id_token(provider, start_login):
    status, stdout, stderr = log_in(provider, start_login, "pipeline-client_secret_basic", f"--oidc-client-secret={provider.secret}")
    assert status == 1 and stdout == "" and "[idtoken_missing]" in stderr and "--oidc-use-access-token" in stderr
