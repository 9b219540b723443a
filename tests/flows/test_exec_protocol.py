# SPDX-License-Identifier: Apache-2.0
"""What kubectl says to its plugin and what it gets back: one line on stdout, or nothing and an error."""

import datetime
import json
import os
import re
import resource
import signal
import subprocess

import pytest
from program import exec_info

ids = pytest.mark.ids
GROUP = "client.authentication.k8s.io"


@pytest.fixture
def logged_in(kube, issuer):
    """A session at rest, and no request yet."""
    assert kube.get_token().status == 0
    issuer.clear_log()
    return kube


def info(**members):
    return json.dumps({"kind": "ExecCredential", "apiVersion": f"{GROUP}/v1", "spec": {"interactive": False},
                       **members})


# The answer

@ids("K7-20", "OUT-02")
@pytest.mark.parametrize(("request_text", "version"), [
    (exec_info("v1"), "v1"), (exec_info("v1beta1"), "v1beta1"), (exec_info("v1", "true"), "v1"),
    (None, "v1beta1"), ("", "v1beta1"), (info(apiVersion=""), "v1beta1"),
    ('{"kind":"ExecCredential","spec":{}}', "v1beta1"), (exec_info("v1") + "\n", "v1"), (info(spec={}), "v1"),
    (info(spec=None), "v1"), (info(new=1), "v1"),
    (info(spec={"interactive": False, "cluster": {"server": "https://x:6443", "config": {"audience": "a"}}}),
     "v1")])
def test_the_answer_has_the_version_of_the_question(logged_in, request_text, version):
    credential = logged_in.get_token(KUBERNETES_EXEC_INFO=request_text).credential
    assert credential["apiVersion"] == f"{GROUP}/{version}"


@ids("K7-21")
def test_the_answer_is_one_line_in_the_order_of_the_peer(logged_in):
    out = logged_in.get_token(KUBERNETES_EXEC_INFO=exec_info("v1")).out
    assert re.fullmatch(r'\{"kind":"ExecCredential","apiVersion":"client\.authentication\.k8s\.io/v1",'
                        r'"spec":\{"interactive":false\},"status":\{"expirationTimestamp":"[0-9TZ:-]+",'
                        r'"token":"[\w.-]+"\}\}\n', out)


@ids("K7-21", "OUT-01")
def test_nothing_of_a_browser_reaches_stdout_or_keeps_it_open(kube, tmp_path):
    noisy, pid = tmp_path / "noisy", tmp_path / "pid"
    noisy.write_text(f'#!/bin/sh\necho $$ >{pid}\nhead -c 1000000 /dev/zero | tr "\\0" x\necho noise\n'
                     f'"{kube.environment["BROWSER"]}" "$1"\nexec sleep 60\n')
    noisy.chmod(0o700)
    result = kube.get_token(BROWSER=str(noisy))
    os.kill(int(pid.read_text()), signal.SIGKILL)  # it is still there: nobody waited for it
    assert result.claims["email"] == "alice@example.com"
    assert "noise" not in result.err and "xxx" not in result.err


@ids("K7-22", "OUT-03")
def test_the_expiry_is_the_tokens_own(logged_in):
    result = logged_in.get_token()
    expected = datetime.datetime.fromtimestamp(result.claims["exp"], datetime.timezone.utc)
    assert result.credential["status"]["expirationTimestamp"] == expected.strftime("%Y-%m-%dT%H:%M:%SZ")


@ids("K7-22")
def test_a_refreshed_and_a_fresh_token_have_their_own_expiry(kube, issuer):
    issuer.configure(access_ttl=1234)
    for _ in range(2):
        result = kube.get_token()
        expected = datetime.datetime.fromtimestamp(result.claims["exp"], datetime.timezone.utc)
        assert result.credential["status"]["expirationTimestamp"] == expected.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert 1200 < result.claims["exp"] - result.claims["iat"] <= 1234
        kube.expire()


# A question that cannot be answered

