# SPDX-License-Identifier: Apache-2.0
"""The callback's port: which one is taken, on which addresses, who may hold it besides, and when it is free again."""

import re
import signal
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from crowd import sanitized
from patience import PROMPT, until
from sockets import TIME_WAIT, holding, is_free, listeners, open_listener, table
from waiting import Waiting
from wire import authorization, endpoints, token_form

ids = pytest.mark.ids
V4, V6, ANY4, ANY6 = "127.0.0.1", "::1", "0.0.0.0", "::"


def agreed(issuer):
    """The redirect URI, which is the same in the authorization and in the token request."""
    uri = authorization(issuer)["redirect_uri"]
    assert token_form(issuer)["redirect_uri"] == uri
    return uri


def log_in(kube, issuer, *flags):
    result = kube.get_token(*flags)
    assert result.status == 0, result.err
    return agreed(issuer)


# The default ports

@ids("K7-44")
def test_the_redirect_uri_has_no_slash(kube, issuer):
    assert log_in(kube, issuer) == "http://localhost:8000"


@ids("CB-02")
def test_the_redirect_host_is_localhost(kube, issuer):
    assert urlsplit(log_in(kube, issuer, "--listen-address=127.0.0.1:0")).hostname == "localhost"


@ids("K7-43")
@pytest.mark.parametrize("address", [V4, V6, ANY4, ANY6])
def test_the_second_port_is_taken_where_the_first_is_held(kube, issuer, address):
    with holding((address, 8000)):
        assert log_in(kube, issuer) == "http://localhost:18000"


@ids("AZ-07")
@pytest.mark.parametrize("address", [V4, V6])
def test_a_random_port_is_taken_where_both_are_held(kube, issuer, address):
    with holding((address, 8000), (address, 18000)):
        uri = log_in(kube, issuer)
    assert re.fullmatch(r"http://localhost:\d{4,5}", uri)
    assert uri not in ("http://localhost:8000", "http://localhost:18000")


@ids("CB-04")
def test_the_ports_are_tried_in_their_order(kube, issuer):
    seen = []
    for held in ([], [(V4, 8000)], [(V4, 8000), (V4, 18000)]):
        with holding(*held):
            assert kube.run("login").status == 0
            seen.append(urlsplit(agreed(issuer)).port)
    assert seen[:2] == [8000, 18000]
    assert seen[2] not in (8000, 18000)


@ids("CB-01")
def test_only_loopback_listens_and_both_families_of_it(kube, issuer):
    waiting = Waiting(kube)
    assert listeners(8000) == [V4, V6]
    waiting.finish()


@ids("K7-62")
def test_the_callback_may_come_by_either_family(kube, issuer):
    waiting = Waiting(kube)
    assert waiting.ask(waiting.start_path, address=V6, host="[::1]:8000").status == 302
    assert waiting.ask(waiting.callback(), address=V6).status == 303
    assert waiting.ask("/done").status == 200
    assert waiting.running.wait().status == 0


@ids("CB-01")
@pytest.mark.parametrize("address", [V4, V6])
def test_a_random_port_is_ours_on_both_addresses(kube, issuer, address):
    with holding((address, 8000), (address, 18000)):
        waiting = Waiting(kube)
        assert listeners(waiting.port) == [V4, V6]
        waiting.finish()


@ids("T-03")
@pytest.mark.parametrize("reuse", [False, True])
@pytest.mark.parametrize("address", [V4, V6, ANY4, ANY6])
def test_a_port_is_never_half_ours(kube, issuer, address, reuse):
    with holding((address, 8000), reuse=reuse):
        waiting = Waiting(kube)
        assert waiting.port == 18000
        assert listeners(8000) == [address]
        waiting.finish()


@ids("T-03")
@pytest.mark.parametrize("address", [V4, V6])
def test_nobody_can_squeeze_in_beside_us(kube, issuer, address):
    waiting = Waiting(kube)
    with pytest.raises(OSError, match="Address already in use"):
        open_listener(address, 8000, reuse=True)
    waiting.finish()


def test_a_login_seconds_later_gets_the_same_port(kube, issuer):
    log_in(kube, issuer)
    assert (8000, TIME_WAIT) in {(port, state) for _, port, state in table()}
    assert kube.run("login").status == 0
    assert agreed(issuer) == "http://localhost:8000"


# Addresses of the user's choice

@ids("K7-45")
@pytest.mark.parametrize(("value", "addresses"), [
    ("127.0.0.1:0", [V4]), ("", [V4]), ("[::1]:0", [V6]), ("localhost:0", [V4, V6])])
def test_port_zero_is_a_random_port_with_a_matching_redirect_uri(kube, issuer, value, addresses):
    waiting = Waiting(kube, f"--listen-address={value}", address=addresses[0])
    assert listeners(waiting.port) == addresses
    assert waiting.finish().status == 0
    assert agreed(issuer) == f"http://localhost:{waiting.port}"


