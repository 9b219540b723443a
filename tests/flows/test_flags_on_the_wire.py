# SPDX-License-Identifier: Apache-2.0
"""What flags do to the requests that the issuer gets, to the browser and to the files."""

import base64
import json
import shutil

import pki
import pytest
from wire import authorization, endpoints, header, token_form

ids = pytest.mark.ids
NO_SCOPES = "--oidc-auto-scopes=false"


def log_in(kube, *flags, **environment):
    result = kube.get_token(*flags, **environment)
    assert result.status == 0, result.err
    return result


# Scopes

@ids("K7-7")
@pytest.mark.parametrize("flags",
                         [["--oidc-extra-scope=groups,email"], ["--oidc-extra-scope", "groups,email"],
                          ["--oidc-extra-scope=groups", "--oidc-extra-scope=email"],
                          ["--oidc-extra-scope=groups,openid,email"]])
def test_extra_scopes_keep_their_order_and_openid_is_last(kube, issuer, flags):
    log_in(kube, NO_SCOPES, *flags)
    assert authorization(issuer)["scope"] == "groups email openid"


@pytest.mark.parametrize(("flags", "scope"), [
    ([], "profile email offline_access openid"),
    (["--oidc-auto-scopes=true"], "profile email offline_access openid"), ([NO_SCOPES], "openid"),
    (["--oidc-extra-scope=email,groups"], "email groups profile offline_access openid")])
def test_automatic_scopes_are_those_that_the_issuer_offers(kube, issuer, flags, scope):
    log_in(kube, *flags)
    assert authorization(issuer)["scope"] == scope
    if scope == "openid":
        assert "refresh_token" not in kube.session


# Maps

@ids("K7-10")
@pytest.mark.parametrize(("flags", "expected"), [
    (["k=v"], {"k": "v"}), (["k=v,w"], {"k": "v,w"}), (["a=1,b=2"], {"a": "1", "b": "2"}),
    (["a=b=c"], {"a": "b=c"}), (['"k=v,w"'], {"k": "v,w"}), (['a=1,"b=2,3"'], {"a": "1", "b": "2,3"}),
    (["a=1", "b=2"], {"a": "1", "b": "2"}), (["a=1,b=2", "b=3"], {"a": "1", "b": "3"}), (["k="], {"k": ""}),
    (["prompt=login"], {"prompt": "login"})])
def test_extra_parameters_are_read_as_the_peer_reads_them(kube, issuer, flags, expected):
    log_in(kube, *(f"--oidc-auth-request-extra-params={text}" for text in flags))
    query = authorization(issuer)
    assert {name: query.get(name) for name in expected} == expected
    standard = {"access_type", "client_id", "code_challenge", "code_challenge_method", "nonce",
                "redirect_uri", "response_type", "scope", "state"}
    assert set(query) == standard | set(expected)


@ids("K7-71")
def test_a_request_header_goes_with_every_request_of_ours(kube, issuer):
    kube.flags += ["--oidc-request-header=X-Team=blue,green", "--oidc-request-header=X-Zone=a=b"]
    log_in(kube)
    kube.expire()
    log_in(kube)
    ours = [entry for entry in issuer.requests() if header(entry, "user-agent") != "latchkey-test-browser"]
    assert [entry["endpoint"] for entry in ours] == ["discovery", "authorize", "jwks", "token", "token"]
    assert {(header(entry, "x-team"), header(entry, "x-zone")) for entry in ours} == {("blue,green", "a=b")}


# PKCE

@ids("K7-11")
@pytest.mark.parametrize("flags", [["--oidc-use-pkce"], ["--oidc-use-pkce", "--oidc-pkce-method=no"],
                                   ["--oidc-pkce-method=no", "--oidc-use-pkce=true"]])
def test_the_old_pkce_flag_wins_and_says_that_it_is_old(kube, issuer, flags):
    result = log_in(kube, *flags)
    assert authorization(issuer)["code_challenge_method"] == "S256"
    assert len(token_form(issuer)["code_verifier"]) == 43
    assert result.err.count("--oidc-use-pkce is deprecated") == 1


