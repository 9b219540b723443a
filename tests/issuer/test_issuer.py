# SPDX-License-Identifier: Apache-2.0
"""The 2026.2 preset against what a real 2026.2.2 answered: metadata, paths, pages, authorize, codes."""

import json

import pytest

from .client import Issuer
from .visitor import CALLBACK, SCOPE, TOKEN, Visitor, challenge, part

METADATA = "/application/o/kubernetes/.well-known/openid-configuration"
JWKS = "/application/o/kubernetes/jwks/"
JSON_HEADERS = ["Date", "Content-Type", "Content-Length", "Connection", "server", "x-frame-options",
                "x-content-type-options", "referrer-policy", "x-authentik-id", "vary", "content-language"]
MEMBERS = ["issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "end_session_endpoint",
           "introspection_endpoint", "revocation_endpoint", "device_authorization_endpoint",
           "backchannel_logout_supported", "backchannel_logout_session_supported", "response_types_supported",
           "response_modes_supported", "jwks_uri", "grant_types_supported", "id_token_signing_alg_values_supported",
           "subject_types_supported", "token_endpoint_auth_methods_supported", "acr_values_supported",
           "scopes_supported", "request_parameter_supported", "claims_supported", "claims_parameter_supported",
           "code_challenge_methods_supported"]
LOGIN_REQUIRED = ("error=login_required&error_description=The%20Authorization%20Server%20requires%20End-User%20"
                  "authentication")


class TestMetadata:
    def test_document(self, issuer, visitor):
        answer = visitor.get(METADATA)
        assert answer.status == 200
        assert answer.names == JSON_HEADERS
        assert answer.header("content-type") == "application/json"
        assert len(answer.body) == 1991 + 12 * (len(issuer.base_url) - len("https://localhost:19443"))
        assert list(answer.json) == MEMBERS
        assert answer.json["issuer"] == issuer.url
        assert answer.text == json.dumps(answer.json, indent=2)

    def test_rfc8414_address(self, visitor):
        address = "/.well-known/oauth-authorization-server/application/o/kubernetes"
        assert visitor.get(address + "/").body == visitor.get(METADATA).body
        assert visitor.get(address).status == 404

    def test_host_of_the_request_names_the_issuer(self, visitor):
        document = visitor.get(METADATA, Host="authentik.test:19443").json
        assert document["issuer"] == "https://authentik.test:19443/application/o/kubernetes/"

    @pytest.mark.parametrize("change, member, value", [
        ({"signing": "none"}, "id_token_signing_alg_values_supported", ["HS256"]),
        ({"signing": "p256"}, "id_token_signing_alg_values_supported", ["ES256"]),
        ({"mappings": []}, "scopes_supported", ["openid"]),
        ({"mappings": ["profile", "openid", "email"]}, "scopes_supported", ["profile", "openid", "email"]),
        ({"mappings": ["email", "profile", "openid", "email"]}, "scopes_supported",
         ["email", "profile", "openid", "email"]),
        ({"encryption_key": True}, "id_token_encryption_enc_values_supported", ["A256CBC-HS512"]),
        ({"advertise_iss": True}, "authorization_response_iss_parameter_supported", True),
        ({"discovery_patch": {"issuer": "https://evil.example/"}}, "issuer", "https://evil.example/"),
    ])
    def test_settings_show(self, issuer, visitor, change, member, value):
        issuer.configure(**change)
        assert visitor.get(METADATA).json[member] == value

    def test_global_issuer_and_removed_member(self, issuer, visitor):
        issuer.configure(issuer_mode="global", discovery_patch={"jwks_uri": None})
        document = visitor.get(METADATA).json
        assert document["issuer"] == issuer.base_url + "/"
        assert "jwks_uri" not in document

    def test_claims_of_mappings_are_listed_by_scope_name(self, issuer, visitor):
        issuer.configure(mappings=[{"scope_name": "groups", "claims": {"groups": []}},
                                   {"scope_name": "broken", "raises": True}, "profile", "openid", "email"])
        listed = visitor.get(METADATA).json["claims_supported"]
        assert listed[9:] == ["email", "email_verified", "groups", "name", "given_name", "preferred_username",
                              "nickname", "groups"]

    def test_without_application_or_with_ed25519(self, issuer, visitor):
        issuer.configure(has_application=False)
        assert visitor.get(METADATA).status == 404
        issuer.configure(has_application=True, signing="ed25519")
        for path in (METADATA, JWKS):
            answer = visitor.get(path)
            assert (answer.status, len(answer.body)) == (500, 5434)
            assert "Server Error" in answer.text


