# SPDX-License-Identifier: Apache-2.0
"""The claims of an ID token: what a login accepts and refuses. Rows with a module's name do what that module does."""

import pytest
from forge import Forger, half_digest
from refusal import refused, store_old_session
from waiting import Waiting

ids = pytest.mark.ids
HOUR, DAY, WEEK = 3600, 86400, 604800


@pytest.fixture
def stored(kube, issuer):
    """A session that a failed login must leave alone."""
    store_old_session(kube, issuer)


def now(seconds):
    return {"$now": seconds}


def row(name, mutation, *marks):
    return pytest.param(mutation, id=name, marks=[ids(*marks)] if marks else [])


ACCEPTED = [
    row("oidcc-client-test", {}, "IDT-01"),
    row("fapi2-valid-aud-as-array", {"claims": {"aud": ["kubernetes"]}}, "IDT-11"),
    row("two-audiences-and-azp", {"claims": {"aud": ["kubernetes", "vault"], "azp": "kubernetes"}}, "IDT-12"),
    row("azp-alone", {"claims": {"azp": "kubernetes"}}, "IDT-12"),
    row("exp-with-a-fraction", {"claims": {"exp": 4102444800.5}}, "IDT-13"),
    row("exp-within-the-leeway", {"claims": {"exp": now(-30), "iat": now(-330)}}, "IDT-13"),
    row("iat-a-little-ahead", {"claims": {"iat": now(240)}}, "IDT-14"),
    row("iat-of-the-morning", {"claims": {"iat": now(-20 * HOUR)}}, "IDT-14"),
    row("nbf-within-the-leeway", {"claims": {"nbf": now(240)}}, "IDT-14"),
    row("sub-of-255-bytes", {"claims": {"sub": "s" * 255}}, "IDT-15"),
    row("sub-in-another-script", {"claims": {"sub": "żółć"}}, "IDT-15"),
    row("fapi1-missing-athash", {"remove": ["at_hash"]}, "IDT-17"),
    row("typ-absent", {"header_remove": ["typ"]}, "IDT-06"),
    row("typ-in-full", {"header": {"typ": "application/JWT"}}, "IDT-06"),
    row("typ-in-small-letters", {"header": {"typ": "jwt"}}, "IDT-06"),
    row("claims-of-their-own", {"claims": {"https://x/y": [{"a": None}], "amr": 7, "auth_time": now(0)}}),
]


@pytest.mark.parametrize("mutation", ACCEPTED)
def test_a_token_that_keeps_the_rules_is_accepted(kube, issuer, mutation):
    issuer.mutate_id_token(**mutation)
    result = kube.get_token()
    assert result.status == 0, result.err
    assert result.claims["iss"] == issuer.url


def bad(name, code, mutation, *marks):
    return pytest.param(code, mutation, id=name, marks=[ids(*marks)] if marks else [])