@pytest.mark.parametrize(("value", "addresses"), [
    ("127.0.0.1:9123", [V4]), ("[::1]:9123", [V6]), ("localhost:9123", [V4, V6]), ("0.0.0.0:9123", [ANY4]),
    (":9123", [ANY4, ANY6]), ("[::]:9123", [ANY4, ANY6])])
def test_an_address_is_taken_literally(kube, issuer, value, addresses):
    waiting = Waiting(kube, f"--listen-address={value}", address=V6 if addresses == [V6] else V4)
    assert listeners(9123) == addresses
    assert waiting.finish().status == 0
    assert agreed(issuer) == "http://localhost:9123"


@ids("K7-43")
def test_without_a_free_address_the_login_ends_and_names_every_cause(kube, issuer):
    with holding((V4, 8000), (V4, 18000)):
        result = kube.get_token("--listen-address=127.0.0.1:8000,127.0.0.1:18000")
    assert result.code == "port"
    for address in ("127.0.0.1:8000", "127.0.0.1:18000"):
        assert f"'{address}': Address already in use" in result.err
    assert any("port 8000 is held by pid" in hint for hint in result.hints)
    assert any("--listen-address=127.0.0.1:PORT" in hint for hint in result.hints)
    assert "authorize" not in endpoints(issuer)


@pytest.mark.parametrize("value", ["8000", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:8000", "localhost:x",
                                   "example.com:8000", "127.0.0.1:8000,x"])
def test_what_is_no_address_is_refused_before_anything_is_asked(kube, issuer, value):
    result = kube.get_token(f"--listen-address={value}")
    assert result.code == "config"
    assert f"listen address '{value.split(',')[-1]}' is not an address and a port" in result.err
    assert issuer.count() == 0
    assert "listen address" not in kube.get_token(f"--listen-address={value}", "--grant-type=client-credentials").err


def test_an_address_that_is_not_this_machines_is_an_error(kube, issuer):
    result = kube.get_token("--listen-address=192.0.2.1:8000")
    assert result.code == "port"
    assert "'192.0.2.1:8000'" in result.err


# Redirect URLs of the user's choice

@ids("K7-46")
@pytest.mark.parametrize(("url", "path"), [
    ("http://localhost:8000/callback", "/callback"), ("http://127.0.0.1:8000/callback", "/callback"),
    ("http://localhost:8000/", "/")])
def test_a_redirect_url_is_sent_verbatim_and_its_path_is_where_the_callback_is_awaited(kube, issuer, url, path):
    waiting = Waiting(kube, f"--oidc-redirect-url={url}")
    assert waiting.request["redirect_uri"] == url
    assert waiting.visit.startswith("http://localhost:8000/")
    right = waiting.callback()
    assert right.startswith(f"{path}?")
    other = right.replace(f"{path}?", "/?" if path != "/" else "/callback?", 1)
    assert waiting.ask(other).status == 404
    assert waiting.finish().status == 0
    assert agreed(issuer) == url


@pytest.mark.parametrize("url", ["localhost:8000", "urn:ietf:wg:oauth:2.0:oob", "http://", "http://localhost:8000/a b",
                                 "http://localhost:8000#f"])
def test_a_redirect_url_that_no_browser_comes_back_to_is_an_error(kube, issuer, url):
    result = kube.get_token(f"--oidc-redirect-url={url}")
    assert result.code == "config" and f"--oidc-redirect-url: '{url}'" in result.err
    assert issuer.requests() == []


def test_a_redirect_url_of_the_keyboard_has_no_fragment_either(kube, issuer):
    result = kube.get_token("--grant-type=authcode-keyboard", "--oidc-redirect-url-authcode-keyboard=http://localhost:8000#f")
    assert result.code == "config" and "'http://localhost:8000#f' has a fragment" in result.err
    assert issuer.requests() == []


@ids("K7-46")
def test_a_redirect_url_of_another_host_goes_through_a_forwarder(kube, issuer):
    """A remote shell behind a reverse proxy: the callback arrives here, with the name of the other host."""
    url = "https://login.example.com/oidc/callback"
    issuer.configure(redirect_uris=[{"mode": "strict", "url": url}])
    waiting = Waiting(kube, f"--oidc-redirect-url={url}")
    assert waiting.request["redirect_uri"] == url
    assert waiting.ask("/oidc/callback?code=x&state=y", host="login.example.com").status == 400
    assert waiting.ask("/oidc/callback?code=x&state=y", host="other.example.com").status == 421
    assert waiting.ask(waiting.callback(), host="login.example.com").status == 303
    waiting.ask("/done")
    assert waiting.running.wait().status == 0
    assert agreed(issuer) == url