class TestKeySet:
    def test_rsa(self, visitor):
        answer = visitor.get(JWKS)
        assert answer.names == [*JSON_HEADERS[:5], "access-control-allow-origin", *JSON_HEADERS[5:]]
        assert answer.header("access-control-allow-origin") == "*"
        key, = answer.json["keys"]
        assert list(key) == ["alg", "kid", "kty", "use", "n", "e", "x5c", "x5t", "x5t#S256"]
        assert (key["alg"], len(key["kid"])) == ("RS256", 86)
        assert answer.text == json.dumps(answer.json)

    def test_no_key(self, issuer, visitor):
        issuer.configure(signing="none")
        assert visitor.get(JWKS).body == b"{}"

    @pytest.mark.parametrize("kind, size", [("p256", 43), ("p384", 64), ("p521", 88)])
    def test_elliptic(self, issuer, visitor, kind, size):
        issuer.configure(signing=kind)
        key, = visitor.get(JWKS).json["keys"]
        assert list(key) == ["alg", "kid", "kty", "use", "x", "y", "crv", "x5c", "x5t", "x5t#S256"]
        assert (len(key["x"]), len(key["y"])) == (size, size)

    def test_encryption_key_comes_second_with_the_same_kid(self, issuer, visitor):
        issuer.configure(encryption_key=True)
        signing, encryption = visitor.get(JWKS).json["keys"]
        assert list(encryption)[:5] == ["alg", "enc", "kid", "kty", "use"]
        assert signing["kid"] == encryption["kid"]

    def test_more_keys_and_rotation(self, issuer, visitor):
        issuer.configure(second_signing=["rsa", "p256"], extra_jwks=[{"kty": "oct", "k": "AA"}], jwk_omit=["x5c"])
        found = visitor.get(JWKS).json["keys"]
        assert [key["kty"] for key in found] == ["RSA", "RSA", "EC", "oct"]
        assert len({key.get("kid") for key in found}) == 4
        assert not any("x5c" in key for key in found)
        issuer.rotate_keys()
        assert visitor.get(JWKS).json["keys"][0]["kid"] != found[0]["kid"]


class TestPaths:
    @pytest.mark.parametrize("path", [
        "/application/o/kubernetes", METADATA + "/", "/.well-known/openid-configuration",
        "/application/o/kubernetes/jwks", "/application/o/nosuch/jwks/", "/application/o/authorize?client_id=k",
        "/application/o/authorize/", "/device/", "/api/v3/propertymappings/scope/"])
    def test_not_found(self, visitor, path):
        answer = visitor.get(path)
        assert (answer.status, len(answer.body)) == (404, 5431)
        assert answer.header("content-type") == "text/html; charset=utf-8"
        assert answer.names == JSON_HEADERS

    @pytest.mark.parametrize("path", ["/application/o/token", "/application/o/nosuch-path/x",
                                      "/api/v3/propertymappings/scope/"])
    def test_masked_not_found(self, visitor, path):
        answer = visitor.request("POST", path, {})
        assert (answer.status, answer.body) == (405, b"")
        assert answer.header("allow") == "GET, HEAD, OPTIONS"
        assert answer.names == [*JSON_HEADERS[:5], "allow", *JSON_HEADERS[5:]]
        assert answer.header("content-length") == "0"

    @pytest.mark.parametrize("name", ["token", "device", "revoke", "introspect"])
    def test_real_method_error(self, visitor, name):
        answer = visitor.get(f"/application/o/{name}/")
        assert (answer.status, answer.body, answer.header("allow")) == (405, b"", "POST, OPTIONS")

    def test_masked_server_error(self, issuer, visitor):
        code = visitor.login().code()
        issuer.configure(signing="ed25519")
        answer = visitor.exchange(code)
        assert (answer.status, answer.body, answer.header("allow")) == (405, b"", "GET, HEAD, OPTIONS")

    def test_others(self, visitor):
        root = visitor.get("/application/o/kubernetes/")
        assert (root.status, root.location) == (302, METADATA)
        assert [visitor.request("HEAD", path).status for path in (METADATA, JWKS)] == [200, 200]
        options = visitor.request("OPTIONS", TOKEN)
        assert (options.status, options.body) == (200, b"{}")
        assert visitor.request("OPTIONS", METADATA).header("allow") == "GET, HEAD, OPTIONS"
        refused = visitor.request("POST", "/application/o/authorize/", {"client_id": "kubernetes"})
        assert refused.status == 403
        assert "<title>403 Forbidden</title>" in refused.text

    @pytest.mark.parametrize("origin, expected", [("http://localhost:8000", "http://localhost:8000"),
                                                  ("http://evil.example", None)])
    def test_cors(self, visitor, origin, expected):
        headers = {"Origin": origin}
        assert visitor.get(METADATA, **headers).header("access-control-allow-origin") == expected
        token = visitor.token(headers, client_id="kubernetes")
        assert (token.status, token.header("access-control-allow-origin")) == (400, expected)
        assert visitor.token(headers, client_id="nosuch").header("access-control-allow-origin") is None
        assert visitor.request("OPTIONS", TOKEN, headers=headers).header("access-control-allow-origin") == origin
        assert visitor.get("/application/o/userinfo/", **headers).header("access-control-allow-origin") is None


