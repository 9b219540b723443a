# SPDX-License-Identifier: Apache-2.0
"""The callback port while a login waits: what is taken for the answer, what is refused, and that the wait goes on."""

import re
import socket
from urllib.parse import quote

import pytest
from patience import PROMPT
from waiting import Waiting
from wire import token_form

ids = pytest.mark.ids
WRONG = "x" * 43


@pytest.fixture
def waiting(kube, issuer):
    return Waiting(kube)


def still_works(waiting):
    """After whatever happened the right callback logs in."""
    result = waiting.finish()
    assert result.status == 0, result.err
    assert result.claims["preferred_username"] == "alice"


def ends(waiting, issuer, code):
    """The callback was taken and the login ends with an error, before any token request."""
    result = waiting.running.wait()
    assert result.code == code, result.err
    assert issuer.count("token") == 0
    return result


# Paths and methods

@ids("CB-05")
@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "get"])
def test_other_methods_are_405_and_the_wait_goes_on(waiting, method):
    answer = waiting.ask(waiting.callback(), method=method)
    assert answer.status == 405
    assert answer.header("Allow") == "GET"
    still_works(waiting)


@ids("CB-05")
def test_a_form_post_of_the_answer_is_refused(waiting):
    """oidcc-client-test-formpost-error: nothing is ever taken from a body."""
    body = f"error=invalid_request&state={waiting.request['state']}"
    head = (f"POST / HTTP/1.1\r\nHost: localhost:{waiting.port}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n")
    assert waiting.send((head + body).encode()).status == 405
    still_works(waiting)


@ids("K7-56")
@pytest.mark.parametrize("path", ["/favicon.ico", "/callback", "/callback?code=x&state=y", "/done", "//", "/.",
                                  "/index.html", "/apple-touch-icon.png", "/%2f", "/?", "/robots.txt"])
def test_other_paths_are_404_and_the_wait_goes_on(waiting, path):
    assert waiting.ask(path).status == 404
    still_works(waiting)


@ids("CB-05")
def test_five_hundred_stray_requests_do_not_end_the_wait(waiting):
    target = waiting.callback()
    for number in range(100):
        for path, method, status in (("/favicon.ico", "GET", 404), ("/", "HEAD", 405), ("/", "GET", 404),
                                     (f"/{number}", "GET", 404), (target, "POST", 405)):
            assert waiting.ask(path, method=method).status == status
    still_works(waiting)


# The state

@ids("CB-08")
def test_ten_wrong_states_are_refused_and_the_right_one_is_taken(waiting, issuer):
    for number in range(10):
        state = waiting.answer["state"]
        wrong = state[:number] + ("A" if state[number] != "A" else "B") + state[number + 1:]
        assert waiting.ask(waiting.callback(state=wrong)).status == 400
    assert issuer.count("token") == 0
    still_works(waiting)


@ids("CB-08")
@pytest.mark.parametrize("state", ["", WRONG, WRONG[:-1], WRONG + "x", "=", "*"])
def test_no_other_state_will_do(waiting, state):
    assert waiting.ask(waiting.callback(state=state)).status == 400
    still_works(waiting)


@ids("CB-08")
@pytest.mark.parametrize("changes", [
    pytest.param({"state": "1"}, id="fapi2-ensure-authorization-response-with-invalid-state-fails"),
    pytest.param({"state": None}, id="fapi2-ensure-authorization-response-with-invalid-missing-state-fails")])
def test_without_the_right_state_nothing_is_sent_to_the_issuer(kube, issuer, changes):
    waiting = Waiting(kube, "--authentication-timeout-sec=2")
    right = waiting.answer["state"]
    state = right + "1" if changes["state"] == "1" else changes["state"]
    assert waiting.ask(waiting.callback(state=state)).status == 400
    assert ends(waiting, issuer, "callback_timeout")


@ids("T-01")
@pytest.mark.parametrize("target", [
    "/?error=access_denied", "/?error=access_denied&state=", "/?error=server_error&state=" + WRONG,
    "/?error=access_denied&error_description=%1b[31mgo%20away"])
