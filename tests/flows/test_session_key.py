# SPDX-License-Identifier: Apache-2.0
"""What makes two logins the same: which options share a session and which never do."""

import json
import random
import shutil

import pki
import pytest
from rested import NO_BROWSER, cache_of_a_login, log_in, refresh
from wire import endpoints

ids = pytest.mark.ids
BASE = ["--oidc-extra-scope=groups", "--oidc-extra-scope=roles", "--oidc-auth-request-extra-params=a=1,b=2",
        "--oidc-request-header=X-A=1", "--oidc-request-header=X-B=2"]


@pytest.fixture(scope="module")
def template(shared_issuer, tmp_path_factory):
    return cache_of_a_login(shared_issuer, tmp_path_factory.mktemp("template"), *BASE)


@pytest.fixture
def stored(kube, issuer, template):
    """A session of BASE at rest, and an issuer that has no metadata: a miss shows as an error."""
    shutil.copytree(template, kube.cache)
    issuer.fault("discovery", status=404, times=-1)
    issuer.clear_log()
    return kube


def hits(kube, *flags, **environment):
    """Whether these flags find the session; with none of the usual ones given twice."""
    result = kube.get_token(*flags, **NO_BROWSER, **environment)
    assert result.status == 0 or result.code == "discovery_http", result.err
    return result.status == 0


def replace(kube, name, value):
    kube.flags = [f"--{name}={value}" if flag.startswith(f"--{name}=") else flag for flag in kube.flags]


# What makes another session

DIFFERENT = [
    ("another scope", [*BASE, "--oidc-extra-scope=more"]), ("a scope less", [BASE[0], *BASE[2:]]),
    ("no scopes", BASE[2:]), ("another parameter", [*BASE, "--oidc-auth-request-extra-params=c=3"]),
    ("a parameter less", [*BASE[:2], *BASE[3:]]),
    ("a parameter's value", [*BASE, "--oidc-auth-request-extra-params=b=3"]),
    ("parameters swapped", [*BASE[:2], "--oidc-auth-request-extra-params=a=2,b=1", *BASE[3:]]),
    ("parameters joined", [*BASE[:2], "--oidc-auth-request-extra-params=a=1b=2", *BASE[3:]]),
    ("the access token", [*BASE, "--oidc-use-access-token"]),
    ("another header", [*BASE, "--oidc-request-header=X-C=3"]), ("a header less", BASE[:4]),
    ("a header's value", [*BASE, "--oidc-request-header=X-A=3"]),
    ("without verification", [*BASE, "--insecure-skip-tls-verify"])]


@ids("K7-34", "REF-09")
@pytest.mark.parametrize("flags", [row[1] for row in DIFFERENT], ids=[row[0] for row in DIFFERENT])
def test_what_changes_the_token_is_another_session(stored, flags):
    before = stored.session_file.read_bytes()
    assert hits(stored, *BASE)
    assert not hits(stored, *flags)
    assert stored.session_file.read_bytes() == before


@ids("K7-34", "REF-09")
@pytest.mark.parametrize(("name", "change"), [
    ("oidc-client-id", lambda text: text + "2"), ("oidc-client-id", str.upper),
    ("oidc-issuer-url", lambda text: text.rstrip("/")),
    ("oidc-issuer-url", lambda text: text.replace("/kubernetes/", "/other/")),
    ("oidc-issuer-url", lambda text: text.replace("localhost", "127.0.0.1"))])
def test_another_issuer_or_client_is_another_session(stored, issuer, name, change):
    replace(stored, name, change(issuer.url if name == "oidc-issuer-url" else "kubernetes"))
    assert not hits(stored, *BASE)


# What does not

SAME = [
    ("the secret", ["--oidc-client-secret=x"]),
    ("the redirect URL", ["--oidc-redirect-url=http://localhost:8000/callback"]),
    ("addresses", ["--listen-address=127.0.0.1:9999"]), ("ports", ["--listen-port=9999"]),
    ("no browser", ["--skip-open-browser"]), ("the browser", ["--browser-command=/bin/true"]),
    ("the grant", ["--grant-type=authcode"]), ("a code on the keyboard", ["--grant-type=authcode-keyboard"]),
    ("a device code", ["--grant-type=device-code"]), ("patience", ["--authentication-timeout-sec=1"]),
    ("the limit", ["--http-timeout-sec=1"]),
    ("a page", ["--open-url-after-authentication=https://example.com/"]),
    ("PKCE", ["--oidc-pkce-method=S256"]), ("no PKCE", ["--oidc-pkce-method=no"]),
    ("automatic scopes", ["--oidc-auto-scopes=false"]), ("the probe", ["--redirect-probe=never"]),
    ("renegotiation", ["--tls-renegotiation-freely"]), ("a scope twice", ["--oidc-extra-scope=groups"]),
    ("audiences", ["--oidc-trusted-audience=other"]), ("verbosity", ["-v2"])]


