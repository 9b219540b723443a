# SPDX-License-Identifier: Apache-2.0
"""The network between here and the provider: away and back, through proxies, with headers of the user's own."""

import contextlib
import socket
import time

import pytest
from patience import PROMPT
from proxy import FAR, Proxy, move_away
from rested import NO_BROWSER, log_in, refresh
from waiting import Waiting
from wire import endpoints, header

ids = pytest.mark.ids
PASSWORD = "pr0xy-passw0rd"
PROXY_NAMES = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]


# Away and back

@pytest.fixture
def away(issuer):
    """Takes the issuer off the network for a while."""
    @contextlib.contextmanager
    def leave():
        issuer.stop()
        try:
            yield
        finally:
            issuer.start()
    return leave


def test_a_login_without_a_network_opens_no_browser_and_starts_no_wait(kube, away):
    with away():
        started = time.monotonic()
        result = kube.get_token(**NO_BROWSER)
        assert time.monotonic() - started < 5 + PROMPT
    assert result.code == "network"
    assert "onnection refused" in result.err
    assert result.hints == ["check that the host and port are right, and that the network, VPN or proxy is up"]
    assert kube.get_token().status == 0


def test_a_login_begins_as_soon_as_the_network_is_back(kube, issuer, away):
    with away():
        running = kube.start("get-token", "-v1")
        for _ in range(3):
            running.read_line("no connection to localhost:.* yet, trying again in")
    back = time.monotonic()
    assert running.wait().status == 0
    assert time.monotonic() - back < PROMPT


def test_a_name_that_cannot_be_found_is_told_apart(kube, issuer):
    kube.flags[0] = "--oidc-issuer-url=https://nowhere.invalid/"
    started = time.monotonic()
    result = kube.get_token("--http-timeout-sec=2", **NO_BROWSER)
    assert result.code == "network" and "'nowhere.invalid'" in result.err
    assert result.hints == ["check the spelling of the host, and that the network or VPN is up"]
    assert time.monotonic() - started < 2 + PROMPT


def test_ctrl_c_ends_the_wait_for_a_network(kube, away):
    with away():
        running = kube.start("get-token", "-v1")
        running.read_line("trying again in")
        started = time.monotonic()
        running.signal(2)
        assert running.wait().code == "interrupted"
        assert time.monotonic() - started < PROMPT


# Proxies

@pytest.fixture
def far(kube, issuer, monkeypatch):
    """The line with which a proxy is asked for the issuer, whose name nobody else can resolve."""
    return move_away(kube, issuer, monkeypatch)


@ids("K7-72", "T-19")
@pytest.mark.parametrize("name", PROXY_NAMES)
def test_every_request_goes_through_the_proxy_of_the_environment(kube, issuer, far, name):
    with Proxy() as proxy:
        waiting = Waiting(kube, **{name: proxy.url})
        assert waiting.finish().status == 0
    assert set(proxy.targets) == {far}
    assert sorted(endpoints(issuer)) == ["authorize", "discovery", "jwks", "token"]


@ids("K7-72")
@pytest.mark.parametrize("exempt", [FAR, f"example.com,{FAR}", ".test", "*"])
def test_a_host_that_needs_no_proxy_is_asked_directly(kube, far, exempt):
    with Proxy() as proxy:
        result = kube.get_token("--http-timeout-sec=1", https_proxy=proxy.url, no_proxy=exempt)
    assert result.code == "network"
    assert proxy.heads == []


@ids("K7-72", "T-19")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_loopback_is_never_asked_through_a_proxy(kube, issuer, host):
    base = issuer.base_url.replace("localhost", host)
    issuer.configure(base_url=base)
    kube.flags[0] = "--oidc-issuer-url=" + issuer.url.replace(issuer.base_url, base)
    with Proxy() as proxy:
        environment = dict.fromkeys([*PROXY_NAMES, "http_proxy"], proxy.url)
        waiting = Waiting(kube, **environment)
        assert waiting.finish().status == 0
    assert proxy.heads == []


def test_the_proxy_gets_its_password_and_nothing_of_ours(kube, issuer, far):
    with Proxy() as proxy:
        waiting = Waiting(kube, "--oidc-request-header=X-Key=header-secret", "--oidc-client-secret=s3cr3t",
                          https_proxy=proxy.url.replace("//", f"//robot:{PASSWORD}@"))
        assert waiting.finish().status == 0
    assert set(proxy.header("Proxy-Authorization")) == {"Basic cm9ib3Q6cHIweHktcGFzc3cwcmQ="}
    assert proxy.header("X-Key") == [] and proxy.header("Authorization") == []
    assert {header(entry, "X-Key") for entry in issuer.requests() if entry["endpoint"] in ("discovery", "token", "jwks")} == {
        "header-secret"}


