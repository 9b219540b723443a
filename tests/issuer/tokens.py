# SPDX-License-Identifier: Apache-2.0
"""Making the tokens of one answer, and spoiling ID tokens on request."""

import json

from . import claims, keys
from .answers import ServerFault
from .store import random_text

MUTATION_MEMBERS = {"claims", "remove", "raw_payload", "header", "header_remove", "sign", "parts", "times", "when",
                    "client_id"}


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def signing_key(app, provider):
    """The key that signs; None means HS256 with the client secret."""
    if provider["signing"] == "none":
        return None
    if provider["key_without_private"]:
        raise ServerFault
    if provider["signing"] == "ed25519" and provider["behaviour"]["ed25519_breaks"]:
        raise ServerFault
    if provider["sign_with"]:
        number = provider["sign_with"]
        return app.keys.get(provider["second_signing"][number - 1], f"-second{number}")
    return app.keys.get(provider["signing"])


def jws(header, payload, signature_of):
    """Compact JWS; the signature is made of the signing input."""
    text = f"{keys.encode(header.encode())}.{keys.encode(payload.encode())}"
    return f"{text}.{keys.encode(signature_of(text.encode()))}"


def header_of(key):
    if key is None:
        return {"alg": "HS256", "typ": "JWT"}
    return {"alg": key.alg, "kid": key.kid, "typ": "JWT"}


def hmac_secret(provider):
    return (provider["client_secret"] or "fake-public-client-secret").encode()


def signer(provider, key):
    return key.sign if key else lambda data: keys.hs256(hmac_secret(provider), data)


def wrap(app, provider, token):
    """A token as it goes out: encrypted when the provider has an encryption key."""
    if not provider["encryption_key"]:
        return token
    return keys.encrypt(encryption_key(app, provider), token)


def encryption_key(app, provider):
    """The signing key pair where that is RSA, as in the observed set-up; else a key of its own."""
    kind = provider["signing"] if provider["signing"] in keys.RSA_KINDS else "rsa"
    return app.keys.get(kind, "" if kind == provider["signing"] else "-enc")


def make(app, request, provider, record, user, when):
    """ID and access token of one answer.

    The record has client_id, user, scope (list), auth_time and perhaps amr, nonce, sid. `when` is login or refresh."""
    now, lifetime = app.now(), provider["access_ttl"]
    if when == "refresh":
        app.refreshes += 1
        lifetime -= app.refreshes % 2 == 0 and lifetime > 2  # the real server is now and then a second short
    if app.settings["rotate_on_token"]:
        app.keys.rotate()
    key = signing_key(app, provider)
    basic = claims.core(provider, app.issuer(request, provider), record, user, now, lifetime)
    if provider["behaviour"]["token_jti"]:
        basic["jti"] = random_text(40)
    if provider["include_claims"]:
        basic.update(claims.user_claims(provider, record["scope"], user))
    extra = {"azp": provider["client_id"], "uid": random_text(40), "scope": " ".join(record["scope"])}
    access = wrap(app, provider, jws(compact(header_of(key)), compact(basic | extra), signer(provider, key)))
    app.store.access[access] = {
        "client_id": provider["client_id"], "user": user["username"], "scope": record["scope"],
        "exp": basic["exp"], "nonce": record.get("nonce"), "sid": record.get("sid"), "claims": basic}
    return wrap(app, provider, id_token(app, provider, key, basic, when)), access


def id_token(app, provider, key, payload, when):
    """The ID token, with every mutation that applies."""
    header, sign, raw, parts = header_of(key), "normal", None, None
    payload = dict(payload)
    for mutation in app.settings["id_token"]:
        if not applies(mutation, provider, when):
            continue
        payload |= special_values(mutation.get("claims", {}), payload, app.now())
        header |= mutation.get("header", {})
        for target, names in ((payload, mutation.get("remove", [])), (header, mutation.get("header_remove", []))):
            for name in names:
                target.pop(name, None)
        sign, raw = mutation.get("sign", sign), mutation.get("raw_payload", raw)
        parts = mutation.get("parts", parts)
    if parts is not None:
        return parts
    return signed(app, provider, key, header, compact(payload) if raw is None else raw, sign)


def applies(mutation, provider, when):
    """Whether a mutation is for this token; counts its times down."""
    if mutation.get("when", "any") not in (when, "any") or mutation.get("times", -1) == 0:
        return False
    if mutation.get("client_id", provider["client_id"]) != provider["client_id"]:
        return False
    if mutation.get("times", -1) > 0:
        mutation["times"] -= 1
    return True


def special_values(values, payload, now):
    """{"$now": N} is the server's time plus N, {"$append": TEXT} the true value with TEXT behind it."""
    result = {}
    for name, value in values.items():
        if isinstance(value, dict) and set(value) == {"$now"}:
            value = int(now) + value["$now"]
        elif isinstance(value, dict) and set(value) == {"$append"}:
            value = str(payload.get(name, "")) + value["$append"]
        result[name] = value
    return result


def signed(app, provider, key, header, payload, sign):
    """The token in one of the ways that a test may ask for."""
    normal = signer(provider, key)
    kind = key.kind if key else "rsa"
    if sign == "none":
        return jws('{"alg":"none"}', payload, lambda data: b"")
    if sign == "hs256":
        secret = key.public_pem() if key else hmac_secret(provider)
        return jws(compact(header | {"alg": "HS256"}), payload, lambda data: keys.hs256(secret, data))
    if sign == "hs256_secret":
        return jws(compact(header | {"alg": "HS256"}), payload, lambda data: keys.hs256(hmac_secret(provider), data))
    if sign == "unpublished_kid":
        other = app.keys.get(kind, "-unpublished")
        return jws(compact(header | {"kid": other.kid}), payload, other.sign)
    ways = {"normal": normal, "empty": lambda data: b"",
            "other_key": lambda data: app.keys.get(kind, "-other").sign(data),
            "xor": lambda data: bytes(byte ^ 0x5A for byte in normal(data))}
    if sign not in ways:
        raise KeyError(f"unknown way to sign: {sign}")
    return jws(compact(header), payload, ways[sign])
