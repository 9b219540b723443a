# SPDX-License-Identifier: Apache-2.0
"""The token endpoint: authorization code, client credentials and password; the other grants in their modules."""

import base64
import binascii

from . import answers, authorize, claims, clients, config, device, discovery, refresh, tokens
from .answers import OAuthError


def options(app, request):
    """The preflight request, which echoes any origin."""
    response = answers.oauth_json({})
    if request.header("origin"):
        response.headers.append(("access-control-allow-origin", request.header("origin")))
    return response


async def token(app, request):
    provider = None
    try:
        provider, secret = clients.identify(app, request)
        response = await dispatch(app, request, provider, secret)
    except OAuthError as failure:
        response = answers.oauth_error(request, failure)
    return discovery.allow_origin(response, request, provider)


async def dispatch(app, request, provider, secret):
    grant = request.field("grant_type")
    if provider["behaviour"]["grant_types_enforced"] and not provider.allows(grant):
        raise OAuthError("invalid_grant")
    if grant == "refresh_token":
        clients.authenticate(app, request, provider, secret)
        return await refresh.refresh(app, request, provider)
    if grant == "authorization_code":
        clients.authenticate(app, request, provider, secret)
        return authorization_code(app, request, provider)
    if grant == config.DEVICE_GRANT:
        return device.poll(app, request, provider)
    if grant in ("client_credentials", "password"):
        return client_credentials(app, request, provider, secret)
    raise OAuthError("unsupported_grant_type")


def answer(app, request, provider, record, user, refresh_token=None, when="login"):
    """The answer with all tokens, its members in the order of the real one."""
    id_token, access = tokens.make(app, request, provider, record, user, when)
    body = {"access_token": access, "token_type": "Bearer", "scope": " ".join(record["scope"]),
            "expires_in": provider["access_ttl"], "id_token": id_token}
    if refresh_token:
        body["refresh_token"] = refresh_token
    return answers.oauth_json(body)


def authorization_code(app, request, provider):
    """An unregistered redirect URI is invalid_client; no failure uses the code up."""
    if not authorize.redirect_uri_matches(provider, request.field("redirect_uri")):
        raise OAuthError("invalid_client")
    code = request.field("code")
    record = app.store.codes.get(code)
    if record is None or record["client_id"] != provider["client_id"] or record["expires"] <= app.now():
        raise OAuthError("invalid_grant")
    user = app.user(record["user"])
    if not clients.challenge_matches(record, request.field("code_verifier")) or user is None:
        raise OAuthError("invalid_grant")
    refresh_token = None
    if "offline_access" in record["scope"]:
        refresh_token = refresh.issue(app, provider, record)
    response = answer(app, request, provider, record, user, refresh_token)
    del app.store.codes[code]
    return response


def client_credentials(app, request, provider, secret):
    """Also grant_type=password; no refresh token, and no amr, nonce, sid in the tokens."""
    user = machine_user(app, request, provider, secret)
    if user is None or not app.is_active(user) or not app.is_allowed(user) or not provider["has_application"]:
        raise OAuthError("invalid_grant")
    wanted = (request.field("scope") or "").split()
    scope = claims.granted_scopes(provider, wanted) if wanted else []
    record = {"client_id": provider["client_id"], "user": user["username"], "scope": scope,
              "auth_time": int(app.now())}
    return answer(app, request, provider, record, user)


def machine_user(app, request, provider, secret):
    """The user of a machine login, tried in the order of the real server; None when nothing fits."""
    if provider["client_jwks"]:
        clients.authenticate(app, request, provider, secret)
        return service_account(f"ak-{provider['slug']}-client_credentials")
    if request.field("client_assertion_type"):
        if request.field("client_assertion_type") != clients.ASSERTION_TYPE:
            return None
        return federated_user(app, provider, request.field("client_assertion") or secret)
    if request.field("username") and request.field("password"):
        return app_password_user(app, request.field("username"), request.field("password"))
    if secret and provider["client_secret"] and clients.same(secret, provider["client_secret"]):
        name = f"ak-{provider['slug']}-client_credentials"
        return service_account(name)
    user = federated_user(app, provider, secret) if secret else None
    return user or user_in_secret(app, secret)


def app_password_user(app, name, password):
    right = app.settings["app_passwords"].get(name)
    return app.user(name) if right is not None and clients.same(right, password) else None


def user_in_secret(app, secret):
    """client_secret = base64(username:app password)."""
    try:
        name, _, password = base64.b64decode(secret or "", validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return app_password_user(app, name, password)


def federated_user(app, provider, assertion):
    """The user of a trusted assertion: one that the configuration names, or another client's access token."""
    name = app.settings["federated_assertions"].get(assertion)
    if name:
        return app.user(name) or service_account(name)
    record = app.store.access.get(assertion)
    if record and record["client_id"] in provider["federated_clients"] and record["exp"] > app.now():
        return app.user(record["user"])
    return None


def service_account(name):
    return config.person(1000, name, []) | {"email": "", "name": name}
