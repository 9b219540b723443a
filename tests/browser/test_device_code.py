# SPDX-License-Identifier: Apache-2.0
"""A login by device code at a certified OpenID provider, approved or refused in a real browser."""

import pytest
from harness import parts_of, token_of

SECRET = {"basic": True, "post": True, "public": False}


def start(provider, start_login, client, *flags):
    secret = [f"--oidc-client-secret={provider.secret}"] if SECRET[client] else []
    return start_login(provider.issuer, client, f"--certificate-authority={provider.ca_file}",
                       "--grant-type=device-code", "--oidc-extra-scope=email,offline_access", *secret, *flags, opener=False)


def confirm(page, login):
    """A person opens the address, compares the code and signs in."""
    page.goto(login.url())
    code = login.shown(r"the code ([A-Z0-9-]{9})[;, ]")[1]
    assert code in page.inner_text("body")
    page.click("button:has-text('Continue')")
    page.fill("input[name=login]", "alice")
    page.fill("input[name=password]", "any password")
    page.click("button:has-text('Sign-in')")


@pytest.mark.ids("K7-78", "DEV-07")
@pytest.mark.parametrize("client", ["public", "basic", "post"])
def test_login_by_device_code(provider, open_page, start_login, client):
    login = start(provider, start_login, client)
    page = open_page()
    confirm(page, login)
    page.click("button:has-text('Continue')")
    page.wait_for_selector("text=Sign-in Success")
    status, stdout, stderr = login.finish()
    assert status == 0, stderr
    claims = parts_of(token_of(stdout))[1]
    assert (claims["aud"], claims["sub"], claims["email"]) == (client, "alice", "alice@example.com")
    assert "nonce" not in claims


@pytest.mark.ids("DEV-03")
def test_a_refusal_in_the_browser_ends_the_login(provider, open_page, start_login):
    login = start(provider, start_login, "public")
    page = open_page()
    page.goto(login.url())
    page.click("button:has-text('Abort')")
    status, stdout, stderr = login.finish()
    assert (status, stdout) == (1, "")
    assert "access_denied" in stderr
    assert stderr.count("error: ") == 1
    assert "[oauth_error]" in stderr
