# SPDX-License-Identifier: Apache-2.0
"""REST interface for an administrator: enough of it to look at a provider and to mend it."""

import re
from urllib.parse import unquote

from . import answers, claims, config, pages

PERMISSION = {"detail": "You do not have permission to perform this action."}
REQUIRED = "This field is required."
RESERVED = ("authorize", "token", "device", "userinfo", "introspect", "revoke")
FLOWS = {"default-provider-authorization-implicit-consent": 1, "default-provider-authorization-explicit-consent": 2,
         "default-provider-invalidation-flow": 3, "default-authentication-flow": 4, "default-device-code-flow": 5}
KEYS = {"rsa": 1, "p256": 2, "ed25519": 3, "p384": 4, "p521": 5}
MAPPINGS = {"openid": 1, "email": 2, "profile": 3, "offline_access": 4}
# Name of the REST interface: name in the configuration, for values that are passed on as they are.
SAME = {"client_id": "client_id", "client_secret": "client_secret", "client_type": "client_type",
        "sub_mode": "sub_mode", "issuer_mode": "issuer_mode", "include_claims_in_id_token": "include_claims"}
DURATIONS = {"access_code_validity": "code_ttl", "access_token_validity": "access_ttl",
             "refresh_token_validity": "refresh_ttl", "refresh_token_threshold": "refresh_threshold"}
UNITS = {"days": 86400, "hours": 3600, "minutes": 60, "seconds": 1}


class Invalid(Exception):
    """A 400 with messages by field."""

    def __init__(self, messages):
        super().__init__(str(messages))
        self.messages = messages


def handle(app, request, path):
    """Answer an authenticated request."""
    for method, pattern, action in ROUTES:
        match = re.fullmatch(pattern, path)
        if match and method == request.method:
            return run(app, request, action, [unquote(part) for part in match.groups()])
    if request.method in ("GET", "HEAD"):
        return pages.not_found(app.settings)
    return answers.empty(405, answers.PAGE_METHODS)


def run(app, request, action, parts):
    try:
        value = action(app, request, *parts)
    except Invalid as failure:
        return answers.rest_json(failure.messages, 400)
    except LookupError:
        return answers.rest_json({"detail": "Not found."}, 404)
    status = 201 if action in CREATING else 200
    return answers.rest_json(value, status, "GET, POST, HEAD, OPTIONS")


def uuid_of(kind, number):
    return f"{kind:08d}-0000-4000-8000-{number:012d}"


def numbered(kind, table):
    return {name: uuid_of(kind, number) for name, number in table.items()}


FLOW_IDS, KEY_IDS, MAPPING_IDS = numbered(1, FLOWS), numbered(2, KEYS), numbered(3, MAPPINGS)


def listing(request, items):
    """One page with everything, filtered by the query's members of the same name."""
    for name, values in request.query.items():
        items = [item for item in items if name not in item or str(item[name]) == values[-1]]
    count = len(items)
    page = {"next": 0, "previous": 0, "count": count, "current": 1, "total_pages": 1, "start_index": min(count, 1),
            "end_index": count}
    return {"pagination": page, "results": items, "autocomplete": {}}


# Providers

def provider_items(app):
    return [provider_item(app, number, item) for number, item in enumerate(config.providers(app.settings), 1)]


