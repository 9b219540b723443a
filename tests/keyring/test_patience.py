# SPDX-License-Identifier: Apache-2.0
"""A keyring that hangs, or is locked: how long it is waited for, who is asked, and Ctrl-C (T-28)."""

import signal
import time

import pytest
from desktop import Faulty
from patience import until
from program import exec_info
from rested import NO_BROWSER
from terminal import CTRL_C, Seat
from told import LIMIT, READING, SAVING, SLACK, check_unkept, on_disk, spent, timed, unkept, unrefreshed, warnings

ids = pytest.mark.ids
pytestmark = ids("T-28", "K7-38")
DISPLAY = {"DISPLAY": ":99"}


# Hung

@pytest.mark.parametrize("method", SAVING)
def test_a_keyring_that_hangs_is_given_up_after_five_seconds(kube, bus, method):
    Faulty(bus, f"hang:{method}")
    result, seconds = timed(kube)
    assert unkept(result) == "the keyring did not answer within 5 s"
    assert LIMIT - 0.5 < seconds < LIMIT + SLACK
    check_unkept(kube, result)


@pytest.mark.parametrize("method", READING)
def test_a_hung_one_costs_a_refresh_five_seconds_and_no_login(kube, bus, issuer, method):
    """The token at hand is used; nothing was spent."""
    Faulty(bus, f"hang:{method}")
    assert kube.get_token().status == 0
    kube.expire(30)
    issuer.clear_log()
    result, seconds = timed(kube, **NO_BROWSER)
    assert unrefreshed(result) == "the keyring did not answer within 5 s"
    assert LIMIT - 0.5 < seconds < LIMIT + SLACK
    assert result.token == kube.session["id_token"] and issuer.requests() == []


# Locked

def test_a_locked_one_asks_nobody_where_there_is_no_display(kube, bus):
    service = Faulty(bus, "locked", "prompt:given")
    result, seconds = timed(kube)
    assert unkept(result) == "the keyring is locked, and no window may ask for its password"
    assert seconds < LIMIT and "Prompt" not in service.calls()


@pytest.mark.parametrize("place", [{"LATCHKEY_NON_INTERACTIVE": "true"}, {"CI": "true"}])
def test_a_locked_one_asks_nobody_where_nobody_is(kube, bus, issuer, place):
    issuer.fault("token", json_patch={"refresh_token": "refresh-t0ken-47"})
    service = Faulty(bus, "locked", "prompt:given")
    result = kube.get_token("--grant-type=password", "--username=alice", "--password=alice-app-password", **DISPLAY, **place)
    assert unkept(result) == "the keyring is locked, and no window may ask for its password"
    assert "Prompt" not in service.calls()


def test_a_window_may_unlock_it(kube, bus):
    service = Faulty(bus, "locked", "prompt:given")
    assert warnings(kube.get_token(**DISPLAY)) == []
    assert kube.session["refresh_token_in"] == "keyring"
    assert service.calls().count("Prompt") == 1


@pytest.mark.parametrize("locked", ["locked", "alias"])
def test_nobody_is_asked_twice(kube, bus, locked):
    """Who dismissed the window for the refresh gets none for the login."""
    service = Faulty(bus, locked, "prompt:dismissed")
    result = kube.get_token(**DISPLAY)
    why = "the keyring is locked, and nobody gave its password" if locked == "locked" else \
        "there is no keyring for new secrets yet, and nobody gave a password for one"
    assert unkept(result) == why
    check_unkept(kube, result)
    assert service.calls().count("Prompt") == 1


def test_a_good_token_asks_nobody_for_a_password(kube, bus):
    service = Faulty(bus)
    assert kube.get_token().status == 0
    service.calls()
    service = Faulty(bus, "locked", "item", "prompt:dismissed")
    kube.expire(30)
    result = kube.get_token(**DISPLAY, **NO_BROWSER)
    assert unrefreshed(result).startswith("the keyring is locked") and result.token == kube.session["id_token"]
    kube.expire()
    result = kube.get_token(**DISPLAY)
    assert unrefreshed(result) == "the keyring is locked, and nobody gave its password"
    assert unkept(result).startswith("the keyring is locked")
    assert service.calls().count("Prompt") == 1


