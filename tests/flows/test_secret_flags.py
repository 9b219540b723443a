# SPDX-License-Identifier: Apache-2.0
"""Secrets on the command line: off it at the start, never shown, and said where they had better be, once, at a login."""

import time
from pathlib import Path

import pytest
from canaries import forms
from program import exec_info
from rested import NO_BROWSER
from terminal import CTRL_C, Seat
from waiting import Waiting
from wire import flat, token_form

ids = pytest.mark.ids
SECRET = "canary-s3cret-of-a-flag"
JWT = f"eyJhbGciOiJSUzI1NiJ9.{SECRET}.c2lnbmF0dXJl"
WARNING = "on the command line: every user of this machine can read it"


def command_line(running):
    return Path(f"/proc/{running.process.pid}/cmdline").read_bytes().decode()


def is_clean(text):
    return not [form for form in forms(SECRET) if form in text]


# Off the command line

@ids("T-23")
@pytest.mark.parametrize("flags", [
    ["--oidc-client-secret={}"], ["--oidc-client-secret", "{}"], ["--oidc-request-header=X-Key={}"],
    ["--oidc-request-header", "X-Key={}"], ["--password={}"], ["--password", "{}"],
    ["--oidc-client-secret", "{}", "--oidc-request-header=A={}", "--password={}", "--oidc-request-header", "B={}"]], ids=" ".join)
def test_a_secret_leaves_the_command_line(kube, flags):
    """Every local user can read it."""
    waiting = Waiting(kube, "--grant-type=authcode", *(flag.format(SECRET) for flag in flags))
    assert is_clean(command_line(waiting.running)) and "--skip-open-browser" in command_line(waiting.running)
    waiting.running.signal()
    assert waiting.running.wait().code == "interrupted"


def wait_until(true, timeout=20):
    deadline = time.monotonic() + timeout
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@ids("T-23")
def test_a_command_leaves_it_too(kube, tmp_path):
    """What it is called with may be a secret; its own command line is its author's."""
    helper, started = tmp_path / "helper", tmp_path / "started"
    helper.write_text(f"#!/bin/sh\n>{started}\nread never </dev/zero\n")
    helper.chmod(0o700)
    running = kube.start("get-token", f"--client-assertion-source=exec:{helper} {SECRET}")
    wait_until(started.exists)
    assert is_clean(command_line(running))
    running.signal()
    running.wait()


# Never shown

@ids("T-23", "T-36")
@pytest.mark.parametrize(("words", "text"), [
    ([f"-oidc-client-secret={SECRET}"], "unknown shorthand flag: 'o' in -oidc-client-secret"),
    ([f"-password={SECRET}"], "unknown shorthand flag: 'p' in -password"),
    ([f"--client-secret={SECRET}"], "unknown flag: --client-secret"),
    (["--", f"--oidc-client-secret={SECRET}"], 'unknown command "--oidc-client-secret" for'),
    ([f"\N{EN DASH}-oidc-client-secret={SECRET}"], 'unknown command "\N{EN DASH}-oidc-client-secret" for'),
    ([f"password={SECRET}"], 'unknown command "password" for'),
    (["--oidc-client-secret=", SECRET], "a word that belongs to no flag stands behind the value of --oidc-client-secret"),
    (["--password=my", SECRET], "a word that belongs to no flag stands behind the value of --password"),
    ([f"--oidc-request-header=Authorization: Bearer {SECRET}"], "... must be formatted as key=value"),
    ([f"--oidc-request-header=a=b=c,{SECRET}"], "... must be formatted as key=value"),
    ([f'--oidc-request-header=a="b=c,{SECRET}'], "... must be formatted"),
    ([f"--oidc-request-header=A=x\n{SECRET}"], "control character"),
    ([f"--oidc-client-secret={SECRET}\n"], "--oidc-client-secret holds a control character"),
    ([f"--client-assertion-source={JWT}"], "--client-assertion-source is none of auto, github"),
    ([f"--client-assertion-source={SECRET}"], "is none of"),
    ([f"--client-assertion-source=env:{JWT}"], "'env' holds a token itself"),
    ([f"--client-assertion-source=gitlab:{JWT}"], "'gitlab' holds a token itself"),
    ([f"--client-assertion-source=file:{JWT}"], "'file' holds a token itself"),
    ([f"--client-assertion-source=kubernetes:{JWT}"], "'kubernetes' holds a token itself"),
    ([f"--client-assertion-source=exec:{JWT}"], "'exec' holds a token itself"),
    ([f"--client-assertion-source=env:{SECRET}"], "no name of a variable"),
    ([f"--client-assertion-source=github:{JWT}"], "takes nothing behind a colon"),
    ([f"--client-assertion-source=exec:agent '{SECRET}"], "a quote is not closed"),
    ([f"--client-assertion-source=exec:TOKEN={SECRET} agent"], "begins with a variable"),
    ([f"--client-assertion-source=exec:/nonexistent/agent {SECRET}"], "was not found: '/nonexistent/agent'"),
    (["--grant-type=client-credentials", f"--client-assertion-key=-----BEGIN PRIVATE KEY-----\n{SECRET}"], "takes the name of a file"),
    (["--local-server-cert=/none", f"--local-server-key=-----BEGIN PRIVATE KEY-----\n{SECRET}"], "cannot use --local-server-cert"),
    ([f"--oidc-issuer-url=https://u:{SECRET}@ak.example/"], "the issuer URL '...' has a user name or password"),
    (["--grant-type=nonsense", f"--password={SECRET}"], "grant-type must be")])
