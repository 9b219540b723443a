# SPDX-License-Identifier: Apache-2.0
"""Refresh tokens: rotation, its missing atomicity, and the stricter modes that other servers have."""

import asyncio
import uuid

from . import token_endpoint
from .answers import OAuthError


def issue(app, provider, record, family=None):
    """A new refresh token for the record of a login; the nonce is not carried on."""
    kept = {name: record.get(name) for name in ("client_id", "user", "scope", "auth_time", "sid", "amr")}
    return app.store.new_refresh(kept | {
        "expires": app.now() + provider["refresh_ttl"], "revoked": False, "family": family or uuid.uuid4().hex})


async def refresh(app, request, provider):
    """Overlap mode: looked up on arrival, revoked when the answer goes out, so requests that overlap all win."""
    token = request.field("refresh_token")
    record = find(app, provider, token)
    check_scope(request, provider, record)
    user = app.user(record["user"])
    if user is None or not app.is_active(user):
        app.store.forget_user(record["user"])
        raise OAuthError("invalid_grant")
    rotates = must_rotate(app, provider, record)
    if provider["single_use_refresh"] != "overlap":
        record["revoked"] = rotates
    await asyncio.sleep(provider["refresh_overlap_ms"] / 1000)
    after_logout(app, record)
    successor = issue(app, provider, record, record["family"]) if rotates else None
    response = token_endpoint.answer(app, request, provider, record, user, successor, "refresh")
    record["revoked"] = rotates
    return response


def find(app, provider, token):
    record = app.store.refresh.get(token)
    if record is None or record["client_id"] != provider["client_id"] or record["expires"] <= app.now():
        raise OAuthError("invalid_grant")
    if record["revoked"]:
        if provider["single_use_refresh"] == "family":
            app.store.revoke_family(record["family"])
        raise OAuthError("invalid_grant")
    return record


def check_scope(request, provider, record):
    """A scope parameter must name offline_access and no attached scope that was not granted; it narrows nothing."""
    wanted = (request.field("scope") or "").split()
    if not wanted:
        return
    attached_not_granted = set(wanted) & set(provider.scopes()) - set(record["scope"])
    if "offline_access" not in wanted or attached_not_granted:
        raise OAuthError("invalid_scope")


def must_rotate(app, provider, record):
    """A threshold of zero rotates always; another one never on 2025.10 to 2026.2, and when due on 2026.5."""
    threshold = provider["refresh_threshold"]
    if not threshold:
        return True
    return provider["behaviour"]["threshold_fixed"] and record["expires"] - app.now() < threshold


def after_logout(app, record):
    """A refresh survives the end of its session, without the session's claims."""
    if record["sid"] and not app.store.has_sid(record["sid"]):
        record["sid"] = record["amr"] = None