def test_no_window_opens_for_a_token_that_the_api_server_refuses(kube, bus):
    """The third call renews it, if that takes nobody; the token at hand may be good."""
    service = Faulty(bus)
    assert kube.get_token().status == 0
    service.calls()
    service = Faulty(bus, "locked", "item", "prompt:given")
    kubectl = {"KUBERNETES_EXEC_INFO": exec_info(interactive="true"), **DISPLAY, **NO_BROWSER}
    results = [kube.get_token(**kubectl) for _ in range(3)]
    assert {result.token for result in results} == {kube.session["id_token"]}
    assert "asks for the same token again and again" in results[-1].err
    asked = service.calls()
    assert "SearchItems" in asked and "Prompt" not in asked


def test_a_window_that_nobody_answers_is_given_up_after_thirty_seconds(kube, bus):
    service = Faulty(bus, "locked", "prompt:never")
    result, seconds = timed(kube, **DISPLAY)
    assert unkept(result) == "the keyring is locked, and nobody gave its password within 30 s"
    assert 29 < seconds < 30 + SLACK
    assert service.calls()[-1] == "Dismiss"


def test_a_line_says_that_a_window_waits(kube, bus):
    service = Faulty(bus, "locked", "prompt:never")
    seat = Seat(kube, "get-token", **DISPLAY)
    seat.expect("a window asks for the password of your keyring")
    service.await_call("Prompt")
    seat.press(CTRL_C)
    result = seat.wait()
    assert result.code == "interrupted"
    assert "a window asks" not in result.err, "the line goes with the window"


def test_who_waits_for_the_lock_reads_whom_the_window_waits_for(kube, bus):
    Faulty(bus, "locked", "prompt:never")
    holder = kube.start("get-token", **DISPLAY)
    until(lambda: any("waiting for the keyring" in path.read_text() for path in kube.cache.glob("*.holder")), "nobody waits")
    waiter = kube.start("get-token", "--non-interactive")
    assert "is waiting for the keyring for the same session" in waiter.wait().err
    holder.signal(signal.SIGINT)
    assert holder.wait().code == "interrupted"


# Ctrl-C

@pytest.mark.parametrize(("faults", "method"), [(("hang:CreateItem",), "CreateItem"), (("locked", "prompt:never"), "Prompt")])
def test_ctrl_c_ends_the_wait_of_a_login(kube, bus, faults, method):
    service = Faulty(bus, *faults)
    running = kube.start("get-token", **DISPLAY)
    service.await_call(method)
    started = time.monotonic()
    running.signal(signal.SIGINT)
    assert running.wait().code == "interrupted"
    assert time.monotonic() - started < LIMIT - 1


def test_ctrl_c_does_not_lose_a_refresh_token_that_was_spent(kube, bus, issuer):
    """The former one is used up: the new one is saved first."""
    service = Faulty(bus, "slow:CreateItem")
    assert kube.get_token().status == 0
    kube.expire()
    issuer.clear_log()
    service.await_call("CreateItem")
    running = kube.start("get-token", **NO_BROWSER)
    service.await_call("CreateItem")
    running.signal(signal.SIGINT)
    assert running.wait().code == "interrupted"
    assert len(spent(issuer)) == 1
    kube.expire()
    result = kube.get_token(**NO_BROWSER)
    assert result.status == 0 and result.err == ""


def test_ctrl_c_ends_the_wait_for_a_refresh_token(kube, bus, issuer):
    service = Faulty(bus, "hang:SearchItems")
    assert kube.get_token().status == 0
    kube.expire()
    issuer.clear_log()
    running = kube.start("get-token", **NO_BROWSER)
    service.await_call("SearchItems")
    running.signal(signal.SIGINT)
    assert running.wait().code == "interrupted"
    assert issuer.requests() == [] and kube.session["refresh_token_in"] == "keyring"


def test_nothing_that_failed_is_left_on_disk(kube, bus, issuer):
    Faulty(bus, "error:CreateItem")
    issuer.fault("token", json_patch={"refresh_token": "canary-refresh-t0ken-46"})
    unkept(kube.get_token("-v3"))
    assert on_disk(kube.directory, "canary-refresh-t0ken-46") == []
