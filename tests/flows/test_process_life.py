# SPDX-License-Identifier: Apache-2.0
"""How the program ends: by signals at any time, with its parent, with nobody to read it; and what it leaves behind."""

import json
import os
import random
import signal
import time

import pytest
from patience import PROMPT, until
from processes import is_held
from program import TIMEOUT
from rested import NO_BROWSER, log_in
from sockets import is_free
from system_calls import calls, strace
from test_odd_environment import privately
from waiting import Waiting

ids = pytest.mark.ids
SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]
PORTS = (8000, 18000)


def left_over(kube):
    """What is still there: ports, locks, drafts. Every session is whole."""
    paths = list(kube.cache.iterdir()) if kube.cache.exists() else []
    for path in kube.cache.glob("*.json"):
        assert json.loads(path.read_text())["id_token"]
    return [path.name for path in paths if path.name.startswith(".tok.") or path.suffix == ".holder"] + \
        [path.name for path in paths if path.suffix == ".lock" and is_held(path)] + [port for port in PORTS if not is_free(port)]


def interrupted(running, kube):
    started = time.monotonic()
    result = running.wait()
    assert time.monotonic() - started < PROMPT
    assert result.code == "interrupted", result.err
    until(lambda: left_over(kube) == [])  # a browser that is just starting has not yet let go of what we had
    return result


# Signals

@ids("K7-86", "T-38")
@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("endpoint", ["discovery", "authorize", "jwks", "token"])
def test_a_signal_while_a_login_waits_for_the_provider_ends_it(kube, issuer, endpoint, number):
    issuer.fault(endpoint, stall=True)
    running = kube.start("get-token")
    assert issuer.wait_for(endpoint)
    running.signal(number)
    interrupted(running, kube)
    assert list(kube.cache.glob("*.json")) == []


@ids("K7-86", "T-38")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_the_browser_is_awaited_ends_the_login(kube, number):
    waiting = Waiting(kube)
    assert not is_free(waiting.port)
    waiting.running.signal(number)
    interrupted(waiting.running, kube)


def signal_while_a_refresh_token_is_spent(kube, issuer, number):
    """The running call, and the token before it."""
    old = log_in(kube, issuer)
    issuer.fault("token", delay_ms=600)
    running = kube.start("get-token", **NO_BROWSER)
    issuer.wait_for("token")
    running.signal(number)
    return running, old.token


@ids("T-38")
@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_while_a_refresh_token_is_spent_waits_for_its_answer(kube, issuer, number):
    running, old = signal_while_a_refresh_token_is_spent(kube, issuer, number)
    interrupted(running, kube)
    assert kube.session["id_token"] != old, "the new session is there"
    assert kube.get_token(**NO_BROWSER).token == kube.session["id_token"]
    assert issuer.count("token") == 1


@ids("T-38")
@pytest.mark.parametrize("number", [signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPWR, signal.SIGVTALRM])
def test_even_a_signal_that_nobody_expects_does_not_part_a_spent_token_from_the_new_one(kube, issuer, number):
    running, old = signal_while_a_refresh_token_is_spent(kube, issuer, number)
    assert running.wait().status == -number
    assert kube.session["id_token"] != old, "the new session is there"
    assert kube.get_token("--force-refresh", **NO_BROWSER).status == 0


@ids("T-38")
def test_who_insists_is_obeyed_even_then(kube, issuer):
    log_in(kube, issuer)
    before = kube.session_file.read_bytes()
    issuer.fault("token", stall="before_headers")
    running = kube.start("get-token", **NO_BROWSER)
    issuer.wait_for("token")
    running.signal(signal.SIGINT)
    time.sleep(0.1)
    assert running.process.poll() is None
    running.signal(signal.SIGINT)
    interrupted(running, kube)
    assert kube.session_file.read_bytes() == before


