# SPDX-License-Identifier: Apache-2.0
"""The pages between authorize and the client: login without a password, consent, device approval, logout."""

from html import escape
from urllib.parse import quote

from . import answers, authorize, device, pages

LOGIN = "default-authentication-flow"
CONSENT = ("default-provider-authorization-implicit-consent", "default-provider-authorization-explicit-consent")


def page(app, request, slug):
    if slug == LOGIN:
        return login(app, request)
    if slug in CONSENT and request.arg("client_id"):
        return consent(app, request)
    if slug in CONSENT:
        return device.finish_page(app, request)
    if slug == "default-device-code-flow":
        content = '    <form action="/device"><input name="code" autofocus><button>Continue</button></form>'
        return pages.flow(app.settings, "Enter the code", content)
    return pages.flow(app.settings, "authentik", pages.HOME)


def login(app, request):
    """Log in whoever the test chose, without asking: `fake_user`, else the configured current user."""
    user = chosen_user(app, request)
    hint = request.arg("login_hint")
    if user is None:
        return login_page(app, request)
    skips = app.settings["behaviour"]["hint_skips_identification"]
    wrong_hint = hint and skips and hint not in (user["username"], user["email"])
    if wrong_hint or not app.is_active(user):
        return pages.flow(app.settings, "Welcome to authentik!", "    <p>Invalid password</p>")
    cookie = app.store.new_session(user["username"], app.now())
    return authorize.set_cookie(request, answers.redirect(local_target(request)), cookie)


def chosen_user(app, request):
    name = request.arg("fake_user") or request.field("fake_user")
    if name is None and not app.settings["interactive"]:
        name = app.settings["current_user"]
    return app.user(name)


def local_target(request):
    target = request.arg("next") or "/"
    return target if target.startswith("/") and not target.startswith("//") else "/"


def login_page(app, request):
    """Nobody is chosen: one button per user when the configuration is interactive, else nothing to press."""
    if not app.settings["interactive"]:
        return pages.flow(app.settings, "Welcome to authentik!", "    <p>Email or Username</p>")
    buttons = [pages.form(request.target, {"fake_user": user["username"]}, f"Log in as {user['username']}")
               for user in app.settings["users"]]
    return pages.flow(app.settings, "Welcome to authentik!", "\n".join(buttons))


def default_authentication(app, request):
    target = quote(local_target(request), safe="")
    return answers.redirect(f"/if/flow/{LOGIN}/?next={target}")


def consent(app, request):
    """GET shows the question, POST answers it with yes."""
    provider, session = app.provider(request.arg("client_id")), app.session(request)
    if provider is None or session is None:
        return pages.denied(app.settings)
    params = authorize.Params(request, provider)
    if request.method == "POST":
        return agreed(app, request, params, session)
    if params.mode == "form_post" and "consent" not in params.prompt and provider["consent"] == "implicit":
        return authorize.success(app, request, params, session)
    listed = "".join(f"<li>{escape(name)}</li>" for name in params.scope)
    content = (f"    <p>You're about to sign into {escape(provider['slug'])}.</p>\n    <ul>{listed}</ul>\n"
               + pages.form(request.target, {"token": request.id}, "Continue"))
    return pages.flow(app.settings, "Redirecting to " + escape(provider["slug"]), content)


def agreed(app, request, params, session):
    app.store.consents[authorize.consent_key(params, session)] = True
    if params.prompt >= {"none", "consent"}:
        refusal = authorize.Refused("consent_required")
        return authorize.with_cookie(request, authorize.error_redirect(app, request, params, refusal))
    return authorize.with_cookie(request, authorize.success(app, request, params, session))


def end_session(app, request, slug):
    if app.provider_by_slug(slug) is None:
        return pages.not_found(app.settings)
    session = app.session(request)
    if session:
        app.store.logout(session["user"])
    return answers.redirect("/if/flow/default-provider-invalidation-flow/")


def front_page(app, request):
    return answers.redirect("/flows/-/default/authentication/?next=/")


def healthy(app, request):
    return answers.empty()
