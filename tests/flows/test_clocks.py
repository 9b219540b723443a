# SPDX-License-Identifier: Apache-2.0
"""Clocks that differ, jump, or show a far year: a token is never used longer than two clocks allow."""

import datetime
import time

import crowd
import pytest
from issuer.browse import Browser
from issuer.client import Issuer
from rested import NO_BROWSER, log_in, refresh
from wire import endpoints

ids = pytest.mark.ids


def store(kube, obtained, left, lifetime=3600):
    """The stored session, obtained so many seconds ago by our clock, with so many left by the provider's."""
    now = int(time.time())
    kube.edit_session(obtained_at=now - obtained, expires_at=now + left, issued_at=now - 100000,
                      lifetime=lifetime)


TWO_CLOCKS = [
    (0, 3600, False), (1800, 1800, False), (3530, 70, False), (3550, 50, True), (3600, 0, True),
    (1800, 3600, False),  # the provider's clock is ahead of ours
    (3550, 1800, True), (4000, 1800, True),  # so much that only ours can tell that the token is used up
    (0, 1800, False), (0, 50, True), (0, -10, True),  # it is behind: a younger token that ends early
    (-50, 3600, False), (-70, 3600, True), (-86400, 90000, True),  # our clock was set back since
    (86400, 100000, True)]


@ids("T-31", "REF-08")
@pytest.mark.parametrize(("obtained", "left", "due"), TWO_CLOCKS)
def test_a_token_is_used_while_both_clocks_say_that_it_is_good(kube, issuer, obtained, left, due):
    log_in(kube, issuer)
    store(kube, obtained, left)
    refresh(kube)
    assert endpoints(issuer) == (["token"] if due else [])


@ids("T-31")
@pytest.mark.parametrize("offset", [-280, -70, 70, 280])
def test_a_constant_difference_of_the_clocks_does_no_harm_but_is_told(kube, issuer, offset):
    issuer.configure(clock_offset=offset)
    first = kube.get_token()
    side = "ahead of" if offset < 0 else "behind"
    assert first.err.startswith("warning: the clock of this machine is ")
    assert f" {side} the provider's" in first.err
    assert first.err.count("the clock of this machine") == 1
    issuer.clear_log()
    assert refresh(kube).token == first.token
    kube.expire()
    assert refresh(kube).token != first.token
    refresh(kube)
    assert endpoints(issuer) == ["token"]


@ids("T-31")
@pytest.mark.parametrize(("offset", "code"),
                         [(-4000, "idtoken_exp"), (-86400, "idtoken_exp"), (400, "idtoken_iat"),
                          (86400, "idtoken_iat")])
def test_clocks_that_differ_too_much_are_named(kube, issuer, offset, code):
    issuer.configure(clock_offset=offset)
    result = kube.get_token()
    assert result.code == code
    assert "this machine's clock says" in result.err and any("NTP" in hint for hint in result.hints)
    assert "warning: the clock of this machine is " in result.err
    assert list(kube.cache.glob("*.json")) == []


@ids("T-31", "REF-05")
@pytest.mark.parametrize("offset", [-86400, 86400])
def test_a_clock_that_went_wrong_since_the_login_costs_no_session(kube, issuer, offset):
    log_in(kube, issuer)
    issuer.configure(clock_offset=offset)
    assert kube.get_token(**NO_BROWSER).code in ("idtoken_exp", "idtoken_iat")
    assert kube.session["refresh_token"]
    issuer.configure(clock_offset=0)
    refresh(kube)


# Far years

@ids("T-31", "K7-22")
@pytest.mark.parametrize("exp", [2**31 - 1, 2**31, 2**32, 4102444800, 253402300799])
def test_an_expiry_in_a_far_year_is_written_as_it_is(kube, issuer, exp):
    issuer.mutate_id_token(claims={"exp": exp})
    result = kube.get_token()
    expected = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=exp)
    assert result.credential["status"]["expirationTimestamp"] == expected.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert refresh(kube).out == result.out


