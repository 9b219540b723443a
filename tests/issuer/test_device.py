# SPDX-License-Identifier: Apache-2.0
"""The device flow of the 2026.2 preset, and the REST answers that need no login."""

import json

import pytest

from .test_issuer import JSON_HEADERS
from .test_tokens import EMAIL, MEMBERS, NO_STORE_HEADERS, PROFILE, claims, refused
from .visitor import Visitor

BRAND = "/api/v3/core/brands/current/"
DEVICE_CLAIMS = ["iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "jti", *EMAIL, *PROFILE]


class TestDevice:
    def test_start(self, issuer, visitor):
        answer = visitor.start_device()
        assert answer.names == NO_STORE_HEADERS
        body = answer.json
        assert list(body) == ["device_code", "verification_uri", "verification_uri_complete", "user_code",
                              "expires_in", "interval"]
        assert (len(body["device_code"]), body["expires_in"], body["interval"]) == (128, 60, 5)
        assert set("&%+#=\"\\") <= set(body["device_code"])
        assert (len(body["user_code"]), body["user_code"].isdigit()) == (9, True)
        assert body["verification_uri"] == issuer.base_url + "/device"
        assert body["verification_uri_complete"] == f"{issuer.base_url}/device?code={body['user_code']}"

    def test_pending_then_tokens_once(self, issuer, visitor):
        body = visitor.start_device().json
        for _ in range(5):
            assert refused(visitor.poll(body["device_code"]), "authorization_pending")
        assert issuer.approve_device(body["user_code"])
        answer = visitor.poll(body["device_code"])
        assert list(answer.json) == MEMBERS
        assert answer.json["scope"] == "openid email profile offline_access"
        assert list(claims(answer.json)) == DEVICE_CLAIMS
        assert refused(visitor.poll(body["device_code"]), "invalid_grant")
        assert list(claims(visitor.refresh(answer.json["refresh_token"]).json)) == DEVICE_CLAIMS

    def test_code_must_be_percent_encoded(self, issuer, visitor):
        code = visitor.start_device().json["device_code"]
        issuer.approve_device()
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        raw = f"grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id=kubernetes&device_code={code}"
        assert refused(visitor.request("POST", "/application/o/token/", headers=form, body=raw), "invalid_grant")
        assert visitor.poll(code).status == 200

    def test_pages(self, issuer, visitor):
        body = visitor.start_device().json
        path = f"/device?code={body['user_code']}"
        login = visitor.get(path)
        assert login.location == f"/flows/-/default/authentication/?next=/device%3Fcode%3D{body['user_code']}"
        answer = visitor.login("bob").get(path)
        assert answer.location == ("/if/flow/default-provider-authorization-implicit-consent/?code="
                                   + body["user_code"])
        assert refused(visitor.poll(body["device_code"]), "authorization_pending")
        assert visitor.get(answer.location).status == 200
        assert claims(visitor.poll(body["device_code"]).json)["preferred_username"] == "bob"
        assert visitor.get("/device").location == "/if/flow/default-device-code-flow/"

    def test_denied_and_wrong_codes_stay_pending(self, issuer, visitor):
        issuer.configure(users={"bob": {"allowed": False}})
        body = visitor.start_device().json
        visitor.login("bob")
        for code in (body["user_code"], "000000000"):
            page = visitor.get(f"/device?code={code}")
            assert page.status == 200
            assert "Permission denied" in page.text
        assert not issuer.approve_device(body["user_code"], "bob")
        assert refused(visitor.poll(body["device_code"]), "authorization_pending")

    def test_brand_without_device_flow(self, issuer, visitor):
        assert "flow_device_code" in visitor.get(BRAND).json
        issuer.configure(brand_device_flow=False)
        assert "flow_device_code" not in visitor.get(BRAND).json
        assert visitor.start_device().status == 200
        answer = visitor.login().get("/device?code=123456789")
        assert (answer.status, answer.body) == (404, b"")

    def test_expired_code_is_pending_and_approvable_until_cleaned(self, issuer, visitor):
        issuer.configure(code_ttl=20)
        first, second = (visitor.start_device().json for _ in range(2))
        issuer.configure(clock_offset=22)
        assert refused(visitor.poll(first["device_code"]), "authorization_pending")
        assert issuer.approve_device(first["user_code"])
        assert visitor.poll(first["device_code"]).status == 200
        issuer.configure(clock_offset=171)
        assert refused(visitor.poll(second["device_code"]), "invalid_grant")
        assert not issuer.approve_device(second["user_code"])

    @pytest.mark.parametrize("change", [{"client_id": "nosuch"}, {"client_id": ""}])
    def test_unknown_client(self, visitor, change):
        assert refused(visitor.start_device(**change), "invalid_client")

    def test_without_application(self, issuer, visitor):
        issuer.configure(has_application=False)
        assert refused(visitor.start_device(), "invalid_client")

    @pytest.mark.parametrize("scope, has_refresh", [("openid nosuch", False), ("", False),
                                                    ("openid offline_access", True)])
    def test_scopes_are_kept_as_sent(self, issuer, visitor, scope, has_refresh):
        issuer.configure(mappings=["openid"])
        code = visitor.start_device(scope=scope).json["device_code"]
        issuer.approve_device()
        answer = visitor.poll(code).json
        assert answer["scope"] == scope
        assert ("refresh_token" in answer) is has_refresh

    def test_confidential_needs_no_secret(self, issuer, visitor):
        issuer.configure(client_secret="SECRET")
        code = visitor.start_device().json["device_code"]
        issuer.approve_device()
        assert visitor.poll(code).status == 200

    def test_throttle_is_shared_with_anonymous_rest(self, issuer, visitor):
        issuer.configure(device_limit=3)
        assert [visitor.start_device(client_id=name).status for name in ("kubernetes", "nosuch", "kubernetes")] == [
            200, 400, 200]
        answer = visitor.start_device()
        assert refused(answer, "slow_down", 429)
        assert answer.header("retry-after") is None
        issuer.configure(clock_offset=2)
        assert visitor.get(BRAND).status == 200
        assert [visitor.start_device().status for _ in range(3)] == [200, 200, 429]


class TestRest:
    def test_brand(self, visitor):
        answer = visitor.get(BRAND)
        assert answer.names == [*JSON_HEADERS[:5], "allow", *JSON_HEADERS[5:]]
        assert answer.text == json.dumps(answer.json, separators=(",", ":"))
        assert list(answer.json)[:2] == ["matched_domain", "branding_title"]

    def test_version(self, issuer, visitor):
        issuer.configure(schema_size=3304810)
        answer = visitor.get("/api/v3/schema/")
        assert answer.json["info"]["version"] == "2026.2.2"
        assert len(answer.body) > 3300000
        refusal = visitor.get("/api/v3/admin/version/")
        assert (refusal.status, refusal.text) == (403, '{"detail":"Authentication credentials were not provided."}')

    def test_bad_token(self, visitor):
        answer = visitor.get("/api/v3/providers/oauth2/", Authorization="Bearer wrong")
        assert (answer.status, answer.text) == (403, '{"detail":"Token invalid/expired"}')


class TestPreset2026_5:
    @pytest.fixture
    def issuer(self, servers):
        return servers("2026.5")

    def test_more_metadata(self, visitor):
        members = list(visitor.get("/application/o/kubernetes/.well-known/openid-configuration").json)
        place = members.index("backchannel_logout_session_supported")
        assert members[place + 1:place + 3] == ["frontchannel_logout_supported",
                                                "frontchannel_logout_session_supported"]

    def test_scope_order_and_version(self, visitor):
        assert visitor.tokens()["scope"] == "profile email offline_access openid"
        assert "poly-2026.5.0-rc1.js" in visitor.get("/x").text

    def test_no_grant_types(self, issuer, visitor):
        issuer.configure(grant_types=[])
        location = ("http://localhost:8000?error=invalid_request&error_description=The%20request%20is%20otherwise%20"
                    "malformed&state=st-1")
        assert visitor.authorize(prompt="none").location == location
        assert visitor.login().authorize().location == location
        assert visitor.authorize(redirect_uri="http://evil.example/").status == 400
        for grant in ("authorization_code", "client_credentials", "foo", None):
            assert refused(visitor.token(client_id="kubernetes", grant_type=grant), "invalid_grant")
        assert refused(visitor.start_device(), "invalid_client")

    def test_code_grant_only(self, issuer, visitor):
        issuer.configure(grant_types=["authorization_code"])
        token = visitor.tokens()["refresh_token"]
        assert refused(visitor.refresh(token), "invalid_grant")
        assert refused(visitor.start_device(), "invalid_client")

    def test_expired_device_code(self, issuer, visitor):
        body = visitor.start_device().json
        issuer.configure(clock_offset=61)
        assert refused(visitor.poll(body["device_code"]), "invalid_grant")
        page = visitor.login().get(f"/device?code={body['user_code']}")
        assert (page.status, "Permission denied" in page.text) == (200, True)

    def test_threshold(self, issuer, visitor):
        issuer.configure(refresh_threshold=3600)
        token = visitor.tokens()["refresh_token"]
        assert list(visitor.refresh(token).json) == MEMBERS[:-1]
        issuer.configure(clock_offset=2592000 - 1800)
        assert list(visitor.refresh(token).json) == MEMBERS

    def test_introspection_and_revocation_by_public_clients(self, issuer, visitor):
        issuer.configure(client_type="public", client_secret="SECRET", clients=[{"client_id": "other", "slug": "o"}])
        token = visitor.tokens()["access_token"]
        form = {"client_id": "kubernetes", "client_secret": "SECRET", "token": token}
        assert visitor.request("POST", "/application/o/introspect/", form).json == {"active": False}
        visitor.request("POST", "/application/o/revoke/", {"client_id": "other", "token": token})
        assert visitor.userinfo(token).status == 200


class TestPreset2025_10:
    @pytest.fixture
    def issuer(self, servers):
        return servers("2025.10")

    def test_older_ways(self, visitor):
        location = visitor.authorize(login_hint="nobody").location
        assert location.startswith("/flows/-/default/authentication/?next=%2Fapplication%2Fo%2Fauthorize%2F%3F")
        found = claims(Visitor(visitor.issuer).tokens())
        assert "jti" not in found
        assert found["email_verified"] is False
        key, = visitor.get("/application/o/kubernetes/jwks/").json["keys"]
        assert len(key["kid"]) == 32

    def test_headers_of_the_front_server(self, visitor):
        answer = visitor.get("/application/o/kubernetes/jwks/")
        assert answer.names[-1] == "X-Powered-By"
        assert "X-Authentik-Id" in answer.names
        assert "poly-2025.10.3.js" in visitor.get("/x").text