class TestAuthorizeWithoutSession:
    @pytest.mark.parametrize("changes, heading, size", [
        ({"redirect_uri": "http://localhost:9999/other"}, "Redirect URI Error", 5531),
        ({"redirect_uri": None}, "Redirect URI Error", 5531),
        ({"client_id": "nosuch"}, "Client ID Error", 5493),
        ({"client_id": None}, "Client ID Error", 5493)])
    @pytest.mark.parametrize("prompt", [None, "none"])
    def test_pages(self, visitor, changes, heading, size, prompt):
        answer = visitor.authorize(prompt=prompt, **changes)
        assert (answer.status, len(answer.body)) == (400, size)
        assert f'data-test-id="card-title">\n                                    \n{heading}\n' in answer.text
        assert "<title>\nauthentik\n</title>" in answer.text
        assert "/static/dist/poly-2026.2.2.js" in answer.text
        assert "set-cookie" not in answer.names

    @pytest.mark.parametrize("changes, expected", [
        ({"prompt": "none"}, f"?{LOGIN_REQUIRED}&state=st-1"),
        ({"prompt": "none", "state": None}, f"?{LOGIN_REQUIRED}"),
        ({"prompt": "none", "scope": "nosuch"}, f"?{LOGIN_REQUIRED}&state=st-1"),
        ({"prompt": "none", "state": "a b&c=d#e%f+g"}, f"?{LOGIN_REQUIRED}&state=a%20b&c=d#e%f+g"),
        ({"response_type": "foo"}, "?error=unsupported_response_type&error_description=The%20authorization%20server"
         "%20does%20not%20support%20obtaining%20an%20authorization%20code%20using%20this%20method&state=st-1"),
        ({"code_challenge": "abc", "code_challenge_method": "S512"},
         "?error=invalid_request&error_description=Unsupported%20challenge%20method%20S512&state=st-1"),
        ({"request": "eyJ"}, "?error=request_not_supported&error_description=The%20provider%20does%20not%20support"
         "%20use%20of%20the%20request%20parameter&state=st-1"),
        ({"response_type": "id_token", "nonce": None, "prompt": "none"},
         "#error=invalid_request&error_description=The%20request%20is%20otherwise%20malformed&state=st-1")])
    def test_error_redirects(self, visitor, changes, expected):
        answer = visitor.authorize(**changes)
        assert (answer.status, answer.location, answer.body) == (302, CALLBACK + expected, b"")
        assert answer.names == [*JSON_HEADERS[:5], "location", *JSON_HEADERS[5:]]

    def test_login_redirect(self, visitor):
        answer = visitor.authorize()
        query = ("response_type=code&client_id=kubernetes&redirect_uri=http%3A%2F%2Flocalhost%3A8000&scope=openid+email"
                 "+profile+offline_access&state=st-1&nonce=nonce-1")
        following = ("%2Fapplication%2Fo%2Fauthorize%2F%3F" + query.replace("%", "%25").replace("=", "%3D")
                     .replace("&", "%26").replace("+", "%2B"))
        assert answer.location == f"/if/flow/default-authentication-flow/?{query}&next={following}"
        assert answer.header("set-cookie").endswith("; HttpOnly; Path=/; SameSite=None; Secure")

    def test_probe_registers_on_an_empty_list(self, issuer, visitor):
        issuer.configure(redirect_uris=[])
        assert visitor.authorize(prompt="none", redirect_uri="http://localhost:12345/x").status == 302
        assert visitor.authorize(prompt="none", redirect_uri="http://localhost:12346/x").status == 400
        assert issuer.configure()["redirect_uris"] == [{"mode": "strict", "url": "http://localhost:12345/x"}]
        assert [entry["probe"] for entry in issuer.requests("authorize")] == [True, True]

    @pytest.mark.parametrize("entries, uri, allowed", [
        ([{"mode": "regex", "url": r"http://localhost:[0-9]{1,5}"}], "http://localhost:5", True),
        ([{"mode": "regex", "url": r"http://localhost:[0-9]{1,5}"}], "http://localhost:123456", False),
        ([{"mode": "regex", "url": "http://("}], "http://localhost:5", False),
        ([{"mode": "strict", "url": "http://localhost:5"}], "http://localhost:5/", False),
        ([{"mode": "regex", "url": ".*"}], "javascript:alert(1)", False)])
    def test_matching(self, issuer, visitor, entries, uri, allowed):
        issuer.configure(redirect_uris=entries)
        assert (visitor.authorize(prompt="none", redirect_uri=uri).status == 302) is allowed

    def test_second_question_mark(self, issuer, visitor):
        uri = "http://localhost:8000/cb?a=b&c="
        issuer.configure(redirect_uris=[{"mode": "strict", "url": uri}])
        assert visitor.authorize(prompt="none", redirect_uri=uri).location.startswith(uri + "?error=login_required&")
        assert visitor.login().authorize(redirect_uri=uri).location.startswith("http://localhost:8000/cb?a=b&code=")

    def test_without_application(self, issuer, visitor):
        issuer.configure(has_application=False)
        assert visitor.authorize(prompt="none").location.startswith(CALLBACK + "?error=login_required&")
        page = visitor.authorize()
        assert (page.status, len(page.body)) == (200, 5686)
        assert "<title>\nPermission denied - authentik\n</title>" in page.text


