# SPDX-License-Identifier: Apache-2.0
"""kubectl does not say that the API server refused a token; the same parent asking again and again does."""

import fcntl
import json
import os
import struct
import time

import pytest
from patience import PROMPT
from program import exec_info

KUBECTL = {"KUBERNETES_EXEC_INFO": exec_info()}
MARK = struct.Struct("<8s5q8s")  # magic, parent, its start, first, count, renewed, token
FIRST, COUNT, RENEWED = 3, 4, 5
REFUSED = "warning: kubectl asks for the same token again and again: the API server probably refuses it"


@pytest.fixture
def session(kube, issuer):
    """A good session; the directory of its mark is the runtime directory."""
    runtime = kube.directory / "run"
    runtime.mkdir(mode=0o700)
    kube.environment["XDG_RUNTIME_DIR"] = str(runtime)
    assert kube.get_token().status == 0
    issuer.clear_log()
    return kube


def mark(kube):
    files = list(kube.directory.rglob("*.handout"))
    assert len(files) < 2, files
    return files[0] if files else None


def edit_mark(kube, **changes):
    values = list(MARK.unpack(mark(kube).read_bytes()))
    for name, change in changes.items():
        values[globals()[name]] += change
    mark(kube).write_bytes(MARK.pack(*values))


def ask(kube, count, **changes):
    """The results of COUNT calls of one parent: this process."""
    return [kube.get_token(**{**KUBECTL, **changes}) for _ in range(count)]


def for_cluster(number):
    """What kubectl says about a call for one of several clusters."""
    info = json.loads(exec_info())
    info["spec"]["cluster"] = {"server": f"https://cluster{number}.example:6443"}
    return json.dumps(info)


def ask_through(kube, parent):
    """One call whose parent is a process of its own."""
    return kube.start("get-token", process={"before": parent}, **KUBECTL).wait()


SHELL = ["sh", "-c", '"$@"; exit $?', "sh"]


def test_the_third_call_renews_the_token_and_says_what_the_api_server_may_dislike(session, issuer):
    *first, third = ask(session, 3)
    assert [result.err for result in first] == ["", ""]
    assert issuer.count("token") == 1
    assert third.token == session.session["id_token"] != first[0].token
    assert third.err.startswith(REFUSED + "\n")
    assert f"the API server's issuer URL must be exactly '{issuer.url}', to the last slash; with any other it says " \
           "only Unauthorized" in third.hints
    assert "the API server's client id (audience) must be 'kubernetes'" in third.hints
    assert any("email_verified" in hint for hint in third.hints)


def test_a_token_is_renewed_for_this_at_most_once_a_minute(session, issuer):
    ask(session, 3)
    *quiet, loud = ask(session, 3)
    assert [result.err for result in quiet] == ["", ""]
    assert loud.err.startswith(REFUSED) and loud.token == quiet[0].token
    assert [result.err for result in ask(session, 2)] == ["", ""]
    assert issuer.count("token") == 1
    edit_mark(session, RENEWED=-60)
    assert ask(session, 1)[0].token != loud.token
    assert issuer.count("token") == 2


def test_calls_that_lie_further_apart_say_nothing(session, issuer):
    ask(session, 2)
    edit_mark(session, FIRST=-11)
    assert [result.err for result in ask(session, 2)] == ["", ""]
    assert issuer.requests() == []


def test_one_user_for_several_clusters_is_no_refusal(session, issuer):
    results = [session.get_token(KUBERNETES_EXEC_INFO=for_cluster(number)) for number in range(3)]
    assert [result.err for result in results] == [""] * 3
    assert issuer.requests() == []
    ask(session, 2, KUBERNETES_EXEC_INFO=for_cluster(2))
    assert issuer.count("token") == 1, "but one of them asks again and again"


def test_calls_of_several_parents_say_nothing(session, issuer):
    assert [ask_through(session, SHELL).err for _ in range(4)] == [""] * 4
    assert issuer.requests() == []


def test_a_parent_that_is_a_script_is_seen_too(session, issuer):
    """The program thrice in one shell, as client-go runs it from one kubectl."""
    thrice = ["sh", "-c", '"$@" >/dev/null && "$@" >/dev/null && "$@"; exit $?', "sh"]
    result = ask_through(session, thrice)
    assert result.err.startswith(REFUSED) and result.token == session.session["id_token"]
    assert issuer.count("token") == 1


