# SPDX-License-Identifier: Apache-2.0
"""The password grant: what is sent, what is asked on the terminal, and the terminal afterwards."""

import signal
import termios
import time

import job_shell
import pytest
from patience import until
from program import TIMEOUT, exec_info
from refusal import BAD_ID_TOKENS, refused
from terminal import CTRL_C, Seat
from wire import token_form

ids = pytest.mark.ids
PASSWORD = "alice-app-password"
GIVEN = {"LATCHKEY_USERNAME": "alice", "LATCHKEY_PASSWORD": PASSWORD}
DEPRECATED = "warning: the password grant is deprecated"


@pytest.fixture
def kube(kube):
    kube.flags += ["--grant-type=password"]
    return kube


def echoes(seat):
    return bool(termios.tcgetattr(seat.master)[3] & termios.ECHO)


@ids("K7-75")
def test_a_user_name_alone_chooses_the_grant(kube, issuer):
    kube.flags.remove("--grant-type=password")
    assert kube.get_token("--username=alice", LATCHKEY_PASSWORD=PASSWORD).status == 0
    assert token_form(issuer)["grant_type"] == "password"


@ids("K7-75")
def test_the_browser_grant_ignores_a_user_name(kube, issuer):
    kube.flags.remove("--grant-type=password")
    assert kube.get_token("--username=alice", "--grant-type=authcode").status == 0
    assert token_form(issuer)["grant_type"] == "authorization_code"


@ids("K7-76")
def test_the_request_holds_name_password_and_scope(kube, issuer):
    result = kube.get_token("--oidc-extra-scope=groups", **GIVEN)
    assert result.claims["preferred_username"] == "alice"
    form = token_form(issuer)
    assert (form["username"], form["password"], form["client_id"]) == ("alice", PASSWORD, "kubernetes")
    assert form["scope"] == "groups profile email offline_access openid"
    assert "nonce" not in form and "code_verifier" not in form


@ids("K7-75", "IDT-01")
@pytest.mark.parametrize("mutation, code", BAD_ID_TOKENS)
def test_a_bad_id_token_is_refused(kube, issuer, mutation, code):
    issuer.mutate_id_token(**mutation)
    refused(kube, issuer, code, last="token", **GIVEN)


def test_its_end_is_told_once(kube, issuer):
    assert kube.get_token(**GIVEN).err.count(DEPRECATED) == 1
    assert DEPRECATED not in kube.get_token(**GIVEN).err  # from the cache


def test_the_password_can_be_in_a_file(kube, issuer, tmp_path):
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    path.chmod(0o600)
    assert kube.get_token(LATCHKEY_USERNAME="alice", LATCHKEY_PASSWORD_FILE=str(path)).status == 0


@ids("K7-76")
def test_what_is_missing_is_asked_for_without_echo(kube, issuer):
    seat = Seat(kube, "get-token")
    before = seat.settings
    seat.expect(r"Username: $")
    assert echoes(seat)
    seat.press(b"alice\n")
    seat.expect(r"Password: $")
    until(lambda: not echoes(seat))
    seat.press(PASSWORD.encode() + b"\n")
    seat.running.process.wait(TIMEOUT)
    assert termios.tcgetattr(seat.master) == before
    result = seat.wait()
    assert result.claims["preferred_username"] == "alice"
    assert PASSWORD not in result.err
    assert "Username: alice\nPassword: \nlogged in as" in result.err
    assert token_form(issuer)["password"] == PASSWORD


@ids("K7-76")
@pytest.mark.parametrize("given, question", [({"LATCHKEY_USERNAME": "alice"}, "Password: "),
                                             ({"LATCHKEY_PASSWORD": PASSWORD}, "Username: ")])
def test_only_what_is_missing_is_asked_for(kube, issuer, given, question):
    seat = Seat(kube, "get-token", **given)
    seat.expect(question + "$")
    seat.press(b"alice\n" if question == "Username: " else PASSWORD.encode() + b"\n")
    result = seat.wait()
    assert result.status == 0, result.err
    assert ("Username" in result.err) != ("Password" in result.err)


