# SPDX-License-Identifier: Apache-2.0
"""The question that is asked before a browser opens: does the provider take our redirect URI?"""

import re
import signal
from urllib.parse import quote

import pytest
from sockets import holding, is_free
from stranger import move
from waiting import Waiting
from wire import authorization, endpoints, flat, header

ids = pytest.mark.ids
FIRST, SECOND = "http://localhost:8000", "http://localhost:18000"
HELD = [("127.0.0.1", 8000), ("127.0.0.1", 18000)]
SAFE_REGEX = r"http://(localhost|127\.0\.0\.1|\[::1\]):[0-9]{1,5}(/|/callback)?"


def strict(*uris):
    return {"redirect_uris": [{"mode": "strict", "url": uri} for uri in uris]}


def probed(issuer):
    """The redirect URIs that were asked about, in order."""
    return [entry["query"]["redirect_uri"][0] for entry in issuer.requests("authorize") if entry["probe"]]


@pytest.fixture
def log(kube, tmp_path):
    """A file that exists once a browser was started."""
    kube.environment["FAKE_BROWSER_LOG"] = str(tmp_path / "browser-log")
    return tmp_path / "browser-log"


def refuses(kube, log, code, *flags):
    """A login that ends before a browser opens."""
    result = kube.get_token("--authentication-timeout-sec=20", *flags)
    assert result.code == code, result.err
    assert not log.exists()
    return result


# The question

def test_the_probe_looks_like_the_login_but_needs_nobody(kube, issuer):
    assert kube.get_token("--oidc-auth-request-extra-params=prompt=login,acr_values=x").status == 0
    (probe,) = [entry for entry in issuer.requests("authorize") if entry["probe"]]
    question, login = flat(probe["query"]), authorization(issuer)
    assert (probe["method"], header(probe, "Cookie"), question["prompt"]) == ("GET", None, "none")
    random = {"state", "nonce", "code_challenge", "prompt"}
    assert {name: value for name, value in question.items() if name not in random} == {
        name: value for name, value in login.items() if name not in random}
    assert not {question[name] for name in random} & {login[name] for name in random}


def test_the_preferred_uri_is_asked_for_and_no_other_once_it_is_accepted(kube, issuer):
    assert kube.get_token().status == 0
    assert probed(issuer) == [FIRST]


def test_the_next_uri_is_asked_for_where_the_first_is_not_registered(kube, issuer):
    issuer.configure(**strict(SECOND))
    assert kube.get_token().status == 0
    assert probed(issuer) == [FIRST, SECOND]
    assert authorization(issuer)["redirect_uri"] == SECOND


def test_a_random_port_is_asked_for_last(kube, issuer):
    issuer.configure(redirect_uris=[{"mode": "regex", "url": r"http://localhost:(?!8000$|18000$)[0-9]+"}])
    assert kube.get_token().status == 0
    assert probed(issuer)[:2] == [FIRST, SECOND] and len(probed(issuer)) == 3
    assert authorization(issuer)["redirect_uri"] == probed(issuer)[2]


def test_a_port_that_is_held_is_not_asked_for(kube, issuer):
    with holding(HELD[0]):
        assert kube.get_token().status == 0
    assert probed(issuer) == [SECOND]


def test_the_port_of_a_refused_uri_is_given_back(kube, issuer):
    issuer.configure(**strict(SECOND))
    waiting = Waiting(kube)
    assert is_free(8000)
    assert waiting.finish().status == 0


# What is remembered

def test_an_accepted_uri_is_not_asked_for_again(kube, issuer):
    for _ in range(3):
        assert kube.run("login").status == 0
    assert probed(issuer) == [FIRST]


def test_every_client_and_every_uri_is_asked_for(kube, issuer):
    issuer.configure(clients=[{"client_id": "other", "slug": "other"}])
    assert kube.run("login").status == 0
    assert kube.run("login", "--listen-address=127.0.0.1:18000").status == 0
    assert kube.run("login", "--oidc-redirect-url=http://localhost:8000/callback").status == 0
    kube.run("login", "--oidc-client-id=other", "--authentication-timeout-sec=1", FAKE_BROWSER="ignore")
    assert probed(issuer) == [FIRST, SECOND, FIRST + "/callback", FIRST]


def test_an_accepted_uri_is_asked_for_again_after_a_login_that_timed_out(kube, issuer):
    assert kube.run("login").status == 0
    result = kube.run("login", "--authentication-timeout-sec=1", FAKE_BROWSER="ignore")
    assert result.code == "callback_timeout"
    assert probed(issuer) == [FIRST]
    assert kube.run("login").status == 0
    assert probed(issuer) == [FIRST, FIRST]


def test_the_log_names_what_came_of_the_probe(kube, issuer):
    assert f"redirect probe of {FIRST}: HTTP 302, accepted" in kube.run("login", "-v1").err


def test_a_uri_that_is_refused_is_asked_for_each_time(kube, issuer):
    issuer.configure(**strict(SECOND))
    for _ in range(2):
        assert kube.run("login").status == 0
    assert probed(issuer) == [FIRST, SECOND, FIRST]