def provider_item(app, number, provider):
    """A provider as the REST interface shows it."""
    slug = provider["slug"] if provider["has_application"] else None
    item = {
        "pk": number, "name": provider["slug"], "authentication_flow": None,
        "authorization_flow": FLOW_IDS[f"default-provider-authorization-{provider['consent']}-consent"],
        "invalidation_flow": FLOW_IDS["default-provider-invalidation-flow"],
        "property_mappings": [mapping_pk(entry) for entry in provider["mappings"]],
        "component": "ak-provider-oauth2-form", "assigned_application_slug": slug,
        "assigned_application_name": slug, "assigned_backchannel_application_slug": None,
        "assigned_backchannel_application_name": None, "verbose_name": "OAuth2/OpenID Provider",
        "verbose_name_plural": "OAuth2/OpenID Providers",
        "meta_model_name": "authentik_providers_oauth2.oauth2provider",
        "client_type": "public" if provider.public else "confidential", "client_id": provider["client_id"],
        "client_secret": provider["client_secret"] or ""}
    if provider["behaviour"]["grant_types_enforced"]:
        item["grant_types"] = provider["grant_types"]
    item |= {name: duration(provider[key]) for name, key in DURATIONS.items()}
    key = KEY_IDS.get(provider["signing"])
    return item | {
        "include_claims_in_id_token": provider["include_claims"], "signing_key": key,
        "encryption_key": KEY_IDS["rsa"] if provider["encryption_key"] else None,
        "redirect_uris": [shown_uri(provider, entry) for entry in provider["redirect_uris"]], "logout_uri": "",
        "logout_method": "backchannel", "sub_mode": provider["sub_mode"], "issuer_mode": provider["issuer_mode"],
        "jwt_federation_sources": [], "jwt_federation_providers": []}


def shown_uri(provider, entry):
    shown = {"matching_mode": entry.get("mode", "strict"), "url": entry["url"]}
    return shown | ({"redirect_uri_type": "authorization"} if provider["behaviour"]["redirect_uri_type"] else {})


def mapping_pk(entry):
    return MAPPING_IDS[entry] if isinstance(entry, str) and entry in MAPPING_IDS else claims.scope_name(entry)


def duration(seconds):
    unit = next((name for name, size in UNITS.items() if seconds and seconds % size == 0), "seconds")
    return f"{unit}={seconds // UNITS[unit]}"


def seconds_of(text):
    return sum(UNITS[name] * int(number) for name, number in re.findall(r"(\w+)=(\d+)", text))


def list_providers(app, request):
    items = provider_items(app)
    wanted = request.arg("application")
    return listing(request, items if wanted is None else items[:1])


def get_provider(app, request, number):
    return provider_items(app)[int(number) - 1]


def patch_provider(app, request, number):
    provider = config.providers(app.settings)[int(number) - 1]
    changes = provider_changes(app, provider, request.json)
    if provider.overrides:
        provider.overrides.update(changes)
    else:
        app.configure(changes)
    return get_provider(app, request, number)


def provider_changes(app, provider, body):
    """Configuration for the members of a provider body; unknown members are ignored."""
    changes = {SAME[name]: value for name, value in body.items() if name in SAME}
    changes |= {DURATIONS[name]: seconds_of(value) for name, value in body.items() if name in DURATIONS}
    if "redirect_uris" in body:
        changes["redirect_uris"] = [checked_uri(entry) for entry in body["redirect_uris"]]
    if "signing_key" in body:
        changes["signing"] = name_of(KEY_IDS, body["signing_key"]) or "none"
    if "encryption_key" in body:
        changes["encryption_key"] = body["encryption_key"] is not None
    if "property_mappings" in body:
        changes["mappings"] = [mapping_entry(app, pk) for pk in body["property_mappings"]]
    if "grant_types" in body and provider["behaviour"]["grant_types_enforced"]:
        changes["grant_types"] = checked_grants(body["grant_types"])
    return changes


def name_of(table, identifier):
    return next((name for name, value in table.items() if value == identifier), None)


def checked_uri(entry):
    if entry["matching_mode"] == "regex":
        try:
            re.compile(entry["url"])
        except re.error as failure:
            raise Invalid({"redirect_uris": [f"Invalid Regex Pattern: {entry['url']}"]}) from failure
    return {"mode": entry["matching_mode"], "url": entry["url"]}


def checked_grants(names):
    wrong = {str(place): [f'"{name}" is not a valid choice.'] for place, name in enumerate(names)
             if name not in config.ALL_GRANTS}
    if wrong:
        raise Invalid({"grant_types": wrong})
    return names