@ids("T-19")
@pytest.mark.parametrize("status", ["407 Proxy Authentication Required", "403 Forbidden", "502 Bad Gateway"])
def test_a_proxy_that_refuses_is_named_without_its_password(kube, far, status):
    with Proxy(status) as proxy:
        result = kube.get_token("-v3", https_proxy=proxy.url.replace("//", f"//robot:{PASSWORD}@"), **NO_BROWSER)
    assert result.code == "network" and status[:3] in result.err
    assert any("https_proxy or all_proxy" in hint for hint in result.hints)
    assert PASSWORD not in result.err


@ids("T-19")
@pytest.mark.parametrize("proxy", [f"http://robot:{PASSWORD}@127.0.0.1:1", f"http://robot:{PASSWORD}@nowhere.invalid:3128",
                                   f"gopher://robot:{PASSWORD}@127.0.0.1:1", f"http://robot:{PASSWORD}@:::99999"])
def test_a_proxy_that_cannot_be_used_is_an_error_without_its_password(kube, far, proxy):
    result = kube.get_token("-v3", "--http-timeout-sec=1", https_proxy=proxy, **NO_BROWSER)
    assert result.status == 1 and result.code in ("network", "timeout")
    assert PASSWORD not in result.err


# Headers and texts of the user's own

@ids("T-18")
@pytest.mark.parametrize("flag", [
    "--oidc-request-header=X-Key=a\r\nX-Evil: 1", "--oidc-request-header=X-Key=a\nb", "--oidc-request-header=X-Evil: 1\r\nX=1",
    "--oidc-client-id=kube\r\nrnetes", "--oidc-client-secret=a\nb", "--oidc-extra-scope=groups\r\nx",
    "--oidc-auth-request-extra-params=prompt=a\r\nb", "--oidc-redirect-url=http://localhost:8000/\r\nx",
    "--oidc-request-header=Host=evil.example", "--oidc-request-header=Content-Length=3",
    "--oidc-request-header=Transfer-Encoding=chunked"], ids=lambda flag: repr(flag[2:]))
def test_configuration_cannot_smuggle_in_another_header_or_request(kube, issuer, flag):
    result = kube.get_token(flag, **NO_BROWSER)
    assert result.code == "config"
    assert "cannot be chosen" not in result.err or "leave it out of --oidc-request-header" in result.hints[0]
    assert issuer.requests() == []


@ids("T-18")
def test_texts_of_the_user_are_encoded_where_they_go(kube, issuer):
    issuer.configure(client_id="a&b=c d+e#f%41ü", client_secret="s&p=q r")
    kube.flags[1] = "--oidc-client-id=a&b=c d+e#f%41ü"
    assert kube.get_token("--oidc-client-secret=s&p=q r").status == 0
    assert issuer.count("token") == 1


# Secrets of others

@ids("TOK-02", "TOK-10")
def test_nobody_else_s_password_is_sent(kube, issuer):
    """What other programs keep in ~/.netrc for the same host is not for us."""
    netrc = kube.home / ".netrc"
    netrc.write_text("machine localhost login robot password netrc-secret\ndefault login any password netrc-secret\n")
    netrc.chmod(0o600)
    assert kube.get_token().status == 0
    entries = [entry for entry in issuer.requests() if entry["endpoint"] in ("discovery", "token", "jwks")]
    assert len(entries) == 3 and {header(entry, "Authorization") for entry in entries} == {None}


# TLS keys

@ids("T-19")
def test_no_tls_keys_are_written_for_somebody_to_read(kube, issuer, tmp_path):
    keys = tmp_path / "keys"
    log_in(kube, issuer)
    keys.unlink(missing_ok=True)
    kube.environment["SSLKEYLOGFILE"] = str(keys)
    refresh(kube)
    assert not keys.exists()


@ids("K7-74")
def test_a_server_that_never_accepts_ends_with_the_time_limit(kube):
    """A full queue: the connection never stands."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as plug, contextlib.ExitStack() as stack:
        for _ in range(4):
            other = stack.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(plug.getsockname())
        kube.flags[0] = f"--oidc-issuer-url=https://127.0.0.1:{plug.getsockname()[1]}/"
        started = time.monotonic()
        result = kube.get_token("--http-timeout-sec=2", **NO_BROWSER)
        assert result.code == "timeout"
        assert 1.5 < time.monotonic() - started < 2 + PROMPT