@ids("T-38")
def test_signals_at_any_time_leave_nothing_behind(kube, issuer):
    """A refresh, and a login up to its open port, take some tens of milliseconds: the signal comes within them."""
    log_in(kube, issuer)
    dice = random.Random(20)  # always the same
    for attempt in range(60):
        words = ["get-token", "--force-refresh"] if attempt % 2 else ["login", "--skip-open-browser"]
        running = kube.start(*words, **NO_BROWSER)
        time.sleep(dice.uniform(0, 0.12))
        running.signal(dice.choice(SIGNALS))
        result = running.wait()
        assert result.status in (0, 1) or -result.status in SIGNALS, "before the first and after the last thing to tidy up"
        assert result.out == "" or json.loads(result.out), "nothing or all of it"
        until(lambda: left_over(kube) == [])
    assert kube.get_token("--force-refresh", **NO_BROWSER).status == 0, "no refresh token was lost"


@ids("T-38")
def test_a_killed_login_leaves_nothing_that_hinders_the_next(kube):
    waiting = Waiting(kube)
    waiting.running.signal(signal.SIGKILL)
    waiting.running.wait()
    assert is_free(waiting.port)
    assert kube.get_token().status == 0
    assert left_over(kube) == []


def test_a_login_that_was_stopped_for_a_while_goes_on(kube):
    waiting = Waiting(kube)
    waiting.running.signal(signal.SIGSTOP)
    waiting.running.signal(signal.SIGCONT)
    assert waiting.finish().status == 0


def test_a_signal_that_the_parent_ignores_is_ignored(kube):
    """As under nohup, or in the background of a script."""
    ignore = ["sh", "-c", "trap '' HUP INT; exec \"$@\"", "sh"]
    waiting = Waiting(kube, process={"before": ignore})
    waiting.running.signal(signal.SIGHUP)
    waiting.running.signal(signal.SIGINT)
    assert waiting.finish().status == 0


def test_a_parent_that_ignores_its_children_or_blocks_signals_does_no_harm(kube):
    def spoil():
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    running = kube.start("get-token", process={"preexec_fn": spoil})
    assert running.wait().status == 0
    waiting = Waiting(kube, command="login", process={"preexec_fn": spoil})
    waiting.running.signal(signal.SIGTERM)
    interrupted(waiting.running, kube)


@ids("K7-87")
def test_the_exit_status_is_0_or_1_whatever_happens(kube, issuer):
    assert kube.bare().status == 0
    assert kube.bare("get-token", "--no-such-flag").status == 1
    assert kube.get_token(FAKE_BROWSER="deny").status == 1
    assert kube.run("login").status == 0
    assert kube.get_token().status == 0
    waiting = Waiting(kube, command="login")
    waiting.running.signal(signal.SIGINT)
    assert waiting.running.wait().status == 1


# Nobody there any more

PARENT = ["sh", "-c", '"$@"; exit $?', "sh"]


@ids("T-39")
def test_a_login_ends_with_its_parent(kube):
    waiting = Waiting(kube, process={"before": PARENT})
    waiting.running.signal(signal.SIGKILL)
    until(lambda: is_free(waiting.port))
    until(lambda: left_over(kube) == [])


@ids("T-39")
def test_a_login_ends_when_nobody_reads_its_answer(kube):
    waiting = Waiting(kube)
    waiting.running.process.stdout.close()
    assert waiting.running.process.wait(TIMEOUT) == 1
    assert is_free(waiting.port) and left_over(kube) == []


@ids("T-39")
def test_a_refresh_that_was_begun_is_saved_although_the_parent_has_gone(kube, issuer):
    old = log_in(kube, issuer)
    issuer.fault("token", delay_ms=600)
    running = kube.start("get-token", process={"before": PARENT}, **NO_BROWSER)
    issuer.wait_for("token")
    running.signal(signal.SIGKILL)
    until(lambda: kube.session["id_token"] != old.token)
    assert kube.get_token(**NO_BROWSER).status == 0
    assert issuer.count("token") == 1


@ids("K7-60")
def test_a_login_that_nobody_answers_ends_in_time_and_frees_its_port(kube):
    started = time.monotonic()
    waiting = Waiting(kube, "--authentication-timeout-sec=1")
    assert waiting.running.wait().code == "callback_timeout"
    assert 0.9 < time.monotonic() - started < 1 + PROMPT
    assert is_free(waiting.port) and left_over(kube) == []


