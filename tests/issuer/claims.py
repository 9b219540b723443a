# SPDX-License-Identifier: Apache-2.0
"""What is said about a user: scopes, mappings, subject, and the claims of the tokens."""

import hashlib

ACR = "goauthentik.io/providers/oauth2/default"
FIXED_CLAIMS = ["sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce"]
ANONYMOUS = {"username": "", "email": "", "name": "", "groups": [], "uuid": "", "pk": 0}


def stock_claims(provider, scope, user):
    """What the mappings that come with the server return."""
    if scope == "email":
        verified = user.get("email_verified", provider["email_verified"])
        return {"email": user["email"], "email_verified": verified}
    if scope == "profile":
        name, short = user["name"], user["username"]
        return {"name": name, "given_name": name, "preferred_username": short, "nickname": short,
                "groups": list(user["groups"])}
    if scope == "entitlements":
        return {"entitlements": [], "roles": []}
    return {}


def mapping_claims(provider, entry, user):
    """Claims of one mapping: a stock scope name, or an object {scope_name, claims, raises}.

    A claim of "$email", "$username", "$name" or "$groups" is the user's."""
    if isinstance(entry, str):
        return stock_claims(provider, entry, user)
    if entry.get("raises"):
        return {}
    return {name: of_user(value, user) for name, value in entry.get("claims", {}).items()}


def of_user(value, user):
    return user.get(value[1:], value) if isinstance(value, str) and value.startswith("$") else value


def scope_name(entry):
    return entry if isinstance(entry, str) else entry["scope_name"]


def user_claims(provider, scopes, user):
    """The claims of every attached mapping whose scope was granted, by scope name, lists concatenated."""
    result = {}
    for entry in sorted(provider["mappings"], key=scope_name):
        if scope_name(entry) in scopes:
            result = deep_merge(result, mapping_claims(provider, entry, user))
    return result


def deep_merge(target, addition):
    result = dict(target)
    for name, value in addition.items():
        old = result.get(name)
        if isinstance(old, dict) and isinstance(value, dict):
            result[name] = deep_merge(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            result[name] = old + value
        else:
            result[name] = value
    return result


def advertised_claims(provider):
    """claims_supported: nine fixed names, then what every mapping returns, not de-duplicated."""
    names = list(FIXED_CLAIMS)
    for entry in sorted(provider["mappings"], key=scope_name):
        names += mapping_claims(provider, entry, ANONYMOUS)
    return names


def subject(provider, user):
    mode = provider["sub_mode"]
    plain = {"user_id": str(user["pk"]), "user_uuid": user["uuid"], "user_username": user["username"],
             "user_email": user["email"], "user_upn": user.get("upn")}
    if plain.get(mode) is not None:
        return plain[mode]
    return hashlib.sha256(f"{user['pk']}-{provider['install_id']}".encode()).hexdigest()


def granted_scopes(provider, wanted):
    """The attached ones of the wanted scopes, in this server's own order; nothing wanted means all."""
    attached = provider.scopes()
    names = set(attached if not wanted else [name for name in wanted if name in attached])
    return in_order(provider, names)


def in_order(provider, names):
    order = provider["scope_order"]
    return sorted(names, key=lambda name: (order.index(name) if name in order else len(order), name))


def core(provider, issuer, record, user, now, lifetime):
    """The claims that do not depend on mappings. amr, nonce and sid are there only where the record has them."""
    claims = {"iss": issuer, "sub": subject(provider, user), "aud": provider["client_id"],
              "exp": int(now) + lifetime, "iat": int(now), "auth_time": record["auth_time"], "acr": ACR}
    for name in ("amr", "nonce", "sid"):
        if record.get(name):
            claims[name] = record[name]
    return claims
