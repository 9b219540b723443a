# SPDX-License-Identifier: Apache-2.0
"""The device flow: start, the page where the user approves, and the poll."""

from urllib.parse import quote

from . import answers, authorize, clients, config, pages, refresh, store, token_endpoint
from .answers import OAuthError


def start(app, request):
    """Start a device login. Every request counts against the limit, unknown clients too."""
    if not count_start(app, request):
        return answers.oauth_error(request, OAuthError("slow_down", 429))
    provider, secret = clients.identify(app, request, app.settings["behaviour"]["device_basic_auth"])
    if not provider["has_application"] or not provider.allows(config.DEVICE_GRANT):
        raise OAuthError("invalid_client")
    if provider["client_jwks"]:
        clients.authenticate(app, request, provider, secret)
    user_code = store.random_text(9, "0123456789")
    code = app.store.new_device({
        "client_id": provider["client_id"], "scope": (request.field("scope") or "").split(), "user": None,
        "user_code": user_code, "expires": app.now() + provider["code_ttl"], "auth_time": None})
    page = app.url(request, "/device")
    return answers.oauth_json({
        "device_code": code, "verification_uri": page, "verification_uri_complete": f"{page}?code={user_code}",
        "user_code": user_code, "expires_in": provider["code_ttl"], "interval": app.settings["device_interval"]})


def count_start(app, request):
    """The limit per address and hour; False when it is used up."""
    now, window = app.now(), app.settings["device_window"]
    times = [moment for moment in app.store.device_starts.get(request.peer, []) if moment > now - window]
    app.store.device_starts[request.peer] = times
    if len(times) >= app.settings["device_limit"]:
        return False
    times.append(now)
    return True


def count_anonymous_rest(app, request):
    """An anonymous REST request shares the counter: it forgets what is older than a second and adds itself."""
    now = app.now()
    times = app.store.device_starts.get(request.peer, [])
    app.store.device_starts[request.peer] = [moment for moment in times if moment > now - 1] + [now]


def poll(app, request, provider):
    """Pending at any speed; success once. Denial and expiry have no answer of their own."""
    code = request.field("device_code")
    record = app.store.devices.get(code)
    if record is None or record["client_id"] != provider["client_id"] or is_gone(app, provider, record):
        raise OAuthError("invalid_grant")
    if record["user"] is None:
        raise OAuthError("authorization_pending")
    user = app.user(record["user"])
    refresh_token = refresh.issue(app, provider, record) if "offline_access" in record["scope"] else None
    response = token_endpoint.answer(app, request, provider, record, user, refresh_token)
    del app.store.devices[code]
    return response


def is_gone(app, provider, record):
    """Up to 2026.2 an expired code lives on until the cleaner comes."""
    late = provider["cleaner_delay"] if provider["behaviour"]["expired_device_pending"] else 0
    return record["expires"] + late <= app.now()


def find(app, user_code):
    """The live record of a user code; the newest one without a code."""
    live = [item for item in app.store.devices.values()
            if item["user"] is None and not is_gone(app, app.provider(item["client_id"]), item)]
    if user_code is None:
        return live[-1] if live else None
    return next((item for item in live if item["user_code"] == user_code), None)


def approve(app, user_code, user):
    """Approve as a user; False when there is no such code or the user may not."""
    record = find(app, user_code)
    if record is None or user is None or not app.is_allowed(user) or not app.is_active(user):
        return False
    record["user"], record["auth_time"] = user["username"], int(app.now())
    return True


def user_page(app, request):
    """/device: login first, then the flow that the brand names, if it names one."""
    code, session = request.arg("code"), app.session(request)
    if session is None:
        here = "/device" + (f"?code={code}" if code is not None else "")
        return answers.redirect("/flows/-/default/authentication/?next=" + quote(here, safe="/"))
    if not app.settings["brand_device_flow"]:
        return answers.empty(404)
    if code is None:
        return answers.redirect("/if/flow/default-device-code-flow/")
    record, user = find(app, code), app.user(session["user"])
    if record is None or not app.is_allowed(user):
        return pages.denied(app.settings, user)
    kind = app.provider(record["client_id"])["consent"]
    path = f"/if/flow/default-provider-authorization-{kind}-consent/?code={quote(code)}"
    return authorize.with_cookie(request, answers.redirect(path))


def finish_page(app, request):
    """Fetching this page is the approval."""
    session = app.session(request)
    user = app.user(session["user"]) if session else None
    if not approve(app, request.arg("code") or "", user):
        return pages.denied(app.settings, user)
    return pages.flow(app.settings, "You've successfully authenticated your device.", pages.HOME)
