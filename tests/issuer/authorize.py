# SPDX-License-Identifier: Apache-2.0
"""The authorization endpoint: its checks in the order of the real one, and the way back to the client."""

import re
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from . import answers, claims, pages, tokens

ERRORS = {
    "invalid_request": "The request is otherwise malformed",
    "unsupported_response_type": "The authorization server does not support obtaining an authorization code using "
                                 "this method",
    "invalid_scope": "The requested scope is invalid, unknown, or malformed",
    "login_required": "The Authorization Server requires End-User authentication",
    "consent_required": "The Authorization Server requires End-User consent",
    "request_not_supported": "The provider does not support use of the request parameter",
}
FORBIDDEN_SCHEMES = {"javascript", "data", "vbscript"}
GRANT_OF_TYPE = {"code": "authorization_code", "id_token": "implicit", "id_token token": "implicit",
                 "code token": "hybrid", "code id_token": "hybrid", "code id_token token": "hybrid"}
AMR = ["pwd"]


class Refused(Exception):
    """An error that the client is told by redirect."""

    def __init__(self, code, description=None):
        super().__init__(code)
        self.code, self.description = code, description or ERRORS[code]


class Params:
    """The authorization request after its checks."""

    def __init__(self, request, provider):
        self.provider = provider
        self.redirect_uri = request.arg("redirect_uri")
        self.state = request.arg("state")
        self.response_type = request.arg("response_type") or ""
        self.nonce = request.arg("nonce")
        self.challenge = request.arg("code_challenge")
        self.method = request.arg("code_challenge_method") or "plain"
        self.prompt = set((request.arg("prompt") or "").split()) & {"none", "login", "consent"}
        self.scope = claims.granted_scopes(provider, (request.arg("scope") or "").split())
        self.grant = GRANT_OF_TYPE.get(self.response_type, "")
        mode = request.arg("response_mode")
        fallback = "fragment" if self.grant in ("implicit", "hybrid") else "query"
        self.mode = mode if mode in ("query", "fragment", "form_post") else fallback


def authorize(app, request):
    if not request.query:
        return pages.not_found(app.settings)
    provider = app.provider(request.arg("client_id"))
    if provider is None:
        return pages.client_id_error(app.settings)
    if not check_redirect_uri(app, provider, request.arg("redirect_uri")):
        return pages.redirect_uri_error(app.settings)
    params = Params(request, provider)
    session = app.session(request)
    try:
        check(request, params, session)
    except Refused as refusal:
        return error_redirect(app, request, params, refusal)
    return logged_in(app, request, params, session)


def check_redirect_uri(app, provider, uri):
    """Whether the list allows the URI. An empty list takes the first one that is ever used, also by a probe."""
    if not uri or urlsplit(uri).scheme in FORBIDDEN_SCHEMES:
        return False
    if not provider["redirect_uris"] and provider["behaviour"]["autosave_redirect"]:
        target = provider.overrides if "redirect_uris" in provider.overrides else app.settings
        target["redirect_uris"] = [{"mode": "strict", "url": uri}]
        return True
    return redirect_uri_matches(provider, uri)


def redirect_uri_matches(provider, uri):
    return any(entry_matches(entry, uri or "") for entry in provider["redirect_uris"])


def entry_matches(entry, uri):
    if entry.get("mode", entry.get("matching_mode", "strict")) == "strict":
        return entry["url"] == uri
    try:
        return re.fullmatch(entry["url"], uri) is not None
    except re.error:
        return False


def check(request, params, session):
    """The checks whose failure is told by redirect."""
    if params.response_type not in GRANT_OF_TYPE:
        raise Refused("unsupported_response_type")
    if not params.provider.allows(params.grant):
        raise Refused("invalid_request")
    if params.grant != "authorization_code" and "openid" not in params.scope:
        raise Refused("invalid_scope")
    if request.arg("request") is not None:
        raise Refused("request_not_supported")
    if "id_token" in params.response_type.split() and not params.nonce:
        raise Refused("invalid_request")
    if params.method not in ("plain", "S256"):
        raise Refused("invalid_request", f"Unsupported challenge method {params.method}")
    if "none" in params.prompt and session is None:
        raise Refused("login_required")


