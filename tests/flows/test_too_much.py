# SPDX-License-Identifier: Apache-2.0
"""More than anybody needs, from providers, platforms and flags: one line that says so, and never a lost session."""

import hashlib
import json

import pytest
from platforms import TokenService, identity_token
from rested import NO_BROWSER, log_in, refresh
from wire import endpoints

LONG = "/" * 400_000  # three times as much in a form


@pytest.fixture
def service():
    with TokenService(identity_token()) as started:
        yield started


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


def test_names_that_fill_a_line_of_the_log_are_cut_off(kube, issuer):
    result = kube.get_token(f"--oidc-auth-request-extra-params={'x' * 70_000}=1", "-v3")
    assert result.code == "config" and "the authorization request has" in result.err


# Platforms

@pytest.mark.parametrize("length", [131073, 200_000])
def test_an_identity_token_that_is_too_long_is_refused(kube, issuer, service, length):
    service.answers = [(200, json.dumps({"value": "a" * length}))]
    result = kube.get_token("--client-assertion-source=github", **service.environment)
    assert result.code == "identity_token"
    assert "the identity token is longer than 131072 bytes" in result.err
    assert len(service.requests) == 1


def test_an_address_of_the_platform_that_is_too_long_is_refused(kube, issuer, service):
    environment = {**service.environment}
    environment["ACTIONS_ID_TOKEN_REQUEST_URL"] += "&x=" + "x" * 70_000
    result = kube.get_token("--client-assertion-source=github", **environment)
    assert result.code == "identity_token"
    assert "'ACTIONS_ID_TOKEN_REQUEST_URL' and the audience are longer than 65536 bytes" in result.err
    assert service.requests == []


# Userinfo

@pytest.mark.parametrize("flags", [[], ["--output=json"]], ids=["text", "json"])
def test_a_userinfo_answer_that_grows_when_it_is_made_safe_is_refused(kube, issuer, flags):
    assert kube.get_token().status == 0
    claims = {f"c{number}": "\u200b" * 100 for number in range(2500)}
    body = json.dumps({"sub": kube.session["subject"], **claims}, ensure_ascii=False)
    assert len(body.encode()) < 1 << 20
    issuer.fault("userinfo", body=body, content_type="application/json")
    result = kube.run("whoami", "--userinfo", *flags)
    assert (result.code, result.out) == ("too_large", "")
    assert "the answer is longer than 1048576 bytes" in result.err


@pytest.mark.parametrize("flags", [[], ["--output=json"]], ids=["text", "json"])
def test_a_list_that_is_too_long_is_refused(kube, issuer, flags):
    assert kube.get_token().status == 0
    session = kube.session
    session["username"] = "\u200b" * 100
    host = kube.session_file.name.rpartition("-")[0]
    for number in range(1500):
        session["key"]["user"] = f"{number}" + "\x01" * 90
        digest = hashlib.sha256(json.dumps(session["key"], separators=(",", ":")).encode()).hexdigest()[:16]
        path = kube.cache / f"{host}-{digest}.json"
        path.write_text(json.dumps(session, separators=(",", ":")) + "\n")
        path.chmod(0o600)
    kube.flags = [flag for flag in kube.flags if "cache" in flag]
    result = kube.run("list", *flags)
    assert (result.code, result.out) == ("too_large", ""), result.err[-300:]