def test_a_redirect_url_with_the_path_of_the_outcome_gets_another_page_for_it(kube, issuer):
    url = "http://localhost:8000/done"
    issuer.configure(redirect_uris=[{"mode": "strict", "url": url}])
    waiting = Waiting(kube, f"--oidc-redirect-url={url}")
    answer = waiting.ask(waiting.callback())
    assert (answer.status, answer.header("location")) == (303, "/outcome")
    assert waiting.ask("/outcome").status == 200
    assert waiting.running.wait().status == 0


# The end

@ids("CB-03")
@pytest.mark.parametrize("error", [None, "access_denied"])
def test_the_port_is_free_as_soon_as_the_login_has_ended(kube, issuer, error):
    waiting = Waiting(kube)
    assert not is_free(8000)
    waiting.finish(waiting.refusal(error=error) if error else None)
    until(lambda: is_free(8000))


@ids("T-05")
def test_a_callback_that_comes_late_meets_nobody_and_its_code_is_spent(kube, issuer):
    waiting = Waiting(kube)
    waiting.finish()
    with pytest.raises(ConnectionRefusedError):
        waiting.ask(waiting.callback())
    assert issuer.count("token") == 1


@ids("CB-03")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_login_and_frees_the_port(kube, issuer, number):
    waiting = Waiting(kube)
    waiting.running.signal(number)
    assert waiting.running.wait().code == "interrupted"
    until(lambda: is_free(8000))


@ids("K7-60")
def test_the_time_limit_ends_the_login_and_frees_the_port(kube, issuer):
    began = time.monotonic()
    result = kube.get_token("--authentication-timeout-sec=2", FAKE_BROWSER="ignore")
    assert 2 <= time.monotonic() - began < 2 + PROMPT
    assert result.code == "callback_timeout"
    until(lambda: is_free(8000))


@pytest.fixture
def clock(kube, tmp_path):
    """A clock of the program that the test puts forward, by so many seconds: no machine is too slow for it."""
    file = tmp_path / "clock"

    def put_forward(seconds):
        file.with_suffix(".new").write_text(f"+{seconds}\n")
        file.with_suffix(".new").rename(file)

    put_forward(0)
    library = subprocess.check_output(["faketime", "-f", "+0", "printenv", "LD_PRELOAD"], text=True).strip()
    kube.environment |= {"LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1"}
    return put_forward


if not sanitized():  # a sanitizer must be loaded before such a clock
    @ids("K7-60", "CB-14")
    def test_the_time_limit_is_the_one_that_was_given_whatever_knocks_at_the_port(kube, issuer, clock):
        waiting = Waiting(kube, "--authentication-timeout-sec=1000")
        for seconds in (0, 300, 600):
            clock(seconds)
            assert [waiting.ask("/").status for _ in range(3)] == [404] * 3
        clock(1001)
        assert waiting.running.wait(4 * PROMPT).code == "callback_timeout"
        assert is_free(waiting.port)


@ids("CB-14")
def test_the_time_limit_counts_whatever_knocks_at_the_port(kube, issuer):
    waiting = Waiting(kube, "--authentication-timeout-sec=2")
    began = time.monotonic()
    while waiting.still_waits and time.monotonic() - began < 2 + PROMPT:
        try:
            waiting.ask("/")
        except (ConnectionError, IndexError):
            break
    assert waiting.running.wait().code == "callback_timeout"
    assert time.monotonic() - began < 2 + PROMPT


@ids("T-09")
def test_when_nobody_answers_the_message_says_what_may_be_wrong(kube, issuer):
    result = kube.get_token("--authentication-timeout-sec=1", "--oidc-auth-request-extra-params=login_hint=bob",
                            FAKE_BROWSER="ignore")
    assert result.code == "callback_timeout"
    assert "within 1 s" in result.err
    for words in ("--authentication-timeout-sec", "Permission denied", "http://localhost:8000", "'bob'", "=device-code"):
        assert any(words in hint for hint in result.hints), result.err
    until(lambda: is_free(8000))


@ids("T-09")
def test_a_device_code_is_advised_only_where_the_provider_has_them(kube, issuer):
    issuer.configure(discovery_patch={"device_authorization_endpoint": None})
    result = kube.get_token("--authentication-timeout-sec=1", FAKE_BROWSER="ignore")
    assert result.code == "callback_timeout" and "device-code" not in result.err


@pytest.fixture
def without_ipv6():
    """This loopback without ::1, as on machines where IPv6 is switched off."""
    switch = Path("/proc/sys/net/ipv6/conf/lo/disable_ipv6")
    if not switch.exists():  # there is no IPv6 at all
        yield
        return
    switch.write_text("1")
    yield
    switch.write_text("0")


def test_a_machine_without_ipv6_is_no_reason_to_call_a_port_taken(kube, issuer, without_ipv6):
    with pytest.raises(OSError), socket.socket(socket.AF_INET6) as plug:
        plug.bind((V6, 0))
    assert log_in(kube, issuer) == "http://localhost:8000"
