# SPDX-License-Identifier: Apache-2.0
"""More than anybody needs, from providers, platforms and flags: one line that says so, and never a lost session."""

import pytest
from rested import NO_BROWSER, log_in, refresh
from wire import endpoints

LONG = "/" * 400_000  # three times as much in a form


# Refresh tokens

@pytest.mark.parametrize("token", [LONG, '"' * 200_000], ids=["slashes", "quotes"])
def test_a_login_is_good_without_a_refresh_token_that_nobody_can_keep(kube, issuer, token):
    issuer.fault("token", json_patch={"refresh_token": token})
    result = kube.get_token()
    assert result.status == 0
    assert "warning: the provider's refresh token is longer than 65536 characters and is not kept" in result.err
    assert "refresh_token" not in kube.session and kube.get_token().token == result.token
    kube.expire()
    assert kube.get_token().status == 0  # by a login, whose refresh token is as others are
    assert kube.session["refresh_token"]


def test_a_refresh_with_such_an_answer_is_good_as_well(kube, issuer):
    log_in(kube, issuer)
    issuer.fault("token", grant_type="refresh_token", json_patch={"refresh_token": LONG})
    assert "refresh token is longer" in refresh(kube).err
    assert endpoints(issuer) == ["token"]
    assert kube.get_token(**NO_BROWSER).err == ""


@pytest.mark.parametrize("command", ["get-token", "logout"])
def test_a_session_that_holds_one_goes_on(kube, issuer, command):
    log_in(kube, issuer)
    kube.edit_session(refresh_token=LONG)
    result = kube.run(command) if command == "logout" else kube.get_token()
    assert result.status == 0, result.err
    assert "bug" not in result.err
    assert len(list(kube.cache.glob("*.json"))) == (command == "get-token")


def test_a_long_opaque_access_token_is_refused(kube, issuer):
    issuer.fault("token", json_patch={"access_token": "a" * 131073})
    result = kube.get_token("--oidc-use-access-token")
    assert result.code == "idtoken_format"
    assert "the access token is longer than 131072 bytes" in result.err


def test_what_the_flags_and_the_environment_can_hold_is_sent(kube, issuer):
    long = "/" * 120_000
    result = kube.get_token("--grant-type=password", f"--username={long}", LATCHKEY_PASSWORD=long,
                            LATCHKEY_OIDC_CLIENT_SECRET=long)
    assert result.status == 1 and result.code != "internal", result.err
    assert "bug" not in result.err and "token" in endpoints(issuer)
