# SPDX-License-Identifier: Apache-2.0
"""One login for many: a hundred processes at once cause one refresh or one browser, and share what comes of it."""

import signal
import time

import crowd
import pytest
from patience import PROMPT
from waiting import Waiting

WAITING = r"^waiting for process (\d+), which is ([^:]*) for the same session(?:: (\S+))?"


@pytest.fixture
def starts(kube, tmp_path):
    """Where the fake browser notes its starts."""
    kube.environment["FAKE_BROWSER_LOG"] = str(tmp_path / "browser.log")
    return tmp_path / "browser.log"


@pytest.fixture
def expired(kube, issuer, starts):
    """An expired session of an issuer that revokes a whole family when a refresh token is used twice."""
    issuer.configure(single_use_refresh="family")
    assert kube.get_token().status == 0
    kube.expire()
    issuer.clear_log()
    starts.unlink()
    return kube


@pytest.mark.ids("T-27", "REF-07")
def test_a_hundred_calls_on_an_expired_session_cause_one_refresh(expired, issuer, starts):
    results = crowd.outcome(crowd.start(expired))
    assert len(crowd.tokens(results)) == 1
    assert crowd.asked(issuer, "token") == 1
    assert crowd.browsers(starts) == []
    assert expired.get_token().token == results[0].token


@pytest.mark.ids("K7-40")
def test_a_hundred_calls_without_a_session_cause_one_login(kube, issuer, starts):
    results = crowd.outcome(crowd.start(kube))
    assert len(crowd.tokens(results)) == 1
    assert len(crowd.browsers(starts)) == 1
    assert crowd.asked(issuer, "token") == 1
    assert crowd.asked(issuer, "discovery") == 1
    assert sum("logged in as" in result.err for result in results) == 1


def test_calls_that_force_a_refresh_while_one_is_on_its_way_share_it(expired, issuer):
    holder = crowd.stopped_holder(expired, issuer)
    waiters = [expired.start("get-token", "--force-refresh") for _ in range(10)]
    for waiter in waiters:
        waiter.read_line(WAITING)
    holder.signal(signal.SIGCONT)
    assert len(crowd.tokens(crowd.outcome([holder, *waiters]))) == 1
    assert crowd.asked(issuer, "token") == 1


def test_a_holder_killed_before_the_provider_did_anything_costs_one_more_request(expired, issuer, starts):
    issuer.fault("token", stall="before_headers")
    holder = expired.start("get-token")
    issuer.wait_for("token")
    waiters = crowd.start(expired)
    holder.signal(signal.SIGKILL)
    assert len(crowd.tokens(crowd.outcome(waiters))) == 1
    assert crowd.asked(issuer, "token") == 2
    assert crowd.browsers(starts) == []


@pytest.mark.ids("T-29")
def test_a_holder_killed_after_the_token_was_spent_costs_one_login(expired, issuer, starts):
    holder = crowd.stopped_holder(expired, issuer)
    waiters = crowd.start(expired)
    holder.signal(signal.SIGKILL)
    results = crowd.outcome(waiters)
    assert len(crowd.tokens(results)) == 1
    assert len(crowd.browsers(starts)) == 1
    assert crowd.asked(issuer, "token") == 3, "the spent one, the try that showed it, the code"
    assert sum("the session cannot be refreshed" in result.err for result in results) == 1


def test_a_holder_killed_while_its_browser_is_open_makes_way_for_one_other(kube, issuer, starts):
    holder = kube.start("get-token", FAKE_BROWSER="ignore", BROWSER=None)
    holder.read_line(r"Please visit")
    waiters = crowd.start(kube)
    holder.signal(signal.SIGKILL)
    assert len(crowd.tokens(crowd.outcome(waiters))) == 1
    assert len(crowd.browsers(starts)) == 1
    assert crowd.asked(issuer, "token") == 1


@pytest.mark.ids("T-27")
def test_a_holder_that_stands_still_does_not_keep_a_token_that_is_still_good(expired, issuer):
    expired.expire(30)  # within the margin: worth a refresh, but good
    holder = crowd.stopped_holder(expired, issuer)
    started = time.monotonic()
    results = crowd.outcome(crowd.start(expired, 10))
    assert time.monotonic() - started < PROMPT
    assert crowd.tokens(results) == {expired.session["id_token"]}
    assert "waiting" not in results[0].err
    holder.signal(signal.SIGCONT)
    assert holder.wait().token != results[0].token
    assert crowd.asked(issuer, "token") == 1


@pytest.mark.ids("T-27")
def test_who_waits_gets_a_token_that_lasts_long_enough(expired, issuer):
    """That at hand is good, but not for as long as is asked for."""
    expired.expire(600)
    holder = crowd.stopped_holder(expired, issuer, "--force-refresh")
    waiter = expired.start("get-token", "--min-validity=20m")
    waiter.read_line(WAITING)
    holder.signal(signal.SIGCONT)
    (token,) = crowd.tokens(crowd.outcome([holder, waiter]))
    assert token == expired.session["id_token"]
    assert crowd.asked(issuer, "token") == 1


