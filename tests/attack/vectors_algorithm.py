# SPDX-License-Identifier: Apache-2.0
"""A-A which algorithm signs, A-K which key, and what else the header may say."""
import json

from cryptography.hazmat.primitives import serialization

import jose
from vectors import claims, header

FORMAT, ALG, KEY, SIGNATURE = "idtoken_format", "idtoken_alg", "idtoken_key", "idtoken_signature"


class Fixed:
    """Gives the same signature for every text."""

    def __init__(self, signature):
        self.signature = signature

    def sign(self, _alg, _text):
        return self.signature


def add_none(corpus):
    copied = jose.unb64(corpus.token().split(".")[2])
    for name in ("none", "None", "NONE", "nOnE"):
        for kind, signature in (("empty", b""), ("copied", copied), ("garbage", b"garbage!")):
            token = corpus.token(head=header(alg=name), key=Fixed(signature))
            corpus.add("A", "IDT-05 IDT-01", f"{name}, {kind} signature", ALG, token)


def add_names(corpus):
    def add(name, head, expect=ALG):
        corpus.add("A", "IDT-05", name, expect, corpus.token(head=head))

    add("no alg", header(alg=None))
    for value in ("", 256, [], {}, True):
        add(f"alg is {json.dumps(value)}", header(alg=value))
    add("alg is null", '{"alg":null,"kid":"rsa"}')
    for value in ("rs256", "Rs256", " RS256", "RS256 ", "RSA256", "RS2567", "RS1", "Ed448", "dir", "RSA-OAEP", "A" * 10240):
        add(f"alg is {value[:20]!r}", header(alg=value))
    add("alg with NUL", '{"alg":"RS256\\u0000","kid":"rsa"}', FORMAT)


def public_forms(key):
    """Everything public about a key that somebody has once used as a shared secret."""
    public = key.public_key()
    spki, pkcs1 = serialization.PublicFormat.SubjectPublicKeyInfo, serialization.PublicFormat.PKCS1
    pem, der = serialization.Encoding.PEM, serialization.Encoding.DER
    yield "PEM", public.public_bytes(pem, spki)
    yield "PEM without its last newline", public.public_bytes(pem, spki).rstrip(b"\n")
    yield "SPKI in DER", public.public_bytes(der, spki)
    yield "PKCS#1 in DER", public.public_bytes(der, pkcs1)
    yield "modulus", jose.number(key.n)
    yield "JWK", jose.text_of(key.jwk()).encode()
    yield "nothing", b""
    yield "client secret", b"client-secret"


def add_confusion(corpus):
    main = corpus.keys.rsa["main"]
    without_alg = jose.key_set(main.jwk(alg=None))
    for name, secret in public_forms(main):
        token = corpus.token(head=header(alg="HS256"), key=jose.HmacKey(secret), alg="HS256")
        corpus.add("A", "IDT-05 IDT-07", f"HS256 with {name}", ALG, token, without_alg)
    for alg in ("HS384", "HS512"):
        secret = dict(public_forms(main))["PEM"]
        token = corpus.token(head=header(alg=alg), key=jose.HmacKey(secret), alg=alg)
        corpus.add("A", "IDT-05 IDT-07", f"{alg} with PEM", ALG, token, without_alg)
    oct_key = {"kty": "oct", "kid": "rsa", "k": jose.b64(b"shared"), "alg": "HS256"}
    token = corpus.token(head=header(alg="HS256"), key=jose.HmacKey(b"shared"), alg="HS256")
    corpus.add("A", "IDT-05 IDT-07", "HS256 with the set's oct key", ALG, token, jose.key_set(oct_key))


def add_mismatch(corpus):
    """The signature is good under the published key, but not by the algorithm that the header names."""
    main, curves = corpus.keys.rsa["main"], corpus.keys.ec

    def add(name, alg, key, jwk, expect=KEY, **options):
        token = corpus.token(head=header(alg=alg), key=key, alg=alg)
        corpus.add("A", "IDT-05 IDT-07", name, expect, token, jose.key_set(jwk), **options)

    add("RS256, an EC key", "RS256", main, curves["P-256"].jwk(kid="rsa", alg=None))
    add("ES256, an RSA key", "ES256", curves["P-256"], main.jwk(alg=None))
    add("PS256, the key says RS256", "PS256", main, main.jwk())
    add("RS256, the key says PS256", "RS256", main, main.jwk(alg="PS256"))
    add("RS512, the key says RS256", "RS512", main, main.jwk())
    add("ES384 on P-256", "ES384", curves["P-256"], curves["P-256"].jwk(kid="rsa", alg=None))
    add("ES256 on P-384", "ES256", curves["P-384"], curves["P-384"].jwk(kid="rsa", alg=None))
    add("ES256 on P-521", "ES256", curves["P-521"], curves["P-521"].jwk(kid="rsa", alg=None))
    add("EdDSA, an EC key", "EdDSA", corpus.keys.ed, curves["P-256"].jwk(kid="rsa", alg=None))
    token = corpus.token(head=header(alg="ES256K"), key=curves["secp256k1"], alg="ES256")
    corpus.add("A", "IDT-05 IDT-07", "ES256K", ALG, token, jose.key_set(curves["secp256k1"].jwk(kid="rsa")))


