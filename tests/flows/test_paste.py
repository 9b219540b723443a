# SPDX-License-Identifier: Apache-2.0
"""authcode-keyboard: the provider's address is shown, what the browser ended on is pasted at the terminal."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from issuer.browse import Browser, is_callback
from program import exec_info
from terminal import CTRL_C, Seat
from wire import flat, token_form

ids = pytest.mark.ids
URL = r"Please visit the following URL in your browser: (\S+)\r\n"


@pytest.fixture
def kube(kube):
    kube.flags += ["--grant-type=authcode-keyboard"]
    return kube


class Person(Seat):
    """Reads the address on the terminal, logs in with a browser elsewhere, and pastes."""

    def __init__(self, kube, *flags, **environment):
        super().__init__(kube, "get-token", *flags, **environment)
        self.browser = Browser(None)
        self.url = self.expect(rf"{URL}[^\r]*\r\nEnter code: $")[1]

    @property
    def request(self):
        return flat(parse_qs(urlsplit(self.url).query))

    def visit(self, url=None):
        """Where the browser ends."""
        return self.browser.open(url or self.url, stop=is_callback).url

    def paste(self, text):
        self.press(text.encode() + b"\n")


def code_of(address):
    return flat(parse_qs(urlsplit(address).query))["code"]


@ids("K7-77")
@pytest.mark.parametrize("form", [lambda address: address, lambda address: "?" + urlsplit(address).query,
                                  lambda address: urlsplit(address).query, code_of,
                                  lambda address: f'  "{address}" ', lambda address: f"<{address}>",
                                  lambda address: f"{address[:40]}\n{address[40:60]}\r\n  {address[60:]}",
                                  lambda address: f"{address}#fragment", lambda address: address.removeprefix("http://"),
                                  lambda address: re.sub(r"&?state=[^&]*", "", address)],
                         ids=["address", "question", "query", "code", "quoted", "brackets", "broken", "fragment", "schemeless", "stateless"])
def test_what_can_be_pasted(kube, issuer, form):
    person = Person(kube)
    address = person.visit()
    person.paste(form(address))
    result = person.wait()
    assert result.claims["email"] == "alice@example.com"
    assert token_form(issuer)["code"] == code_of(address)
    assert result.err.endswith(f"logged in as alice@example.com at {issuer.url}\n")


@ids("K7-77")
def test_the_whole_authorization_address_is_shown(kube, issuer):
    person = Person(kube)
    request = person.request
    assert person.url.startswith(issuer.base_url + "/application/o/authorize/?")
    assert request["redirect_uri"] == "http://localhost:8000"
    assert request["code_challenge_method"] == "S256"
    person.paste(person.visit())
    assert person.wait().claims["nonce"] == request["nonce"]
    assert token_form(issuer)["redirect_uri"] == "http://localhost:8000"


def test_an_address_of_any_length_is_shown_whole(kube, issuer):
    person = Person(kube, f"--oidc-auth-request-extra-params=claims={'x' * 6000}", "--redirect-probe=never")
    assert (len(person.request["claims"]), len(person.request["state"])) == (6000, 43)
    person.press(CTRL_C)
    assert person.wait().code == "interrupted"


@pytest.mark.parametrize("flags, uri", [(["--oidc-redirect-url=http://localhost:18000"], "http://localhost:18000"),
                                        (["--listen-address=127.0.0.1:18000"], "http://localhost:18000"),
                                        (["--oidc-redirect-url-authcode-keyboard=http://localhost:18000"],
                                         "http://localhost:18000")])
def test_the_redirect_uri_can_be_chosen(kube, issuer, flags, uri):
    person = Person(kube, *flags)
    assert person.request["redirect_uri"] == uri
    person.paste(person.visit())
    assert person.wait().status == 0


@ids("K7-16")
@pytest.mark.parametrize("flag", ["--oidc-redirect-url", "--oidc-redirect-url-authcode-keyboard"])
def test_the_redirect_uri_may_be_one_that_no_browser_follows(kube, issuer, flag):
    """The provider shows the code on a page of its own."""
    person = Person(kube, f"{flag}=urn:ietf:wg:oauth:2.0:oob")
    assert person.request["redirect_uri"] == "urn:ietf:wg:oauth:2.0:oob"
    person.press(CTRL_C)
    assert person.wait().code == "interrupted"


@ids("K7-77")
def test_the_state_of_another_login_is_asked_again(kube, issuer):
    person = Person(kube)
    address = person.visit()
    person.paste(re.sub(r"state=[^&]*", "state=another", address))
    person.expect(r"warning: that address belongs to another login: [^\r]*\r\nEnter code: $")
    assert issuer.count("token") == 0
    person.paste(address)
    assert person.wait().status == 0


@pytest.mark.parametrize("text", ["http://localhost:8000/", "https://ak.example/if/flow/login/?next=%2F", "",
                                  "http://localhost:8000/?code=%zz&state=x"])
def test_something_else_is_asked_again(kube, issuer, text):
    person = Person(kube)
    person.paste(text)
    person.expect(r"warning: (that is not the address that the login ended on|nothing was pasted)[^\r]*\r\nEnter code: $")
    person.paste(person.visit())
    assert person.wait().status == 0
    assert issuer.count("token") == 1


@ids("K7-77")
def test_a_stale_code_brings_a_new_address(kube, issuer):
    issuer.fault("token", status=400, json={"error": "invalid_grant"})
    person = Person(kube)
    first = person.request
    person.paste(person.visit())
    again = person.expect(rf"(?s)warning: the provider refused that code, which may have expired.*{URL}[^\r]*\r\nEnter code: $")[1]
    second = flat(parse_qs(urlsplit(again).query))
    assert all(first[name] != second[name] for name in ("state", "nonce", "code_challenge"))
    person.paste(person.visit(again))
    assert person.wait().status == 0


def test_another_refusal_is_an_end(kube, issuer):
    issuer.fault("token", status=400, json={"error": "invalid_client"})
    person = Person(kube)
    person.paste(person.visit())
    assert person.wait().code == "oauth_error"


def test_a_refused_login_that_is_pasted_is_an_end(kube, issuer):
    person = Person(kube)
    person.paste(f"http://localhost:8000/?error=access_denied&error_description=No&state={person.request['state']}")
    result = person.wait()
    assert result.code == "callback_error"
    assert "the provider refused the login: access_denied: No" in result.err


def test_an_answer_of_another_issuer_is_refused(kube, issuer):
    person = Person(kube)
    person.paste(person.visit() + "&iss=https://evil.example/")
    assert person.wait().code == "callback_iss"
    assert issuer.count("token") == 0


@ids("K7-77")
def test_it_has_an_end(kube, issuer):
    seat = Seat(kube, "get-token", "--authentication-timeout-sec=1")
    result = seat.wait()
    assert "Enter code: " in seat.seen
    assert result.code == "callback_timeout"
    assert "nobody pasted the code within 1 s" in result.err


@pytest.mark.parametrize("key", [CTRL_C, b"\x04"])
def test_the_person_can_give_up(kube, issuer, key):
    person = Person(kube)
    person.press(key)
    assert person.wait().code == "interrupted"


def test_without_a_terminal_it_says_what_to_do(kube, issuer):
    result = kube.start("get-token", process={"start_new_session": True}).wait()
    assert result.code == "not_interactive"
    assert "a code cannot be pasted: there is no terminal to ask on" in result.err
    assert "login --grant-type=authcode-keyboard' at a terminal" in result.hints[0]


@ids("K7-25")
def test_nothing_is_asked_when_kubectl_says_that_nobody_may_be(kube, issuer):
    seat = Seat(kube, "get-token", KUBERNETES_EXEC_INFO=exec_info(interactive="false"))
    assert seat.wait().code == "not_interactive"


def test_the_terminal_is_read_though_stdin_is_a_manifest(kube, issuer, tmp_path):
    with open(tmp_path / "manifest", "w+b") as manifest:
        manifest.write(b"kind: Pod\n")
        manifest.seek(0)
        person = Person.__new__(Person)
        super(Seat, person).__init__()
        person.browser = Browser(None)
        person.running = kube.start("get-token", process={**person.process, "stdin": manifest}, TERM="xterm")
        person.url = person.expect(rf"{URL}[^\r]*\r\nEnter code: $")[1]
        person.paste(person.visit())
        assert person.wait().status == 0
        assert manifest.read() == b"kind: Pod\n"