@ids("K7-36")
@pytest.mark.parametrize("flags", [row[1] for row in SAME], ids=[row[0] for row in SAME])
def test_what_does_not_change_the_token_finds_the_session(stored, flags):
    assert hits(stored, *BASE, *flags)


@ids("K7-36")
def test_certificates_and_the_cluster_do_not_make_another_session(stored, issuer, tmp_path):
    stored.flags = [flag for flag in stored.flags if not flag.startswith("--certificate")]
    cluster = {"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1",
               "spec": {"interactive": True, "cluster": {"server": "https://other:6443"}}}
    assert hits(stored, *BASE, f"--certificate-authority={pki.Authority(tmp_path).file}",
                KUBERNETES_EXEC_INFO=json.dumps(cluster))


@ids("K7-36")
def test_variables_and_flags_find_the_same_session(stored, issuer):
    environment = {"LATCHKEY_OIDC_ISSUER_URL": issuer.url, "LATCHKEY_OIDC_CLIENT_ID": "kubernetes",
                   "LATCHKEY_TOKEN_CACHE_DIR": str(stored.cache), "LATCHKEY_OIDC_EXTRA_SCOPE": "groups,roles",
                   "LATCHKEY_OIDC_AUTH_REQUEST_EXTRA_PARAMS": "a=1,b=2",
                   "LATCHKEY_OIDC_REQUEST_HEADER": "X-A=1,X-B=2"}
    assert stored.bare("get-token", **environment).status == 0


@ids("K7-35")
def test_a_hundred_orders_of_the_same_options_are_one_session(stored):
    shuffler = random.Random(35)
    scopes, parameters, headers = ["groups", "roles"], ["a=1", "b=2"], ["X-A=1", "X-B=2"]
    for _ in range(100):
        flags = [f"--oidc-extra-scope={text}" for text in scopes]
        flags += [f"--oidc-auth-request-extra-params={text}" for text in parameters]
        flags += [f"--oidc-request-header={text}" for text in headers]
        shuffler.shuffle(flags)
        assert hits(stored, *flags)
    assert len(list(stored.cache.glob("*.json"))) == 1


@ids("K7-35")
def test_many_options_in_any_order_have_one_file_name(stored):
    shuffler = random.Random(36)
    parameters = [f"p{number}={number}" for number in range(20)]
    names = set()
    for _ in range(30):
        shuffler.shuffle(parameters)
        result = stored.get_token(*(f"--oidc-auth-request-extra-params={text}" for text in parameters),
                                  **NO_BROWSER)
        assert result.code == "discovery_http"
        names |= {path.name for path in stored.cache.glob("*.lock")}
    assert len(names) == 2  # that of BASE and this one


# What is in the file decides, not its name

MEMBERS = ["issuer", "client_id", "scopes", "grant", "user", "extra", "audience", "token_kind", "headers",
           "tls_verified"]


@ids("REF-09")
@pytest.mark.parametrize("member", [*MEMBERS, "another"])
def test_a_file_whose_key_differs_in_one_member_is_not_used(stored, member):
    stored.edit_session(key={**stored.session["key"], member: "other"})
    before = stored.session_file.read_bytes()
    assert not hits(stored, *BASE)
    assert stored.session_file.read_bytes() == before


@ids("REF-09")
@pytest.mark.parametrize("member", MEMBERS)
def test_a_file_whose_key_lacks_a_member_is_not_used(stored, member):
    stored.edit_session(key={name: value for name, value in stored.session["key"].items() if name != member})
    assert not hits(stored, *BASE)


def test_the_key_holds_no_secret(stored):
    text = json.dumps(stored.session["key"])
    assert "X-A" not in text and len(stored.session["key"]["headers"]) == 64


# What was learned without verification

def test_what_was_learned_without_verification_is_not_believed_by_a_run_that_verifies(kube, issuer):
    log_in(kube, issuer)
    for path in kube.cache.glob("*.provider"):
        path.unlink()
    assert kube.get_token("--insecure-skip-tls-verify").status == 0
    assert len(list(kube.cache.glob("*.json"))) == 2
    assert [path.suffix for path in kube.cache.glob("*provider")] == [".unverified-provider"]
    issuer.clear_log()
    refresh(kube)
    assert endpoints(issuer) == ["discovery", "token", "jwks"]
