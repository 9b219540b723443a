# SPDX-License-Identifier: Apache-2.0
"""A token in its last third is handed out at once and refreshed by a process that nobody waits for."""

import json
import os
import select
import signal
import time
from pathlib import Path

import crowd
import pytest
from patience import until
from processes import is_alive, is_held, stat
from program import claims
from pseudo_terminal import Terminal
from rested import NO_BROWSER, refresh
from system_calls import calls, strace
from test_odd_environment import privately
from test_storage import in_a_full_cache
from wire import endpoints

PATIENCE = 20
DEAD = {"status": 400, "json": {"error": "invalid_grant", "error_description": "no", "request_id": "0123abcd"}}
FAILED = "warning: the session could not be refreshed in the background, its token is good for another "


@pytest.fixture
def ageing(kube, issuer):
    """A session with a quarter of its lifetime left, on a machine that may be a container."""
    kube.flags.append("--background-refresh=true")
    del kube.environment["LATCHKEY_BACKGROUND_REFRESH"]
    assert kube.get_token().status == 0
    age(kube, issuer)
    return kube


def age(kube, issuer, part=0.25):
    kube.expire(int(kube.session["lifetime"] * part))
    issuer.clear_log()


def holder(kube):
    """The process that has the session's lock, as it says itself; None when nobody has it."""
    for path in kube.cache.glob("*.holder"):
        try:
            return json.loads(path.read_text())["pid"]
        except (OSError, ValueError):
            continue
    return None


def settled(kube, issuer, count=1):
    """Waits for the request of the process in the background, and for its end."""
    issuer.wait_for("token", count)
    until(lambda: not any(map(is_held, kube.cache.glob("*.lock"))), "the process in the background does not end")


def quick(kube, **environment):
    """A call that is answered at once, from the cache."""
    before = kube.session["id_token"]
    result = kube.get_token(**NO_BROWSER, **environment)
    assert result.token == before
    return result


def failure(kube):
    path, = kube.cache.glob("*.background")
    return path


def forget_pause(kube):
    """As if the pause after a failure were over."""
    record = json.loads(failure(kube).read_text())
    record["failed_at"] -= 1000
    record["until"] -= 1000
    failure(kube).write_text(json.dumps(record))


def test_the_old_token_comes_at_once_and_the_next_call_has_a_new_one(ageing, issuer):
    issuer.fault("token", delay_ms=4000)
    started = time.monotonic()
    first = quick(ageing)
    assert time.monotonic() - started < 4 and first.err == ""
    settled(ageing, issuer)
    assert endpoints(issuer) == ["token"]
    second = quick(ageing)
    assert second.token != first.token and second.err == ""
    assert claims(second.token)["exp"] > claims(first.token)["exp"] - 1
    assert endpoints(issuer) == ["token"]


@pytest.mark.parametrize("part", [0.35, 0.9])
def test_before_its_last_third_a_token_is_left_alone(ageing, issuer, part):
    log = ageing.directory / "trace"
    age(ageing, issuer, part)
    assert ageing.start("get-token", process={"before": strace(log, "-f")}).wait().status == 0
    assert not {call.name for call in calls(log)} & {"clone", "clone3", "fork", "vfork", "flock"}
    assert issuer.requests() == []


def test_a_session_without_a_refresh_token_is_left_alone(ageing, issuer):
    log = ageing.directory / "trace"
    ageing.edit_session(refresh_token=None)
    assert ageing.start("get-token", process={"before": strace(log, "-f")}).wait().status == 0
    assert not {call.name for call in calls(log)} & {"clone", "clone3", "fork", "vfork", "flock"}


def test_nothing_of_kubectl_is_held(ageing, issuer):
    """Its pipes end with the call, not with the process in the background, which has a session of its own."""
    issuer.fault("token", delay_ms=3000)
    inner, outer = os.pipe(), os.pipe()
    running = ageing.start("get-token", process={"stdin": inner[0], "pass_fds": (outer[1],)}, **NO_BROWSER)
    os.close(inner[0])
    os.close(outer[1])
    assert running.wait().status == 0  # to the end of stdout and stderr
    assert select.select([outer[0]], [], [], PATIENCE)[0] and os.read(outer[0], 1) == b""
    with pytest.raises(BrokenPipeError):
        os.write(inner[1], b"x")
    issuer.wait_for("token")
    pid = holder(ageing)
    assert is_alive(pid), "the request takes three seconds"
    _state, _parent, group, session, terminal = stat(Path(f"/proc/{pid}/stat"))[:5]
    assert int(group) == int(session) == pid and int(terminal) == 0
    settled(ageing, issuer)
    for number in (inner[1], outer[0]):
        os.close(number)