def add_listed(corpus):
    def add(name, expect, token, *algorithms, jwks=None):
        corpus.add("A", "IDT-05 K7-66", name, expect, token, jwks, algorithms=list(algorithms))

    keys = corpus.keys
    es256 = corpus.token(head=header(alg="ES256"), key=keys.ec["P-256"], alg="ES256")
    es_set = jose.key_set(keys.ec["P-256"].jwk(kid="rsa"))
    ed = corpus.token(head=header(alg="Ed25519"), key=keys.ed)
    add("listed", "ok", corpus.token(), "none", "HS256", "ES256", "RS256")
    add("not listed", ALG, corpus.token(), "ES256", "HS256", "none")
    add("another one pinned", ALG, corpus.token(), "PS256")
    add("ES256 where RS256 is pinned", ALG, es256, "RS256", jwks=es_set)
    add("nothing known is listed: RS256", "ok", corpus.token(), "HS256", "none", "ES256K")
    add("nothing known is listed: ES256", ALG, es256, "HS256", "none", jwks=es_set)
    add("listed in another case", ALG, es256, "es256", "RS256", jwks=es_set)
    add("Ed25519 listed by its old name", "ok", ed, "EdDSA", jwks=jose.key_set(keys.ed.jwk(kid="rsa")))
    none = corpus.token(head=header(alg="none"), key=Fixed(b"x"))
    add("none, and listed", ALG, none, "none", "RS256")
    hs256 = corpus.token(head=header(alg="HS256"), key=jose.HmacKey(b"client-secret"), alg="HS256")
    add("HS256, and listed", ALG, hs256, "HS256", "RS256")


def add_kid(corpus):
    main, other = corpus.keys.rsa["main"], corpus.keys.rsa["other"]

    def add(name, kid, expect=KEY, jwks=None, rules="IDT-08", key=None):
        head = json.dumps({**header(kid=None), "kid": kid}) if kid is not None else header(kid=None)
        corpus.add("K", rules, name, expect, corpus.token(head=head, key=key), jwks)

    add("unknown kid", "gone", rules="IDT-08 K7-67")
    for kid in ("", "../../dev/null", "/etc/passwd", "' OR 1=1 --", "https://evil.example/key", "RSA", "rsa ", "r" * 10240):
        add(f"kid is {kid[:24]!r}", kid)
    add("kid in another Unicode form", "cle\u0301", jwks=jose.key_set(main.jwk(kid="cl\u00e9")))
    add("kid in the same Unicode form", "cl\u00e9", "ok", jose.key_set(main.jwk(kid="cl\u00e9")))
    for value in (1, True, ["rsa"], {"kid": "rsa"}):
        add(f"kid is {json.dumps(value)}", value, FORMAT)
    corpus.add("K", "IDT-08", "kid is null", FORMAT, corpus.token(head='{"alg":"RS256","kid":null}'))
    corpus.add("K", "IDT-08", "kid with NUL", FORMAT, corpus.token(head='{"alg":"RS256","kid":"rsa\\u0000"}'))
    two = (other.jwk(kid="rsa"), main.jwk())
    add("two keys with one kid", "rsa", "ok", jose.key_set(*two))
    add("two keys with one kid, the other way", "rsa", "ok", jose.key_set(*reversed(two)))
    add("kid of the encryption key", "enc", jwks=jose.key_set(main.jwk(), other.jwk(kid="enc", use="enc")), key=other)
    add("kid of an oct key", "oct", jwks=jose.key_set(main.jwk(), {"kty": "oct", "kid": "oct", "k": "AAAA"}))
    add("key of another tenant, same kid", "rsa", SIGNATURE, key=other, rules="IDT-01 IDT-07")
    add("a key that is rotated away", "old", jwks=jose.key_set(main.jwk(kid="new")))
    add("no kid, one key", None, "ok", jose.key_set(main.jwk(kid=None)))
    mixed = [other.jwk(kid=None, use="enc", alg=None), corpus.keys.ec["P-256"].jwk(kid=None), main.jwk(kid=None, alg=None)]
    add("no kid, keys of other types", None, "ok", jose.key_set(*mixed))
    add("no kid in the token", None, "ok", jose.key_set(other.jwk(kid="a"), main.jwk(kid="b")))
    add("kid in the token, none in the set", "rsa", jwks=jose.key_set(main.jwk(kid=None)))
    others = [other.jwk(kid=f"k{i}") for i in range(8)]
    add("no kid, the eighth key", None, "ok", jose.key_set(*others[:7], main.jwk()))
    add("no kid, the ninth key", None, SIGNATURE, jose.key_set(*others, main.jwk()))
    same = [other.jwk(kid="rsa")] * 8
    add("the ninth key with one kid", "rsa", SIGNATURE, jose.key_set(*same, main.jwk()))


