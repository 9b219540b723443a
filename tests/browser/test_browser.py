# SPDX-License-Identifier: Apache-2.0
"""A login through a certified OpenID provider in a real browser: ports, clients, algorithms, refresh."""

import contextlib
import re
import socket
from urllib.parse import urlsplit

import pytest
from harness import parts_of, token_of
from visit import Visit

ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]


@contextlib.contextmanager
def taken(port):
    """Somebody else listens on this port, over IPv4 and, where there is one, IPv6."""
    with contextlib.ExitStack() as stack:
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            listener = stack.enter_context(socket.socket(family))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((host, port))
            except OSError:
                assert family == socket.AF_INET6, f"port {port} is already in use on this machine"
                continue
            listener.listen()
        yield


def scopes(*names):
    return [f"--oidc-extra-scope={name}" for name in names]


def trusting(provider):
    return [f"--certificate-authority={provider.ca_file}", *scopes("email", "profile", "groups")]


def success(login):
    """The program's end after a good login: the claims of the token on stdout."""
    status, stdout, stderr = login.finish()
    assert status == 0, stderr
    return parts_of(token_of(stdout))[1]


@pytest.mark.ids("K7-59")
def test_login_by_browser_command(provider, open_page, start_login):
    login = start_login(provider.issuer, "public", *trusting(provider))
    visit = Visit(open_page(), login.url())
    text = visit.sign_in("alice")
    assert "Authenticated" in text
    assert "alice" in text
    assert provider.issuer in text
    claims = success(login)
    assert claims["iss"] == provider.issuer
    assert claims["aud"] == "public"
    assert claims["email"] == "alice@example.com"
    assert "k8s-admins" in claims["groups"]


@pytest.mark.ids("K7-57")
def test_login_by_printed_url(provider, open_page, start_login):
    login = start_login(provider.issuer, "public", *trusting(provider), opener=False)
    assert "Authenticated" in Visit(open_page(), login.url()).sign_in()
    assert success(login)["sub"] == "alice"


@pytest.mark.ids("K7-44")
def test_redirect_uri_of_the_preferred_port(provider, open_page, start_login):
    login = start_login(provider.issuer, "public", *trusting(provider))
    visit = Visit(open_page(), login.url())
    assert visit.authorization()["redirect_uri"] == "http://localhost:8000"
    visit.sign_in()
    success(login)


@pytest.mark.ids("K7-43")
def test_first_port_taken(provider, open_page, start_login):
    with taken(8000):
        login = start_login(provider.issuer, "public", *trusting(provider))
        visit = Visit(open_page(), login.url())
        assert visit.authorization()["redirect_uri"] == "http://localhost:18000"
        assert "Authenticated" in visit.sign_in()
        success(login)


@pytest.mark.ids("CB-04", "AZ-07")
def test_both_ports_taken(provider, open_page, start_login):
    with taken(8000), taken(18000):
        login = start_login(provider.issuer, "public", *trusting(provider))
        visit = Visit(open_page(), login.url())
        port = urlsplit(visit.authorization()["redirect_uri"]).port
        assert port not in (8000, 18000)
        assert visit.authorization()["redirect_uri"] == f"http://localhost:{port}"
        assert "Authenticated" in visit.sign_in()
        success(login)


def test_second_login_right_after_the_first(provider, open_page, start_login):
    """Connections of the first in TIME_WAIT do not make its port look taken."""
    for client in ("public", "alg-RS256"):
        login = start_login(provider.issuer, client, *trusting(provider))
        visit = Visit(open_page(), login.url())
        assert visit.origin == "http://localhost:8000"
        visit.sign_in()
        success(login)


def test_plain_http_issuer_on_localhost(plain_provider, open_page, start_login):
    login = start_login(plain_provider.issuer, "public", *scopes("email"))
    assert "alice" in Visit(open_page(), login.url()).sign_in()
    assert success(login)["iss"] == plain_provider.issuer


