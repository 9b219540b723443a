# SPDX-License-Identifier: Apache-2.0
"""A-E ECDSA and Ed25519: signatures out of range, in other forms, keys off the curve."""
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

import jose
from vectors import header
from vectors_rsa import Signer

FORMAT, KEY, SIGNATURE = "idtoken_format", "idtoken_key", "idtoken_signature"
ED_PRIME = 2**255 - 19
ED_ORDER = 2**252 + 27742317777372353535851937790883648493


def add_signatures(corpus):
    key = corpus.keys.ec["P-256"]
    n, jwks = jose.ORDERS["P-256"], jose.key_set(key.jwk(kid="rsa"))

    def add(name, change, expect=SIGNATURE, rules="IDT-09"):
        signer = Signer(lambda text: change(*key.sign_pair("sha256", text)))
        corpus.add("E", rules, name, expect, corpus.token(head=header(alg="ES256"), key=signer), jwks)

    def pair(r, s, size=32):
        return jose.number(r, size) + jose.number(s, size)

    add("ES256", pair, "ok")
    add("high s", lambda r, s: pair(r, max(s, n - s)), "ok")
    add("low s", lambda r, s: pair(r, min(s, n - s)), "ok")
    for name, r in (("0", 0), ("n", n), ("n + 1", n + 1), ("2^256 - 1", 2**256 - 1)):
        add(f"r = {name}", lambda _, s, r=r: pair(r, s))
        add(f"s = {name}", lambda r, _, s=r: pair(r, s))
    add("r = s = 0", lambda _r, _s: pair(0, 0))
    add("r = s = 1", lambda _r, _s: pair(1, 1))
    add("r = s = n - 1", lambda _r, _s: pair(n - 1, n - 1))
    add("r and s swapped", lambda r, s: pair(s, r))
    add("DER", encode_dss_signature)
    for size in (0, 1, 63, 65, 96, 132):
        add(f"{size} bytes", lambda r, s, size=size: (pair(r, s) + bytes(size))[:size], SIGNATURE if size else FORMAT)
    add("a zero before each", lambda r, s: pair(r, s, 33))
    add("XOR 0x5A", lambda r, s: bytes(byte ^ 0x5A for byte in pair(r, s)), rules="IDT-01")
    for curve, alg in (("P-384", "ES384"), ("P-521", "ES512")):
        other = corpus.keys.ec[curve]
        token = corpus.token(head=header(alg=alg), key=other, alg=alg)
        corpus.add("E", "IDT-09", alg, "ok", token, jose.key_set(other.jwk(kid="rsa")))


def add_out_of_range(corpus):
    """The other curves' orders are right in every byte that matters."""
    for curve, alg, n in (("P-384", "ES384", jose.ORDERS["P-384"]), ("P-521", "ES512", None)):
        key = corpus.keys.ec[curve]
        r = n or 2**521 - 1
        signer = Signer(lambda _text, key=key, r=r: jose.number(r, key.size) + jose.number(1, key.size))
        token = corpus.token(head=header(alg=alg), key=signer)
        corpus.add("E", "IDT-09", f"{alg}, r too large", SIGNATURE, token, jose.key_set(key.jwk(kid="rsa")))