@ids("K7-11")
def test_without_the_old_pkce_flag_the_method_no_means_no(kube, issuer):
    log_in(kube, "--oidc-pkce-method=no", "--oidc-use-pkce=false")
    assert "code_challenge" not in authorization(issuer)
    assert "code_verifier" not in token_form(issuer)


# Listening and redirecting

@ids("K7-8")
@pytest.mark.parametrize(("flags", "port"), [
    (["--listen-address=127.0.0.1:8123,127.0.0.1:8124"], 8123),
    (["--listen-address=127.0.0.1:8124", "--listen-address=127.0.0.1:8123"], 8124),
    (["--listen-address=0.0.0.0:8125"], 8125)])
def test_a_listen_address_replaces_the_default_and_then_appends(kube, issuer, flags, port):
    log_in(kube, *flags)
    assert authorization(issuer)["redirect_uri"] == f"http://localhost:{port}"


@ids("K7-8")
@pytest.mark.parametrize("value", ["", "127.0.0.1:0"])
def test_an_empty_listen_address_is_a_random_port(kube, issuer, value):
    log_in(kube, f"--listen-address={value}")
    port = int(authorization(issuer)["redirect_uri"].removeprefix("http://localhost:"))
    assert port not in (8000, 18000) and port > 1023


@ids("K7-16")
@pytest.mark.parametrize(("flags", "uri"), [
    (["--listen-port=8123"], "http://localhost:8123"),
    (["--listen-port=8124", "--listen-port=8123"], "http://localhost:8124"),
    (["--oidc-redirect-url-hostname=127.0.0.1"], "http://127.0.0.1:8000"),
    (["--oidc-redirect-url-authcode-keyboard=urn:ietf:wg:oauth:2.0:oob"], "http://localhost:8000"),
    (["--listen-port=8123", "--listen-address=127.0.0.1:8124"], "http://localhost:8124")])
def test_the_flags_that_the_peer_dropped_still_work(kube, issuer, flags, uri):
    result = log_in(kube, *flags)
    assert authorization(issuer)["redirect_uri"] == uri
    assert "is deprecated" in result.err


@ids("K7-19")
@pytest.mark.parametrize(("flag", "variables", "port", "ignored"), [
    ("--listen-port=8123", {"LATCHKEY_LISTEN_ADDRESS": "127.0.0.1:8124"}, 8123, False),
    ("--listen-address=127.0.0.1:8123", {"LATCHKEY_LISTEN_PORT": "8124"}, 8123, True),
    ("--v=0", {"LATCHKEY_LISTEN_PORT": "8124", "LATCHKEY_LISTEN_ADDRESS": "127.0.0.1:8123"}, 8123, True),
    ("--listen-port=8123", {"LATCHKEY_LISTEN_PORT": "8124"}, 8123, False)])
def test_a_port_that_is_a_flag_wins_over_an_address_that_is_a_variable(kube, issuer, flag, variables, port, ignored):
    kube.environment.update(variables)
    result = log_in(kube, flag)
    assert authorization(issuer)["redirect_uri"] == f"http://localhost:{port}"
    assert ("warning: --listen-port is ignored, because --listen-address is given\n" in result.err) == ignored


@pytest.mark.parametrize("host", ["a b", "::1", "localhost/x", "localhost:8000?", "user@localhost", ""])
def test_a_hostname_that_is_none_is_an_error(kube, issuer, host):
    result = kube.run("login", f"--oidc-redirect-url-hostname={host}")
    if host == "":
        assert result.status == 0 and authorization(issuer)["redirect_uri"] == "http://localhost:8000"
        return
    assert result.code == "config" and f"'{host}' is no host name" in result.err
    assert issuer.requests() == []


@ids("K7-7")
@pytest.mark.parametrize(("value", "scope"), [
    ("email profile", "email profile openid"), ("a,,b,", "a b openid"), ("openid email", "email openid")])