def test_a_terminal_that_ends_with_the_call_does_not_end_it(ageing, issuer):
    """As with `ssh -t` and `docker run -it`: the kernel hangs up when the first process of a terminal ends."""
    issuer.fault("token", delay_ms=500)
    terminal = Terminal()
    running = ageing.start("get-token", process=terminal.process, **NO_BROWSER)
    assert running.process.wait(PATIENCE) == 0
    terminal.hang_up()
    settled(ageing, issuer)
    assert endpoints(issuer) == ["token"] and ageing.session["refreshed"]


def test_there_is_never_more_than_one(ageing, issuer):
    issuer.fault("token", delay_ms=2000)
    assert len(crowd.tokens(crowd.outcome(crowd.start(ageing, **NO_BROWSER)))) == 1
    issuer.wait_for("token")
    beside = [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(ageing.cache).encode() in read(path)]
    assert [int(path.parent.name) for path in beside] == [holder(ageing)]
    settled(ageing, issuer)
    assert endpoints(issuer) == ["token"]
    assert claims(ageing.session["id_token"])["exp"] > time.time() + 3000


def read(path):
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_dead_refresh_token_costs_no_token_that_is_good(ageing, issuer):
    log = ageing.directory / "browser"
    ageing.environment["FAKE_BROWSER_LOG"] = str(log)
    token = ageing.session["id_token"]
    issuer.fault("token", times=-1, **DEAD)
    assert quick(ageing).err == ""
    settled(ageing, issuer)
    assert "refresh_token" not in ageing.session and ageing.session["id_token"] == token
    second = quick(ageing)
    assert second.err.startswith(FAILED) and "invalid_grant" in second.err and second.hints
    assert quick(ageing).err == ""
    assert endpoints(issuer) == ["token"] and not log.exists()
    issuer.clear_faults()
    ageing.expire()
    assert ageing.get_token().token != token
    assert log.exists() and list(ageing.cache.glob("*.background")) == []


@pytest.mark.parametrize("fault", [
    pytest.param({"status": 500}, id="server"), pytest.param({"reset": "before_headers"}, id="network"),
    pytest.param({"json": {"error": "invalid_client"}, "status": 401}, id="client"),
    pytest.param({"body": "<html>"}, id="garbage")])
def test_a_failure_leaves_the_session_and_waits_before_it_tries_again(ageing, issuer, fault):
    before = ageing.session_file.read_bytes()
    issuer.fault("token", times=-1, **fault)
    quick(ageing)
    settled(ageing, issuer)
    tries = issuer.count("token")
    assert ageing.session_file.read_bytes() == before
    assert quick(ageing).err.startswith(FAILED)
    assert [quick(ageing).err for _ in range(3)] == [""] * 3
    assert issuer.count("token") == tries and holder(ageing) is None
    issuer.clear_faults()
    forget_pause(ageing)
    quick(ageing)
    settled(ageing, issuer, tries + 1)
    assert not list(ageing.cache.glob("*.background"))
    assert ageing.session_file.read_bytes() != before


def test_what_fails_before_anything_is_asked_waits_and_is_told_too(ageing, issuer):
    ageing.flags.append("--certificate-authority=/nonexistent/ca.pem")
    quick(ageing)
    until(lambda: list(ageing.cache.glob("*.background")), "the failure is not noted")
    result = quick(ageing)
    assert result.err.startswith(FAILED) and "/nonexistent/ca.pem" in result.err
    assert [quick(ageing).err for _ in range(3)] == [""] * 3
    assert json.loads(failure(ageing).read_text())["failures"] == 1 and issuer.requests() == []


def test_the_pause_grows(ageing, issuer):
    issuer.fault("token", times=-1, status=500)
    pauses = []
    for count in range(1, 4):
        quick(ageing)
        settled(ageing, issuer, count)
        record = json.loads(failure(ageing).read_text())
        pauses.append(record["until"] - record["failed_at"])
        forget_pause(ageing)
    assert pauses == [10, 60, 300]


def test_a_failure_that_nobody_has_read_is_told_before_the_login_that_it_makes_necessary(ageing, issuer):
    issuer.fault("token", times=1, **DEAD)
    quick(ageing)
    settled(ageing, issuer)
    ageing.expire()
    result = ageing.get_token()
    assert result.err.startswith("warning: the session could not be refreshed in the background: ")
    assert "invalid_grant" in result.err and "logged in as" in result.err