REFUSED = [
    bad("oidcc-client-test-invalid-iss", "idtoken_iss", {"claims": {"iss": {"$append": "1"}}}, "IDT-10"),
    bad("fapi2-invalid-missing-iss", "idtoken_iss", {"remove": ["iss"]}, "IDT-10"),
    bad("iss-in-an-array", "idtoken_iss", {"claims": {"iss": ["ISSUER"]}}, "IDT-10"),
    bad("iss-without-its-slash", "idtoken_iss", {"claims": {"iss": "ISSUER-WITHOUT-SLASH"}}, "IDT-10"),
    bad("iss-of-another-slug", "idtoken_iss", {"claims": {"iss": "ISSUER-OTHER"}}, "T-22"),
    bad("oidcc-client-test-invalid-aud", "idtoken_aud", {"claims": {"aud": {"$append": "1"}}}, "IDT-11"),
    bad("oidcc-client-test-missing-aud", "idtoken_aud", {"remove": ["aud"]}, "IDT-11"),
    bad("fapi2-invalid-secondary-aud", "idtoken_aud", {"claims": {"aud": ["kubernetes", "kubernetes1"]}}, "IDT-11"),
    bad("aud-empty", "idtoken_aud", {"claims": {"aud": []}}, "IDT-11"),
    bad("aud-of-numbers", "idtoken_aud", {"claims": {"aud": ["kubernetes", 7]}}, "IDT-11"),
    bad("aud-object", "idtoken_aud", {"claims": {"aud": {"kubernetes": True}}}, "IDT-11"),
    bad("aud-of-another-client", "idtoken_aud", {"claims": {"aud": "grafana"}}, "T-22"),
    bad("azp-of-another-client", "idtoken_azp", {"claims": {"azp": "grafana"}}, "IDT-12"),
    bad("azp-of-another-client-and-two-audiences", "idtoken_azp",
        {"claims": {"aud": ["kubernetes", "grafana"], "azp": "grafana"}}, "T-22"),
    bad("azp-a-number", "idtoken_azp", {"claims": {"azp": 7}}, "IDT-12"),
    bad("fapi2-invalid-missing-exp", "idtoken_exp", {"remove": ["exp"]}, "IDT-13"),
    bad("fapi2-invalid-expired-exp", "idtoken_exp", {"claims": {"exp": now(-360)}}, "IDT-13"),
    bad("exp-behind-the-leeway", "idtoken_exp", {"claims": {"exp": now(-70)}}, "IDT-13"),
    bad("exp-before-iat", "idtoken_exp", {"claims": {"exp": now(20), "iat": now(100)}}, "IDT-13"),
    bad("exp-text", "idtoken_exp", {"claims": {"exp": "4102444800"}}, "IDT-13"),
    bad("exp-1e300", "idtoken_exp", {"claims": {"exp": 1e300}}, "IDT-13"),
    bad("exp-negative", "idtoken_exp", {"claims": {"exp": -1}}, "IDT-13"),
    bad("exp-null", "idtoken_exp", {"claims": {"exp": None}}, "IDT-13"),
    bad("oidcc-client-test-missing-iat", "idtoken_iat", {"remove": ["iat"]}, "IDT-14"),
    bad("fapi1-iat-is-week-in-past", "idtoken_iat", {"claims": {"iat": now(-WEEK), "exp": now(HOUR)}}, "IDT-14"),
    bad("iat-in-the-future", "idtoken_iat", {"claims": {"iat": now(400)}}, "IDT-14"),
    bad("iat-text", "idtoken_iat", {"claims": {"iat": "1"}}, "IDT-14"),
    bad("nbf-in-the-future", "idtoken_nbf", {"claims": {"nbf": now(400)}}, "IDT-14"),
    bad("nbf-text", "idtoken_nbf", {"claims": {"nbf": "now"}}, "IDT-14"),
    bad("oidcc-client-test-missing-sub", "idtoken_sub", {"remove": ["sub"]}, "IDT-15"),
    bad("sub-empty", "idtoken_sub", {"claims": {"sub": ""}}, "IDT-15"),
    bad("sub-of-256-bytes", "idtoken_sub", {"claims": {"sub": "s" * 256}}, "IDT-15"),
    bad("sub-a-number", "idtoken_sub", {"claims": {"sub": 7}}, "IDT-15"),
    bad("sub-with-control-bytes", "idtoken_sub", {"claims": {"sub": "a\x1b[31mb"}}, "IDT-15"),
    bad("oidcc-client-test-nonce-invalid", "idtoken_nonce", {"claims": {"nonce": {"$append": "1"}}}, "IDT-16"),
    bad("fapi2-invalid-missing-nonce", "idtoken_nonce", {"remove": ["nonce"]}, "K7-68"),
    bad("nonce-a-number", "idtoken_nonce", {"claims": {"nonce": 7}}, "IDT-16"),
    bad("oidcc-client-test-invalid-athash", "idtoken_at_hash", {"claims": {"at_hash": "A" * 22}}, "IDT-17"),
    bad("at-hash-a-number", "idtoken_at_hash", {"claims": {"at_hash": 7}}, "IDT-17"),
    bad("oidcc-client-test-invalid-chash", "idtoken_at_hash", {"claims": {"c_hash": "A" * 22}}, "IDT-17"),
    bad("crit", "idtoken_format", {"header": {"crit": ["exp"], "exp": 1}}, "IDT-06"),
    bad("crit-empty", "idtoken_format", {"header": {"crit": []}}, "IDT-06"),
    bad("b64", "idtoken_format", {"header": {"b64": True}}, "IDT-06"),
    bad("zip", "idtoken_format", {"header": {"zip": "DEF"}}, "IDT-06"),
    bad("typ-of-an-access-token", "idtoken_format", {"header": {"typ": "at+jwt"}}, "IDT-06"),
    bad("typ-of-a-logout-token", "idtoken_format", {"header": {"typ": "logout+jwt"}}, "IDT-06"),
    bad("kid-a-number", "idtoken_format", {"header": {"kid": 7}}, "IDT-08"),
    bad("payload-an-array", "idtoken_format", {"raw_payload": "[]"}, "IDT-04"),
    bad("payload-with-a-member-twice", "idtoken_format", {"raw_payload": '{"iss":"a","iss":"b"}'}, "IDT-04"),
    bad("payload-with-nul", "idtoken_format", {"raw_payload": '{"iss":"a\\u0000b"}'}, "IDT-04"),
    bad("payload-with-something-behind", "idtoken_format", {"raw_payload": "{} {}"}, "IDT-04"),
    bad("payload-too-deep", "idtoken_format", {"raw_payload": '{"a":' * 17 + "1" + "}" * 17}, "IDT-04"),
    bad("payload-no-json", "idtoken_format", {"raw_payload": "hello"}, "IDT-04"),
    bad("two-parts", "idtoken_format", {"parts": "e30.e30"}, "IDT-02"),
    bad("four-parts", "idtoken_format", {"parts": "e30.e30.e30.e30"}, "IDT-02"),
    bad("empty-header", "idtoken_format", {"parts": ".e30.e30"}, "IDT-02"),
    bad("empty-payload", "idtoken_format", {"parts": "eyJhbGciOiJSUzI1NiJ9..e30"}, "IDT-02"),
    bad("empty-signature", "idtoken_format", {"sign": "empty"}, "IDT-02"),
    bad("fapi1-encrypted-idtoken", "idtoken_encrypted", {"parts": "e30.e30.e30.e30.e30"}, "IDT-02"),
    bad("not-a-token", "idtoken_format", {"parts": "opaque"}, "IDT-02"),
]