@pytest.mark.parametrize(("flags", "registered"), [
    ([], [FIRST]), (["--redirect-probe=never"], [FIRST]),
    (["--oidc-redirect-url=http://127.0.0.1:8000/callback"], ["http://127.0.0.1:8000/callback"])])
def test_a_provider_that_registers_what_it_sees_first_gets_the_preferred_uri(kube, issuer, flags, registered):
    """Authentik with an empty list saves the first redirect URI, also that of a probe, and takes no other then."""
    issuer.configure(redirect_uris=[])
    assert kube.get_token(*flags).status == 0
    assert [entry["url"] for entry in issuer.get("config")["redirect_uris"]] == registered


def test_a_provider_that_registers_what_it_sees_first_gets_the_second_where_the_first_is_held(kube, issuer):
    issuer.configure(redirect_uris=[])
    with holding(HELD[0]):
        assert kube.get_token().status == 0
    assert [entry["url"] for entry in issuer.get("config")["redirect_uris"]] == [SECOND]


# Refused

@ids("K7-90")
def test_a_list_without_ours_ends_the_login_and_says_what_to_register(kube, issuer, log):
    issuer.configure(**strict("http://localhost:9999/callback", FIRST + "/"))
    result = refuses(kube, log, "redirect_uri")
    assert f"does not take '{FIRST}', '{SECOND}' as redirect URI of the client 'kubernetes'" in result.err
    assert f"  {FIRST}" in result.hints and f"  {SECOND}" in result.hints
    assert any(hint.endswith(SAFE_REGEX) for hint in result.hints)
    assert any("--redirect-probe=never" in hint for hint in result.hints)
    assert endpoints(issuer) == ["discovery", "authorize", "authorize", "authorize"]


def test_what_the_hint_says_to_register_works(kube, issuer, log):
    issuer.configure(**strict("http://localhost:9999/callback"))
    hints = refuses(kube, log, "redirect_uri").hints
    issuer.configure(**strict(*(hint.strip() for hint in hints if hint.startswith("  http"))))
    assert kube.run("login").status == 0
    regex = next(hint for hint in hints if "Regex" in hint).rpartition(" ")[2]
    issuer.configure(redirect_uris=[{"mode": "regex", "url": regex}])
    with holding(*HELD):
        assert kube.run("login").status == 0


def test_addresses_of_the_users_choice_are_asked_for_and_no_random_port(kube, issuer, log):
    issuer.configure(**strict(FIRST))
    result = refuses(kube, log, "redirect_uri", "--listen-address=127.0.0.1:9000,127.0.0.1:9001")
    assert probed(issuer) == ["http://localhost:9000", "http://localhost:9001"]
    assert "  http://localhost:9000" in result.hints


def test_a_redirect_url_of_the_users_choice_is_named_and_no_port_is_tried(kube, issuer, log):
    issuer.configure(**strict(FIRST))
    result = refuses(kube, log, "redirect_uri", "--oidc-redirect-url=http://localhost:8000/cb")
    assert probed(issuer) == ["http://localhost:8000/cb"]
    assert "'http://localhost:8000/cb'" in result.err and "  http://localhost:8000/cb" in result.hints


def test_a_client_that_is_unknown_is_named(kube, issuer, log):
    result = refuses(kube, log, "client_id", "--oidc-client-id=kubrenetes")
    assert "'kubrenetes'" in result.err
    assert "does not know the client" in result.err
    assert any("--oidc-client-id" in hint and "Client ID" in hint and issuer.url in hint for hint in result.hints)
    assert len(probed(issuer)) == 1


def test_a_refusal_starts_no_cool_down(kube, issuer, log):
    """No browser was opened: who mends the provider need not wait."""
    issuer.configure(**strict("http://localhost:9999"))
    refuses(kube, log, "redirect_uri")
    issuer.configure(**strict(FIRST))
    assert kube.get_token().status == 0


# Not conclusive

@pytest.mark.parametrize("fault", [
    {"status": 500}, {"status": 503}, {"status": 429}, {"status": 404}, {"status": 400, "body": "<h1>Something else</h1>"},
    {"status": 200, "body": "<h1 data-test-id=\"card-title\">Redirect URI Error</h1>"}, {"redirect": "https://elsewhere.example/"},
    {"redirect": FIRST + "evil?error=login_required"}, {"reset": "before_headers"}, {"close": "mid_body"},
    {"infinite_body": True}, {"infinite_headers": True}])
def test_an_answer_that_says_nothing_does_not_stop_the_login(kube, issuer, fault):
    issuer.fault("authorize", times=1, **fault)
    assert kube.get_token().status == 0
    assert len(probed(issuer)) >= 1 and set(probed(issuer)) == {FIRST}
    assert authorization(issuer)["redirect_uri"] == FIRST


def test_an_endpoint_that_does_not_answer_holds_the_login_up_for_one_time_limit(kube, issuer):
    issuer.fault("authorize", times=1, stall=True)
    assert kube.get_token("--http-timeout-sec=1").status == 0