def test_a_secret_is_not_echoed(kube, words, text):
    result = kube.get_token("-v3", *words)
    assert result.status == 1 and text in result.err, result.err
    assert result.out == "" and is_clean(result.err), result.err


@ids("T-36")
@pytest.mark.parametrize(("name", "value"), [
    ("OIDC_REQUEST_HEADER", SECRET), ("CLIENT_ASSERTION_SOURCE", f"env:{JWT}"), ("CLIENT_ASSERTION_KEY", f"-----BEGIN PRIVATE KEY-----\n{SECRET}"),
    ("LOCAL_SERVER_CERT", f"-----BEGIN CERTIFICATE-----\n{SECRET}"), ("OIDC_CLIENT_SECRET", f"{SECRET}\n"), ("PASWORD", SECRET)])
def test_nor_is_that_of_a_variable(kube, name, value):
    more = {"LATCHKEY_LOCAL_SERVER_KEY": "/none"} if "CERT" in name else {}
    result = kube.get_token("-v3", "--authentication-timeout-sec=1", **{f"LATCHKEY_{name}": value}, BROWSER="/bin/false", **more)
    assert result.status == 1 and is_clean(result.err), result.err


@ids("T-23", "T-36")
@pytest.mark.parametrize("dash", ["", "\N{EN DASH}", "\N{EM DASH}"])
def test_nor_is_that_of_a_flag_in_place_of_the_command(program, dash):
    result = program.bare(f"{dash}password={SECRET}", "get-token")
    assert result.code == "config" and f'unknown command "{dash}password" for' in result.err and is_clean(result.err)


# The hint

def advised(result, *variables):
    """Whether the warning stands there once, and a hint for each of VARIABLES."""
    assert is_clean(result.err)
    assert result.err.count(WARNING) == (1 if variables else 0), result.err
    hints = [hint for hint in result.hints if hint.startswith("better than --")]
    assert len(hints) == len(variables)
    for hint, variable in zip(hints, variables, strict=True):
        assert f"{variable}, or {variable}_FILE" in hint
    return hints


@ids("T-23")
@pytest.mark.parametrize("command", ["get-token", "login", "setup"])
def test_a_login_names_the_better_places(kube, issuer, command):
    issuer.configure(client_secret=SECRET)
    result = kube.run(command, "--oidc-client-secret", SECRET)
    assert result.status == 0, result.err
    advised(result, "LATCHKEY_OIDC_CLIENT_SECRET")


@ids("T-23")
def test_a_password_can_be_asked_for(kube):
    flags = ["--grant-type=password", "--username=alice", "--password=alice-app-password", f"--oidc-request-header=X={SECRET}"]
    result = kube.get_token(*flags)
    assert result.status == 0, result.err
    hints = advised(result, "LATCHKEY_OIDC_REQUEST_HEADER", "LATCHKEY_PASSWORD")
    assert "/dev/tty" in hints[1] and "/dev/tty" not in hints[0] and "--oidc-request-header and --password on the command line" in result.err


@ids("T-23")
def test_neither_the_cache_nor_a_refresh_says_it_again(kube, issuer):
    """A kubeconfig that carries the secret is read a thousand times a day."""
    issuer.configure(client_secret=SECRET)
    kube.flags += [f"--oidc-client-secret={SECRET}"]
    advised(kube.get_token(), "LATCHKEY_OIDC_CLIENT_SECRET")
    assert kube.get_token(**NO_BROWSER).err == ""
    kube.expire()
    result = kube.get_token(**NO_BROWSER)
    assert (result.status, result.err) == (0, "")
    assert kube.run("whoami").err == ""


@ids("T-23")
def test_nor_does_a_client_that_renews_its_token(kube, issuer):
    issuer.configure(client_secret=SECRET, client_type="confidential")
    kube.flags += [f"--oidc-client-secret={SECRET}", "--grant-type=client-credentials"]
    advised(kube.get_token(), "LATCHKEY_OIDC_CLIENT_SECRET")
    kube.expire()
    result = kube.get_token()
    assert result.status == 0 and issuer.count("token") == 2
    advised(result)


@ids("T-23")
def test_a_login_that_fails_says_why_it_failed(kube, issuer):
    issuer.configure(client_secret=SECRET)
    result = kube.get_token("--oidc-client-secret=another", FAKE_BROWSER="deny")
    assert result.code and WARNING not in result.err and not [hint for hint in result.hints if "better than" in hint]