def test_scopes_are_single_words(kube, issuer, value, scope):
    log_in(kube, "--oidc-auto-scopes=false", f"--oidc-extra-scope={value}")
    assert authorization(issuer)["scope"] == scope


@pytest.mark.parametrize(("length", "works"), [(20000, True), (25000, False)])
def test_a_request_that_nobody_could_follow_is_refused_at_once(kube, issuer, tmp_path, length, works):
    log = tmp_path / "log"
    result = kube.run("login", f"--oidc-auth-request-extra-params=a={'x' * length}", FAKE_BROWSER_LOG=str(log))
    assert (result.status == 0) == works == log.exists()
    assert works or (result.code == "config" and result.hints)


@ids("K7-46")
def test_a_redirect_url_is_sent_as_it_is_written(kube, issuer):
    log_in(kube, "--oidc-redirect-url=http://127.0.0.1:8000/callback")
    assert authorization(issuer)["redirect_uri"] == "http://127.0.0.1:8000/callback"
    assert token_form(issuer)["redirect_uri"] == "http://127.0.0.1:8000/callback"


@pytest.mark.parametrize(("probe", "asked"), [("never", 0), ("auto", 1), ("always", 1)])
def test_the_probe_is_sent_as_the_user_says(kube, issuer, probe, asked):
    log_in(kube, f"--redirect-probe={probe}")
    assert endpoints(issuer).count("authorize") == asked


# The token

def test_the_access_token_is_handed_out_on_request(kube, issuer):
    result = log_in(kube, "--oidc-use-access-token")
    assert result.claims["uid"] and result.claims["azp"] == "kubernetes"
    assert kube.session["token_kind"] == "access_token"


@ids("K7-66")
def test_another_audience_is_taken_when_it_is_trusted(kube, issuer):
    issuer.mutate_id_token(claims={"aud": ["kubernetes", "one", "two"]})
    assert kube.get_token("--oidc-trusted-audience=one").code == "idtoken_aud"
    for flags in (["--oidc-trusted-audience=one,two"],
                  ["--oidc-trusted-audience=two", "--oidc-trusted-audience=one"]):
        assert kube.run("login", *flags).status == 0


# The browser

def test_a_browser_command_is_given_the_url_and_its_own_arguments(kube, issuer, tmp_path):
    log = tmp_path / "starts"
    log_in(kube, f"--browser-command={kube.environment['BROWSER']} --user=bob", BROWSER="/bin/false",
           FAKE_BROWSER_LOG=str(log))
    started = json.loads(log.read_text())
    assert started["argv"][1] == "--user=bob" and started["argv"][2].startswith("http://localhost:8000/")
    assert kube.session["username"] == "bob@example.com"


def test_the_page_goes_on_to_the_url_that_the_user_named(kube, issuer):
    log_in(kube, "--open-url-after-authentication=https://example.com/welcome")
    assert "URL=https://example.com/welcome" in kube.read_page()


def test_without_a_browser_the_url_is_printed_and_the_login_waits(kube, issuer):
    running = kube.start("get-token", "--skip-open-browser", BROWSER="/bin/false")
    url = running.read_line(r"^Please visit the following URL in your browser: (\S+)$")[1]
    from issuer.browse import Browser
    Browser().open(url)
    assert running.wait().claims["email"] == "alice@example.com"


# Certificates

@ids("K7-9")
def test_a_certificate_file_may_have_a_comma_in_its_path_and_there_may_be_several(kube, issuer, tmp_path):
    own = tmp_path / "a,b=c d.pem"
    shutil.copy(issuer.ca_file, own)
    other = pki.Authority(tmp_path).file
    kube.flags = [flag for flag in kube.flags if not flag.startswith("--certificate")]
    log_in(kube, f"--certificate-authority={other}", f"--certificate-authority={own}")


@ids("K7-73")
def test_a_certificate_may_be_given_as_data(kube, issuer):
    with open(issuer.ca_file, "rb") as file:
        data = base64.b64encode(file.read()).decode()
    kube.flags = [flag for flag in kube.flags if not flag.startswith("--certificate")]
    log_in(kube, f"--certificate-authority-data={data}")