def test_a_forged_error_is_ignored(waiting, target):
    assert waiting.ask(target).status == 400
    still_works(waiting)


@ids("T-01")
def test_a_wrong_and_a_missing_state_get_the_same_answer(waiting):
    answers = [waiting.ask(target).data for target in (
        "/?code=x&state=" + WRONG, "/?code=x", "/?code=x&state=", "/?error=access_denied&state=" + WRONG, "/?error=x")]
    assert len({re.sub(rb"Date: [^\r]*\r\n", b"", answer) for answer in answers}) == 1
    still_works(waiting)


@ids("T-01")
def test_sixty_four_wrong_states_and_ten_forged_errors_do_not_end_the_login(waiting):
    for _ in range(64):
        assert waiting.ask("/?code=x&state=" + WRONG).status == 400
    for _ in range(10):
        assert waiting.ask("/?error=access_denied").status == 400
    still_works(waiting)


@ids("CB-08")
def test_the_sixty_fifth_wrong_state_ends_the_login(waiting, issuer):
    for _ in range(65):
        assert waiting.ask("/?code=x&state=" + WRONG).status == 400
    result = ends(waiting, issuer, "callback_state")
    assert any("callback port" in hint for hint in result.hints)


@ids("CB-09")
def test_a_second_callback_has_no_effect(waiting, issuer):
    issuer.fault("token", delay_ms=700)
    target = waiting.callback()
    assert waiting.ask(target).status == 303
    for again in (target, waiting.refusal(error="access_denied"), "/?code=x&state=" + WRONG, waiting.start_path):
        answer = waiting.ask(again)
        assert answer.status == 200 and "Already answered" in answer.text
    assert waiting.ask("/done").status == 200
    assert waiting.running.wait().status == 0
    assert issuer.count("token") == 1


@ids("K7-56")
def test_other_paths_are_404_after_the_callback_too(waiting, issuer):
    issuer.fault("token", delay_ms=700)
    assert waiting.ask(waiting.callback()).status == 303
    for path in ("/favicon.ico", "/", "/done?x=1", "/apple-touch-icon.png"):
        assert waiting.ask(path).status == 404
    assert waiting.running.wait().status == 0


@ids("CB-09")
@pytest.mark.parametrize("mode", ["twice", "noise"])
def test_a_reload_and_what_browsers_do_besides_are_harmless(kube, issuer, mode):
    assert kube.get_token(FAKE_BROWSER=mode).status == 0
    assert issuer.count("token") == 1


# Parameters

@ids("CB-07")
@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("name", ["code", "state", "error", "error_description", "error_uri", "iss"])
def test_a_parameter_that_comes_twice_is_refused(waiting, issuer, name, first):
    right = waiting.callback(**({name: "x"} if name not in waiting.answer else {}))
    path, _, query = right.partition("?")
    doubled = f"{path}?{name}=x&{query}" if first else f"{path}?{query}&{name}=x"
    assert waiting.ask(doubled).status == 400
    assert issuer.count("token") == 0
    still_works(waiting)


@pytest.mark.parametrize("query", ["code=%&state=STATE", "code=%zz&state=STATE", "code=x&state=STATE&x=%ff%0a",
                                   "&&&", "=", "%", "&" * 200, "&".join(f"a{number}=1" for number in range(400))])
def test_what_cannot_be_read_is_refused_and_the_wait_goes_on(waiting, query):
    assert waiting.ask("/?" + query.replace("STATE", waiting.request["state"])).status == 400
    still_works(waiting)


@ids("CB-11")
@pytest.mark.parametrize(("changes", "what"), [
    ({"code": "a\x07b"}, "a code that is empty"), ({"code": "ü"}, "a code that is empty"),
    ({"code": ""}, "a code that is empty"), ({"code": "c" * 4097}, "a code that is empty, too long"),
    ({"error": "access_denied"}, "both a code and an error"),
    ({"code": None}, "neither a code nor an error"), ({"code": None, "error": ""}, "an error that is empty"),
    ({"code": None, "error": 'a"b'}, "an error that is empty or not printable"),
    ({"code": None, "error": "a\x1bb"}, "an error that is empty or not printable")])