BAD_VERSIONS = [f"{GROUP}/v1alpha1", f"{GROUP}/v2", f"{GROUP}/V1", f"{GROUP}/v1 ", "v1", "x"]


@ids("K7-23", "OUT-02")
@pytest.mark.parametrize("version", BAD_VERSIONS)
def test_an_unknown_version_is_refused_before_any_request(kube, issuer, version):
    result = kube.get_token(KUBERNETES_EXEC_INFO=info(apiVersion=version))
    assert result.code == "exec_info"
    assert result.err.startswith(f"error: unknown apiVersion '{version}' in KUBERNETES_EXEC_INFO")
    assert f"'apiVersion: {GROUP}/v1'" in result.hints[0]
    assert issuer.requests() == [] and not kube.cache.exists()


@ids("K7-23")
@pytest.mark.parametrize("text",
                         ["{", "x", "[]", '"x"', "1", "null", " ", "{}{}", '{"kind":1}', info(kind="Pod"),
                          info(apiVersion=1), info(spec=[]), info(spec={"interactive": "no"}), info(spec={"cluster": 1}),
                                  '{"kind":"ExecCredential","kind":"ExecCredential"}',
                                  '{"a":' * 40 + "1" + "}" * 40])
def test_what_is_no_question_is_refused_before_any_request(logged_in, issuer, text):
    before = logged_in.session_file.read_bytes()
    result = logged_in.get_token(KUBERNETES_EXEC_INFO=text)
    assert result.code == "exec_info"
    assert "KUBERNETES_EXEC_INFO" in result.err.splitlines()[0]
    assert issuer.requests() == [] and logged_in.session_file.read_bytes() == before


@ids("K7-24")
@pytest.mark.parametrize(("fault", "code"), [
    ({"endpoint": "discovery", "status": 404}, "discovery_http"),
    ({"endpoint": "jwks", "status": 404}, "jwks_http"),
    ({"endpoint": "token", "json": {"token_type": "Bearer"}}, "token_json"),
    ({"endpoint": "token", "status": 400, "json": {"error": "invalid_scope"}}, "oauth_error"),
    ({"endpoint": "discovery", "stall": "before_headers"}, "timeout")])
def test_a_failure_is_one_error_line_an_empty_stdout_and_status_1(kube, issuer, fault, code):
    issuer.fault(**fault, times=-1)
    result = kube.get_token("--http-timeout-sec=1", KUBERNETES_EXEC_INFO=exec_info())
    assert result.code == code
    assert list(kube.cache.glob("*.json")) == []


@ids("OUT-03", "T-17")
@pytest.mark.parametrize("token", ['a"b', "a\\b", "a\r\nX: y", "a b", "ä.b.c", "a\u0000b", ""])
def test_a_token_that_would_break_out_of_its_line_is_refused(kube, issuer, token):
    issuer.fault("token", json_patch={"id_token": token}, times=-1)
    result = kube.get_token()
    assert result.code in ("idtoken_format", "token_json", "idtoken_missing")
    assert list(kube.cache.glob("*.json")) == []


# Standard input and the person

@ids("K7-25", "OUT-02")
@pytest.mark.parametrize("interactive", ["false", "true"])
def test_a_login_reads_nothing_from_stdin(kube, interactive):
    reader, writer = os.pipe()
    os.write(writer, b"kind: Pod\n")
    running = kube.start("get-token", process={"stdin": reader},
                         KUBERNETES_EXEC_INFO=exec_info("v1", interactive))
    assert running.wait().status == 0
    assert os.read(reader, 100) == b"kind: Pod\n"
    os.close(reader)
    os.close(writer)