def create_provider(app, request):
    """A second provider; without an application until one is created for it."""
    body = request.json
    needed = ("name", "authorization_flow", "invalidation_flow", "redirect_uris")
    missing = {name: [REQUIRED] for name in needed if name not in body}
    if missing:
        raise Invalid(missing)
    base = config.Provider(app.settings, {})
    fresh = {"slug": body["name"], "client_id": body["name"], "signing": "none", "mappings": [], "grant_types": [],
             "has_application": False, "client_type": "confidential", "client_secret": "S" * 128}
    app.configure({"clients": [*app.settings["clients"], fresh | provider_changes(app, base, body)]})
    return provider_items(app)[-1]


def setup_urls(app, request, number):
    provider = config.providers(app.settings)[int(number) - 1]
    shared = app.url(request, "/application/o/")
    urls = {"issuer": None, "authorize": shared + "authorize/", "token": shared + "token/",
            "user_info": shared + "userinfo/", "provider_info": None, "logout": None}
    if provider["has_application"]:
        own = f"{shared}{provider['slug']}/"
        urls |= {"issuer": app.issuer(request, provider), "logout": own + "end-session/", "jwks": own + "jwks/",
                 "provider_info": own + ".well-known/openid-configuration"}
    return urls


def preview_user(app, request, number):
    """The claims for a user with every attached scope; they live 1800 seconds whatever the provider says."""
    provider = config.providers(app.settings)[int(number) - 1]
    user = by_pk(app, request.arg("for_user"))
    record = {"auth_time": int(app.now())}
    body = claims.core(provider, app.issuer(request, provider), record, user, app.now(), 1800)
    return {"preview": body | claims.user_claims(provider, provider.scopes(), user)}


# Mappings, flows, keys

def mapping_items(app):
    stock = [mapping_item(pk, name, f"goauthentik.io/providers/oauth2/scope-{name}", "")
             for name, pk in MAPPING_IDS.items()]
    own = [mapping_item(pk, entry["scope_name"], None, entry.get("expression", ""))
           for pk, entry in app.store.mappings.items()]
    return [*stock, *own]


def mapping_item(pk, scope, managed, expression):
    name = f"authentik default OAuth Mapping: OpenID '{scope}'" if managed else f"own {scope}"
    return {"pk": pk, "managed": managed, "name": name, "expression": expression,
            "component": "ak-property-mapping-provider-scope-form", "verbose_name": "Scope Mapping",
            "verbose_name_plural": "Scope Mappings", "meta_model_name": "authentik_providers_oauth2.scopemapping",
            "scope_name": scope, "description": ""}


def mapping_entry(app, pk):
    """What the configuration holds for a mapping: the name of a stock one, or an object."""
    return name_of(MAPPING_IDS, pk) or app.store.mappings.get(pk) or pk


def create_mapping(app, request):
    """Expressions are not run: of the members of a returned dictionary the plain ones are understood."""
    body = request.json
    missing = {name: [REQUIRED] for name in ("name", "scope_name", "expression") if name not in body}
    if missing:
        raise Invalid(missing)
    if " " in body["scope_name"]:
        raise Invalid({"scope_name": ["Value must not contain spaces."]})
    pk = uuid_of(4, len(app.store.mappings) + 1)
    app.store.mappings[pk] = {"scope_name": body["scope_name"], "expression": body["expression"],
                              "claims": understood(body["expression"])}
    return mapping_item(pk, body["scope_name"], None, body["expression"])


def understood(expression):
    """{"email": request.user.email, "email_verified": True} and the like."""
    values = {"True": True, "False": False, "request.user.email": "$email", "request.user.username": "$username",
              "request.user.name": "$name"}
    pairs = re.findall(r'["\'](\w+)["\']\s*:\s*([\w.]+|"[^"]*")', expression)
    return {name: values.get(value, value.strip('"')) for name, value in pairs}