@pytest.mark.parametrize("client", ["basic", "post"])
def test_confidential_client(provider, open_page, start_login, client):
    """The secret holds every character that form encoding changes."""
    login = start_login(provider.issuer, client, f"--oidc-client-secret={provider.secret}", *trusting(provider))
    assert "Authenticated" in Visit(open_page(), login.url()).sign_in()
    assert success(login)["aud"] == client


@pytest.mark.parametrize("name", ALGORITHMS)
def test_signing_algorithm(provider, open_page, start_login, name):
    login = start_login(provider.issuer, f"alg-{name}", *trusting(provider))
    assert "Authenticated" in Visit(open_page(), login.url()).sign_in()
    status, stdout, stderr = login.finish()
    assert status == 0, stderr
    assert parts_of(token_of(stdout))[0]["alg"] == name


def test_second_call_from_the_cache(provider, open_page, start_login):
    first = start_login(provider.issuer, "public", *trusting(provider))
    Visit(open_page(), first.url()).sign_in()
    _, stdout, _ = first.finish()
    second = start_login(provider.issuer, "public", *trusting(provider))
    assert second.finish()[:2] == (0, stdout)


@pytest.mark.ids("REF-01")
def test_refresh_with_rotation(provider, open_page, start_login):
    """A refresh token used twice revokes the grant: three refreshes prove that each new one was kept.

    ES256, because its signatures differ even where the claims are of the same second.
    """
    flags = [*trusting(provider), *scopes("offline_access"), "--oidc-auth-request-extra-params=prompt=consent"]
    login = start_login(provider.issuer, "alg-ES256", *flags)
    Visit(open_page(), login.url()).sign_in("bob")
    _, stdout, _ = login.finish()
    tokens = {token_of(stdout)}
    for _ in range(3):
        status, stdout, stderr = start_login(provider.issuer, "alg-ES256", *flags, "--force-refresh").finish()
        assert status == 0, stderr
        tokens.add(token_of(stdout))
        assert parts_of(token_of(stdout))[1]["sub"] == "bob"
    assert len(tokens) == 4


@pytest.mark.ids("K7-53")
def test_person_cancels(provider, open_page, start_login, screenshot):
    login = start_login(provider.issuer, "public", *trusting(provider))
    page = open_page()
    text = Visit(page, login.url()).cancel()
    screenshot(page, "callback-failure")
    assert "access_denied" in text
    assert "Authenticated" not in text
    status, stdout, stderr = login.finish()
    assert (status, stdout) == (1, "")
    assert re.search(r"^error: .*access_denied", stderr, re.MULTILINE), stderr
    assert "End-User aborted interaction" in stderr


@pytest.mark.ids("T-07")
def test_person_opens_two_tabs_and_reloads(provider, open_page, start_login):
    """Each visit of the start page begins again; the login that is finished counts."""
    login = start_login(provider.issuer, "public", *trusting(provider))
    abandoned, page = open_page(), open_page()
    Visit(abandoned, login.url())
    abandoned.reload()
    visit = Visit(page, login.url())
    page.goto(login.url())
    assert "Authenticated" in visit.sign_in("carol")
    assert success(login)["sub"] == "carol"


def test_refused_redirect_uri_names_what_to_register(provider, start_login):
    login = start_login(provider.issuer, "elsewhere", *trusting(provider), "--redirect-probe=always")
    status, stdout, stderr = login.finish()
    assert (status, stdout) == (1, "")
    assert "http://localhost:8000" in stderr
    assert re.search(r"^hint: ", stderr, re.MULTILINE), stderr


def test_authentik_shaped_issuer(issuer, open_page, start_login):
    issuer.configure(interactive=True)
    login = start_login(issuer.url, "kubernetes", f"--certificate-authority={issuer.ca_file}", *scopes("email"))
    visit = Visit(open_page(), login.url())
    visit.page.click("button:has-text('Log in as carol')")
    text = visit.outcome()
    assert "Authenticated" in text
    assert "carol" in text
    assert issuer.url in text
    claims = success(login)
    assert claims["iss"] == issuer.url
    assert claims["email"] == "carol@example.com"