@pytest.mark.parametrize("answer", ["code=thrown-away&state=x", "error=login_required", "error=interaction_required",
                                    "error=invalid_scope&error_description=x", ""])
def test_a_redirect_to_ours_is_an_acceptance_whatever_it_carries(kube, issuer, answer):
    issuer.fault("authorize", times=1, redirect=f"{FIRST}?{answer}" if answer else FIRST)
    assert kube.get_token().status == 0
    assert kube.run("login").status == 0
    assert probed(issuer) == [FIRST]


# Both fixed ports are taken, and the provider takes no other

def test_who_holds_the_ports_is_told_and_the_login_goes_on_when_one_is_freed(kube, issuer, log):
    issuer.configure(**strict(FIRST, SECOND))
    with holding(HELD[0]), holding(HELD[1]) as (second,):
        running = kube.start("get-token")
        for port in (8000, 18000):
            holder = running.read_line(rf"^warning: port {port}, .* is taken by (.*)$")[1]
            assert re.fullmatch(r"pid \d+ \(\S+\)", holder)
        running.read_line("^waiting for one of them to become free$")
        assert not log.exists()
        second.close()
        assert running.wait().status == 0
    assert authorization(issuer)["redirect_uri"] == SECOND


def test_the_wait_for_a_port_is_part_of_the_logins_time(kube, issuer, log):
    issuer.configure(**strict(FIRST, SECOND))
    with holding(*HELD):
        result = kube.get_token("--authentication-timeout-sec=2")
    assert result.code == "redirect_uri"
    assert re.search(r"does not take 'http://localhost:\d+', a random port, as redirect URI", result.err)
    assert [hint for hint in result.hints if hint.startswith("  http")] == [f"  {FIRST}", f"  {SECOND}"]
    assert any(re.match(r"port 8000 stayed taken by pid \d+ ", hint) for hint in result.hints)
    assert not log.exists()


def test_a_freed_port_that_the_provider_does_not_take_is_not_the_end(kube, issuer, log):
    issuer.configure(**strict(SECOND))
    with holding(HELD[0]) as (first,), holding(HELD[1]) as (second,):
        running = kube.start("get-token")
        running.read_line("^waiting for one of them to become free$")
        issuer.clear_log()
        first.close()
        issuer.wait_for("authorize")
        second.close()
        assert running.wait().status == 0
    assert probed(issuer) == [FIRST, SECOND]


def test_the_wait_for_a_port_can_be_interrupted(kube, issuer, log):
    issuer.configure(**strict(FIRST, SECOND))
    with holding(*HELD):
        running = kube.start("get-token")
        running.read_line("^waiting for one of them to become free$")
        running.signal(signal.SIGINT)
        assert running.wait().code == "interrupted"


# Which issuers are asked

def test_never_asks_nothing_and_leaves_the_person_with_the_providers_page(kube, issuer):
    issuer.configure(**strict("http://localhost:9999"))
    result = kube.get_token("--redirect-probe=never", "--authentication-timeout-sec=2")
    assert result.code == "callback_timeout"
    assert probed(issuer) == []
    assert any("Redirect URI Error" in hint and FIRST in hint for hint in result.hints)


def test_always_asks_an_issuer_that_is_not_known(kube, issuer):
    move(kube, issuer)
    assert kube.get_token("--redirect-probe=always").status == 0
    assert probed(issuer) == [FIRST]


@pytest.mark.parametrize(("path", "page", "code"), [
    ("/realms/kube", "<p>Invalid parameter: redirect_uri</p>", "redirect_uri"),
    ("/realms/kube", "<p class=\"instruction\">Client not found.</p>", "client_id"),
    ("/plain", "<pre>error: invalid_redirect_uri</pre>", "redirect_uri"),
    ("/plain", "<pre>error: invalid_client</pre>", "client_id")])
def test_other_providers_refuse_in_their_own_words(kube, issuer, log, path, page, code):
    """Keycloak and the certified oidc-provider, which sends the words of its error names."""
    move(kube, issuer, path)
    issuer.fault("authorize", times=-1, status=400, body=page, content_type="text/html")
    result = refuses(kube, log, code, "--redirect-probe=auto" if path == "/realms/kube" else "--redirect-probe=always")
    assert "Authentik" not in result.err
    assert any((FIRST if code == "redirect_uri" else "--oidc-client-id") in hint for hint in result.hints)


def test_a_keycloak_that_accepts_is_logged_in_at(kube, issuer):
    move(kube, issuer, "/realms/kube")
    issuer.configure(advertise_iss=True)
    assert kube.get_token().status == 0
    assert probed(issuer) == [FIRST]


def test_a_realms_answer_may_carry_its_issuer(kube, issuer):
    move(kube, issuer, "/realms/kube")
    issuer.fault("authorize", times=1, redirect=f"{FIRST}/?error=login_required&iss={quote(issuer.base_url)}")
    assert kube.get_token().status == 0