class TestAuthorizeWithSession:
    def test_success(self, visitor):
        answer = visitor.login().authorize()
        assert answer.location.startswith(CALLBACK + "?code=")
        assert (len(answer.answered["code"]), answer.answered["state"]) == (32, "st-1")
        assert answer.names[-1] == "set-cookie"
        assert visitor.authorize(state=None).location.endswith("&state=")

    @pytest.mark.parametrize("changes", [{"prompt": "none"}, {"prompt": "select_account"}, {"max_age": "0"},
                                         {"response_mode": "foo"}])
    def test_silent(self, visitor, changes):
        assert visitor.login().authorize(**changes).location.startswith(CALLBACK + "?code=")

    def test_fragment(self, visitor):
        visitor.login()
        assert visitor.authorize(response_mode="fragment").location.startswith(CALLBACK + "#code=")
        assert visitor.authorize(response_type="id_token").location.startswith(CALLBACK + "#id_token=eyJ")

    def test_login_again(self, visitor):
        visitor.login().authorize()
        answer = visitor.authorize(prompt="login")
        assert answer.location.startswith("/if/flow/default-authentication-flow/?")

    def test_max_age_that_is_no_number(self, visitor):
        assert visitor.login().authorize(max_age="abc").status == 500

    @pytest.mark.parametrize("prompt", [None, "none"])
    def test_not_allowed(self, issuer, visitor, prompt):
        issuer.configure(users={"bob": {"allowed": False}})
        page = visitor.login("bob").authorize(prompt=prompt)
        assert (page.status, len(page.body)) == (200, 6712)
        for text in ("Permission denied - authentik", "bob", "Not you?", "Request has been denied.", "Go home",
                     "Powered by authentik"):
            assert text in page.text

    @pytest.mark.parametrize("config, prompt, kind", [({}, "consent", "implicit"),
                                                      ({"consent": "explicit"}, "none", "explicit")])
    def test_consent_is_asked(self, issuer, visitor, config, prompt, kind):
        issuer.configure(**config)
        answer = visitor.login().authorize(prompt=prompt)
        assert answer.location.startswith(f"/if/flow/default-provider-authorization-{kind}-consent/?")
        assert "Continue" in visitor.get(answer.location).text
        assert visitor.request("POST", answer.location, {}).location.startswith(CALLBACK + "?code=")

    def test_consent_is_remembered_for_its_scopes(self, issuer, visitor):
        issuer.configure(consent="explicit")
        visitor.request("POST", visitor.login().authorize().location, {})
        assert visitor.authorize(prompt="none").location.startswith(CALLBACK + "?code=")
        assert visitor.authorize(prompt="none", scope="openid").location.startswith("/if/flow/")

    def test_none_and_consent(self, visitor):
        answer = visitor.login().authorize(prompt="none consent")
        assert visitor.request("POST", answer.location, {}).answered["error"] == "consent_required"

    @pytest.mark.parametrize("hint, goes_on", [("alice", True), ("alice@example.com", True), ("nobody", False)])
    def test_login_hint(self, visitor, hint, goes_on):
        answer = visitor.get(visitor.authorize(login_hint=hint).location)
        assert answer.status == (302 if goes_on else 200)
        assert ("Invalid password" in answer.text) is not goes_on

    def test_advertised_iss_is_in_both_answers(self, issuer, visitor):
        issuer.configure(advertise_iss=True)
        assert visitor.authorize(prompt="none").answered["iss"] == issuer.url
        assert visitor.login().authorize().answered["iss"] == issuer.url


def test_challenge_is_that_of_rfc7636():
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_plain_http(tmp_path):
    with Issuer(tmp_path, tls=False) as issuer:
        assert issuer.ca_file is None
        assert issuer.url == issuer.base_url + "/application/o/kubernetes/"
        visitor = Visitor(issuer)
        assert visitor.get(METADATA).json["issuer"] == issuer.url
        assert visitor.authorize().header("set-cookie").endswith("; SameSite=Lax")
        assert part(visitor.tokens(scope=SCOPE)["id_token"], 1)["iss"] == issuer.url
