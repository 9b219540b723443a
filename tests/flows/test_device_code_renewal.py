# SPDX-License-Identifier: Apache-2.0
"""Device codes that expire: said at once, renewed twice, told late or wrongly by Authentik."""

import re

import pytest
from terminal import CTRL_C, Seat

ids = pytest.mark.ids
CODE = r"^It shows the code (\d{9});"


@pytest.fixture
def device(kube, issuer):
    """get-token by a device code that lives three seconds."""
    issuer.configure(device_interval=1, code_ttl=3)
    kube.flags += ["--grant-type=device-code", "--skip-open-browser"]
    return kube


def codes(issuer):
    return issuer.count("device")


@ids("DEV-04")
@pytest.mark.parametrize("grant", ["device-code", "authcode"])
def test_a_code_is_no_longer_good_than_its_login(kube, issuer, grant):
    issuer.configure(code_ttl=60)
    result = kube.get_token(f"--grant-type={grant}", "--authentication-timeout-sec=3", BROWSER="/bin/false")
    assert result.code == "callback_timeout"
    assert re.findall("(?m)^The code is good for [1-3] s, it is the last one.$", result.err), result.err
    assert "a new one" not in result.err


@ids("K7-79", "DEV-04")
def test_three_codes_are_all(device, issuer):
    """An Authentik before 2026.5 goes on saying that the code is pending: the end is ours to keep."""
    result = device.get_token()
    assert result.code == "callback_timeout"
    assert "3 device codes have expired, the last after 3 s" in result.err
    assert codes(issuer) == 3
    assert len(re.findall(r"(?m)^It shows the code \d{9};", result.err)) == 3
    assert len(re.findall(r"(?m)^The code \d{9} has expired after 3 s\. Here is a new one\.$", result.err)) == 2
    assert "Access code validity" in result.hints[0]
    assert "Permission denied" in result.hints[1]
    assert "Device code flow" in result.hints[2]
    assert issuer.count("token") <= 9


def test_the_second_code_logs_in(device, issuer):
    running = device.start("get-token")
    first = running.read_line(CODE)[1]
    issuer.configure(code_ttl=60)
    second = running.read_line(CODE)[1]
    assert first != second
    assert issuer.approve_device(second)
    assert running.wait().claims["email"] == "alice@example.com"
    assert codes(issuer) == 2


def times(issuer):
    """Seconds from the start of the device login to each poll."""
    start, *polls = (entry["time"] for entry in issuer.requests() if entry["endpoint"] in ("device", "token"))
    return [poll - start for poll in polls]


@ids("DEV-03", "DEV-04")
@pytest.mark.parametrize("lifetime, before", [(8, []), (12, [5])])
def test_the_last_poll_comes_with_the_end_of_the_code(device, issuer, lifetime, before):
    """Polls are five seconds apart: who agrees after the one before the last is in time as well."""
    issuer.configure(code_ttl=lifetime, device_interval=5)
    for _ in before:
        issuer.fault("token", status=400, json={"error": "authorization_pending"})
    running = device.start("get-token")
    code = running.read_line(CODE)[1]
    assert issuer.approve_device(code)
    assert running.wait().status == 0
    assert codes(issuer) == 1
    assert all(-0.1 < came - due < 2 for came, due in zip(times(issuer), [*before, lifetime], strict=True)), times(issuer)


def test_a_short_life_is_told(device, issuer):
    result = device.get_token()
    lives = re.findall(r"(?m)^The code is good for 3 s(.*)\.$", result.err)
    assert lives == ["; after that a new one is shown"] * 2 + [", it is the last one"]
    issuer.configure(code_ttl=121)
    running = device.start("login")
    running.read_line(CODE)
    running.signal()
    assert "is good for" not in running.wait().err


@ids("DEV-03")
@pytest.mark.parametrize("error", ["expired_token", "invalid_grant"])
def test_an_expiry_that_is_told_brings_a_new_code(device, issuer, error):
    """Authentik from 2026.5 on says invalid_grant; it may come a moment before our own clock's end."""
    issuer.configure(code_ttl=10, device_interval=5)
    issuer.fault("token", status=400, json={"error": error})
    running = device.start("get-token")
    running.read_line(CODE)
    issuer.configure(code_ttl=60, device_interval=1)
    code = running.read_line(CODE)[1]
    assert issuer.count("token") == 1
    assert issuer.approve_device(code)
    assert running.wait().status == 0


@ids("K7-78")
def test_expiry_that_is_told_again_and_again_ends_it(device, issuer):
    issuer.fault("token", status=400, times=-1, json={"error": "expired_token"})
    assert device.get_token().code == "callback_timeout"
    assert codes(issuer) == 3


def test_a_refusal_that_is_never_told_ends_with_the_reason(device, issuer):
    issuer.configure(users={"alice": {"allowed": False}})
    running = device.start("get-token")
    assert not issuer.approve_device(running.read_line(CODE)[1], "alice")
    result = running.wait()
    assert result.code == "callback_timeout"
    assert any("Permission denied" in hint for hint in result.hints)


def test_a_new_code_that_is_refused_ends_it(device, issuer):
    issuer.fault("device", after=1, status=400, json={"error": "invalid_client"})
    result = device.get_token()
    assert result.code == "oauth_error"
    assert "could not get a device code" in result.err


def test_the_time_for_the_whole_login_is_an_end_as_well(device, issuer):
    issuer.configure(code_ttl=60)
    result = device.get_token("--authentication-timeout-sec=2")
    assert result.code == "callback_timeout"
    assert "nobody finished the login in the browser within 2 s" in result.err
    assert codes(issuer) == 1


@ids("K7-79")
def test_pkce_makes_a_new_secret_for_a_new_code(device, issuer):
    running = device.start("get-token")
    running.read_line(CODE)
    issuer.configure(code_ttl=60)
    issuer.approve_device(running.read_line(CODE)[1])
    assert running.wait().status == 0
    first, second = (entry["form"]["code_challenge"] for entry in issuer.requests("device"))
    assert first != second


def test_the_time_left_is_shown_at_a_terminal(device, issuer):
    issuer.configure(code_ttl=60)
    seat = Seat(device, "get-token")
    seat.expect(r"\r\x1b\[K0:\d\d left for the code \d{9} at https://localhost:\d+/device")
    seat.press(CTRL_C)
    assert seat.wait().code == "interrupted"


def test_a_login_that_nobody_answered_starts_a_cool_down(device, issuer):
    assert device.get_token("--authentication-timeout-sec=1").code == "callback_timeout"
    assert device.get_token("--authentication-timeout-sec=1").code == "cooldown"
    assert codes(issuer) == 1


def test_nobody_is_asked_where_nobody_is(device, issuer):
    assert device.get_token("--non-interactive").code == "not_interactive"
    assert codes(issuer) == 0
