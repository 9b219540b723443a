# SPDX-License-Identifier: Apache-2.0
"""A-J documents that are, or are not, a JWK set."""
import json

import jose

KEY, JSON, LIMIT = "idtoken_key", "jwks_json", "jwks_limit"


def add_documents(corpus):
    key = jose.text_of(corpus.keys.rsa["main"].jwk())
    good = corpus.key_set

    def add(name, expect, text, **rest):
        corpus.add("J", "IDT-07 T-13", name, expect, jwks=text, **rest)

    for text in ("", " ", "[]", '"x"', "1", "null", f"[{key}]", good[:-1], good[:-2], good + "x", good + good, "<html></html>"):
        add(f"not one object: {text[:8]!r}", JSON, text)
    for text in ("null", "{}", '"x"', "1", f'{{"0":{key}}}'):
        add(f"keys is {text[:5]}", JSON, f'{{"keys":{text}}}')
    add("no keys at all, as Authentik without a signing key", KEY, "{}")
    add("keys empty", KEY, '{"keys":[]}')
    add("the key by itself", KEY, key)
    add("keys twice", JSON, f'{{"keys":[],"keys":[{key}]}}')
    add("a member twice in one key", JSON, good.replace('"kty":"RSA"', '"kty":"RSA","kty":"RSA"'))
    add("byte order mark", JSON, "\ufeff" + good)
    add("NUL behind", JSON, good + "\0")
    add("NUL in a kid", JSON, good.replace('"rsa"', '"rsa\\u0000"'))
    add("depth 32", "ok", good[:-1] + ',"x":' + "[" * 31 + "]" * 31 + "}")
    add("depth 33", JSON, good[:-1] + ',"x":' + "[" * 32 + "]" * 32 + "}")
    add("unknown members", "ok", good[:-1] + ',"x":1e3}')
    add("1 MiB", "ok", good, jwks_padding=1024 * 1024 - len(good))
    add("1 MiB and one", LIMIT, good, jwks_padding=1024 * 1024 - len(good) + 1)


def add_keys(corpus):
    keys = corpus.keys
    main = keys.rsa["main"].jwk()

    def add(name, expect, *entries):
        corpus.add("J", "IDT-07 T-13", name, expect, jwks=jose.key_set(*entries))

    for value in (None, 1, "x", [], True):
        add(f"an entry that is {json.dumps(value)}", "ok", value, main)
    add("an entry without kty", KEY, keys.rsa["main"].jwk(kty=None))
    add("an unknown kty", "ok", {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA", "kid": "rsa"}, main)
    odd = [keys.ec["secp256k1"].jwk(), keys.ed.jwk(crv="Ed448", kid="x"), keys.rsa["other"].jwk(use="enc", kid="rsa"),
           {"kty": "oct", "k": "AAAA", "kid": "rsa"}]
    add("keys that are skipped, one with x5c", "ok", *odd, {**main, "x5c": ["MIIB"], "x5t": "AAAA", "x5t#S256": "BBBB"})
    add("a certificate only", KEY, {"kty": "RSA", "kid": "rsa", "use": "sig", "x5c": ["MIIB"]})
    for name in ("n", "e"):
        add(f"without {name}", KEY, keys.rsa["main"].jwk(**{name: None}))
        add(f"{name} is a number", KEY, keys.rsa["main"].jwk(**{name: 65537}))
        add(f"{name} is empty", KEY, keys.rsa["main"].jwk(**{name: ""}))
        add(f"{name} is not base64url", KEY, keys.rsa["main"].jwk(**{name: "AQ/B"}))
    ec_token = corpus.token(head={"alg": "ES256", "kid": "ec"}, key=keys.ec["P-256"], alg="ES256")
    for name in ("x", "y", "crv"):
        for kind, value in (("missing", None), ("a number", 1), ("empty", "")):
            jwks = jose.key_set(keys.ec["P-256"].jwk(**{name: value}))
            corpus.add("J", "IDT-07", f"{name} is {kind}", KEY, ec_token, jwks)
    add("a bad key after a good one", "ok", main, keys.rsa["other"].jwk(n="!!!"))
    add("a good key after bad ones", "ok", keys.rsa["other"].jwk(n="!!!", kid="rsa"), keys.rsa["1024"].jwk(), main)
    add("the same key twice", "ok", main, main)
    add("private and public, same kid", "ok", keys.rsa["main"].jwk(d="AQAB"), main)
    add("128 keys", "ok", *[{"kty": "oct"}] * 127, main)
    add("129 keys", LIMIT, *[{"kty": "oct"}] * 128, main)
    add("9,000 keys", LIMIT, *[{}] * 9000, main)
    add("30,000 keys", JSON, *[{}] * 30000, main)
    add("a number of 2 MB bits", KEY, keys.rsa["main"].jwk(n="_" * 340000))


def add_all(corpus):
    add_documents(corpus)
    add_keys(corpus)
