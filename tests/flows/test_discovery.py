# SPDX-License-Identifier: Apache-2.0
"""The issuer's metadata: where it is asked for, what is believed of it, and how long it is kept."""

import base64
import json
import ssl
import time
from urllib.request import urlopen

import pytest
from issuer.client import Issuer
from wire import authorization, endpoints, token_form

ids = pytest.mark.ids
WELL_KNOWN = ".well-known/openid-configuration"
ENDPOINTS = ["authorization_endpoint", "token_endpoint", "jwks_uri", "device_authorization_endpoint",
             "userinfo_endpoint", "revocation_endpoint"]


def set_issuer(kube, url):
    kube.flags[0] = f"--oidc-issuer-url={url}"


def refused(kube, issuer, code, requests=("discovery",), **environment):
    """A login that ends with CODE after REQUESTS: no browser, nothing stored."""
    result = kube.get_token(**environment)
    assert result.code == code, result.err
    assert [entry["endpoint"] for entry in issuer.requests()] == list(requests)
    assert list(kube.cache.glob("*.json")) == [] and list(kube.cache.glob("*.provider")) == []
    return result


# The issuer's URL

@ids("DISC-01")
@pytest.mark.parametrize("url",
                         ["http://sso.example.com/", "http://127.0.0.2/", "http://localhost.example.com/",
                          "https://x?a", "https://x/?a", "https://x#a", "https://u:p@x", "https://u@x/",
                          "ftp://x", "file:///x", "x", "//x/", "https://", "https:///x", "https://x:0/",
                          "https://x:65536/", "https://x y/", "https://x/\u00e4", "https://x/%zz",
                          "https://[::1/"])
def test_an_issuer_that_cannot_be_one_is_refused_before_anything_is_asked(program, url):
    result = program.bare("get-token", f"--oidc-issuer-url={url}", "--oidc-client-id=x")
    assert result.code == "config"
    assert len(result.hints) == 1
    assert "u:p" not in result.err and not (program.home / ".kube").exists()


@ids("DISC-01")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_plain_http_works_on_loopback(program, tmp_path, host):
    with Issuer(tmp_path, tls=False, host=host) as plain:
        program.flags = [f"--oidc-issuer-url={plain.url}", "--oidc-client-id=kubernetes"]
        assert plain.url.startswith(f"http://{host}:")
        assert program.get_token().status == 0


@ids("DISC-02", "K7-65")
def test_metadata_is_asked_for_under_the_issuer_without_a_second_slash(kube, issuer):
    assert kube.get_token().status == 0
    assert issuer.requests("discovery")[0]["path"] == f"/application/o/kubernetes/{WELL_KNOWN}"


@ids("DISC-02", "K7-65")
@pytest.mark.parametrize(("ending", "path"),
                         [("", f"/application/o/kubernetes/{WELL_KNOWN}"),
                          ("//", f"/application/o/kubernetes//{WELL_KNOWN}")])
def test_exactly_one_slash_at_the_end_is_taken_off(kube, issuer, ending, path):
    set_issuer(kube, issuer.url.rstrip("/") + ending)
    assert kube.get_token().status == 1
    assert [entry["path"] for entry in issuer.requests()] == [path]


# The issuer in the document

@ids("DISC-03", "K7-65")
def test_a_missing_slash_is_answered_with_the_issuer_to_configure(kube, issuer):
    set_issuer(kube, issuer.url.rstrip("/"))
    result = refused(kube, issuer, "discovery_issuer")
    assert f"'{issuer.url}', not '{issuer.url.rstrip('/')}'" in result.err
    assert result.hints[0] == f"use --oidc-issuer-url={issuer.url}"


@ids("DISC-03", "K7-65")
@pytest.mark.parametrize("change", [
    lambda url: url + "INVALID", lambda url: url.rstrip("/"), lambda url: url + "/",
    lambda url: url.replace("localhost", "LOCALHOST"), lambda url: url.replace("https", "http"),
    lambda url: url.replace("https", "HTTPS"), lambda url: url + " ", lambda url: url.replace("/o/", "/%6f/"),
    lambda url: "", lambda url: None, lambda url: 1, lambda url: [url], lambda url: {"a": url},
    lambda url: "\u001b[31m"],
    ids=["suffix", "no-slash", "two-slashes", "host-case", "scheme", "scheme-case", "space", "escape",
         "empty", "missing", "number", "list", "object", "terminal"])