@ids("K7-25")
def test_a_login_that_failed_is_not_begun_again_by_each_call_of_kubectl(kube, issuer, tmp_path):
    starts = tmp_path / "starts"
    environment = {"KUBERNETES_EXEC_INFO": exec_info(), "FAKE_BROWSER": "deny",
                   "FAKE_BROWSER_LOG": str(starts)}
    assert kube.get_token(**environment).code == "callback_error"
    issuer.clear_log()
    for _ in range(3):
        result = kube.get_token(**environment)
        assert result.code == "cooldown"
        assert "access_denied" in result.err.splitlines()[0]
    assert "'latchkey login' with the same flags" in result.hints[0]
    assert len(starts.read_text().splitlines()) == 1
    assert issuer.requests() == []


def test_the_hint_of_the_cool_down_calls_the_program_as_the_user_does(kube):
    name = kube.directory / "kubectl-oidc_login"
    name.symlink_to(kube.path.resolve())
    kube.path = name
    kube.get_token(FAKE_BROWSER="deny")
    assert "'kubectl oidc-login login' with the same flags" in kube.get_token().hints[0]


# `login`

def test_login_logs_in_whatever_the_cache_and_the_cool_down_say_and_says_who(kube, issuer):
    first = kube.get_token()
    assert kube.run("login", FAKE_BROWSER="deny").status == 1
    assert kube.session["id_token"] == first.token
    issuer.configure(current_user="bob")
    issuer.clear("sessions")
    result = kube.run("login")
    said = f"logged in as bob@example.com at {re.escape(issuer.url)}, token good for (1 h|59 min 5[0-9] s)\n"
    assert re.fullmatch(said, result.out), result.out
    assert result.err == ""
    assert kube.get_token(BROWSER="/bin/false").claims["email"] == "bob@example.com"


def test_login_does_not_ask_for_a_question_of_kubectl(kube):
    assert kube.run("login", KUBERNETES_EXEC_INFO="nonsense").status == 0


# A stdout that cannot be written

@ids("OUT-05", "OUT-01")
def test_a_full_stdout_is_an_error_and_the_session_is_kept(kube, issuer):
    with open("/dev/full", "wb") as full:
        result = kube.start("get-token", process={"stdout": full}).wait()
    assert result.code == "stdout"
    assert kube.get_token(BROWSER="/bin/false").status == 0


@ids("OUT-05")
def test_a_stdout_that_nobody_reads_is_an_error_without_a_signal(logged_in):
    reader, writer = os.pipe()
    os.close(reader)
    running = logged_in.start("get-token", process={"stdout": writer})
    os.close(writer)
    assert running.wait().code == "stdout"


@ids("OUT-05", "T-37")
@pytest.mark.parametrize("command", ["get-token", "login", "setup"])
@pytest.mark.parametrize("lost", ["closed", "unread"])
def test_nobody_logs_in_for_an_answer_that_nobody_gets(kube, issuer, command, lost):
    reader, writer = os.pipe()
    os.close(reader)
    shell = ["/bin/sh", "-c", 'exec "$@" >&-', "sh"]
    process = {"before": shell} if lost == "closed" else {"stdout": writer}
    running = kube.start(command, process=process, BROWSER="/bin/false")
    os.close(writer)
    assert running.wait(10).code == "stdout"
    assert issuer.requests() == [] and not kube.cache.exists()


@ids("OUT-01", "OUT-05")
def test_an_answer_that_is_cut_short_is_never_a_success(logged_in, tmp_path):
    with open(tmp_path / "out", "wb") as out:
        limit = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))}
        result = logged_in.start("get-token", process={"stdout": out, **limit}).wait()
    assert (tmp_path / "out").stat().st_size == 100
    assert result.code == "stdout"


@ids("T-37")
@pytest.mark.parametrize("closed", ["0<&-", "2>&-", "0<&- 2>&-"])
def test_closed_descriptors_do_no_harm(kube, closed):
    kube.get_token()
    shell = ["/bin/sh", "-c", f'exec "$@" {closed}', "sh"]
    for _ in range(2):
        result = kube.start("get-token", process={"before": shell, "stdin": subprocess.PIPE}).wait()
        assert result.claims["email"] == "alice@example.com"
        kube.expire()
