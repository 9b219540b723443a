# SPDX-License-Identifier: Apache-2.0
"""The answers that many endpoints share: JSON, redirects, masked errors, and the headers of every answer."""

import json
from email.utils import formatdate
from urllib.parse import quote

from .wire import Response

NO_STORE = [("cache-control", "no-store"), ("pragma", "no-cache")]
PAGE_METHODS = "GET, HEAD, OPTIONS"
IRI_SAFE = "/#%[]=:;$&()+,!?*@'~"

DESCRIPTIONS = {
    "invalid_request": "The request is otherwise malformed",
    "invalid_client": "Client authentication failed (e.g., unknown client, no client authentication included, or "
                      "unsupported authentication method)",
    "invalid_grant": "The provided authorization grant or refresh token is invalid, expired, revoked, does not match "
                     "the redirection URI used in the authorization request, or was issued to another client",
    "unsupported_grant_type": "The authorization grant type is not supported by the authorization server",
    "invalid_scope": "The requested scope is invalid, unknown, malformed, or exceeds the scope granted by the "
                     "resource owner",
    "authorization_pending": "The authorization request is still pending as the end user hasn't yet completed the "
                             "user-interaction steps",
    "slow_down": "A variant of \"authorization_pending\", the authorization request isstill pending and polling "
                 "should continue, but the interval MUSTbe increased by 5 seconds for this and all subsequent "
                 "requests.",
}


class OAuthError(Exception):
    """A refusal of an OAuth endpoint, by its code."""

    def __init__(self, code, status=400):
        super().__init__(code)
        self.code, self.status = code, status


class ServerFault(Exception):
    """The server fails inside: the 500 page for a GET, the masked 405 for a POST."""


def oauth_json(value, status=200):
    """One line with spaces, no-store: token, device, introspect, revoke, userinfo."""
    return Response(status, NO_STORE, json.dumps(value).encode(), "application/json")


def spaced_json(value, headers=()):
    return Response(200, headers, json.dumps(value).encode(), "application/json")


def indented_json(value):
    return Response(200, [], json.dumps(value, indent=2).encode(), "application/json")


def rest_json(value, status=200, allow="GET, HEAD, OPTIONS"):
    """JSON of the REST interface: no spaces, UTF-8."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return Response(status, [("allow", allow)], text.encode(), "application/json")


def oauth_error(request, failure):
    body = {"error": failure.code, "error_description": DESCRIPTIONS[failure.code], "request_id": request.id}
    return oauth_json(body, failure.status)


def redirect(location):
    """A 302; characters that may not stand in a URL are escaped the way Django does it."""
    return Response(302, [("location", quote(location, safe=IRI_SAFE))])


def empty(status=200, allow=None):
    return Response(status, [("allow", allow)] if allow else [])


def finish(response, request, settings, now):
    """Put the headers of every answer around those of the endpoint."""
    own, cookies = response.headers, [("set-cookie", cookie) for cookie in response.cookies]
    first = [("Date", formatdate(now, usegmt=True)), ("Content-Type", response.content_type),
             ("Content-Length", None), ("Connection", None)]
    replaced = {name.lower() for name, _ in own}
    first = [pair for pair in first if pair[0].lower() not in replaced and (pair[0], pair[1]) != ("Content-Type", None)]
    common = [("x-frame-options", "DENY"), ("x-content-type-options", "nosniff"),
              ("referrer-policy", "same-origin"), ("x-authentik-id", request.id),
              ("vary", "Accept-Language, Cookie"), ("content-language", "en")]
    if settings["front"] == "authentik":
        titled = [(name.title(), value) for name, value in [*own, *common, *cookies]]
        response.headers = [*first, *titled, ("X-Powered-By", "authentik")]
    else:
        response.headers = [*first, ("server", "uvicorn"), *own, *common, *cookies]
    return response