@ids("T-31")
@pytest.mark.parametrize("exp", [253402300800, 2**53, 2**63 - 1, 2**63, 1e300, 0, -1, "1795305909", 1.5])
def test_an_expiry_that_cannot_be_is_refused_or_a_time_that_kubectl_can_read(kube, issuer, exp):
    issuer.mutate_id_token(claims={"exp": exp})
    result = kube.get_token()
    if result.status == 0:
        datetime.datetime.strptime(result.credential["status"]["expirationTimestamp"], "%Y-%m-%dT%H:%M:%SZ")
    else:
        assert result.code in ("idtoken_exp", "idtoken_format")
        assert list(kube.cache.glob("*.json")) == []


# Another clock for the program alone; a sanitizer's runtime cannot be preloaded beside it.

@pytest.fixture
def plain(program, tmp_path):
    """An issuer without certificates, which have a date of their own."""
    with Issuer(tmp_path / "issuer", tls=False) as issuer:
        program.flags = [f"--oidc-issuer-url={issuer.url}", "--oidc-client-id=kubernetes",
                         f"--token-cache-dir={program.cache}"]
        yield issuer


@ids("T-31")
@pytest.mark.parametrize("day",
                         ["2038-01-19 03:14:00", "2038-02-01 00:00:00", "2106-02-07 06:28:10",
                          "2400-01-01 00:00:00"])
def test_it_works_in_a_far_year(program, plain, day):
    if crowd.sanitized():
        return
    then = datetime.datetime.strptime(day, "%Y-%m-%d %H:%M:%S").replace(tzinfo=datetime.timezone.utc)
    plain.configure(clock_offset=int(then.timestamp() - time.time()))
    process = {"process": {"before": ["faketime", "-f", f"@{day}"]}, "TZ": "UTC"}
    first = program.start("get-token", **process, BROWSER=browser_of_today(program)).wait()
    expected = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=first.claims["exp"])
    assert first.credential["status"]["expirationTimestamp"] == expected.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert abs(first.claims["exp"] - then.timestamp() - 3600) < 60
    second = program.start("get-token", **process, **NO_BROWSER).wait()
    assert second.token == first.token and second.err == ""


def browser_of_today(program):
    """The fake browser without the program's own clock."""
    wrapper = program.directory / "browser"
    browser = program.environment["BROWSER"]
    wrapper.write_text(f'#!/bin/sh\nexec env -u LD_PRELOAD -u FAKETIME "{browser}" "$@"\n')
    wrapper.chmod(0o755)
    return str(wrapper)


@ids("T-31")
@pytest.mark.parametrize("jump", ["+200", "-200"])
def test_a_clock_that_jumps_does_not_end_the_wait_for_the_person(program, plain, jump):
    if crowd.sanitized():
        return
    clock = program.directory / "clock"
    clock.write_text("+0\n")
    jumping = {"FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1",
               "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    running = program.start("get-token", "--skip-open-browser", "--authentication-timeout-sec=60", process={
        "before": ["sh", "-c", 'LD_PRELOAD=$(faketime -f +0 sh -c \'echo $LD_PRELOAD\') exec "$@"', "sh"]},
        **jumping)
    url = running.read_line(r"Please visit .*: (\S+)$")[1]
    clock.write_text(f"{jump}\n")
    Browser().open(url)
    assert running.wait().claims["email"] == "alice@example.com"
    assert abs(program.session["obtained_at"] - time.time() - int(jump)) < 30


@ids("DEV-04")
@pytest.mark.parametrize("flags, code", [([], None), (["--authentication-timeout-sec=180"], "callback_timeout")])
def test_a_device_code_that_lives_longer_than_a_login_may_take_is_good_to_its_end(program, plain, flags, code):
    """Unless somebody said how long the login may take."""
    if crowd.sanitized():
        return
    plain.configure(code_ttl=600, device_interval=1)
    clock = program.directory / "clock"
    clock.write_text("+0\n")
    running = program.start("get-token", "--grant-type=device-code", "--skip-open-browser", *flags, process={
        "before": ["sh", "-c", 'LD_PRELOAD=$(faketime -f +0 sh -c \'echo $LD_PRELOAD\') exec "$@"', "sh"]},
        FAKETIME_TIMESTAMP_FILE=str(clock), FAKETIME_NO_CACHE="1")
    running.read_line(r"It shows the code \d+;")
    clock.write_text("+200\n")
    if code:
        assert running.wait().code == code
        return
    plain.wait_for("token", count=plain.count("token") + 2)
    assert plain.approve_device()
    assert running.wait().claims["email"] == "alice@example.com"
