# SPDX-License-Identifier: Apache-2.0
"""Signing and encryption keys: making, keeping, publishing as JWK, signing and wrapping."""

import base64
import hashlib
import hmac
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric import padding as rsa_padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from . import tls

HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
CURVES = {"p256": (ec.SECP256R1, "P-256", 32), "p384": (ec.SECP384R1, "P-384", 48),
          "p521": (ec.SECP521R1, "P-521", 66), "secp256k1": (ec.SECP256K1, "secp256k1", 32)}
ALGORITHMS = {"rsa": "RS256", "rs384": "RS384", "rs512": "RS512", "ps256": "PS256", "ps384": "PS384",
              "ps512": "PS512", "p256": "ES256", "p384": "ES384", "p521": "ES512", "secp256k1": "ES256K",
              "ed25519": "EdDSA", "eddsa": "EdDSA"}
RSA_KINDS = ("rsa", "rs384", "rs512", "ps256", "ps384", "ps512")


def encode(data):
    """base64url without padding, as text."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encode_number(number, size=None):
    return encode(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


class SigningKey:
    """A private key of one kind with its certificate and key id."""

    def __init__(self, kind, private, certificate, kid):
        self.kind, self.private, self.certificate, self.kid = kind, private, certificate, kid
        self.alg = ALGORITHMS[kind]

    def public_pem(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data):
        """The JWS signature of the bytes."""
        if self.kind in ("ed25519", "eddsa"):
            return self.private.sign(data)
        if self.kind in RSA_KINDS:
            return self.private.sign(data, self.rsa_padding(), HASHES[self.alg[2:]]())
        digest = HASHES[self.alg[2:5]]()
        r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(digest)))
        size = CURVES[self.kind][2]
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    def rsa_padding(self):
        if self.alg.startswith("RS"):
            return rsa_padding.PKCS1v15()
        digest = HASHES[self.alg[2:]]()
        return rsa_padding.PSS(rsa_padding.MGF1(digest), digest.digest_size)

    def jwk(self):
        """The public key in the member order of the observed server."""
        members = {"alg": self.alg, "kid": self.kid}
        return members | self.numbers("sig") | self.certificate_members()

    def encryption_jwk(self):
        members = {"alg": "RSA-OAEP-256", "enc": "A256CBC-HS512", "kid": self.kid}
        return members | self.numbers("enc") | self.certificate_members()

    def numbers(self, use):
        public = self.private.public_key()
        if self.kind in RSA_KINDS:
            numbers = public.public_numbers()
            return {"kty": "RSA", "use": use, "n": encode_number(numbers.n), "e": encode_number(numbers.e)}
        if self.kind in CURVES:
            numbers, (_, name, size) = public.public_numbers(), CURVES[self.kind]
            return {"kty": "EC", "use": use, "x": encode_number(numbers.x, size),
                    "y": encode_number(numbers.y, size), "crv": name}
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {"kty": "OKP", "use": use, "crv": "Ed25519", "x": encode(raw)}

    def certificate_members(self):
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        return {"x5c": [base64.b64encode(der).decode()], "x5t": encode(hashlib.sha1(der).digest()),
                "x5t#S256": encode(hashlib.sha256(der).digest())}


class KeyStore:
    """Keys by name; made once, kept in a directory, so that a second start is quick."""

    def __init__(self, directory, kid_style, rsa_bits):
        self.directory, self.kid_style, self.rsa_bits = directory, kid_style, rsa_bits
        self.loaded = {}
        self.generation = 0

    def get(self, kind, name=""):
        """The key of a kind; different names give different keys, and a rotation gives new ones."""
        family = "rsa" if kind in RSA_KINDS else "ed25519" if kind == "eddsa" else kind
        stem = f"signing-{family}{self.rsa_bits if family == 'rsa' else ''}{name}-{self.generation}"
        if (kind, stem) not in self.loaded:
            self.loaded[kind, stem] = self.load(kind, family, stem)
        return self.loaded[kind, stem]

    def load(self, kind, family, stem):
        data = self.make(family) if self.generation else self.load_file(family, stem)
        private = serialization.load_pem_private_key(data, None)
        return SigningKey(kind, private, x509.load_pem_x509_certificate(data), self.kid(tls.private_pem(private)))

    def load_file(self, family, stem):
        path = self.directory / f"{stem}.pem"
        with tls.locked(self.directory):
            if not path.exists():
                tls.write_private(path, self.make(family))
            return path.read_bytes()

    def make(self, family):
        """Private key and self-signed certificate in one PEM text."""
        if family == "rsa":
            private = rsa.generate_private_key(65537, self.rsa_bits)
        elif family == "ed25519":
            private = ed25519.Ed25519PrivateKey.generate()
        else:
            private = ec.generate_private_key(CURVES[family][0]())
        builder = tls.certificate("authentik", private.public_key(), tls.common_name("authentik"), 3650)
        made = builder.sign(private, None if family == "ed25519" else hashes.SHA256())
        return tls.private_pem(private) + made.public_bytes(serialization.Encoding.PEM)

    def kid(self, pem):
        if self.kid_style == "md5":
            return hashlib.md5(pem).hexdigest()
        return encode(hashlib.sha512(pem).digest())

    def rotate(self):
        """From now on every key is a new one, in memory only."""
        self.generation += 1


def hs256(secret, data):
    return hmac.new(secret, data, hashlib.sha256).digest()


def encrypt(key, text):
    """Compact JWE of a text: RSA-OAEP-256 and A256CBC-HS512 (RFC 7518, 5.2.5)."""
    header = ('{"alg":"RSA-OAEP-256","enc":"A256CBC-HS512","kid":"%s","typ":"JWE"}' % key.kid).encode()
    content_key, iv = os.urandom(64), os.urandom(16)
    oaep = rsa_padding.OAEP(rsa_padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    wrapped = key.private.public_key().encrypt(content_key, oaep)
    padder = padding.PKCS7(128).padder()
    padded = padder.update(text.encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(content_key[32:]), modes.CBC(iv)).encryptor()
    ciphertext = encryptor.update(padded) + encryptor.finalize()
    associated = encode(header).encode()
    length = (len(associated) * 8).to_bytes(8, "big")
    tag = hmac.new(content_key[:32], associated + iv + ciphertext + length, hashlib.sha512).digest()[:32]
    return ".".join([associated.decode(), encode(wrapped), encode(iv), encode(ciphertext), encode(tag)])