def test_an_issuer_that_differs_by_a_byte_is_refused(kube, issuer, change):
    issuer.configure(discovery_patch={"issuer": change(issuer.url)})
    result = refused(kube, issuer, "discovery_issuer")
    assert f"'{issuer.url}'" in result.err and "\x1b" not in result.err


# The answer

@ids("DISC-04")
@pytest.mark.parametrize(("fault", "code"), [
    ({"status": 204}, "discovery_http"), ({"status": 201}, "discovery_http"),
    ({"status": 401}, "discovery_http"), ({"status": 404}, "discovery_http"), ({"status": 500}, "server"),
    ({"status": 503}, "server"), ({"status": 429}, "server"),
    ({"redirect": {"location": "/x", "status": 301}}, "redirect"),
    ({"redirect": "https://elsewhere.example.com/"}, "redirect"),
    ({"redirect": {"location": "/x", "status": 308}}, "redirect"),
    ({"body": "<!doctype html><title>log in</title>", "content_type": "text/html"}, "discovery_json"),
    ({"body": "[]"}, "discovery_json"), ({"body": '"x"'}, "discovery_json"), ({"body": ""}, "discovery_json"),
    ({"body": "{"}, "discovery_json"), ({"body": "null"}, "discovery_json"),
    ({"body": '{"issuer":"a","issuer":"b"}'}, "discovery_json"), ({"body": '\ufeff{}'}, "discovery_json"),
    ({"gzip": True}, "unsupported"), ({"close": "mid_body"}, "network"),
    ({"size": 256 * 1024 + 1}, "too_large"), ({"infinite_body": True}, "too_large")])
def test_only_a_json_object_with_status_200_is_metadata(kube, issuer, fault, code):
    issuer.fault("discovery", times=-1, **fault)
    result = refused(kube, issuer, code)
    assert result.hints or code in ("unsupported", "network", "too_large"), result.err


@ids("DISC-04")
@pytest.mark.parametrize(("patch", "code"), [({"scopes_supported": "openid"}, "discovery_json"),
                                             ({"issuer": None}, "discovery_issuer"),
                                             ({"require_pushed_authorization_requests": True}, "unsupported")])
def test_metadata_that_cannot_be_used_is_not_taken_for_a_web_page(kube, issuer, patch, code):
    issuer.configure(discovery_patch=patch)
    (hint,) = refused(kube, issuer, code).hints
    assert "web page" not in hint


@ids("DISC-04")
def test_a_wrong_content_type_is_a_warning(kube, issuer):
    issuer.fault("discovery", content_type="text/plain", times=-1)
    issuer.fault("jwks", content_type="text/plain", times=-1)
    result = kube.get_token()
    assert result.status == 0
    warnings = [line for line in result.err.splitlines() if line.startswith("warning: ")]
    assert warnings == ["warning: the discovery document came as 'text/plain', not as 'application/json'"]


@ids("DISC-04", "T-15")
@pytest.mark.parametrize(("endpoint", "path", "code"), [
    ("discovery", WELL_KNOWN, "discovery_json"), ("jwks", "jwks/", "jwks_json")])
def test_what_follows_a_nul_byte_is_a_part_of_the_document(kube, issuer, endpoint, path, code):
    with urlopen(issuer.url + path, context=ssl.create_default_context(cafile=issuer.ca_file)) as answer:
        spoilt = answer.read() + b"\0{}"
    issuer.fault(endpoint, body_base64=base64.b64encode(spoilt).decode(), times=-1)
    result = kube.get_token()
    assert result.code == code, result.err


@ids("DISC-10")
def test_there_is_no_second_place_to_look(kube, issuer):
    issuer.fault("discovery", status=404, times=1)
    refused(kube, issuer, "discovery_http")


# Endpoints

