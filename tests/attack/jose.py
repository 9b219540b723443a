# SPDX-License-Identifier: Apache-2.0
"""JOSE by hand: every step of making a token is open, so that exactly one of them can be done wrongly."""
import base64
import hashlib
import hmac
import json
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

DIGESTS = {"256": "sha256", "384": "sha384", "512": "sha512"}
HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
DIGEST_INFO = {
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
}
CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1(), "secp256k1": ec.SECP256K1()}
ORDERS = {
    "P-256": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "P-384": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
}
PRIME_P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
PRIME_P521 = 2**521 - 1


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(value, size=None):
    """Big-endian bytes, the shortest that hold VALUE or exactly SIZE."""
    return value.to_bytes(size or max(1, (value.bit_length() + 7) // 8), "big")


def digest_of(alg):
    return DIGESTS[alg[2:]]


class RsaKey:
    """An RSA key of any number of primes and any odd exponent."""

    def __init__(self, primes, e=65537):
        self.primes, self.e, self.n = list(primes), e, 1
        for prime in self.primes:
            self.n *= prime
        self.size = (self.n.bit_length() + 7) // 8
        self.library = None

    def power(self, value):
        """VALUE to the private exponent, by the Chinese remainder theorem."""
        result, modulus = 0, 1
        for prime in self.primes:
            part = pow(value, pow(self.e, -1, prime - 1), prime)
            result += modulus * ((part - result) * pow(modulus, -1, prime) % prime)
            modulus *= prime
        return result

    def sign_block(self, block):
        return number(self.power(int.from_bytes(block, "big")), self.size)

    def sign(self, alg, text):
        if alg[0] == "R" and self.e == 65537 and len(self.primes) == 2 and self.size >= 256:
            return self.library_key().sign(text, padding.PKCS1v15(), HASHES[digest_of(alg)])
        return self.sign_block((pss_block if alg[0] == "P" else pkcs1_block)(self, digest_of(alg), text))

    def library_key(self):
        """The same key for the library, which is fast and makes only what is right."""
        if self.library is None:
            p, q = self.primes
            d = pow(self.e, -1, (p - 1) * (q - 1))
            numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p),
                                            rsa.RSAPublicNumbers(self.e, self.n))
            self.library = numbers.private_key()
        return self.library

    def jwk(self, **members):
        return drop_none({"kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256", "n": b64(number(self.n)),
                          "e": b64(number(self.e)), **members})

    def public_key(self):
        return rsa.RSAPublicNumbers(self.e, self.n).public_key()


def pkcs1_block(key, digest, text, info=None, fill=None):
    """EMSA-PKCS1-v1_5 (RFC 8017 section 9.2), INFO and FILL in place of the right ones."""
    info = DIGEST_INFO[digest] if info is None else info
    content = info + hashlib.new(digest, text).digest()
    fill = b"\xff" * (key.size - len(content) - 3) if fill is None else fill
    return b"\x00\x01" + fill + b"\x00" + content


def mask(digest, seed, length):
    output = b""
    for counter in range(-(-length // hashlib.new(digest).digest_size)):
        output += hashlib.new(digest, seed + counter.to_bytes(4, "big")).digest()
    return output[:length]


def pss_block(key, digest, text, salt_length=None, mask_digest=None):
    """EMSA-PSS (RFC 8017 section 9.1.1); SALT_LENGTH -1 is the longest that fits."""
    size = hashlib.new(digest).digest_size
    bits = key.n.bit_length() - 1
    length = (bits + 7) // 8
    salt_length = {None: size, -1: length - size - 2}.get(salt_length, salt_length)
    salt = os.urandom(salt_length)
    hashed = hashlib.new(digest, b"\0" * 8 + hashlib.new(digest, text).digest() + salt).digest()
    data = b"\0" * (length - salt_length - size - 2) + b"\x01" + salt
    masked = bytes(a ^ b for a, b in zip(data, mask(mask_digest or digest, hashed, len(data))))
    masked = bytes([masked[0] & (0xFF >> (8 * length - bits))]) + masked[1:]
    return (masked + hashed + b"\xbc").rjust(key.size, b"\0")


class EcKey:
    def __init__(self, private, curve):
        self.private, self.curve = private, curve
        self.size = (private.key_size + 7) // 8
        point = private.public_key().public_numbers()
        self.x, self.y = point.x, point.y

    def sign_pair(self, digest, text):
        return decode_dss_signature(self.private.sign(text, ec.ECDSA(HASHES[digest])))

    def sign(self, alg, text):
        r, s = self.sign_pair(digest_of(alg), text)
        return number(r, self.size) + number(s, self.size)

    def jwk(self, **members):
        alg = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "secp256k1": "ES256K"}[self.curve]
        return drop_none({"kty": "EC", "kid": "ec", "use": "sig", "alg": alg, "crv": self.curve,
                          "x": b64(number(self.x, self.size)), "y": b64(number(self.y, self.size)), **members})


class EdKey:
    def __init__(self, private):
        self.private = private
        self.x = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    def sign(self, _alg, text):
        return self.private.sign(text)

    def jwk(self, **members):
        return drop_none({"kty": "OKP", "kid": "ed", "use": "sig", "alg": "EdDSA", "crv": "Ed25519",
                          "x": b64(self.x), **members})


class HmacKey:
    """What an attacker signs with who hopes that a public key is taken for a secret."""

    def __init__(self, secret):
        self.secret = secret

    def sign(self, alg, text):
        return hmac.new(self.secret, text, digest_of(alg)).digest()


def drop_none(members):
    return {name: value for name, value in members.items() if value is not None}


def key_set(*keys):
    return json.dumps({"keys": list(keys)}, separators=(",", ":"))


def text_of(value):
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def make_token(key, alg, header, payload):
    """A compact JWS; HEADER and PAYLOAD are JSON values, or the raw text as str or bytes."""
    parts = [b64(value if isinstance(value, bytes) else text_of(value).encode()) for value in (header, payload)]
    signed = ".".join(parts)
    return signed + "." + b64(key.sign(alg, signed.encode()))


def half_hash(alg, text):
    digest = "sha512" if alg == "EdDSA" else digest_of(alg)
    value = hashlib.new(digest, text.encode()).digest()
    return b64(value[: len(value) // 2])
