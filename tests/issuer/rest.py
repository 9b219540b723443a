# SPDX-License-Identifier: Apache-2.0
"""REST interface: what can be asked without a login, and who may ask more."""

from . import answers, device, pages, rest_admin

API = "/api/v3/"
NO_CREDENTIALS = {"detail": "Authentication credentials were not provided."}
API_SCOPE = "goauthentik.io/api"
BAD_TOKEN = {"detail": "Token invalid/expired"}


def handle(app, request):
    token = request.header("authorization")
    if token is None:
        device.count_anonymous_rest(app, request)
    path = request.path[len(API):]
    if path in OPEN:
        return OPEN[path](app, request)
    if token is None:
        return answers.rest_json(NO_CREDENTIALS, 403)
    return authenticated(app, request, path, token.removeprefix("Bearer "))


def authenticated(app, request, path, token):
    """An administrator may do all; a user, also by an access token with the scope, only look at himself."""
    if token == app.settings["api_token"]:
        return rest_admin.handle(app, request, path)
    record = app.store.access.get(token)
    user = app.user(record["user"]) if record and API_SCOPE in record["scope"] else None
    if token == app.settings["api_user_token"]:
        user = app.user(app.settings["current_user"])
    if user is None:
        return answers.rest_json(BAD_TOKEN, 403)
    if path == "core/users/me/":
        return answers.rest_json({"user": rest_admin.user_item(user)})
    return answers.rest_json(rest_admin.PERMISSION, 403)


def current_brand(app, request):
    icons = "/static/dist/assets/icons/"
    brand = {
        "matched_domain": "authentik-default", "branding_title": "authentik",
        "branding_logo": icons + "icon_left_brand.svg", "branding_logo_themed_urls": None,
        "branding_favicon": icons + "icon.png", "branding_favicon_themed_urls": None, "branding_custom_css": "",
        "ui_footer_links": [], "ui_theme": "automatic", "flow_authentication": "default-authentication-flow",
        "flow_invalidation": "default-invalidation-flow", "flow_user_settings": "default-user-settings-flow",
        "flow_device_code": "default-device-code-flow", "default_locale": "",
        "flags": {"policies_buffered_access_view": False, "flows_continuous_login": False,
                  "flows_refresh_others": False}}
    if not app.settings["brand_device_flow"]:
        del brand["flow_device_code"]
    return answers.rest_json(brand)


def schema(app, request):
    """The OpenAPI document, padded to a configured size (the real one has 3.3 MB)."""
    document = {"openapi": "3.0.3", "info": {"title": "authentik", "version": app.settings["version"],
                                             "description": "Making authentication simple."}, "paths": {}}
    document["x-padding"] = "." * max(0, app.settings["schema_size"] - 200)
    return answers.rest_json(document)


def root_config(app, request):
    return answers.rest_json({"error_reporting": {"enabled": False}, "cache_timeout": 300,
                              "capabilities": ["can_impersonate", "is_enterprise"]})


def missing(app, request):
    if request.method in ("GET", "HEAD"):
        return pages.not_found(app.settings)
    return answers.empty(405, answers.PAGE_METHODS)


OPEN = {"core/brands/current/": current_brand, "schema/": schema, "root/config/": root_config,
        "propertymappings/scope/": missing}