def test_skipping_verification_works_and_warns_each_time(kube, issuer):
    kube.flags = [flag for flag in kube.flags if not flag.startswith("--certificate")]
    for _ in range(2):
        result = log_in(kube, "--insecure-skip-tls-verify")
        assert result.err.count("warning: --insecure-skip-tls-verify: ") == 1


@pytest.mark.parametrize("flag", ["--tls-renegotiation-once", "--tls-renegotiation-freely"])
def test_renegotiation_is_accepted(kube, issuer, flag):
    log_in(kube, flag)


def test_the_time_limit_of_a_request_can_be_chosen(kube, issuer):
    issuer.fault("discovery", stall="before_headers", times=-1)
    result = kube.get_token("--http-timeout-sec=1")
    assert result.code == "timeout"


# Files

@ids("K7-17")
@pytest.mark.parametrize("flag",
                         ["token-cache-dir", "certificate-authority", "local-server-cert",
                          "local-server-key"])
def test_a_tilde_is_the_home_directory(kube, issuer, flag):
    kept = [word for word in kube.flags if not word.startswith(f"--{flag}=")]
    shutil.copy(issuer.ca_file, kube.home / "file")
    if flag == "token-cache-dir":
        kube.flags = [*kept, "--token-cache-dir=~/deep/cache"]
        log_in(kube)
        assert len(list((kube.home / "deep/cache").glob("*.json"))) == 1
    elif flag == "certificate-authority":
        kube.flags = [*kept, "--certificate-authority=~/file"]
        log_in(kube)
    else:
        result = kube.get_token("--local-server-cert=~/file", "--local-server-key=~/file", f"--{flag}=~/nothing")
        assert result.code == "config"
        assert f"cannot use --{flag}: cannot open '{kube.home}/nothing'" in result.err


@ids("K7-17")
def test_a_tilde_alone_and_another_users_are_told_apart(kube, issuer):
    kept = [word for word in kube.flags if not word.startswith("--certificate")]
    for path, shown in (("~", f"'{kube.home}'"), ("~nobody/ca.pem", "'~nobody/ca.pem'"), ("x~", "'x~'")):
        kube.flags = [*kept, f"--certificate-authority={path}"]
        result = kube.get_token()
        assert result.code == "config" and shown in result.err, result.err


@ids("K7-18")
@pytest.mark.parametrize(("environment", "flags", "place"), [
    ({}, [], "home/.kube/cache/latchkey"), ({"KUBECACHEDIR": "kube"}, [], "kube/latchkey"),
    ({"KUBECACHEDIR": ""}, [], "home/.kube/cache/latchkey"),
    ({"KUBECACHEDIR": "kube"}, ["--token-cache-dir=flag"], "flag")])
def test_the_cache_lies_where_kubectls_does(kube, issuer, tmp_path, environment, flags, place):
    kube.flags = [word for word in kube.flags if not word.startswith("--token-cache-dir")]
    environment = {name: str(tmp_path / value) if value else "" for name, value in environment.items()}
    log_in(kube, *(flag.replace("=", f"={tmp_path}/") for flag in flags), **environment)
    assert len(list((tmp_path / place).glob("*.json"))) == 1
    assert len(list(tmp_path.rglob("localhost-*.json"))) == 1


@ids("K7-37")
def test_without_a_storage_nothing_is_written_or_read(kube, issuer):
    log_in(kube)
    before = sorted(kube.cache.iterdir())
    kube.flags = [word for word in kube.flags if not word.startswith("--token-cache-dir")]
    log_in(kube, "--token-cache-storage=none")
    log_in(kube, "--token-cache-storage=none", HOME="/proc/nothing")
    assert endpoints(issuer) == ["discovery", "authorize", "jwks", "token"] * 3
    assert sorted(kube.cache.iterdir()) == before and list(kube.home.rglob("*")) == []