@pytest.mark.ids("T-27")
def test_waiters_give_up_on_a_refresh_that_stands_still_after_the_time_of_a_request(expired, issuer):
    holder = crowd.stopped_holder(expired, issuer)
    started = time.monotonic()
    result = expired.start("get-token", "--http-timeout-sec=2").wait()
    assert result.code == "lock_timeout" and f"process {holder.process.pid}" in result.err
    assert 2 <= time.monotonic() - started < 4
    assert crowd.asked(issuer, "token") == 1


def test_a_person_is_waited_for_longer_than_a_request(kube):
    holder = Waiting(kube)
    waiter = kube.start("get-token", "--http-timeout-sec=1")
    waiter.read_line(WAITING)
    time.sleep(1.5)  # what is awaited is that nothing happens
    assert waiter.process.poll() is None
    assert holder.finish().token == waiter.wait().token


def test_waiters_give_up_on_a_holder_that_stands_still(expired, issuer):
    """The time that a person has, and half a minute; libfaketime makes it pass quickly."""
    holder = crowd.stopped_holder(expired, issuer)
    fast = {} if crowd.sanitized() else {"before": ["faketime", "-f", "+0 x20"]}
    waiters = [expired.start("get-token", "--authentication-timeout-sec=1", process=fast) for _ in range(5)]
    session = expired.session_file.read_bytes()
    for waiter in waiters:
        result = waiter.wait()
        assert result.code == "lock_timeout"
        assert f"gave up waiting for process {holder.process.pid}" in result.err
        assert "end that process if it hangs" in result.hints[0]
    assert expired.session_file.read_bytes() == session
    assert crowd.asked(issuer, "token") == 1


@pytest.mark.ids("T-27", "K7-40", "T-10")
def test_a_failure_is_shared_with_those_who_waited_for_it(expired, issuer):
    issuer.fault("token", delay_ms=3000, status=500, body="out of order")
    holder = expired.start("get-token")
    issuer.wait_for("token")
    holder.signal(signal.SIGSTOP)
    waiters = crowd.start(expired)
    for waiter in waiters:
        waiter.read_line(WAITING)
    holder.signal(signal.SIGCONT)
    first, *others = crowd.outcome([holder, *waiters])
    assert first.code == "server"
    assert {other.code for other in others} == {"server"}
    assert all("another process met this" in other.err for other in others)
    assert crowd.asked(issuer, "token") == 1, "a hundred calls would only repeat it"
    assert expired.get_token().status == 0, "but the next call asks again"


@pytest.mark.ids("T-27", "K7-40", "T-10")
def test_a_refused_login_is_shared_with_those_who_waited_for_it(kube, issuer, starts):
    holder = Waiting(kube)
    waiters = crowd.start(kube, 10)
    for waiter in waiters:
        assert waiter.read_line(WAITING)[2] == "waiting for the browser"
    assert holder.finish(holder.refusal(error="access_denied")).code == "callback_error"
    assert {result.code for result in crowd.outcome(waiters)} == {"callback_error"}
    assert crowd.browsers(starts) == []


@pytest.mark.ids("K7-86")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_waiter_says_after_a_second_whom_it_waits_for_and_obeys_a_signal(kube, number):
    holder = Waiting(kube)
    started = time.monotonic()
    waiter = kube.start("get-token")
    pid, phase, url = waiter.read_line(WAITING).groups()
    assert 0.9 < time.monotonic() - started < PROMPT
    assert (int(pid), phase, url) == (holder.pid, "waiting for the browser", holder.visit)
    started = time.monotonic()
    waiter.signal(number)
    assert waiter.wait().code == "interrupted"
    assert time.monotonic() - started < PROMPT
    assert holder.still_waits
    assert holder.finish().status == 0


@pytest.mark.ids("K7-41")
def test_another_session_is_not_kept_waiting(kube, issuer):
    holder = Waiting(kube)
    other = kube.get_token("--oidc-extra-scope=groups")
    assert other.status == 0 and "waiting" not in other.err
    assert holder.still_waits
    assert holder.finish().status == 0
    assert len(list(kube.cache.glob("*.lock"))) == 2


def test_the_lock_is_a_private_file_that_stays_and_no_child_holds_it(kube, starts):
    assert kube.get_token().status == 0
    lock, = kube.cache.glob("*.lock")
    assert lock.stat().st_mode & 0o777 == 0o600
    before = lock.stat().st_ino
    child, = crowd.browsers(starts)
    assert not [name for _, name in child["fds"] if name.startswith(str(kube.cache))]
    assert kube.get_token("--force-refresh").status == 0
    assert lock.stat().st_ino == before
    assert list(kube.cache.glob("*.holder")) == []
