# SPDX-License-Identifier: Apache-2.0
"""The REST interface of an administrator, and what this issuer has besides Authentik."""

import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from .keys import SigningKey, encode
from .test_issuer import JWKS
from .test_tokens import claims, refused
from .visitor import CALLBACK, VERIFIER, part

ADMIN = "fake-admin-token"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture
def rest(visitor):
    """Call the REST interface: rest(method, path, body, token) gives status and JSON."""
    def call(method, path, body=None, token=ADMIN):
        answer = visitor.request(method, "/api/v3/" + path, headers={"Authorization": f"Bearer {token}"},
                                 body=None if body is None else json.dumps(body))
        return answer.status, answer.json
    return call


class TestAdministration:
    def test_who_may(self, rest, issuer, visitor):
        forbidden = {"detail": "You do not have permission to perform this action."}
        assert rest("GET", "providers/oauth2/", token="fake-user-token") == (403, forbidden)
        assert rest("GET", "core/users/me/", token="fake-user-token")[0] == 200
        issuer.configure(mappings=["openid", "goauthentik.io/api"])
        tokens = visitor.tokens(scope="openid goauthentik.io/api")
        assert rest("GET", "core/users/me/", token=tokens["access_token"])[0] == 200
        assert rest("GET", "core/users/me/", token=tokens["id_token"])[0] == 403

    def test_provider(self, rest):
        status, found = rest("GET", "providers/oauth2/?client_id=kubernetes")
        assert (status, found["pagination"]["count"]) == (200, 1)
        provider = found["results"][0]
        assert (provider["client_type"], provider["access_token_validity"]) == ("public", "hours=1")
        assert (provider["access_code_validity"], provider["refresh_token_validity"]) == ("minutes=1", "days=30")
        assert rest("GET", "providers/oauth2/?client_id=nosuch")[1]["results"] == []

    def test_mending_a_provider(self, rest, issuer, visitor):
        issuer.configure(signing="none", redirect_uris=[], access_ttl=300)
        key = rest("GET", "crypto/certificatekeypairs/?name=authentik%20Self-signed%20Certificate")[1]["results"][0]
        uris = [{"matching_mode": "strict", "url": CALLBACK}]
        body = {"signing_key": key["pk"], "redirect_uris": uris, "access_token_validity": "minutes=30", "unknown": 1}
        status, provider = rest("PATCH", "providers/oauth2/1/", body)
        assert (status, provider["redirect_uris"], provider["access_token_validity"]) == (200, uris, "minutes=30")
        assert len(visitor.get(JWKS).json["keys"]) == 1
        assert visitor.tokens()["expires_in"] == 1800

    def test_verified_email(self, rest, visitor):
        body = {"name": "kube email", "scope_name": "email",
                "expression": 'return {"email": request.user.email, "email_verified": True}'}
        status, mapping = rest("POST", "propertymappings/provider/scope/", body)
        assert status == 201
        stock = rest("GET", "propertymappings/provider/scope/?scope_name=openid")[1]["results"][0]
        rest("PATCH", "providers/oauth2/1/", {"property_mappings": [stock["pk"], mapping["pk"]]})
        found = claims(visitor.tokens())
        assert (found["email"], found["email_verified"]) == ("alice@example.com", True)

    @pytest.mark.parametrize("method, path, body, messages", [
        ("POST", "providers/oauth2/", {"name": "t-min"}, {name: ["This field is required."] for name in
                                                         ("authorization_flow", "invalidation_flow", "redirect_uris")}),
        ("PATCH", "providers/oauth2/1/", {"redirect_uris": [{"matching_mode": "regex", "url": "http://("}]},
         {"redirect_uris": ["Invalid Regex Pattern: http://("]}),
        ("POST", "core/applications/", {"name": "token", "slug": "token"},
         {"slug": ["The slug 'token' is reserved and cannot be used for applications."]}),
        ("POST", "propertymappings/provider/scope/", {"name": "n", "scope_name": "a b", "expression": "return {}"},
         {"scope_name": ["Value must not contain spaces."]})])
    def test_refusals(self, rest, method, path, body, messages):
        assert rest(method, path, body) == (400, messages)

    def test_new_provider_lacks_everything(self, rest, visitor):
        flows = {item["slug"]: item["pk"] for item in rest("GET", "flows/instances/")[1]["results"]}
        body = {"name": "fresh", "redirect_uris": [], "authorization_flow":
                flows["default-provider-authorization-implicit-consent"],
                "invalidation_flow": flows["default-provider-invalidation-flow"]}
        status, provider = rest("POST", "providers/oauth2/", body)
        assert (status, provider["signing_key"], provider["property_mappings"]) == (201, None, [])
        assert rest("GET", f"providers/oauth2/{provider['pk']}/setup_urls/")[1]["issuer"] is None
        rest("POST", "core/applications/", {"name": "fresh", "slug": "fresh", "provider": provider["pk"]})
        document = visitor.get("/application/o/fresh/.well-known/openid-configuration").json
        assert document["id_token_signing_alg_values_supported"] == ["HS256"]
        assert document["scopes_supported"] == ["openid"]

    def test_previews(self, rest, issuer):
        issuer.configure(users={"bob": {"allowed": False}})
        preview = rest("GET", "providers/oauth2/1/preview_user/?for_user=6")[1]["preview"]
        assert preview["exp"] - preview["iat"] == 1800
        assert preview["groups"] == ["k8s-admins", "k8s-viewers"]
        path = "core/applications/kubernetes/check_access/?for_user="
        assert [rest("GET", path + pk)[1]["passing"] for pk in ("6", "7")] == [True, False]

    def test_brand(self, rest, visitor):
        brand = rest("GET", "core/brands/")[1]["results"][0]
        rest("PATCH", f"core/brands/{brand['brand_uuid']}/", {"flow_device_code": None})
        assert "flow_device_code" not in visitor.get("/api/v3/core/brands/current/").json


