# SPDX-License-Identifier: Apache-2.0
"""A callback by https, with a certificate of the user's own."""

import ssl

import pytest
from pki import Authority
from waiting import Waiting
from wire import authorization, token_form

ids = pytest.mark.ids


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def pair(authority):
    """Certificate and key of the local server."""
    return authority.server("callback")


@pytest.fixture
def https(kube, issuer, pair):
    """The program with the flags of an https callback, at an issuer that takes https redirect URIs."""
    issuer.configure(redirect_uris=[{"mode": "regex", "url": r"https://localhost:[0-9]{1,5}"}])
    kube.flags += [f"--local-server-cert={pair[0]}", f"--local-server-key={pair[1]}"]
    return kube


@pytest.fixture
def trust(authority):
    return ssl.create_default_context(cafile=authority.file)


@ids("K7-47")
def test_the_callback_comes_by_https(https, issuer, trust):
    waiting = Waiting(https, tls=trust)
    assert waiting.visit.startswith("https://localhost:8000/")
    assert waiting.request["redirect_uri"] == "https://localhost:8000"
    assert waiting.finish().claims["preferred_username"] == "alice"
    assert "<h1>Authenticated</h1>" in waiting.page.text
    assert token_form(issuer)["redirect_uri"] == authorization(issuer)["redirect_uri"] == "https://localhost:8000"


def test_a_browser_follows_it_by_itself(https, issuer):
    assert https.get_token().status == 0


@ids("CB-06")
def test_hosts_and_methods_are_judged_behind_tls_as_well(https, trust):
    waiting = Waiting(https, tls=trust)
    for host, method, status in (("evil:8000", "GET", 421), ("localhost:8001", "GET", 421), ("localhost", "GET", 421),
                                 (None, "POST", 405), (None, "HEAD", 405), (None, "GET", 404)):
        assert waiting.ask("/", host=host, method=method).status == status
    assert waiting.ask("/?code=x&state=y").status == 400
    assert waiting.finish().status == 0


def test_plain_http_to_the_https_port_does_no_harm(https, trust):
    waiting = Waiting(https, tls=trust)
    waiting.tls = None
    assert b"HTTP/1.1 2" not in waiting.send(b"GET / HTTP/1.1\r\nHost: localhost:8000\r\n\r\n").data[:10]
    waiting.tls = trust
    assert waiting.finish().status == 0


@ids("K7-47")
@pytest.mark.parametrize("missing", ["cert", "key"])
def test_a_certificate_without_its_key_is_refused_before_anything_is_sent(https, issuer, missing):
    https.flags = [flag for flag in https.flags if not flag.startswith(f"--local-server-{missing}=")]
    result = https.get_token()
    assert result.code == "config"
    assert "--local-server-cert and --local-server-key must be given together" in result.err
    assert issuer.requests() == []


def no_file(tmp_path, pair):
    return tmp_path / "nowhere.crt", pair[1]


def no_pem(tmp_path, pair):
    path = tmp_path / "text.crt"
    path.write_text("not a certificate\n")
    return path, pair[1]


def foreign_key(tmp_path, pair):
    return pair[0], Authority(tmp_path).server("other")[1]


@pytest.mark.parametrize("choose", [no_file, no_pem, foreign_key])
def test_a_certificate_that_cannot_be_used_is_an_error_before_a_browser_opens(https, issuer, pair, tmp_path, choose):
    certificate, key = choose(tmp_path, pair)
    log = tmp_path / "log"
    result = https.get_token(f"--local-server-cert={certificate}", f"--local-server-key={key}",
                             FAKE_BROWSER_LOG=str(log))
    assert result.code == "config"
    named = f"cannot use --local-server-cert: cannot open '{certificate}'"
    assert named in result.err if choose is no_file else any("belong together" in hint for hint in result.hints)
    assert choose is no_file or "cannot use --local-server-cert with --local-server-key: " in result.err
    assert not log.exists()