def test_an_answer_with_our_state_that_breaks_a_rule_ends_the_login(waiting, issuer, changes, what):
    assert waiting.ask(waiting.callback(**changes)).status == 303
    page = waiting.ask("/done")
    assert what in ends(waiting, issuer, "callback_error").err
    assert page.status == 200 and what in page.text


@ids("CB-11")
def test_a_code_of_4096_bytes_is_sent_as_it_came(waiting, issuer):
    code = "c.~-" * 1023 + "a !b"
    waiting.ask(f"/?state={waiting.request['state']}&code={quote(code)}")
    assert waiting.ask("/done").status == 200
    assert waiting.running.wait().code == "oauth_error"
    assert token_form(issuer)["code"] == code


# RFC 9207

@ids("CB-10")
@pytest.mark.parametrize(("advertised", "iss", "accepted"), [
    pytest.param(True, "right", True, id="advertised-right"),
    pytest.param(True, None, False, id="fapi2-remove-authorization-response-iss"),
    pytest.param(True, "wrong", False, id="fapi2-invalid-authorization-response-iss"),
    pytest.param(False, "right", True, id="silent-right"),
    pytest.param(False, "wrong", False, id="silent-wrong"),
    pytest.param(False, "slash", False, id="silent-without-its-slash"),
    pytest.param(False, None, True, id="silent-absent")])
def test_the_issuer_of_the_answer_is_checked(kube, issuer, advertised, iss, accepted):
    issuer.configure(advertise_iss=advertised)
    waiting = Waiting(kube)
    values = {"right": issuer.url, "wrong": issuer.url + "1", "slash": issuer.url.rstrip("/"), None: None}
    target = waiting.callback(iss=values[iss])
    if accepted:
        assert waiting.finish(target).status == 0
        return
    assert waiting.ask(target).status == 303
    assert waiting.ask("/done").status == 200
    assert "issuer" in ends(waiting, issuer, "callback_iss").err


@ids("K7-63")
@pytest.mark.parametrize(("iss", "code"), [("right", "callback_error"), (None, "callback_iss"), ("wrong", "callback_iss")])
def test_the_issuer_of_a_refusal_is_checked_too(kube, issuer, iss, code):
    issuer.configure(advertise_iss=True)
    waiting = Waiting(kube)
    values = {"right": {"iss": issuer.url}, "wrong": {"iss": "https://evil.example/"}, None: {}}
    waiting.ask(waiting.refusal(error="access_denied", **values[iss]))
    waiting.ask("/done")
    ends(waiting, issuer, code)


@ids("T-21")
def test_the_honest_issuers_answer_to_another_login_is_not_taken(kube, issuer):
    """Mix-up: the person is sent to a second provider, whose answer comes back to this login with its state."""
    issuer.configure(clients=[{"client_id": "other", "slug": "other"}])
    waiting = Waiting(kube)
    target = waiting.callback(iss=issuer.url.replace("/kubernetes/", "/other/"))
    waiting.ask(target)
    waiting.ask("/done")
    result = ends(waiting, issuer, "callback_iss")
    assert "/other/" in result.err and any(issuer.url in hint for hint in result.hints)


# Heads that are no requests of a browser

HOSTS = {"evil:8000": 421, "127.0.0.1": 421, "127.0.0.1:8001": 421, "LOCALHOST:8000": 404, "127.1:8000": 421,
         "[::1]:8000": 404, "localhost.:8000": 421, "0:8000": 421, "localhost": 421, "localhost:08000": 421,
         "127.0.0.1:8000": 404, "[::1]": 421, "::1:8000": 421, "[0:0:0:0:0:0:0:1]:8000": 421,
         "[::ffff:127.0.0.1]:8000": 421, "localhost:8000:80": 421, "localhost:8000.evil": 421, "evil.localhost:8000": 421, "localhost:18000": 421,
         "localhost@evil:8000": 421, "user@localhost:8000": 421, "localhost:8000,evil": 421,
         "http://localhost:8000": 421,
         "0.0.0.0:8000": 421, "127.0.0.2:8000": 421, "2130706433:8000": 421, "017700000001:8000": 421,
         "localhost:8000/": 421, "localhost:+8000": 421, "localhost%00:8000": 421, "xn--localhost:8000": 421,
         ":8000": 421}