def test_questions_go_to_the_terminal_though_stdin_and_stderr_are_elsewhere(kube, issuer, tmp_path):
    with open(tmp_path / "log", "wb") as log, open(tmp_path / "manifest", "w+b") as manifest:
        manifest.write(b"kind: Pod\n")
        manifest.seek(0)
        seat = Seat.__new__(Seat)
        super(Seat, seat).__init__()
        seat.running = kube.start("get-token", process={"stdin": manifest, "stderr": log, "preexec_fn": seat.take},
                                  LATCHKEY_USERNAME="alice")
        seat.expect("Password: $")
        seat.press(PASSWORD.encode() + b"\n")
        assert seat.wait().status == 0
        assert manifest.read() == b"kind: Pod\n"
    assert "Password:" not in (tmp_path / "log").read_text()


def test_a_mistyped_password_is_asked_for_again(kube, issuer):
    seat = Seat(kube, "get-token", LATCHKEY_USERNAME="alice")
    seat.expect("Password: $")
    seat.press(b"wrong\n")
    seat.expect(r"warning: the provider refused the password: .*\r\nPassword: $")
    seat.press(PASSWORD.encode() + b"\n")
    assert seat.wait().status == 0
    assert issuer.count("token") == 2


def test_the_third_wrong_password_is_the_last(kube, issuer):
    seat = Seat(kube, "get-token", LATCHKEY_USERNAME="alice")
    for number in (1, 2, 3):
        seat.expect(rf"(?s)(Password: .*){{{number}}}$")
        until(lambda: not echoes(seat))
        seat.press(b"wrong\n")
        issuer.wait_for("token", count=number)
    result = seat.wait()
    assert result.code == "oauth_error"
    assert "could not log in with the password: the token request failed: HTTP 400: invalid_grant" in result.err
    assert any("app password" in hint for hint in result.hints)
    assert issuer.count("token") == 3


def test_a_wrong_password_that_was_configured_is_sent_once(kube, issuer):
    wrong = {**GIVEN, "LATCHKEY_PASSWORD": "wrong"}
    assert kube.get_token(**wrong).code == "oauth_error"
    assert issuer.count("token") == 1
    assert kube.get_token(**wrong).code == "cooldown"  # accounts are locked by less
    assert issuer.count("token") == 1


@pytest.mark.parametrize("given", [{}, {"LATCHKEY_USERNAME": "alice"}, {"LATCHKEY_PASSWORD": PASSWORD}])
def test_without_a_terminal_it_says_which_variables_help(kube, issuer, given):
    running = kube.start("get-token", process={"start_new_session": True}, **given)
    result = running.wait()
    assert result.code == "not_interactive"
    assert "there is no terminal to ask on" in result.err
    assert "LATCHKEY_PASSWORD_FILE" in result.hints[0]
    assert issuer.count("token") == 0


@ids("K7-25")
def test_nothing_is_asked_when_kubectl_says_that_nobody_may_be(kube, issuer):
    seat = Seat(kube, "get-token", KUBERNETES_EXEC_INFO=exec_info(interactive="false"))
    result = seat.wait()
    assert result.code == "not_interactive"
    assert "Username:" not in result.err


def test_kubectl_may_allow_it(kube, issuer):
    seat = Seat(kube, "get-token", KUBERNETES_EXEC_INFO=exec_info(interactive="true"), **{"LATCHKEY_USERNAME": "alice"})
    seat.expect("Password: $")
    seat.press(PASSWORD.encode() + b"\n")
    assert seat.wait().status == 0


@pytest.mark.parametrize("given", [{}, {"LATCHKEY_USERNAME": "alice"}])
def test_non_interactive_never_asks(kube, issuer, given):
    seat = Seat(kube, "get-token", "--non-interactive", **given)
    result = seat.wait()
    assert result.code == "not_interactive"
    assert "Password:" not in result.err and "Username:" not in result.err