def list_flows(app, request):
    return listing(request, [{"pk": pk, "slug": slug, "name": slug} for slug, pk in FLOW_IDS.items()])


def list_keys(app, request):
    items = [{"pk": pk, "name": "authentik Self-signed Certificate" if kind == "rsa" else kind,
              "private_key_available": True, "key_type": kind} for kind, pk in KEY_IDS.items()]
    return listing(request, items)


def generate_key(app, request):
    kind = {"rsa": "rsa", "ecdsa": "p256", "ed25519": "ed25519", "ed448": "ed25519"}[request.json.get("alg", "rsa")]
    return {"pk": KEY_IDS[kind], "name": request.json.get("common_name", "")}


# Applications, people, brands

def application_item(number, provider):
    return {"pk": uuid_of(5, number), "name": provider["slug"], "slug": provider["slug"], "provider": number}


def list_applications(app, request):
    return listing(request, [application_item(number, item) for number, item
                             in enumerate(config.providers(app.settings), 1) if item["has_application"]])


def get_application(app, request, slug):
    items = list_applications(app, request)["results"]
    return next((item for item in items if item["slug"] == slug), None) or not_there()


def not_there():
    raise LookupError


def create_application(app, request):
    body = request.json
    slug = body.get("slug", "")
    if slug in RESERVED:
        raise Invalid({"slug": [f"The slug '{slug}' is reserved and cannot be used for applications."]})
    provider = config.providers(app.settings)[int(body["provider"]) - 1]
    changes = {"slug": slug, "has_application": True}
    if provider.overrides:
        provider.overrides.update(changes)
    else:
        app.configure(changes)
    return application_item(body["provider"], provider)


def check_access(app, request, slug):
    get_application(app, request, slug)
    return {"passing": app.is_allowed(by_pk(app, request.arg("for_user"))), "messages": [], "log_messages": []}


def by_pk(app, number):
    return next((user for user in app.settings["users"] if str(user["pk"]) == number), None) or not_there()


def user_item(user):
    return {"pk": user["pk"], "username": user["username"], "name": user["name"], "is_active": user["active"],
            "email": user["email"], "uuid": user["uuid"]}


def list_users(app, request):
    return listing(request, [user_item(user) for user in app.settings["users"]])


def list_brands(app, request):
    device = FLOW_IDS["default-device-code-flow"] if app.settings["brand_device_flow"] else None
    return listing(request, [{"brand_uuid": uuid_of(6, 1), "domain": "authentik-default", "default": True,
                              "flow_device_code": device}])


def patch_brand(app, request, pk):
    if "flow_device_code" in request.json:
        app.configure({"brand_device_flow": request.json["flow_device_code"] is not None})
    return list_brands(app, request)["results"][0]


ID = r"([^/]+)/"
CREATING = (create_provider, create_mapping, create_application)
ROUTES = [
    ("GET", "providers/oauth2/", list_providers), ("POST", "providers/oauth2/", create_provider),
    ("GET", "providers/oauth2/" + ID, get_provider), ("PATCH", "providers/oauth2/" + ID, patch_provider),
    ("GET", f"providers/oauth2/{ID}setup_urls/", setup_urls),
    ("GET", f"providers/oauth2/{ID}preview_user/", preview_user),
    ("GET", "propertymappings/provider/scope/", lambda app, request: listing(request, mapping_items(app))),
    ("POST", "propertymappings/provider/scope/", create_mapping), ("GET", "flows/instances/", list_flows),
    ("GET", "crypto/certificatekeypairs/", list_keys), ("POST", "crypto/certificatekeypairs/generate/", generate_key),
    ("GET", "core/applications/", list_applications), ("POST", "core/applications/", create_application),
    ("GET", "core/applications/" + ID, get_application),
    ("GET", f"core/applications/{ID}check_access/", check_access), ("GET", "core/users/", list_users),
    ("GET", "core/brands/", list_brands), ("PATCH", "core/brands/" + ID, patch_brand),
]
