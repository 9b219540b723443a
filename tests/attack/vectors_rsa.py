# SPDX-License-Identifier: Apache-2.0
"""A-R RSA: damaged and forged signatures, odd moduli and exponents."""
import jose
from vectors import HEADER, claims, header

KEY, SIGNATURE = "idtoken_key", "idtoken_signature"


class Signer:
    """A key whose signature comes from a function of the text."""

    def __init__(self, function):
        self.function = function

    def sign(self, _alg, text):
        return self.function(text)


def add_damage(corpus):
    key = corpus.keys.rsa["main"]

    def add(name, change, rules="IDT-01"):
        signer = Signer(lambda text: change(key.sign("RS256", text)))
        corpus.add("R", rules, name, SIGNATURE, corpus.token(key=signer))

    add("first bit", lambda s: bytes([s[0] ^ 0x80]) + s[1:])
    add("last bit", lambda s: s[:-1] + bytes([s[-1] ^ 1]))
    add("every byte XOR 0x5A", lambda s: bytes(byte ^ 0x5A for byte in s))
    add("all zero", lambda s: bytes(len(s)))
    add("one", lambda s: jose.number(1, len(s)))
    add("n - 1", lambda s: jose.number(key.n - 1, len(s)))
    add("n", lambda s: jose.number(key.n, len(s)))
    add("one byte short", lambda s: s[:-1], "IDT-09")
    add("one byte long", lambda s: s + b"\0", "IDT-09")
    add("a leading zero", lambda s: b"\0" + s, "IDT-09")
    add("half of it", lambda s: s[: len(s) // 2], "IDT-09")
    add("one byte", lambda s: s[:1], "IDT-09")
    corpus.add("R", "IDT-01", "signature plus n", SIGNATURE, larger_representative(corpus, key))


def larger_representative(corpus, key):
    """The same number modulo n, written larger: tokens are tried until it fits into 2048 bits."""
    for counter in range(1000):
        payload = claims(extra=f',"jti":"{counter}"')
        token = corpus.token(payload)
        h, p, s = token.split(".")
        value = int.from_bytes(jose.unb64(s), "big") + key.n
        if value.bit_length() <= 8 * key.size:
            return f"{h}.{p}.{jose.b64(jose.number(value, key.size))}"
    raise AssertionError("no signature is small enough")


def add_padding(corpus):
    key = corpus.keys.rsa["main"]

    def add(name, block, jwk=None):
        signer = Signer(lambda text: key.sign_block(block(text)))
        corpus.add("R", "IDT-01 IDT-09", name, SIGNATURE, corpus.token(key=signer),
                   None if jwk is None else jose.key_set(jwk))

    info = jose.DIGEST_INFO
    add("no digest info", lambda t: jose.pkcs1_block(key, "sha256", t, b""))
    add("digest info of SHA-1 on SHA-256", lambda t: jose.pkcs1_block(key, "sha256", t, info["sha1"]))
    add("digest info of SHA-512 on SHA-256", lambda t: jose.pkcs1_block(key, "sha256", t, info["sha512"]))
    add("digest info without NULL", lambda t: jose.pkcs1_block(
        key, "sha256", t, bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20"))
    add("another object identifier", lambda t: jose.pkcs1_block(
        key, "sha256", t, bytes.fromhex("3031300d060960864801650304020905000420")))
    add("SHA-512 where SHA-256 is named", lambda t: jose.pkcs1_block(key, "sha512", t))
    add("SHA-1 where SHA-256 is named", lambda t: jose.pkcs1_block(key, "sha1", t))
    add("fill of other bytes", lambda t: jose.pkcs1_block(key, "sha256", t, fill=b"\xfe" * (key.size - 54)))
    add("block type 2", lambda t: b"\x00\x02" + jose.pkcs1_block(key, "sha256", t)[2:])
    add("no fill, garbage behind", lambda t: jose.pkcs1_block(key, "sha256", t, fill=b"\xff" * 8).ljust(key.size, b"\x55"))
    add("PSS where RS256 is named", lambda t: jose.pss_block(key, "sha256", t), key.jwk(alg=None))


def cube_root(value):
    low, high = 0, 1 << (value.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if middle**3 < value else (low, middle)
    return low


def forge_with_cube_root(key, text):
    """Bleichenbacher 2006: with e = 3 the digest may be made to stand before garbage, without the private key."""
    content = jose.DIGEST_INFO["sha256"] + jose.hashlib.new("sha256", text).digest()
    start = b"\x00\x01" + b"\xff" * 8 + b"\x00" + content
    root = cube_root(int.from_bytes(start.ljust(key.size, b"\0"), "big"))
    assert jose.number(root**3, key.size).startswith(start)
    return jose.number(root, key.size)


def add_pss(corpus):
    key = corpus.keys.rsa["main"]
    jwks = jose.key_set(key.jwk(alg=None))

    def add(name, expect, alg="PS256", **changes):
        block = lambda text: jose.pss_block(key, jose.digest_of(alg), text, **changes)
        token = corpus.token(head=header(alg=alg), key=Signer(lambda text: key.sign_block(block(text))))
        corpus.add("R", "IDT-09", name, expect, token, jwks)

    for alg in ("PS256", "PS384", "PS512"):
        add(f"{alg}", "ok", alg)
    add("PSS without salt", SIGNATURE, salt_length=0)
    add("PSS, 20 bytes of salt", SIGNATURE, salt_length=20)
    add("PSS, 31 bytes of salt", SIGNATURE, salt_length=31)
    add("PSS, the longest salt", SIGNATURE, salt_length=-1)
    add("PSS, MGF1 of another digest", SIGNATURE, mask_digest="sha1")
    add("PSS, MGF1 of SHA-512", SIGNATURE, mask_digest="sha512")
    token = corpus.token(head=header(alg="PS256"), alg="RS256")
    corpus.add("R", "IDT-09", "RS256 where PS256 is named", SIGNATURE, token, jwks)
    for alg in ("RS384", "RS512"):
        corpus.add("R", "IDT-09", alg, "ok", corpus.token(head=header(alg=alg), alg=alg), jwks)


def add_sizes(corpus):
    keys = corpus.keys.rsa

    def add(name, key, expect, rules="IDT-07 T-13", **members):
        corpus.add("R", rules, name, expect, corpus.token(key=key), jose.key_set(key.jwk(**members)))

    for bits, expect in (("512", KEY), ("1024", KEY), ("2047", KEY), ("8192", "ok"), ("8193", KEY), ("16384", KEY)):
        add(f"{bits} bits", keys[bits], expect)
    add("e = 3", keys["e3"], "ok")
    add("e = 2^32 - 1", keys["most_e"], "ok")
    add("e = 2^33 + 1", keys["large_e"], KEY)
    add("e = 2^32 + 65537", keys["wrapped_e"], KEY)
    one = jose.RsaKey(keys["main"].primes, 1)
    add("e = 1", one, KEY)
    for e in (0, 2, 65536):
        add(f"e = {e}", keys["main"], KEY, e=jose.b64(jose.number(e)))
    add("e with a leading zero", keys["main"], KEY, e="AAEAAQ")
    add("n is even", jose.RsaKey([3] + keys["prime"].primes), KEY, n=jose.b64(jose.number(2 * keys["prime"].n)))
    add("n is a prime", keys["prime"], KEY)
    add("n has a small factor", jose.RsaKey([5] + keys["prime"].primes), KEY)
    add("n of the ROCA form", keys["roca"], KEY)
    for n in (0, 15):
        add(f"n = {n}", keys["main"], KEY, n=jose.b64(jose.number(n)))
    add("n with a leading zero", keys["main"], KEY, n=jose.b64(b"\0" + jose.number(keys["main"].n)))
    canonical = jose.b64(jose.number(keys["main"].n))
    add("n with unused bits set", keys["main"], KEY, n=canonical[:-1] + chr(ord(canonical[-1]) + 1))
    add("n with padding", keys["main"], KEY, n=canonical + "==")
    forged = corpus.token(head=HEADER, key=Signer(lambda text: forge_with_cube_root(keys["e3"], text)))
    corpus.add("R", "IDT-01 IDT-09", "forged for e = 3", SIGNATURE, forged, jose.key_set(keys["e3"].jwk()))


def add_all(corpus):
    for add in (add_damage, add_padding, add_pss, add_sizes):
        add(corpus)
