# SPDX-License-Identifier: Apache-2.0
"""The pages of a login: where it starts, and the outcome, told after everything was verified."""

import re
import socket
import time

import pytest
from patience import PROMPT, quickest
from waiting import Waiting

ids = pytest.mark.ids
HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
                                      "frame-ancestors 'none'",
           "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
           "Connection": "close", "X-Frame-Options": "DENY", "Cross-Origin-Resource-Policy": "same-origin"}
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def waiting(kube, issuer):
    return Waiting(kube)


# The start

@ids("K7-48", "T-02")
def test_the_login_starts_at_a_path_that_nobody_can_guess(kube, issuer):
    paths = []
    for _ in range(2):
        waiting = Waiting(kube, command="login")
        paths.append(waiting.start_path)
        assert waiting.ask("/").status == 404
        assert waiting.ask(waiting.start_path + "x").status == waiting.ask(waiting.start_path[:-1]).status == 404
        assert waiting.finish().status == 0
    assert all(re.fullmatch(r"/[A-Za-z0-9_-]{22}", path) for path in paths)
    assert paths[0] != paths[1]


def test_the_start_page_can_be_loaded_again_until_the_callback_comes(waiting):
    """A browser that was restored, or a URL that was copied from the terminal."""
    targets = {waiting.ask(waiting.start_path).header("location") for _ in range(3)}
    assert targets == {waiting.authorization}
    waiting.finish()


@ids("T-02")
def test_the_page_at_the_root_tells_nothing_about_the_login(waiting):
    page = waiting.ask("/")
    for secret in (waiting.request["state"], waiting.request["nonce"], waiting.start_path[1:], "/application/o/"):
        assert secret not in page.text
    waiting.finish()


# The outcome

@ids("CB-13")
def test_the_code_leaves_the_address_bar_before_the_outcome_is_shown(waiting):
    answer = waiting.ask(waiting.callback())
    assert (answer.status, answer.header("location"), answer.body) == (303, "/done", b"")
    page = waiting.ask("/done")
    assert page.status == 200
    assert waiting.answer["code"] not in page.text and waiting.answer["state"] not in page.text
    assert waiting.running.wait().status == 0


@ids("K7-54")
def test_the_page_tells_who_is_logged_in_where(waiting, issuer):
    waiting.finish()
    page = waiting.page
    assert page.status == 200
    assert "<h1>Authenticated</h1>" in page.text
    assert "alice@example.com" in page.text
    assert issuer.url in page.text.replace("<wbr>", "")
    assert "You can close this window" in page.text


def opened(waiting, target):
    """A request whose answer has not been read yet."""
    plug = socket.create_connection(("127.0.0.1", waiting.port), timeout=60)
    plug.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost:{waiting.port}\r\n\r\n".encode())
    return plug


@ids("K7-54")
def test_the_page_waits_until_the_token_is_verified(waiting, issuer):
    issuer.fault("token", delay_ms=1500)
    assert waiting.ask(waiting.callback()).status == 303
    with opened(waiting, "/done") as plug:
        issuer.wait_for("token")
        plug.settimeout(0.5)
        with pytest.raises(TimeoutError):
            plug.recv(1)
        plug.settimeout(20)
        assert plug.recv(20).startswith(b"HTTP/1.1 200 ")
    assert waiting.running.wait().status == 0


def change_claims(issuer):
    issuer.mutate_id_token(claims={"aud": "somebody-else"})


def drop_client(issuer):
    issuer.fault("token", status=400, json={"error": "invalid_client", "error_description": "Client " + SCRIPT})


@ids("K7-54")
@pytest.mark.parametrize(("spoil", "code", "words"), [
    (change_claims, "idtoken_aud", ["the ID token is for", "somebody-else", "<code>--oidc-client-id</code> must be"]),
    (drop_client, "oauth_error", ["could not exchange the code for a token", "invalid_client", "What to do",
                                  "Redirect URIs", "&lt;script&gt;"])])
def test_the_page_tells_what_failed_and_the_fix(waiting, issuer, spoil, code, words):
    spoil(issuer)
    result = waiting.finish()
    assert result.code == code
    assert waiting.page.status == 200
    assert "Authenticated" not in waiting.page.text and f"[{code}]" in waiting.page.text
    assert not [word for word in words if word not in waiting.page.text]
    assert SCRIPT not in waiting.page.text


def test_every_hint_of_the_terminal_is_on_the_page(waiting, issuer):
    import html
    drop_client(issuer)
    result = waiting.finish()
    page = html.unescape(re.sub(r"</?code>", "", waiting.page.text))
    assert len(result.hints) >= 5
    assert not [hint for hint in result.hints if hint not in page]


def test_a_refused_login_is_told_on_the_page(waiting, issuer):
    waiting.ask(waiting.refusal(error="access_denied", error_description="not you"))
    page = waiting.ask("/done")
    assert page.status == 200 and "access_denied: not you" in page.text
    assert waiting.running.wait().code == "callback_error"