def test_non_interactive_uses_what_is_given(kube, issuer):
    assert kube.get_token("--non-interactive", **GIVEN).status == 0


def test_an_issuer_without_the_grant_says_so(kube, issuer):
    issuer.fault("token", status=400, json={"error": "unsupported_grant_type"})
    result = kube.get_token(**GIVEN)
    assert result.code == "oauth_error"
    assert result.hints


@ids("T-38")
@pytest.mark.parametrize("key, how", [(CTRL_C, "interrupted"), (b"\x04", "interrupted")])
def test_the_terminal_is_put_back_when_the_person_gives_up(kube, issuer, key, how):
    seat = Seat(kube, "get-token", LATCHKEY_USERNAME="alice")
    before = seat.settings
    seat.expect("Password: $")
    until(lambda: not echoes(seat))
    seat.press(b"" if key == b"\x04" else b"half")
    seat.press(key)
    seat.running.process.wait(TIMEOUT)
    assert termios.tcgetattr(seat.master) == before
    assert seat.wait().code == how


@ids("T-38", "K7-76")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGQUIT", "SIGABRT", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGSYS", "SIGPWR"])
def test_the_terminal_is_put_back_before_a_signal_ends_the_program(kube, issuer, name):
    seat = Seat(kube, "get-token", LATCHKEY_USERNAME="alice")
    before = seat.settings
    seat.expect("Password: $")
    until(lambda: not echoes(seat))
    number = getattr(signal, name)
    seat.running.signal(number)
    status = seat.running.process.wait(TIMEOUT)
    assert termios.tcgetattr(seat.master) == before
    assert status == (1 if name in ("SIGTERM", "SIGHUP", "SIGQUIT") else -number)
    seat.hang_up()


@ids("T-38")
@pytest.mark.parametrize("orders", [["fg"], ["bg", "fg"], ["bg", "type", "fg"]])
def test_a_stop_gives_the_shell_its_echo_and_the_foreground_hides_again(kube, issuer, orders):
    seat = Seat.__new__(Seat)
    super(Seat, seat).__init__()
    seat.running = kube.start("get-token", process={**seat.process, "before": job_shell.before},
                              LATCHKEY_USERNAME="alice", TERM="xterm")
    seat.expect("Password: $")
    until(lambda: not echoes(seat))
    seat.press(b"\x1a")
    seat.expect(r"\[stopped\]\r\n$")
    assert echoes(seat)
    for order in orders[:-1]:
        seat.press(order.encode() + b"\n")
        seat.expect(rf"\[{order}\]\r\n$")
        time.sleep(0.6)  # longer than the pause between two looks at the terminal
        assert echoes(seat)
    seat.press(b"fg\n")
    until(lambda: not echoes(seat))
    seat.press(PASSWORD.encode() + b"\n")
    result = seat.wait()
    assert result.status == 0, result.err
    assert PASSWORD not in result.err


@ids("T-38")
def test_in_the_background_the_end_of_the_time_is_an_end_as_well(kube, issuer):
    seat = Seat.__new__(Seat)
    super(Seat, seat).__init__()
    seat.running = kube.start("get-token", "--authentication-timeout-sec=5",
                              process={**seat.process, "before": job_shell.before}, LATCHKEY_USERNAME="alice", TERM="xterm")
    seat.expect("Password: $")
    seat.press(b"\x1a")
    seat.expect(r"\[stopped\]\r\n$")
    seat.press(b"bg\n")
    seat.expect(r"\[callback_timeout\]\r\n$")
    assert echoes(seat)
    seat.press(b"fg\n")
    assert seat.wait().status == 1


def test_too_long_a_pause_is_an_end(kube, issuer):
    seat = Seat(kube, "get-token", "--authentication-timeout-sec=1", LATCHKEY_USERNAME="alice")
    assert seat.wait().code == "callback_timeout"
    assert "Password: " in seat.seen