@ids("CB-06")
def test_only_our_names_with_our_port_are_answered(waiting):
    """T-02: a name that an attacker had resolved to 127.0.0.1 reaches nothing."""
    seen = {host: waiting.ask("/", host=host).status for host in HOSTS}
    assert seen == HOSTS
    assert waiting.ask(waiting.callback(), host="evil:8000").status == 421
    still_works(waiting)


@ids("T-02")
@pytest.mark.parametrize(("head", "status"), [
    ("GET /?x=1 HTTP/1.1\r\n\r\n", 400), ("GET /?x=1 HTTP/1.1\r\nHost:\r\n\r\n", 421),
    ("GET /?x=1 HTTP/1.1\r\nHost: localhost:8000\r\nHost: localhost:8000\r\n\r\n", 400),
    ("GET /?x=1 HTTP/1.1\r\nHost: localhost:8000\r\nhost: evil\r\n\r\n", 400),
    ("GET http://evil:8000/?x=1 HTTP/1.1\r\nHost: localhost:8000\r\n\r\n", 400),
    ("GET http://localhost:8000/?x=1 HTTP/1.1\r\nHost: localhost:8000\r\n\r\n", 400),
    ("GET * HTTP/1.1\r\nHost: localhost:8000\r\n\r\n", 400), ("GET /?x=1 HTTP/1.0\r\n\r\n", 400)])
def test_a_head_that_does_not_name_us_exactly_once_is_refused(waiting, head, status):
    assert waiting.send(head.encode()).status == status
    still_works(waiting)


@ids("T-02")
def test_no_answer_opens_itself_to_other_sites(waiting):
    origin = ["Origin: https://evil.example", "Access-Control-Request-Private-Network: true"]
    answers = [waiting.ask(path, method=method, headers=origin) for path, method in (
        ("/", "GET"), (waiting.start_path, "GET"), ("/", "OPTIONS"), ("/?code=x&state=x", "GET"))]
    for answer in answers:
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-control-")]
        assert waiting.request["state"] not in answer.text
    still_works(waiting)


@pytest.mark.parametrize(("data", "status"), [
    (b"GET /?a=\x00 HTTP/1.1\r\nHost: localhost:8000\r\n\r\n", 400),
    (b"GET /?a=%00 HTTP/1.1\r\nHost: localhost:8000\r\n\r\n", 400),
    (b"GET / HTTP/1.1\nHost: localhost:8000\n\n", 400), (b"GET / HTTP/2.0\r\nHost: localhost:8000\r\n\r\n", 400),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost:8000\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: localhost:8000\r\nX: " + b"a" * 20000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: localhost:8000\r\n bad: folded\r\n\r\n", 400), (b"\x16\x03\x01\x02\x00\x01\x00", 400),
    (b"GET /#f HTTP/1.1\r\nHost: localhost:8000\r\n\r\n", 400),
    ("GET /ü HTTP/1.1\r\nHost: localhost:8000\r\n\r\n".encode(), 400)])
def test_bytes_that_are_no_request_are_refused(waiting, data, status):
    assert waiting.send(data).status == status
    still_works(waiting)


@ids("T-07")
def test_connections_opened_ahead_do_not_hold_up_the_end(waiting, issuer):
    plugs = [socket.create_connection(("127.0.0.1", waiting.port)) for _ in range(6)]
    still_works(waiting)
    for plug in plugs:
        plug.close()


@ids("T-06")
def test_two_hundred_dripping_connections_do_not_stop_the_callback(waiting):
    target, plugs = waiting.callback(), []
    for number in range(200):
        plug = socket.create_connection(("127.0.0.1", waiting.port), timeout=PROMPT)
        plug.sendall(b"GET /" + b"a" * (number % 5))
        plugs.append(plug)
    assert waiting.ask(target, patience=PROMPT).status == 303
    assert waiting.ask("/done").status == 200
    assert waiting.running.wait().status == 0
    for plug in plugs:
        plug.close()
