# SPDX-License-Identifier: Apache-2.0
"""After a login that failed the next calls fail at once, so that nobody wakes up to hundreds of tabs."""

import json
import re
import signal
import time

import crowd
import pytest
from program import TIMEOUT, exec_info
from pseudo_terminal import Terminal
from waiting import Waiting

DENY = {"FAKE_BROWSER": "deny"}
LADDER = [10, 60, 300, 900]


@pytest.fixture
def starts(kube, tmp_path):
    """Where the fake browser notes its starts."""
    kube.environment["FAKE_BROWSER_LOG"] = str(tmp_path / "browser.log")
    return tmp_path / "browser.log"


def record_file(kube):
    files = list(kube.cache.glob("*.cooldown"))
    assert len(files) < 2, files
    return files[0] if files else None


def record(kube):
    return json.loads(record_file(kube).read_text())


def pass_time(kube, seconds):
    """Makes the last failure look as if it were SECONDS older."""
    old = record(kube)
    record_file(kube).write_text(json.dumps({**old, "failed_at": old["failed_at"] - seconds, "until": old["until"] - seconds}))


def wait_over(kube):
    pass_time(kube, record(kube)["until"] - int(time.time()))


@pytest.mark.ids("T-10", "K7-25")
def test_fifty_calls_with_a_dead_browser_open_it_once(kube, issuer, starts):
    environment = {"FAKE_BROWSER": "ignore", "KUBERNETES_EXEC_INFO": exec_info()}
    first = kube.get_token("--authentication-timeout-sec=1", **environment)
    assert first.code == "callback_timeout"
    for _ in range(49):
        again = kube.get_token("--authentication-timeout-sec=1", **environment)
        assert again.code == "cooldown"
    assert len(crowd.browsers(starts)) == 1
    assert again.hints == ["run 'latchkey login' with the same flags to log in right now"]


def test_the_message_says_how_long_and_why(kube):
    assert kube.get_token(**DENY).code == "callback_error"
    again = kube.get_token()
    assert again.code == "cooldown"
    assert re.search(r"^error: no new login for another (10|9) s, because the last one failed: .*access_denied", again.err)


def test_each_failure_makes_the_wait_longer_up_to_a_quarter_of_an_hour(kube, starts):
    for step, seconds in enumerate([*LADDER, LADDER[-1]], start=1):
        assert kube.get_token(**DENY).code == "callback_error"
        assert record(kube)["until"] - record(kube)["failed_at"] == seconds
        pass_time(kube, seconds - 3)
        assert kube.get_token(**DENY).code == "cooldown"
        assert len(crowd.browsers(starts)) == step
        wait_over(kube)


def test_those_who_waited_for_a_failed_login_do_not_make_the_wait_longer(kube, starts):
    holder = Waiting(kube)
    waiters = crowd.start(kube, 10)
    for waiter in waiters:
        waiter.read_line("^waiting for process")
    assert holder.finish(holder.refusal(error="access_denied")).code == "callback_error"
    crowd.outcome(waiters)
    assert record(kube)["failures"] == 1
    assert crowd.browsers(starts) == []


def test_login_ignores_the_wait_and_its_success_ends_it(kube, starts):
    for _ in range(2):
        assert kube.get_token(**DENY).code == "callback_error"
        wait_over(kube)
    assert kube.get_token(**DENY).code == "callback_error"
    assert kube.get_token().code == "cooldown"
    assert kube.run("login").status == 0
    assert record_file(kube) is None
    assert kube.get_token().status == 0
    kube.session_file.unlink()
    assert kube.get_token(**DENY).code == "callback_error"
    assert record(kube)["until"] - record(kube)["failed_at"] == LADDER[0], "the ladder begins anew"


def test_a_failed_login_command_starts_a_wait_for_the_others(kube, starts):
    assert kube.run("login", **DENY).code == "callback_error"
    assert kube.get_token().code == "cooldown"
    assert kube.run("login", **DENY).code == "callback_error"
    assert len(crowd.browsers(starts)) == 2


def test_a_session_that_can_be_refreshed_does_not_wait(kube, issuer, starts):
    assert kube.get_token().status == 0
    assert kube.run("login", **DENY).code == "callback_error"
    kube.expire()
    assert kube.get_token().status == 0
    assert record_file(kube) is None, "a refresh that works ends the wait"
    assert len(crowd.browsers(starts)) == 2


def test_ctrl_c_at_a_terminal_starts_no_wait(kube):
    terminal = Terminal()
    running = kube.start("get-token", FAKE_BROWSER="ignore", TERM="xterm", process=terminal.process)
    terminal.read_until(" left to log in at ")
    terminal.press(b"\x03")
    assert running.process.wait(TIMEOUT) == 1
    assert terminal.read_until("[interrupted]\r\n").endswith("\x1b[Kerror: the login was interrupted [interrupted]\r\n")
    assert record_file(kube) is None
    assert kube.get_token().status == 0


def test_a_login_that_a_program_ended_starts_a_wait(kube):
    """Perhaps an editor that ends its kubectl after a few seconds, again and again."""
    waiting = Waiting(kube)
    waiting.running.signal(signal.SIGTERM)
    assert waiting.running.wait().code == "interrupted"
    assert kube.get_token().code == "cooldown"


@pytest.mark.parametrize("fault", [
    pytest.param({"status": 503}, id="server"), pytest.param({"reset": "before_headers"}, id="network")])
def test_a_provider_that_does_not_answer_starts_no_wait(kube, issuer, fault, starts):
    issuer.fault("discovery", **fault)
    assert kube.get_token().code in ("server", "network")
    assert kube.get_token().status == 0
    assert len(crowd.browsers(starts)) == 1


@pytest.mark.parametrize("content", [b"", b"[]", b'{"version":1}', b"x" * 40000], ids=["empty", "array", "bare", "large"])
def test_a_damaged_record_is_none(kube, content):
    assert kube.get_token(**DENY).code == "callback_error"
    record_file(kube).write_bytes(content)
    assert kube.get_token().status == 0


def test_a_clock_that_was_set_back_does_not_prolong_the_wait(kube):
    assert kube.get_token(**DENY).code == "callback_error"
    pass_time(kube, -3600)
    assert kube.get_token().status == 0


@pytest.mark.ids("T-10")
def test_without_a_store_the_pause_is_noted_in_the_runtime_directory(kube, issuer, starts, tmp_path):
    (tmp_path / "runtime").mkdir(mode=0o700)
    nowhere = {"XDG_RUNTIME_DIR": str(tmp_path / "runtime"), **DENY}
    assert kube.get_token("--token-cache-storage=none", **nowhere).code == "callback_error"
    assert kube.get_token("--token-cache-storage=none", **nowhere).code == "cooldown"
    assert len(starts.read_text().splitlines()) == 1


@pytest.mark.ids("T-01")
def test_a_page_that_sends_wrong_states_cannot_lock_kubectl_out(kube, issuer):
    waiting = Waiting(kube)
    for _ in range(65):
        waiting.ask("/?code=x&state=wrong")
    assert waiting.running.wait().code == "callback_state"
    assert kube.get_token().status == 0