def with_issuer(mutation, url):
    """The mutation with the issuer's URL in place of its names."""
    claims = dict(mutation.get("claims", {}))
    names = {"ISSUER-WITHOUT-SLASH": url.rstrip("/"), "ISSUER-OTHER": url.replace("/kubernetes/", "/grafana/")}
    if isinstance(claims.get("iss"), str):
        claims["iss"] = names[claims["iss"]]
    elif claims.get("iss") == ["ISSUER"]:
        claims["iss"] = [url]
    return {**mutation, "claims": claims}


@pytest.mark.parametrize(("code", "mutation"), REFUSED)
def test_a_token_that_breaks_a_rule_is_refused(kube, issuer, stored, code, mutation):
    issuer.mutate_id_token(**with_issuer(mutation, issuer.url))
    result = refused(kube, issuer, code, last="token")
    assert "Login failed" in kube.read_page() and f"[{code}]" in kube.page.read_text()
    assert issuer.count("jwks") <= 2
    assert not [character for character in result.err if ord(character) < 32 and character != "\n"]


@ids("K7-66")
@pytest.mark.parametrize(("code", "mutation"), [
    ("idtoken_iss", {"claims": {"iss": {"$append": "1"}}}), ("idtoken_aud", {"claims": {"aud": ["grafana"]}}),
    ("idtoken_exp", {"claims": {"exp": now(-360)}}), ("idtoken_nbf", {"claims": {"nbf": now(400)}}),
    ("idtoken_signature", {"sign": "other_key"}), ("idtoken_alg", {"sign": "hs256"}), ("idtoken_alg", {"sign": "none"})])