def test_a_terminal_that_has_gone_does_not_end_a_login(kube):
    """Nobody reads stderr any more."""
    reader, writer = os.pipe()
    running = kube.start("get-token", "-v3", process={"stderr": writer})
    os.close(writer)
    os.close(reader)
    out, _ = running.process.communicate(timeout=TIMEOUT)
    assert running.process.returncode == 0 and json.loads(out)["status"]["token"]


# Another user's rights

@ids("T-19")
@pytest.mark.parametrize("mode", [0o4755, 0o2755])
def test_a_setuid_copy_refuses_to_run(program, tmp_path, mode):
    """Its environment, where a browser and libraries are named, would be that of a person with fewer rights."""
    copy = tmp_path / "latchkey"
    process = privately(program, f"mount -t tmpfs -o suid,exec none {tmp_path}", f"cp {program.path} {copy}",
                        f"chown 65534:65534 {copy}", f"chmod {mode:o} {copy}", f'shift; set -- {copy} "$@"')
    result = program.start("version", process=process).wait()
    assert result.code == "config"
    assert "latchkey must not be installed setuid" in result.err


# Descriptors and children

@ids("T-37")
@pytest.mark.parametrize("closed", ["1>&-", "0<&- 1>&- 2>&-"])
def test_an_answer_that_cannot_be_given_is_an_error_and_spoils_no_file(kube, closed):
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh"]
    assert kube.get_token().status == 0
    for _ in range(2):
        stored = kube.session_file.read_bytes()
        result = kube.start("get-token", "-v3", process={"before": shell}).wait()
        assert result.status == 1 and result.out == ""
        assert "2>&-" in closed or result.code == "stdout"
        assert all(lock.read_bytes() == b"" for lock in kube.cache.glob("*.lock")), "what was meant for stderr"
        assert kube.session_file.read_bytes() == stored
        kube.expire()


@ids("T-37")
@pytest.mark.parametrize("closed", ["2>&-", "0<&- 2>&-"])
def test_what_is_meant_for_a_closed_stderr_goes_nowhere(kube, issuer, tmp_path, closed):
    """Not into a file that was opened in its place."""
    log_in(kube, issuer)
    log = tmp_path / "trace"
    before = [*strace(log, "-y", "-e", "trace=write"), "sh", "-c", f'exec "$@" {closed}', "sh"]
    result = kube.start("get-token", "-v3", process={"before": before}, **NO_BROWSER).wait()
    assert result.token == kube.session["id_token"] and issuer.count("token") == 1
    said = [call for call in calls(log) if call.text.startswith(("2<", "2,"))]
    assert said and [call for call in said if not call.text.startswith("2</dev/null>, ")] == []


@ids("T-40")
def test_a_browser_that_ends_leaves_no_zombie(kube):
    running = kube.start("get-token", FAKE_BROWSER="ignore", FAKE_BROWSER_LOG=str(kube.directory / "log"))
    until((kube.directory / "log").exists)
    pid = running.process.pid
    until(lambda: (kube.directory / "log").read_text().endswith("\n"))
    until(lambda: not children(pid))
    assert running.process.poll() is None


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return file.read().split()


@ids("T-40")
def test_descriptors_of_the_parent_are_not_handed_to_the_browser(kube):
    log = kube.directory / "log"
    with open(os.devnull, "rb") as one, open(os.devnull, "rb") as other:
        running = kube.start("get-token", FAKE_BROWSER_LOG=str(log), process={"pass_fds": (one.fileno(), other.fileno())})
        assert running.wait().status == 0
    fds = json.loads(log.read_text())["fds"]
    assert [number for number, _ in fds if number > 2] == []


def test_a_crash_leaves_no_memory_on_the_disk(kube):
    """The dump would hold tokens."""
    waiting = Waiting(kube, process={"before": ["sh", "-c", 'ulimit -c unlimited; exec "$@"', "sh"]})
    pid = waiting.pid
    os.kill(pid, signal.SIGABRT)
    _, status = os.waitpid(pid, 0)
    assert os.WTERMSIG(status) == signal.SIGABRT
    assert not os.WCOREDUMP(status)
    waiting.running.process.returncode = -signal.SIGABRT
