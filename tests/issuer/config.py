# SPDX-License-Identifier: Apache-2.0
"""Configuration: the defaults, what each server version changes, and the merge of changes."""

import copy

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ALL_GRANTS = ["authorization_code", "hybrid", "implicit", "client_credentials", "password", DEVICE_GRANT,
              "refresh_token"]
LOOPBACK_REGEX = r"http://(localhost|127\.0\.0\.1|\[::1\]):[0-9]{1,5}(/|/callback)?"


def strict_loopback():
    """The redirect URIs of the observed server: two hosts, two ports, three paths."""
    return [{"mode": "strict", "url": f"http://{host}:{port}{path}"}
            for host in ("localhost", "127.0.0.1") for port in (8000, 18000) for path in ("", "/", "/callback")]


def person(pk, name, groups):
    return {"username": name, "email": f"{name}@example.com", "name": f"{name.capitalize()} Example",
            "groups": groups, "uuid": f"00000000-0000-4000-8000-{pk:012d}", "pk": pk, "allowed": True, "active": True}


def default_users():
    robot = person(9, "k8s-robot", ["k8s-admins"]) | {"email": "", "name": "k8s-robot"}
    return [person(6, "alice", ["k8s-admins", "k8s-viewers"]), person(7, "bob", []),
            person(8, "carol", ["k8s-admins"]), robot]


def defaults():
    return {
        # Identity of the server and of its first client.
        "version": "", "slug": "kubernetes", "client_id": "kubernetes", "client_secret": None, "client_type": None,
        "clients": [], "base_url": None, "issuer_override": None, "issuer_mode": "per_provider",
        "install_id": "8d0ad41e-latchkey", "front": "nginx", "starting": False, "tls_variant": "good",
        # People. `allowed` and `active` here override the flags of every user: true, false or a list of names.
        "users": default_users(), "current_user": "alice", "allowed": None, "active": None, "interactive": False,
        "app_passwords": {"k8s-robot": "robot-app-password", "alice": "alice-app-password"},
        "federated_clients": [], "federated_assertions": {}, "client_jwks": None,
        # Provider.
        "mappings": ["profile", "offline_access", "openid", "email"], "email_verified": False,
        "sub_mode": "hashed_user_id", "include_claims": True, "grant_types": list(ALL_GRANTS),
        "redirect_uris": [*strict_loopback(), {"mode": "regex", "url": LOOPBACK_REGEX}],
        "consent": "implicit", "has_application": True, "brand_device_flow": True, "advertise_iss": False,
        "discovery_patch": {}, "scope_order": ["openid", "profile", "email", "offline_access"],
        # Keys. `second_signing` publishes more keys; `sign_with` 1, 2, … signs with one of them.
        "signing": "rsa", "rsa_bits": 2048, "second_signing": [], "sign_with": 0, "publish_signing": True,
        "key_without_private": False, "extra_jwks": [], "extra_jwks_first": [], "jwk_omit": [],
        "encryption_key": False, "rotate_on_token": False,
        # Lifetimes in seconds, and refresh.
        "code_ttl": 60, "access_ttl": 3600, "refresh_ttl": 2592000, "refresh_threshold": 0,
        "single_use_refresh": "overlap", "refresh_overlap_ms": 20, "cleaner_delay": 150, "clock_offset": 0,
        "device_limit": 20, "device_interval": 5, "device_window": 3600,
        # REST, mutations, flags of a version.
        "api_token": "fake-admin-token", "api_user_token": "fake-user-token",
        "schema_size": 20000, "id_token": [], "state_file": None,
        "behaviour": {
            "token_jti": True, "login_redirect": "flow", "hint_skips_identification": True,
            "basic_percent_decoding": True, "device_basic_auth": True, "frontchannel": False,
            "grant_types_enforced": False, "threshold_fixed": False, "expired_device_pending": True,
            "public_introspect": True, "foreign_revoke": True, "redirect_uri_type": False,
            "autosave_redirect": True, "ed25519_breaks": True, "kid_style": "sha512"},
    }


PRESETS = {
    "2025.10": {
        "version": "2025.10.3", "front": "authentik",
        "scope_order": ["email", "openid", "offline_access", "profile"],
        "behaviour": {"token_jti": False, "login_redirect": "default", "hint_skips_identification": False,
                      "basic_percent_decoding": False, "device_basic_auth": False, "kid_style": "md5"}},
    "2026.2": {"version": "2026.2.2"},
    "2026.5": {
        "version": "2026.5.0-rc1", "scope_order": ["profile", "email", "offline_access", "openid"],
        "behaviour": {"frontchannel": True, "grant_types_enforced": True, "threshold_fixed": True,
                      "expired_device_pending": False, "public_introspect": False, "foreign_revoke": False,
                      "redirect_uri_type": True}},
}


def create(preset, changes):
    """A complete configuration: defaults, then the preset, then the changes."""
    settings = merge(defaults(), copy.deepcopy(PRESETS[preset]))
    settings["preset"] = preset
    return apply(settings, changes)


def merge(target, patch):
    """RFC 7396 merge of two JSON values; null in the patch removes."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), value)
    return result


def apply(settings, changes):
    """Merge changes into a configuration. A null sets the top-level key to null, it does not remove it.

    `users` may be an object that names the users to change; null there removes one."""
    result = dict(settings)
    for name, value in changes.items():
        if name not in settings:
            raise KeyError(f"unknown configuration key '{name}'")
        if name == "users" and isinstance(value, dict):
            value = merge_users(settings["users"], value)
        if name == "discovery_patch":
            result[name] = value or {}
        elif isinstance(value, dict):
            result[name] = merge(settings[name], value)
        else:
            result[name] = value
    return result


def merge_users(users, changes):
    names = [user["username"] for user in users]
    for name in changes:
        if name not in names and changes[name] is not None:
            users = [*users, person(100 + len(users), name, [])]
    merged = [user if user["username"] not in changes else merge(user, changes[user["username"]]) for user in users]
    return [user for user in merged if user is not None]


class Provider:
    """One client with its own provider: its overrides first, then the configuration."""

    def __init__(self, settings, overrides):
        self.settings, self.overrides = settings, overrides

    def __getitem__(self, name):
        return self.overrides.get(name, self.settings[name])

    @property
    def public(self):
        if self["client_type"]:
            return self["client_type"] == "public"
        return self["client_secret"] is None

    def allows(self, grant):
        """Whether the provider's list names the grant; versions before 2026.5 do not ask."""
        return not self["behaviour"]["grant_types_enforced"] or grant in self["grant_types"]

    def scopes(self):
        """Names of the attached mappings, in order, duplicates kept."""
        return [entry if isinstance(entry, str) else entry["scope_name"] for entry in self["mappings"]]


def providers(settings):
    return [Provider(settings, {}), *(Provider(settings, entry) for entry in settings["clients"])]