def test_what_the_peer_checks_is_checked(kube, issuer, stored, code, mutation):
    issuer.mutate_id_token(**mutation)
    refused(kube, issuer, code, last="token")


@pytest.mark.parametrize(("mutation", "words"), [
    ({"claims": {"iss": "ISSUER-WITHOUT-SLASH"}}, "--oidc-issuer-url="),
    ({"claims": {"aud": "grafana"}}, "--oidc-client-id"),
    ({"claims": {"aud": ["kubernetes", "vault"]}}, "--oidc-trusted-audience=vault"),
    ({"claims": {"exp": now(-360)}}, "NTP"), ({"claims": {"iat": now(400)}}, "NTP"),
    ({"remove": ["sub"]}, "scope mapping"), ({"claims": {"nonce": "x"}}, "try again")])
def test_a_refused_token_is_explained(kube, issuer, mutation, words):
    issuer.mutate_id_token(**with_issuer(mutation, issuer.url))
    result = kube.get_token()
    assert result.status == 1
    assert any(words in hint for hint in result.hints), result.err


@ids("IDT-11")
def test_other_audiences_can_be_trusted_by_name(kube, issuer):
    issuer.mutate_id_token(claims={"aud": ["vault", "kubernetes", "boundary"]})
    assert kube.run("login", "--oidc-trusted-audience=vault").code == "idtoken_aud"
    assert kube.run("login", "--oidc-trusted-audience=vault,boundary").status == 0


@ids("IDT-11")
def test_a_trusted_audience_does_not_stand_in_for_the_client(kube, issuer):
    issuer.mutate_id_token(claims={"aud": ["vault"]})
    assert kube.get_token("--oidc-trusted-audience=vault").code == "idtoken_aud"


@ids("IDT-19")
@pytest.mark.parametrize("sign", ["xor", "other_key"])
def test_claims_are_judged_after_the_signature(kube, issuer, stored, sign):
    issuer.mutate_id_token(claims={"iss": "x", "aud": "x", "exp": 1}, sign=sign)
    refused(kube, issuer, "idtoken_signature", last="token")


@ids("IDT-17")
def test_right_half_digests_of_the_access_token_and_the_code_are_accepted(kube, issuer):
    forger, waiting = Forger(issuer), Waiting(kube)
    claims = forger.claims(waiting, at_hash=half_digest("the access token"), c_hash=half_digest(waiting.answer["code"]))
    assert forger.deliver(waiting, forger.token(claims), access_token="the access token").status == 0


@ids("IDT-18")
@pytest.mark.parametrize(("mutation", "code"), [
    ({"claims": {"auth_time": now(-3500)}}, None), ({"claims": {"auth_time": now(-3800)}}, "idtoken_auth_time"),
    ({"remove": ["auth_time"]}, "idtoken_auth_time"), ({"claims": {"auth_time": "now"}}, "idtoken_auth_time")])
def test_a_recent_login_that_was_asked_for_is_one(kube, issuer, mutation, code):
    issuer.mutate_id_token(**mutation)
    result = kube.get_token("--oidc-auth-request-extra-params=max_age=3600")
    assert result.claims["sub"] if code is None else result.code == code
    assert kube.run("login").status == 0, "nobody asked"


@ids("IDT-20")
def test_the_printed_token_is_byte_for_byte_the_verified_one(kube, issuer):
    forger, waiting = Forger(issuer), Waiting(kube)
    text = str(forger.claims(waiting, name="Å", odd=[1.50, 1e3])).replace("'", '"')
    token = forger.token(None, payload="\n  " + text.replace(",", " ,\t") + " \n")
    assert forger.deliver(waiting, token).token == token
    assert kube.session["id_token"] == token
    assert kube.get_token(BROWSER="/bin/false").token == token