def add_key_use(corpus):
    main = corpus.keys.rsa["main"]

    def add(name, expect, **members):
        corpus.add("K", "IDT-07", name, expect, jwks=jose.key_set(main.jwk(**members)))

    add("use enc", KEY, use="enc")
    add("use is a number", KEY, use=1)
    add("use is in another case", KEY, use="SIG")
    add("no use, no alg", "ok", use=None, alg=None)
    corpus.vectors[-1]["rules"].append("K7-67")
    add("key_ops sign", KEY, use=None, key_ops=["sign"])
    add("key_ops encrypt beside use sig", KEY, key_ops=["encrypt"])
    add("key_ops is text", KEY, key_ops="verify")
    add("key_ops verify", "ok", use=None, key_ops=["verify"])
    add("key_ops sign and verify", "ok", key_ops=["sign", "verify"])
    for name in ("d", "p", "q", "dp", "dq", "qi", "k"):
        add(f"private member {name}", KEY, **{name: "AQAB"})
    add("private member oth", KEY, oth=[])
    add("alg is a number", KEY, alg=1)
    add("alg of encryption", KEY, alg="RSA-OAEP-256")
    add("kty in another case", KEY, kty="rsa")
    add("kty of another type", KEY, kty="EC")


def add_extensions(corpus):
    other = corpus.keys.rsa["other"]

    def add(name, expect, key=None, **members):
        corpus.add("K", "IDT-06", name, expect, corpus.token(head=header(**members), key=key))

    evil = "https://evil.example/keys"
    add("embedded key, signed by it", SIGNATURE, other, jwk=other.jwk())
    add("embedded key, signed by it, its kid", KEY, other, jwk=other.jwk(kid="x"), kid="x")
    add("jku of an attacker", SIGNATURE, other, jku=evil)
    add("x5u of an attacker", SIGNATURE, other, x5u=evil)
    add("x5c of an attacker", SIGNATURE, other, x5c=["MIIB"])
    for name, value in (("jku", evil), ("x5u", evil), ("x5t", "AAAA"), ("x5t#S256", "AAAA"), ("jwk", other.jwk())):
        add(f"{name} is not looked at", "ok", **{name: value})
    for value in (["unknown"], [], "exp", ["exp", "exp"], ["absent"], ["alg"], ["b64"], None):
        head = json.dumps({**header(), "crit": value})
        corpus.add("K", "IDT-06", f"crit is {json.dumps(value)}", FORMAT, corpus.token(head=head))
    add("b64 false, critical", FORMAT, b64=False, crit=["b64"])
    add("b64 false", FORMAT, b64=False)
    add("b64 true", FORMAT, b64=True)
    add("zip", FORMAT, zip="DEF")
    nested = corpus.token(corpus.token().encode(), header(cty="JWT"))
    corpus.add("K", "IDT-06 IDT-04", "a token inside a token", FORMAT, nested)


def add_type(corpus):
    def add(name, value, expect, **options):
        corpus.add("K", "IDT-06", name, expect, corpus.token(head=header(typ=value)), **options)

    for value in ("at+jwt", "application/at+jwt", "AT+JWT", "logout+jwt", "dpop+jwt", "JWE", "JWT ", "", "application/"):
        add(f"typ {value}", value, FORMAT)
    for value in (1, True, [], {}):
        add(f"typ {json.dumps(value)}", value, FORMAT)
    for value in ("JWT", "jwt", "application/jwt", "Application/JWT"):
        add(f"typ {value}", value, "ok")
    add("no typ", None, "ok")
    token = corpus.token(claims(aud='"https://api.example"'), header(typ="at+jwt"))
    corpus.add("K", "IDT-06 K7-70", "an access token where one is wanted", "ok", token, audience_unchecked=True, nonce=None)
    corpus.add("K", "IDT-06 K7-70", "the type of another token even then", FORMAT,
               corpus.token(head=header(typ="logout+jwt")), audience_unchecked=True)


def add_all(corpus):
    for add in (add_none, add_names, add_confusion, add_mismatch, add_listed, add_kid, add_key_use, add_extensions,
                add_type):
        add(corpus)