BAD_URLS = ["http://sso.example.com/x", "file:///etc/passwd", "javascript:alert(1)", "//sso.example.com/x",
            "/application/o/x/", "x", "https://x/\ny",
            "https://x/#f", "https://u:p@x/", "https://x/" + "y" * 2048, "-x", ["https://x/"], 1]


@ids("DISC-05", "T-11")
@pytest.mark.parametrize("name", ENDPOINTS)
def test_an_endpoint_that_is_no_https_url_is_refused(kube, issuer, name):
    for url in BAD_URLS:
        issuer.configure(discovery_patch={name: url})
        issuer.clear_log()
        result = refused(kube, issuer, "endpoint_url")
        assert name in result.err.splitlines()[0]


@ids("DISC-05")
@pytest.mark.parametrize("name", ENDPOINTS[:3])
@pytest.mark.parametrize("patch", [{}, {"body": None}], ids=["missing", "null"])
def test_an_endpoint_that_a_login_needs_must_be_there(kube, issuer, name, patch):
    if patch:
        document = {"issuer": issuer.url, **dict.fromkeys(ENDPOINTS[:3], issuer.url), name: None}
        issuer.fault("discovery", json=document, times=-1)
    else:
        issuer.configure(discovery_patch={name: None})
    refused(kube, issuer, "endpoint_url")


@pytest.mark.parametrize("name", ENDPOINTS[3:])
def test_an_endpoint_that_a_login_does_not_need_may_be_missing(kube, issuer, name):
    issuer.configure(discovery_patch={name: None})
    assert kube.get_token().status == 0


@ids("DISC-06")
@pytest.mark.parametrize(("variant", "good"),
                         [("good", True), ("wrong_host", False), ("other_ca", False), ("expired", False)])
def test_another_host_is_trusted_by_its_certificate_alone(kube, issuer, tmp_path, variant, good):
    with Issuer(tmp_path, host="127.0.0.1", tls_variant=variant) as other:
        issuer.configure(discovery_patch={"jwks_uri": f"{other.base_url}/application/o/kubernetes/jwks/"})
        result = kube.get_token()
        assert endpoints(issuer) == ["discovery", "authorize", "token"]
        if good:
            assert result.status == 0 and [entry["endpoint"] for entry in other.requests()] == ["jwks"]
        else:
            assert result.code == "tls" and other.requests() == []
            assert list(kube.cache.glob("*.json")) == []


@ids("DISC-06")
@pytest.mark.parametrize("endpoint", ["jwks", "token"])
def test_no_endpoint_may_redirect(kube, issuer, endpoint):
    issuer.fault(endpoint,
                 redirect={"location": f"{issuer.base_url}/application/o/kubernetes/jwks/", "status": 307},
                 times=-1)
    assert kube.get_token().code == "redirect"


@ids("DISC-07")
def test_unknown_members_and_other_orders_do_no_harm(kube, issuer):
    issuer.configure(discovery_patch={"response_types_supported": ["id_token code", "code"],
                                      "x-new": {"a": [1, None]}, "mtls_endpoint_aliases": 1,
                                      "scopes_supported": ["offline_access", "openid", "openid", "x y"],
                                      "acr_values_supported": None})
    assert kube.get_token().status == 0


# PKCE

@ids("DISC-08")
@pytest.mark.parametrize(("methods", "flags", "sent"), [
    (["plain", "S256"], [], "S256"), (None, [], "S256"), (["S256"], [], "S256"),
    (["plain"], ["--oidc-pkce-method=S256"], "S256"), (["plain"], ["--oidc-pkce-method=no"], None)])
def test_the_challenge_is_s256_or_none_and_never_plain(kube, issuer, methods, flags, sent):
    issuer.configure(discovery_patch={"code_challenge_methods_supported": methods})
    assert kube.get_token(*flags).status == 0
    assert authorization(issuer).get("code_challenge_method") == sent
    assert ("code_verifier" in token_form(issuer)) == (sent is not None)