def test_without_kubectl_nothing_is_counted(session, issuer):
    assert [session.get_token().err for _ in range(5)] == [""] * 5
    assert mark(session) is None and issuer.requests() == []


def test_the_mark_is_private_and_holds_no_token(session):
    ask(session, 1)
    assert mark(session).parent == session.directory / "run" / "latchkey"
    assert mark(session).stat().st_mode & 0o777 == 0o600
    assert len(mark(session).read_bytes()) == MARK.size


def put_directory(session):
    ask(session, 1)
    path = mark(session)
    path.unlink()
    path.mkdir()


def put_fifo(session):
    ask(session, 1)
    path = mark(session)
    path.unlink()
    os.mkfifo(path, 0o600)


def put_link(session):
    ask(session, 1)
    path = mark(session)
    path.rename(session.directory / "elsewhere")
    path.symlink_to(session.directory / "elsewhere")


def put_garbage(session):
    ask(session, 1)
    mark(session).write_bytes(b"\xff" * MARK.size)


@pytest.mark.parametrize("spoil", [put_directory, put_fifo, put_link, put_garbage])
def test_a_mark_that_cannot_be_kept_is_no_failure(session, issuer, spoil):
    spoil(session)
    for result in ask(session, 2):
        assert result.status == 0 and result.err == ""
    assert issuer.requests() == []


def test_a_full_disk_is_no_failure(session, issuer):
    """Neither for the mark nor for the renewed session."""
    limited = ["sh", "-c", 'ulimit -f 0; "$@" && "$@" && "$@"', "sh"]
    result = session.start("get-token", process={"before": limited}, **KUBECTL).wait()
    assert result.status == 0 and result.out.count("\n") == 3
    ask(session, 2)
    result = session.start("get-token", process={"before": ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh"]}, **KUBECTL).wait()
    assert result.status == 0, result.err


@pytest.mark.parametrize("fault", [
    pytest.param({"status": 500}, id="server"),
    pytest.param({"reset": "before_headers"}, id="network"),
    pytest.param({"json": {"error": "invalid_client"}, "status": 401}, id="client"),
    pytest.param({"json": {"error": "invalid_grant"}, "status": 400}, id="dead"),
    pytest.param({"body": "<html>"}, id="garbage")])
def test_a_renewal_that_fails_leaves_the_call_its_token(session, issuer, fault):
    issuer.fault("token", times=-1, **fault)
    *_, third = ask(session, 3, BROWSER="/bin/false")
    assert third.status == 0 and third.claims["sub"]
    assert REFUSED in third.err and "error" not in third.err
    assert issuer.count("authorize") == 0


def test_a_dead_refresh_token_does_not_make_a_browser_of_every_refusal(session, issuer):
    issuer.fault("token", times=-1, json={"error": "invalid_grant"}, status=400)
    token = session.session["id_token"]
    *results, last = ask(session, 3, BROWSER="/bin/false")
    assert REFUSED in last.err
    edit_mark(session, RENEWED=-60)
    results += [last, *ask(session, 3, BROWSER="/bin/false")]
    said = [hint for result in results for hint in result.hints]
    assert sum("login' with the same flags gets a new token" in hint for hint in said) == 1
    assert {result.token for result in results} == {token}
    assert issuer.count("token") == 1, "there is no refresh token any more"


def test_a_renewal_does_not_keep_the_call_waiting(session, issuer):
    """Neither because the provider asks for patience nor because of another process."""
    issuer.fault("token", times=-1, status=503, headers={"Retry-After": "9"})
    started = time.monotonic()
    assert ask(session, 3)[2].status == 0
    assert time.monotonic() - started < 8.5
    edit_mark(session, RENEWED=-60)
    lock, = session.cache.glob("*.lock")
    with open(lock, "r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        started = time.monotonic()
        result, = ask(session, 1)
    assert result.status == 0 and REFUSED in result.err
    assert time.monotonic() - started < PROMPT
    assert issuer.count("token") == 1


def test_a_session_without_a_refresh_token_is_only_explained(session, issuer):
    session.edit_session(refresh_token=None)
    assert ask(session, 3)[2].err.startswith(REFUSED)
    assert issuer.requests() == []
