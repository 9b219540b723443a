# SPDX-License-Identifier: Apache-2.0
"""The 2026.2 preset against what a real 2026.2.2 answered: tokens, refresh, machine logins, userinfo, revocation."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from .test_issuer import JSON_HEADERS, JWKS
from .visitor import SCOPE, TOKEN, part

NO_STORE_HEADERS = [*JSON_HEADERS[:5], "cache-control", "pragma", *JSON_HEADERS[5:]]
CORE = ["iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "sid", "jti"]
EMAIL = ["email", "email_verified"]
PROFILE = ["name", "given_name", "preferred_username", "nickname", "groups"]
MEMBERS = ["access_token", "token_type", "scope", "expires_in", "id_token", "refresh_token"]
LENGTHS = {"invalid_grant": 282, "invalid_client": 226, "unsupported_grant_type": 183, "invalid_scope": 203,
           "authorization_pending": 215, "slow_down": 292}


def refused(answer, code, status=400):
    """Whether an answer is the refusal of that name, in every byte that is known."""
    assert (answer.status, answer.error, len(answer.body)) == (status, code, LENGTHS[code])
    assert list(answer.json) == ["error", "error_description", "request_id"]
    assert answer.json["request_id"] == answer.header("x-authentik-id")
    assert answer.text == json.dumps(answer.json)
    assert answer.names == NO_STORE_HEADERS
    return True


def claims(answer):
    return part(answer["id_token"], 1)


class TestAuthorizationCode:
    def test_answer(self, issuer, visitor):
        answer = visitor.login().exchange(visitor.code())
        assert answer.names == NO_STORE_HEADERS
        assert list(answer.json) == MEMBERS
        assert (answer.json["token_type"], answer.json["expires_in"]) == ("Bearer", 3600)
        assert answer.json["scope"] == "openid profile email offline_access"
        assert len(answer.json["refresh_token"]) == 128
        assert answer.json["refresh_token"].isalnum()

    def test_claims(self, issuer, visitor):
        answer = visitor.tokens()
        assert list(part(answer["id_token"], 0)) == ["alg", "kid", "typ"]
        found = claims(answer)
        assert list(found) == CORE + EMAIL + PROFILE
        assert found["iss"] == issuer.url
        assert (found["aud"], found["nonce"], found["amr"]) == ("kubernetes", "nonce-1", ["pwd"])
        assert found["exp"] - found["iat"] == 3600
        assert (found["email"], found["email_verified"]) == ("alice@example.com", False)
        assert found["groups"] == ["k8s-admins", "k8s-viewers"]
        access = part(answer["access_token"], 1)
        assert list(access) == [*found, "azp", "uid", "scope"]
        assert {name: access[name] for name in found} == found

    def test_code_is_used_once_and_its_tokens_stay(self, visitor):
        code = visitor.login().code()
        first = visitor.exchange(code).json
        assert refused(visitor.exchange(code), "invalid_grant")
        assert visitor.userinfo(first["access_token"]).status == 200

    @pytest.mark.parametrize("changes, code", [
        ({"code_verifier": "w" * 43}, "invalid_grant"), ({"code_verifier": None}, "invalid_grant"),
        ({"client_id": "other"}, "invalid_grant"), ({"redirect_uri": "http://evil.example/"}, "invalid_client"),
        ({"redirect_uri": None}, "invalid_client"), ({"client_id": "nosuch"}, "invalid_client"),
        ({"client_id": None}, "invalid_client"), ({"grant_type": "foo"}, "unsupported_grant_type"),
        ({"grant_type": None}, "unsupported_grant_type")])
    def test_failure_keeps_the_code(self, issuer, visitor, changes, code):
        issuer.configure(clients=[{"client_id": "other", "slug": "other"}])
        value = visitor.login().code()
        assert refused(visitor.exchange(value, **changes), code)
        assert visitor.exchange(value).status == 200

    def test_what_is_accepted(self, visitor):
        visitor.login()
        assert visitor.exchange(visitor.code(), redirect_uri="http://127.0.0.1:18000/callback").status == 200
        assert visitor.exchange(visitor.code(), client_secret="superfluous").status == 200
        plain = visitor.authorize(code_challenge="c" * 43).answered["code"]
        assert visitor.exchange(plain, code_verifier="c" * 43).status == 200
        bare = visitor.authorize().answered["code"]
        assert refused(visitor.exchange(bare), "invalid_grant")
        assert visitor.exchange(bare, code_verifier=None).status == 200

    def test_json_body(self, visitor):
        body = '{"grant_type":"authorization_code"}'
        answer = visitor.request("POST", TOKEN, headers={"Content-Type": "application/json"}, body=body)
        assert refused(answer, "invalid_client")

    def test_expired_code(self, issuer, visitor):
        code = visitor.login().code()
        issuer.configure(clock_offset=61)
        assert refused(visitor.exchange(code), "invalid_grant")

    def test_issuer_follows_the_token_request(self, visitor):
        code = visitor.login().code()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "http://localhost:8000",
                "client_id": "kubernetes", "code_verifier": "v" * 43}
        answer = visitor.token({"Host": "authentik.test"}, **form)
        assert claims(answer.json)["iss"] == "https://authentik.test/application/o/kubernetes/"

    @pytest.mark.parametrize("scope, granted, names", [
        (SCOPE, "openid profile email offline_access", CORE + EMAIL + PROFILE),
        ("openid email profile", "openid profile email", CORE + EMAIL + PROFILE),
        ("openid", "openid", CORE), ("email", "email", CORE + EMAIL), ("openid groups", "openid", CORE),
        ("openid nosuch offline_access", "openid offline_access", CORE), ("offline_access", "offline_access", CORE),
        (None, "openid profile email offline_access", CORE + EMAIL + PROFILE)])
    def test_scopes(self, visitor, scope, granted, names):
        answer = visitor.tokens(scope=scope)
        assert answer["scope"] == granted
        assert list(claims(answer)) == names
        assert ("refresh_token" in answer) is ("offline_access" in granted)

    def test_no_mappings(self, issuer, visitor):
        issuer.configure(mappings=[])
        assert visitor.tokens()["scope"] == ""

    def test_groups_of_two_mappings_are_concatenated(self, issuer, visitor):
        issuer.configure(mappings=["openid", "profile", {"scope_name": "groups", "claims": {"groups": ["k8s-parent"]}},
                                   {"scope_name": "broken", "raises": True}])
        answer = visitor.tokens(scope="openid profile groups broken")
        assert answer["scope"] == "openid profile broken groups"
        assert claims(answer)["groups"] == ["k8s-parent", "k8s-admins", "k8s-viewers"]

    def test_claims_left_to_userinfo(self, issuer, visitor):
        issuer.configure(include_claims=False)
        answer = visitor.tokens()
        assert list(claims(answer)) == CORE
        assert visitor.userinfo(answer["access_token"]).json["groups"] == ["k8s-admins", "k8s-viewers"]

    @pytest.mark.parametrize("mode, subject", [("user_id", "6"), ("user_username", "alice"),
                                               ("user_email", "alice@example.com")])
    def test_subjects(self, issuer, visitor, mode, subject):
        hashed = claims(visitor.tokens())["sub"]
        issuer.configure(sub_mode=mode)
        assert claims(visitor.tokens())["sub"] == subject
        issuer.configure(sub_mode="user_upn")
        assert claims(visitor.tokens())["sub"] == hashed
        assert len(hashed) == 64


class TestClientAuthentication:
    @pytest.fixture(autouse=True)
    def confidential(self, issuer):
        issuer.configure(client_secret="a+b%20c/d=e:f")

    @pytest.mark.parametrize("text, status", [("kubernetes:a%2Bb%2520c%2Fd%3De%3Af", 200),
                                              ("kubernetes:a+b%20c/d=e:f", 400)])
    def test_basic(self, visitor, text, status):
        code = visitor.login().code()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "http://localhost:8000",
                "code_verifier": "v" * 43}
        value = base64.b64encode(text.encode()).decode()
        assert refused(visitor.token({"Authorization": "basic " + value}, **form), "invalid_client")
        assert visitor.token({"Authorization": "Basic " + value}, **form).status == status

    def test_form(self, visitor):
        code = visitor.login().code()
        assert refused(visitor.exchange(code), "invalid_client")
        assert refused(visitor.exchange(code, client_secret="wrong"), "invalid_client")
        answer = visitor.exchange(code, client_secret="a+b%20c/d=e:f")
        assert refused(visitor.refresh(answer.json["refresh_token"]), "invalid_client")
        assert visitor.refresh(answer.json["refresh_token"], client_secret="a+b%20c/d=e:f").status == 200


class TestRefresh:
    def test_rotation(self, visitor):
        first = visitor.tokens()
        answer = visitor.refresh(first["refresh_token"])
        assert list(answer.json) == MEMBERS
        found = claims(answer.json)
        assert list(found) == [name for name in CORE if name != "nonce"] + EMAIL + PROFILE
        assert [found[name] for name in ("sub", "sid", "auth_time")] == [
            claims(first)[name] for name in ("sub", "sid", "auth_time")]
        assert refused(visitor.refresh(first["refresh_token"]), "invalid_grant")
        assert visitor.refresh(answer.json["refresh_token"]).status == 200

    def test_lifetime_is_now_and_then_a_second_short(self, visitor):
        token, lifetimes = visitor.tokens()["refresh_token"], set()
        for _ in range(2):
            answer = visitor.refresh(token).json
            token = answer["refresh_token"]
            lifetimes.add(claims(answer)["exp"] - claims(answer)["iat"])
        assert lifetimes == {3599, 3600}

    @pytest.mark.parametrize("mode, winners", [("overlap", 8), ("strict", 1), ("family", 1)])
    def test_parallel(self, issuer, visitor, mode, winners):
        issuer.configure(single_use_refresh=mode, refresh_overlap_ms=500)
        token = visitor.tokens()["refresh_token"]
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: visitor.refresh(token), range(8)))
        good = [answer.json["refresh_token"] for answer in answers if answer.status == 200]
        assert len(set(good)) == len(good) == winners
        issuer.configure(refresh_overlap_ms=0)
        assert refused(visitor.refresh(token), "invalid_grant")
        usable = [visitor.refresh(item).status == 200 for item in good]
        assert usable == [mode != "family"] * winners

    @pytest.mark.parametrize("granted, scope, code", [
        (SCOPE, "openid", "invalid_scope"), (SCOPE, SCOPE, None), (SCOPE, "openid offline_access", None),
        ("openid offline_access", "openid email offline_access", "invalid_scope"),
        ("openid offline_access", "openid nosuch offline_access", None)])
    def test_scope_parameter(self, visitor, granted, scope, code):
        first = visitor.tokens(scope=granted)
        answer = visitor.refresh(first["refresh_token"], scope=scope)
        if code:
            assert refused(answer, code)
            assert visitor.refresh(first["refresh_token"]).status == 200
        else:
            assert answer.json["scope"] == first["scope"]

    def test_wrong_tokens(self, issuer, visitor):
        issuer.configure(clients=[{"client_id": "other", "slug": "other"}])
        first = visitor.tokens()
        for token in ("unknown", None, first["access_token"]):
            assert refused(visitor.refresh(token), "invalid_grant")
        assert refused(visitor.refresh(first["refresh_token"], client_id="other"), "invalid_grant")
        assert visitor.refresh(first["refresh_token"]).status == 200

    def test_expiry(self, issuer, visitor):
        token = visitor.tokens()["refresh_token"]
        issuer.configure(clock_offset=2592001)
        assert refused(visitor.refresh(token), "invalid_grant")

    def test_threshold_never_rotates(self, issuer, visitor):
        issuer.configure(refresh_threshold=3600, refresh_ttl=1800)
        token = visitor.tokens()["refresh_token"]
        assert [list(visitor.refresh(token).json) for _ in range(2)] == [MEMBERS[:-1]] * 2

    def test_groups_are_asked_again(self, issuer, visitor):
        token = visitor.tokens()["refresh_token"]
        issuer.configure(users={"alice": {"groups": [], "allowed": False}})
        assert claims(visitor.refresh(token).json)["groups"] == []

    def test_disabled_user(self, issuer, visitor):
        first = visitor.tokens()
        issuer.configure(users={"alice": {"active": False}})
        assert refused(visitor.refresh(first["refresh_token"]), "invalid_grant")
        assert visitor.userinfo(first["access_token"]).status == 401
        assert visitor.authorize().location.startswith("/if/flow/default-authentication-flow/?")
        assert "Invalid password" in visitor.get(visitor.authorize().location).text
        issuer.configure(users={"alice": {"active": True}})
        assert refused(visitor.refresh(first["refresh_token"]), "invalid_grant")

    def test_after_logout(self, visitor):
        first = visitor.tokens()
        answer = visitor.get("/application/o/kubernetes/end-session/")
        assert answer.location == "/if/flow/default-provider-invalidation-flow/"
        assert visitor.userinfo(first["access_token"]).status == 401
        found = claims(visitor.refresh(first["refresh_token"]).json)
        assert not {"amr", "sid"} & set(found)


class TestKeysOfTokens:
    def test_no_key(self, issuer, visitor):
        issuer.configure(signing="none")
        assert part(visitor.tokens()["id_token"], 0) == {"alg": "HS256", "typ": "JWT"}

    @pytest.mark.parametrize("kind, alg", [("p256", "ES256"), ("p384", "ES384"), ("p521", "ES512"),
                                           ("ps256", "PS256"), ("rs512", "RS512"), ("eddsa", "EdDSA")])
    def test_algorithms(self, issuer, visitor, kind, alg):
        issuer.configure(signing=kind)
        header = part(visitor.tokens()["id_token"], 0)
        key, = visitor.get(JWKS).json["keys"]
        assert (header["alg"], header["kid"]) == (alg, key["kid"])

    def test_second_key_signs(self, issuer, visitor):
        issuer.configure(second_signing=["p256"], sign_with=1)
        header = part(visitor.tokens()["id_token"], 0)
        assert header["kid"] == visitor.get(JWKS).json["keys"][1]["kid"]

    def test_encrypted(self, issuer, visitor):
        issuer.configure(encryption_key=True)
        answer = visitor.tokens()
        for name in ("id_token", "access_token"):
            assert answer[name].count(".") == 4
            assert list(part(answer[name], 0)) == ["alg", "enc", "kid", "typ"]
        assert visitor.userinfo(answer["access_token"]).status == 200

    def test_key_without_private_part(self, issuer, visitor):
        code = visitor.login().code()
        issuer.configure(key_without_private=True)
        assert visitor.get(JWKS).body == b"{}"
        assert visitor.exchange(code).status == 405


class TestMachines:
    GRANT = {"grant_type": "client_credentials", "client_id": "kubernetes", "scope": SCOPE}

    @pytest.mark.parametrize("grant", ["client_credentials", "password"])
    def test_app_password(self, visitor, grant):
        answer = visitor.token(**self.GRANT | {"grant_type": grant, "username": "k8s-robot",
                                               "password": "robot-app-password"})
        assert list(answer.json) == MEMBERS[:-1]
        found = claims(answer.json)
        assert list(found) == [name for name in CORE if name not in ("amr", "nonce", "sid")] + EMAIL + PROFILE
        assert (found["email"], found["preferred_username"]) == ("", "k8s-robot")

    @pytest.mark.parametrize("more", [{}, {"client_secret": "wrong"}, {"username": "alice", "password": "wrong"},
                                      {"username": "nobody", "password": "robot-app-password"},
                                      {"client_assertion_type": "foo", "client_assertion": "x.y.z"}])
    def test_refused(self, visitor, more):
        assert refused(visitor.token(**self.GRANT | more), "invalid_grant")

    def test_secret_of_the_client(self, issuer, visitor):
        issuer.configure(client_secret="SECRET")
        answer = visitor.token(**self.GRANT | {"client_secret": "SECRET"}).json
        assert claims(answer)["preferred_username"] == "ak-kubernetes-client_credentials"
        assert refused(visitor.token(**self.GRANT | {"client_secret": "wrong"}), "invalid_grant")

    def test_user_in_the_secret_and_no_scope(self, visitor):
        secret = base64.b64encode(b"alice:alice-app-password").decode()
        assert claims(visitor.token(**self.GRANT | {"client_secret": secret}).json)["preferred_username"] == "alice"
        answer = visitor.token(**self.GRANT | {"client_secret": secret, "scope": None}).json
        assert answer["scope"] == ""

    def test_federation(self, issuer, visitor):
        issuer.configure(clients=[{"client_id": "ci", "slug": "ci", "federated_clients": ["kubernetes"]}])
        first = visitor.tokens()
        form = self.GRANT | {"client_id": "ci", "client_assertion_type":
                             "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
        assert claims(visitor.token(client_assertion=first["access_token"], **form).json)["aud"] == "ci"
        assert refused(visitor.token(client_assertion=first["id_token"], **form), "invalid_grant")


class TestBearer:
    def test_userinfo(self, visitor):
        first = visitor.tokens()
        answer = visitor.userinfo(first["access_token"])
        assert list(answer.json) == ["sub", *EMAIL, *PROFILE, "nonce"]
        assert answer.names == NO_STORE_HEADERS
        posted = visitor.request("POST", "/application/o/userinfo/", {"access_token": first["access_token"]})
        assert posted.body == answer.body

    def test_userinfo_refused(self, visitor):
        first = visitor.tokens()
        for token in ("", "unknown", first["id_token"], first["refresh_token"]):
            answer = visitor.userinfo(token)
            assert (answer.status, answer.body) == (401, b"")
            assert answer.header("www-authenticate").startswith('error="invalid_token", error_description="The access')
        answer = visitor.userinfo(visitor.tokens(scope="email")["access_token"])
        assert answer.status == 403
        assert answer.header("www-authenticate").startswith('error="insufficient_scope", ')

    def test_introspection(self, issuer, visitor):
        issuer.configure(client_secret="SECRET")
        code = visitor.login().code()
        first = visitor.exchange(code, client_secret="SECRET").json
        form = {"client_id": "kubernetes", "client_secret": "SECRET", "token": first["access_token"]}
        answer = visitor.request("POST", "/application/o/introspect/", form)
        assert list(answer.json) == [*claims(first), "active", "scope", "client_id"]
        for change in ({"client_secret": ""}, {"client_id": "nosuch"}, {"token": "unknown"}):
            assert visitor.request("POST", "/application/o/introspect/", form | change).body == b'{"active": false}'

    def test_revocation(self, visitor):
        first = visitor.tokens()
        path = "/application/o/revoke/"
        for token in (first["refresh_token"], "unknown"):
            answer = visitor.request("POST", path, {"client_id": "kubernetes", "token": token})
            assert (answer.status, answer.body) == (200, b"{}")
        assert refused(visitor.refresh(first["refresh_token"]), "invalid_grant")
        assert visitor.userinfo(first["access_token"]).status == 200
        assert refused(visitor.request("POST", path, {"client_id": "nosuch"}), "invalid_client", 401)
