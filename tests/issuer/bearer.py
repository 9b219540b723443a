# SPDX-License-Identifier: Apache-2.0
"""Endpoints that take a token: userinfo, introspection, revocation."""

from . import answers, claims, clients
from .answers import OAuthError

INVALID = ('error="invalid_token", error_description="The access token provided is expired, revoked, malformed, or '
           'invalid for other reasons"')
INSUFFICIENT = ('error="insufficient_scope", error_description="The request requires higher privileges than provided '
                'by the access token"')


def bearer_token(request):
    scheme, _, value = (request.header("authorization") or "").partition(" ")
    return value if scheme == "Bearer" else request.field("access_token")


def userinfo(app, request):
    record = app.store.access.get(bearer_token(request))
    user = app.user(record["user"]) if record else None
    if record is None or record["exp"] <= app.now() or user is None:
        return refused(401, INVALID)
    if "openid" not in record["scope"]:
        return refused(403, INSUFFICIENT)
    provider = app.provider(record["client_id"])
    body = {"sub": claims.subject(provider, user)} | claims.user_claims(provider, record["scope"], user)
    if record["nonce"]:
        body["nonce"] = record["nonce"]
    return answers.oauth_json(body)


def refused(status, challenge):
    response = answers.empty(status)
    response.headers.append(("www-authenticate", challenge))
    return response


def introspect(app, request):
    """Any failure, whoever asks, is `active: false`."""
    try:
        provider, secret = clients.identify(app, request)
    except OAuthError:
        return answers.oauth_json({"active": False})
    public_refused = provider.public and not provider["behaviour"]["public_introspect"]
    wrong_secret = not provider["client_secret"] or not clients.same(secret, provider["client_secret"])
    token = request.field("token")
    record = app.store.access.get(token) or app.store.refresh.get(token)
    if public_refused or wrong_secret or not is_live(app, provider, record):
        return answers.oauth_json({"active": False})
    body = record.get("claims") or refresh_claims(app, request, provider, record)
    return answers.oauth_json(body | {"active": True, "scope": " ".join(record["scope"]),
                                      "client_id": provider["client_id"]})


def is_live(app, provider, record):
    if record is None or record["client_id"] != provider["client_id"] or record.get("revoked"):
        return False
    return record.get("exp", record.get("expires", 0)) > app.now()


def refresh_claims(app, request, provider, record):
    user = app.user(record["user"])
    lifetime = int(record["expires"] - app.now())
    basic = claims.core(provider, app.issuer(request, provider), record, user, app.now(), lifetime)
    return basic | claims.user_claims(provider, record["scope"], user)


def revoke(app, request):
    """The one endpoint that says 401 to a wrong client."""
    try:
        provider, secret = clients.identify(app, request)
        clients.authenticate(app, request, provider, secret)
    except OAuthError as failure:
        raise OAuthError(failure.code, 401) from failure
    token = request.field("token")
    for records in (app.store.access, app.store.refresh):
        record = records.get(token)
        if record and (record["client_id"] == provider["client_id"] or provider["behaviour"]["foreign_revoke"]):
            del records[token]
    return answers.oauth_json({})