@ids("T-23")
def test_a_variable_or_a_file_needs_no_advice(kube, issuer, tmp_path):
    issuer.configure(client_secret=SECRET)
    (tmp_path / "secret").write_text(SECRET)
    advised(kube.get_token(LATCHKEY_OIDC_CLIENT_SECRET=SECRET))
    advised(kube.get_token("--force-refresh", LATCHKEY_OIDC_CLIENT_SECRET_FILE=str(tmp_path / "secret")))


# Asked for at the terminal

ASK = {"LATCHKEY_OIDC_CLIENT_SECRET_FILE": "/dev/tty"}


@pytest.fixture
def asked(kube, issuer):
    issuer.configure(client_secret=SECRET, client_type="confidential")
    kube.environment |= ASK
    return kube


def answer(program, command, *flags, text=SECRET, **environment):
    seat = Seat(program, command, *flags, **environment)
    seat.expect("Client secret: $")
    seat.press(text.encode() + b"\n")
    result = seat.wait()
    assert is_clean(result.err)
    return result


@ids("T-23")
def test_a_client_secret_is_asked_for_where_a_request_needs_it(asked, issuer):
    """At a login, a refresh and a logout; never for an answer from the cache."""
    token = answer(asked, "get-token").token
    assert token_form(issuer)["client_secret"] == SECRET
    assert asked.get_token(**NO_BROWSER).token == token
    asked.expire()
    assert answer(asked, "get-token", **NO_BROWSER).token != token
    assert answer(asked, "whoami", "--userinfo").status == 0
    assert answer(asked, "logout").status == 0
    assert flat(issuer.requests("revoke")[0]["form"])["client_secret"] == SECRET


@ids("T-23", "K7-80")
def test_a_client_that_is_asked_for_its_secret_logs_in(asked, issuer):
    result = answer(asked, "get-token", "--grant-type=client-credentials")
    assert result.claims["preferred_username"] == "ak-kubernetes-client_credentials"


@pytest.mark.parametrize(("environment", "words"), [
    ({"CI": "true", "LATCHKEY_GRANT_TYPE": "client-credentials"}, "CI=true says that nobody is there"),
    ({"KUBERNETES_EXEC_INFO": exec_info()}, "kubectl says that nobody may be asked"), ({}, "the client secret is needed")])
def test_where_nobody_can_be_asked_that_is_said(asked, issuer, environment, words):
    result = asked.get_token(**environment, **NO_BROWSER)
    assert result.code == "not_interactive" and words in result.err and issuer.count("token") == 0


@pytest.mark.parametrize(("text", "code"), [("", "config"), ("wrong-one", "oauth_error")])
def test_an_answer_that_is_none(asked, issuer, text, code):
    result = answer(asked, "get-token", text=text)
    assert result.code == code and "wrong-one" not in result.err


@pytest.mark.parametrize("command", ["get-token", "logout"])
def test_a_wrong_answer_is_advised_on_as_a_secret_that_was_given(asked, command):
    if command == "logout":
        answer(asked, "get-token")
    result = answer(asked, command, text="wrong-one")
    assert result.code == "oauth_error" and "--oidc-client-secret" not in result.err
    assert command == "logout" or any(hint.startswith("check the client secret") for hint in result.hints)


def test_an_interrupt_at_the_question_ends_it(asked, issuer):
    answer(asked, "get-token")
    asked.expire()
    seat = Seat(asked, "get-token", **NO_BROWSER)
    seat.expect("Client secret: $")
    issuer.clear_log()
    seat.press(CTRL_C)
    assert seat.wait().code == "interrupted" and issuer.requests() == []


def test_whoever_waits_for_the_session_reads_that_somebody_is_asked(asked):
    """A person has the time of a login, which is longer than that of a request; without one nobody is waited for."""
    answer(asked, "get-token")
    asked.expire()
    seat = Seat(asked, "get-token", **NO_BROWSER)
    seat.expect("Client secret: $")
    waiter = asked.get_token("--non-interactive", "--http-timeout-sec=1", **NO_BROWSER)
    assert waiter.code == "not_interactive" and "is waiting for the client secret for the same session" in waiter.err
    seat.press(SECRET.encode() + b"\n")
    assert seat.wait().status == 0


def test_a_header_is_not_asked_for(kube, issuer):
    result = kube.get_token(LATCHKEY_OIDC_REQUEST_HEADER_FILE="/dev/tty")
    assert result.code == "config" and "cannot be asked for" in result.err and issuer.requests() == []


@pytest.mark.parametrize("grant", ["password", "client-credentials"])
def test_a_password_is_asked_for(kube, grant):
    seat = Seat(kube, "get-token", f"--grant-type={grant}", "--username=alice", LATCHKEY_PASSWORD_FILE="/dev/tty")
    seat.expect("Password: $")
    seat.press(b"alice-app-password\n")
    assert seat.wait().claims["preferred_username"] == "alice"