def logged_in(app, request, params, session):
    """From here on a person is needed: log in, be allowed, agree."""
    if not params.provider["has_application"]:
        return pages.denied(app.settings, app.user(session["user"]) if session else None)
    if session is None:
        return to_login(app, request)
    user = app.user(session["user"])
    if not app.is_allowed(user):
        return pages.denied(app.settings, user)
    if must_log_in_again(app, request, params, session):
        return to_login(app, request)
    session["fresh"] = False
    if needs_page(app, params, session):
        return with_cookie(request, answers.redirect(consent_path(params) + "?" + request.query_string))
    return with_cookie(request, success(app, request, params, session))


def must_log_in_again(app, request, params, session):
    """prompt=login and max_age; a login that was just made satisfies both."""
    wanted = request.arg("max_age") or ""
    if wanted and not re.fullmatch(r"-?[0-9]+", wanted):
        raise answers.ServerFault
    too_old = wanted and int(wanted) and app.now() - session["auth_time"] > int(wanted)
    return ("login" in params.prompt or too_old) and not session["fresh"]


def needs_page(app, params, session):
    """Whether the authorization flow has to show something, or the mode needs a page."""
    if "consent" in params.prompt or params.mode == "form_post":
        return True
    explicit = params.provider["consent"] == "explicit"
    return explicit and app.store.consents.get(consent_key(params, session)) is None


def consent_key(params, session):
    return " ".join([session["user"], params.provider["client_id"], *sorted(params.scope)])


def consent_path(params):
    return f"/if/flow/default-provider-authorization-{params.provider['consent']}-consent/"


def to_login(app, request):
    """To the login page, with the way back. Versions before 2025.12 use the older entry."""
    here = quote(f"{request.path}?{request.query_string}", safe="")
    if app.settings["behaviour"]["login_redirect"] == "default":
        response = answers.redirect(f"/flows/-/default/authentication/?next={here}")
    else:
        response = answers.redirect(f"/if/flow/default-authentication-flow/?{request.query_string}&next={here}")
    cookie = request.cookies.get("authentik_session") or "eyJhbm9ueW1vdXMiOnRydWV9." + request.id
    return set_cookie(request, response, cookie)


def with_cookie(request, response):
    return set_cookie(request, response, request.cookies["authentik_session"])


def set_cookie(request, response, value):
    """On plain http a browser would refuse SameSite=None, so Lax is sent there."""
    policy = "SameSite=None; Secure" if request.scheme == "https" else "SameSite=Lax"
    response.cookies.append(f"authentik_session={value}; HttpOnly; Path=/; {policy}")
    return response


def error_redirect(app, request, params, refusal):
    """Plain concatenation, as the real server does it: no escaping of the state, none without a state."""
    mark = "#" if params.grant in ("implicit", "hybrid") else "?"
    location = f"{params.redirect_uri}{mark}error={refusal.code}&error_description={quote(refusal.description)}"
    if params.state:
        location += f"&state={params.state}"
    if params.provider["advertise_iss"]:
        location += "&iss=" + quote(app.issuer(request, params.provider), safe="")
    return answers.redirect(location)


def success(app, request, params, session):
    """Back to the client with a code, or with tokens for the older response types."""
    fields = success_fields(app, request, params, session)
    if params.mode == "form_post":
        return pages.flow(app.settings, "Redirecting", pages.form(params.redirect_uri, fields, "Continue"))
    parts = urlsplit(params.redirect_uri)
    if params.mode == "fragment":
        return answers.redirect(urlunsplit(parts._replace(fragment=urlencode(fields))))
    query = parse_qsl(parts.query) + list(fields.items())  # blank values are lost, as on the real server
    return answers.redirect(urlunsplit(parts._replace(query=urlencode(query))))


def success_fields(app, request, params, session):
    record = {
        "client_id": params.provider["client_id"], "user": session["user"], "scope": params.scope,
        "nonce": params.nonce, "auth_time": session["auth_time"], "sid": session["sid"], "amr": AMR}
    fields, kinds = {}, params.response_type.split()
    if "code" in kinds:
        fields["code"] = app.store.new_code(record | {
            "challenge": params.challenge, "method": params.method,
            "expires": app.now() + params.provider["code_ttl"]})
    if kinds != ["code"]:
        made = tokens.make(app, request, params.provider, record, app.user(session["user"]), "login")
        fields |= {name: token for name, token in zip(("id_token", "access_token"), made)
                   if name.removeprefix("access_") in kinds}
    fields["state"] = params.state or ""
    if params.provider["advertise_iss"]:
        fields["iss"] = app.issuer(request, params.provider)
    return fields


def refuse_post(app, request, slug=None):
    """A form from another site without a CSRF token."""
    return pages.csrf()