def test_several_windows_may_wait_for_the_outcome(waiting, issuer):
    issuer.fault("token", delay_ms=800)
    assert waiting.ask(waiting.callback()).status == 303
    plugs = [opened(waiting, "/done") for _ in range(4)]
    for plug in plugs:
        assert plug.recv(20).startswith(b"HTTP/1.1 200 ")
        plug.close()
    assert waiting.running.wait().status == 0


@pytest.mark.parametrize("spoil", [None, change_claims])
def test_the_program_ends_within_a_second_when_nobody_fetches_the_outcome(waiting, issuer, spoil):
    if spoil:
        spoil(issuer)
    target = waiting.callback()
    issuer.wait_for("jwks")
    assert waiting.ask(target).status == 303
    issuer.wait_for("token")
    began = time.monotonic()
    assert waiting.running.wait().status == (1 if spoil else 0)
    assert time.monotonic() - began < PROMPT  # the second, and the verification


def test_the_program_ends_at_once_when_the_outcome_was_fetched(kube):
    def seconds():
        waiting = Waiting(kube, command="login")
        waiting.ask(waiting.callback())
        assert waiting.ask("/done").status == 200
        began = time.monotonic()
        assert waiting.running.wait().status == 0
        return time.monotonic() - began

    assert quickest(seconds, enough=0.9) < 0.9, "nobody needs the second of grace"


# What all pages have in common

@ids("CB-12")
def test_every_answer_carries_the_headers_that_keep_it_harmless(waiting):
    answers = [waiting.ask(target, method=method, host=host) for target, method, host in (
        (waiting.start_path, "GET", None), ("/", "GET", None), ("/favicon.ico", "GET", None), ("/?code=x&state=y", "GET", None),
        ("/", "POST", None), ("/", "GET", "evil:8000"), (waiting.callback(), "GET", None), ("/done", "GET", None))]
    assert [answer.status for answer in answers] == [302, 404, 404, 400, 405, 421, 303, 200]
    for answer in answers:
        assert {name: answer.header(name) for name in HEADERS} == HEADERS
        assert answer.header("Set-Cookie") is None
    assert waiting.running.wait().status == 0


@ids("CB-12")
def test_the_pages_have_no_script_and_need_nothing_from_elsewhere(waiting):
    pages = [waiting.ask("/"), waiting.ask("/?code=x&state=y")]
    waiting.finish()
    for page in (*pages, waiting.page):
        assert not re.search(r"<script|<link|<img|<iframe|<form|\bsrc=|url\(|\son[a-z]+=|@import", page.text, re.IGNORECASE)
        assert page.header("Content-Type") == "text/html; charset=utf-8"


@ids("T-08")
def test_nothing_of_a_request_is_echoed(waiting):
    for target in (f"/{SCRIPT}", f"/?code={SCRIPT}&state={SCRIPT}&error={SCRIPT}&iss={SCRIPT}", "/?state=%3Cscript%3E"):
        answer = waiting.ask(target.replace(" ", "%20"))
        assert answer.status in (400, 404)
        assert "script" not in answer.text
    waiting.finish()


@ids("T-08")
def test_what_the_issuer_says_is_shown_as_text_on_the_page_and_in_the_terminal(waiting):
    evil = f"{SCRIPT}\x1b]0;owned\x07\r\nerror: nothing\u202e\u009b31m"
    waiting.ask(waiting.refusal(error="access_denied", error_description=evil, error_uri=f"https://e/\x1b[2J{SCRIPT}"))
    page = waiting.ask("/done")
    result = waiting.running.wait()
    assert result.code == "callback_error"
    assert "&lt;script&gt;" in page.text and SCRIPT not in page.text
    for text in (page.text, result.err):
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)


@ids("T-08")
def test_a_name_from_the_token_is_shown_as_text(waiting, issuer):
    issuer.mutate_id_token(claims={"email": f"{SCRIPT}\x1b[31m&"})
    result = waiting.finish()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in waiting.page.text and SCRIPT not in waiting.page.text
    assert "\x1b" not in result.err and "\x1b" not in waiting.page.text


# Where the page goes on to

@ids("K7-55")
def test_the_page_goes_on_to_the_url_that_was_wanted(kube, issuer):
    waiting = Waiting(kube, "--open-url-after-authentication=https://dashboard.example/?a=1&b=2")
    assert waiting.finish().status == 0
    assert '<meta http-equiv="refresh" content="0;URL=https://dashboard.example/?a=1&amp;b=2">' in waiting.page.text
    assert 'href="https://dashboard.example/?a=1&amp;b=2"' in waiting.page.text


@ids("K7-55")
def test_the_page_of_a_failed_login_goes_nowhere(kube, issuer):
    change_claims(issuer)
    waiting = Waiting(kube, "--open-url-after-authentication=https://dashboard.example/")
    assert waiting.finish().code == "idtoken_aud"
    assert "dashboard.example" not in waiting.page.text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", 'https://x/"><script>', "not a url", "//x/"])
def test_a_page_to_go_on_to_must_be_a_plain_url(kube, issuer, url):
    result = kube.get_token(f"--open-url-after-authentication={url}")
    assert result.code == "config"
    assert "--open-url-after-authentication" in result.err and result.hints
    assert issuer.requests() == []