@pytest.mark.ids("REF-03")
def test_an_answer_about_another_login_costs_the_refresh_token_alone(ageing, issuer):
    token = ageing.session["id_token"]
    issuer.mutate_id_token(claims={"sub": "somebody else"}, when="refresh")
    quick(ageing)
    settled(ageing, issuer)
    assert ageing.session["id_token"] == token and "refresh_token" not in ageing.session
    assert quick(ageing).err.startswith(FAILED)


def test_whoever_needs_a_new_token_waits_for_the_one_on_its_way(ageing, issuer):
    issuer.fault("token", delay_ms=1500)
    quick(ageing)
    issuer.wait_for("token")
    ageing.expire()
    assert refresh(ageing).claims["exp"] > time.time() + 3000
    assert endpoints(issuer) == ["token"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_does_not_part_the_spent_token_from_the_new_one(ageing, issuer, number):
    issuer.fault("token", delay_ms=1000)
    spent = ageing.session["refresh_token"]
    quick(ageing)
    issuer.wait_for("token")
    os.kill(holder(ageing), number)
    settled(ageing, issuer)
    assert ageing.session["refresh_token"] != spent
    assert "--background-refresh=true" in ageing.flags and quick(ageing).err == ""


READ_ONLY = "mount --bind {0} {0}; mount -o remount,bind,ro {0}"
OFF = [
    pytest.param(["--background-refresh=false"], {}, id="flag"),
    pytest.param([], {"LATCHKEY_BACKGROUND_REFRESH": "false"}, id="variable"),
    pytest.param([], {"CI": "true"}, id="CI"),
    pytest.param(["--non-interactive"], {}, id="non-interactive"),
    pytest.param([], {"container": "podman"}, id="container"),
    pytest.param([], {"KUBERNETES_SERVICE_HOST": "192.0.2.1"}, id="pod")]
NO_CONTAINER = ["-f", "-P", "/.dockerenv", "-P", "/run/.containerenv", "-e",
                "inject=access,faccessat,faccessat2:error=ENOENT"]


@pytest.mark.parametrize(("flags", "environment"), [*OFF, pytest.param([], {}, id="on")])
def test_without_a_word_it_is_on_but_for_pipelines_and_containers(ageing, issuer, flags, environment, request):
    """On a machine that seems to be no container, whatever it is."""
    on = request.node.callspec.id == "on"
    log = ageing.directory / "trace"
    ageing.flags.remove("--background-refresh=true")
    process = {"before": strace(log, *NO_CONTAINER)}
    result = ageing.start("get-token", *flags, process=process, **environment, **NO_BROWSER).wait()
    assert result.status == 0 and result.err == ""
    if on:
        settled(ageing, issuer)
    assert endpoints(issuer) == (["token"] if on else [])


@pytest.mark.parametrize("environment", [{"CI": "true"}, {"container": "podman"}])
def test_the_flag_is_stronger_than_where_it_runs(ageing, issuer, environment):
    quick(ageing, **environment)
    settled(ageing, issuer)
    assert endpoints(issuer) == ["token"]


def test_where_nothing_can_be_saved_nothing_is_tried(ageing, issuer):
    process = privately(ageing, READ_ONLY.format(ageing.cache))
    result = ageing.start("get-token", process=process, **NO_BROWSER).wait()
    assert result.status == 0 and result.err == ""
    assert issuer.requests() == []


@pytest.mark.ids("T-10", "T-32")
def test_where_the_disk_is_full_a_failure_is_remembered_all_the_same(ageing, issuer, tmp_path):
    (tmp_path / "runtime").mkdir(mode=0o700)
    ageing.environment["XDG_RUNTIME_DIR"] = str(tmp_path / "runtime")
    issuer.fault("token", times=-1, status=500)
    call = f'"$@" && flock {ageing.cache}/*.lock true'  # which the process in the background has until its end
    statuses, err = in_a_full_cache(ageing, call, call, call)
    assert statuses == ["0"] * 3, err
    assert err.count(FAILED) == 1 == issuer.count("token"), err


@pytest.mark.ids("K7-42")
@pytest.mark.parametrize("answer", [{}, DEAD, {"json_patch": {"id_token": "x"}}], ids=["tokens", "dead", "no token"])
def test_what_clean_deletes_meanwhile_does_not_come_back(ageing, issuer, answer):
    issuer.fault("token", delay_ms=2000, **answer)
    quick(ageing)
    issuer.wait_for("token")
    pid = holder(ageing)
    result = ageing.bare("clean", f"--token-cache-dir={ageing.cache}")
    assert result.status == 0 and "(1 session)" in result.err and "not ours" not in result.err
    until(lambda: not is_alive(pid), "the process in the background does not end")
    assert {path.suffix for path in ageing.cache.iterdir()} <= {".lock", ".provider"}
    assert "background" not in ageing.get_token().err
