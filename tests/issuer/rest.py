# SPDX-License-Identifier: Apache-2.0
"""REST interface: what a doctor can ask without a login."""

from . import answers, device, pages

API = "/api/v3/"
NO_CREDENTIALS = {"detail": "Authentication credentials were not provided."}
BAD_TOKEN = {"detail": "Token invalid/expired"}


def handle(app, request):
    token = request.header("authorization")
    if token is None:
        device.count_anonymous_rest(app, request)
    path = request.path[len(API):]
    if path in OPEN:
        return OPEN[path](app, request)
    return answers.rest_json(NO_CREDENTIALS if token is None else BAD_TOKEN, 403)


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