class TestSignedClientAssertion:
    """private_key_jwt, which Authentik does not have: `client_jwks` in the configuration turns it on."""

    @staticmethod
    def key(kind):
        private = ed25519.Ed25519PrivateKey.generate() if kind == "eddsa" else ec.generate_private_key(ec.SECP256R1())
        return SigningKey(kind, private, None, "client-key")

    @staticmethod
    def assertion(issuer, key, **changes):
        payload = {"iss": "kubernetes", "sub": "kubernetes", "aud": issuer.base_url + "/application/o/token/",
                   "exp": int(time.time()) + 60, "jti": "1"} | changes
        header = {"alg": key.alg, "kid": key.kid}
        text = ".".join(encode(json.dumps(item).encode()) for item in (header, payload))
        return f"{text}.{encode(key.sign(text.encode()))}"

    @pytest.mark.parametrize("kind", ["p256", "eddsa"])
    def test_login(self, issuer, visitor, kind):
        key = self.key(kind)
        issuer.configure(client_jwks={"keys": [{"kid": key.kid, **key.numbers("sig")}]})
        form = {"grant_type": "authorization_code", "code": visitor.login().code(), "redirect_uri": CALLBACK,
                "code_verifier": VERIFIER, "client_assertion_type": ASSERTION_TYPE}
        wrong = [self.assertion(issuer, self.key(kind)), self.assertion(issuer, key, aud="https://evil.example/"),
                 self.assertion(issuer, key, exp=1), "a.b.c", None]
        for assertion in wrong:
            assert refused(visitor.token(client_assertion=assertion, client_id="kubernetes", **form), "invalid_client")
        assert visitor.token(client_assertion=self.assertion(issuer, key), **form).status == 200


def test_key_rotation_just_before_signing(issuer, visitor):
    before = visitor.get(JWKS).json["keys"][0]["kid"]
    issuer.configure(signing="p256", rotate_on_token=True)
    kid = part(visitor.tokens()["id_token"], 0)["kid"]
    assert kid != before
    assert visitor.get(JWKS).json["keys"][0]["kid"] == kid


def test_interactive_login_page(issuer, visitor):
    issuer.configure(interactive=True)
    page = visitor.get("/if/flow/default-authentication-flow/?next=%2Fdevice")
    assert "Log in as alice" in page.text
    answer = visitor.request("POST", "/if/flow/default-authentication-flow/?next=%2Fdevice", {"fake_user": "carol"})
    assert (answer.status, answer.location) == (302, "/device")


def test_own_issuer_for_a_second_client(issuer, visitor):
    issuer.configure(clients=[{"client_id": "kubernetes", "slug": "tenant"}, {"client_id": "b", "slug": "b",
                                                                              "issuer_override": "http://b.test/"}])
    assert visitor.get("/application/o/tenant/jwks/").status == 200
    assert claims(visitor.tokens(client_id="b"))["iss"] == "http://b.test/"