@ids("DISC-08")
@pytest.mark.parametrize("methods", [["plain"], [], ["s256"]])
def test_an_issuer_without_s256_is_refused_unless_the_user_says_otherwise(kube, issuer, methods):
    issuer.configure(discovery_patch={"code_challenge_methods_supported": methods})
    assert "--oidc-pkce-method=no" in refused(kube, issuer, "pkce").hints[0]


# Metadata at rest

def edit_provider(kube, change):
    """Changes the record of the issuer as if it had been written so."""
    (path,) = kube.cache.glob("*.provider")
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


def move_endpoint(kube, old, new):
    edit_provider(kube, lambda record: record.update(metadata=record["metadata"].replace(old, new)))


def expect_refresh(kube, issuer, requests):
    kube.expire()
    issuer.clear_log()
    result = kube.get_token(BROWSER="/bin/false")
    assert result.status == 0, result.err
    assert [entry["endpoint"] for entry in issuer.requests()] == requests


@ids("DISC-09", "K7-27")
@pytest.mark.parametrize(("member", "age", "requests"), [
    ("metadata_at", 23 * 3600, ["token"]), ("metadata_at", 25 * 3600, ["discovery", "token"]),
    ("metadata_at", -3600, ["discovery", "token"]), ("jwks_at", 23 * 3600, ["token"]),
    ("jwks_at", 25 * 3600, ["token", "jwks"])])
def test_metadata_and_keys_are_kept_for_a_day(kube, issuer, member, age, requests):
    kube.get_token()
    edit_provider(kube, lambda record: record.update({member: int(time.time()) - age}))
    expect_refresh(kube, issuer, requests)
    expect_refresh(kube, issuer, ["token"])


@ids("DISC-09")
@pytest.mark.parametrize(("old", "first"),
                         [("/application/o/old-token/", "other"), ("/application/o/kubernetes/", "other")])
def test_a_token_endpoint_that_has_moved_is_found_by_one_discovery(kube, issuer, old, first):
    kube.get_token()
    move_endpoint(kube, "/application/o/token/", old)
    expect_refresh(kube, issuer, [first, "discovery", "token"])
    expect_refresh(kube, issuer, ["token"])


@ids("DISC-09")
def test_a_key_set_that_has_moved_is_found_by_one_discovery(kube, issuer):
    kube.get_token()
    move_endpoint(kube, "/application/o/kubernetes/jwks/", "/application/o/old-jwks/")
    edit_provider(kube, lambda record: record.update(jwks_at=int(time.time()) - 25 * 3600))
    expect_refresh(kube, issuer, ["token", "other", "discovery", "jwks"])
    expect_refresh(kube, issuer, ["token"])


@ids("DISC-09")
@pytest.mark.parametrize("status", [404, 410, 302, 307, 502])
def test_a_token_endpoint_that_fails_but_has_not_moved_costs_one_discovery(kube, issuer, status):
    kube.get_token()
    kube.expire()
    issuer.clear_log()
    before = kube.session_file.read_bytes()
    fault = {"redirect": {"location": "https://x/", "status": status}} if status < 400 else {"status": status}
    issuer.fault("token", times=-1, **fault)
    assert kube.get_token(BROWSER="/bin/false").status == 1
    assert [entry["endpoint"] for entry in issuer.requests()] == ["token", "discovery"]
    assert kube.session_file.read_bytes() == before


@ids("DISC-09")
def test_a_host_that_is_gone_costs_one_discovery(kube, issuer):
    kube.get_token()
    move_endpoint(kube, f"{issuer.base_url}/application/o/token/", "https://localhost:1/")
    expect_refresh(kube, issuer, ["discovery", "token"])


@ids("DISC-09", "REF-09")
def test_a_record_of_another_issuer_is_not_believed(kube, issuer):
    kube.get_token()
    edit_provider(kube, lambda record: record.update(issuer="https://evil.example.com/"))
    expect_refresh(kube, issuer, ["discovery", "token", "jwks"])


def test_a_login_asks_anew_and_at_most_four_times(kube, issuer):
    kube.get_token()
    assert endpoints(issuer) == ["discovery", "authorize", "jwks", "token"]
    issuer.clear_log()
    assert kube.run("login").status == 0
    assert endpoints(issuer) == ["discovery", "jwks", "token"]