def add_points(corpus):
    key, short = corpus.keys.ec["P-256"], corpus.keys.ec["short"]

    def add(name, expect=KEY, signer=key, alg="ES256", **members):
        token = corpus.token(head=header(alg=alg), key=signer, alg=alg)
        corpus.add("E", "IDT-07", name, expect, token, jose.key_set(signer.jwk(kid="rsa", **members)))

    x, y = jose.number(key.x, 32), jose.number(key.y, 32)
    zero = jose.b64(bytes(32))
    add("the point at infinity", x="AA", y="AA")
    add("x = y = 0", x=zero, y=zero)
    add("off the curve", y=jose.b64(y[:-1] + bytes([y[-1] ^ 1])))
    add("x = p", x=jose.b64(jose.number(jose.PRIME_P256, 32)))
    wide = corpus.keys.ec["P-521"]
    add("x + p", signer=wide, alg="ES512", x=jose.b64(jose.number(wide.x + jose.PRIME_P521, 66)))
    add("x begins with a zero", "ok", short)
    add("x without its zero", signer=short, x=jose.b64(jose.number(short.x)))
    add("33 bytes of x", x=jose.b64(b"\0" + x))
    add("33 bytes of y", y=jose.b64(b"\0" + y))
    add("compressed", x=jose.b64(bytes([2 + key.y % 2]) + x), y=None)
    add("uncompressed in x", x=jose.b64(b"\4" + x + y), y=None)
    add("x and y swapped", x=jose.b64(y), y=jose.b64(x))
    for curve in ("P-256 ", "p-256", "prime256v1", "secp256r1", "secp256k1", "", "P-384"):
        add(f"crv {curve!r}", crv=curve)
    add("crv missing", crv=None)
    koblitz = corpus.keys.ec["secp256k1"]
    token = corpus.token(head=header(alg="ES256"), key=koblitz, alg="ES256")
    corpus.add("E", "IDT-07", "secp256k1 as ES256", KEY, token, jose.key_set(koblitz.jwk(kid="rsa", alg=None)))
    corpus.add("E", "IDT-07", "secp256k1 called P-256", KEY, token,
               jose.key_set(koblitz.jwk(kid="rsa", alg="ES256", crv="P-256")))


def add_edwards(corpus):
    key = corpus.keys.ed

    def add(name, expect=SIGNATURE, change=lambda signature: signature, rules="IDT-09", **members):
        token = corpus.token(head=header(alg="EdDSA"), key=Signer(lambda text: change(key.sign("", text))))
        corpus.add("E", rules, name, expect, token, jose.key_set(key.jwk(kid="rsa", **members)))

    def add_order(signature):
        return signature[:32] + (int.from_bytes(signature[32:], "little") + ED_ORDER).to_bytes(32, "little")

    add("EdDSA", "ok")
    token = corpus.token(head=header(alg="Ed25519"), key=key)
    corpus.add("E", "IDT-09", "Ed25519 as the name", "ok", token, jose.key_set(key.jwk(kid="rsa")))
    corpus.add("E", "IDT-09", "Ed25519 as the key's name too", "ok", token, jose.key_set(key.jwk(kid="rsa", alg="Ed25519")))
    add("63 bytes", change=lambda s: s[:-1])
    add("65 bytes", change=lambda s: s + b"\0")
    add("S plus the order", change=add_order)
    add("XOR 0x5A", change=lambda s: bytes(byte ^ 0x5A for byte in s), rules="IDT-01")
    add("31 bytes of x", KEY, rules="IDT-07", x=jose.b64(key.x[:-1]))
    add("33 bytes of x", KEY, rules="IDT-07", x=jose.b64(key.x + b"\0"))
    add("crv X25519", KEY, rules="IDT-07", crv="X25519")
    add("crv Ed448", KEY, rules="IDT-07", crv="Ed448")
    neutral = jose.number(1, 32)[::-1]
    forged = Signer(lambda _text: neutral + bytes(32))
    for name, x in (("the neutral point", 1), ("its other sign", 1 | 1 << 255), ("not reduced", ED_PRIME + 1)):
        members = jose.key_set(key.jwk(kid="rsa", x=jose.b64(x.to_bytes(32, "little"))))
        token = corpus.token(head=header(alg="EdDSA"), key=forged)
        corpus.add("E", "IDT-07", f"small group: {name}", KEY, token, members)
    for name, y in (("order 2", ED_PRIME - 1), ("order 4", 0), ("p + 3", ED_PRIME + 3)):
        members = jose.key_set(key.jwk(kid="rsa", x=jose.b64(y.to_bytes(32, "little"))))
        corpus.add("E", "IDT-07", f"small group: {name}", KEY, corpus.token(head=header(alg="EdDSA"), key=forged), members)


def add_all(corpus):
    for add in (add_signatures, add_out_of_range, add_points, add_edwards):
        add(corpus)
