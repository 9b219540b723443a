# SPDX-License-Identifier: Apache-2.0
"""Throw-away keys, made once per build directory and kept there for the next run."""
import hashlib
import json
import math
import os
import random

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from jose import CURVES, EcKey, EdKey, RsaKey

SMALL_PRIMES = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]


def is_prime(n):
    if any(n % prime == 0 for prime in SMALL_PRIMES):
        return n in SMALL_PRIMES
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(12):
        value = pow(random.randrange(2, n - 1), odd, n)
        if value in (1, n - 1):
            continue
        if not any((value := value * value % n) == n - 1 for _ in range(twos - 1)):
            return False
    return True


def search_prime(low, high, e):
    while True:
        candidate = random.randrange(low, high) | 1
        if math.gcd(candidate - 1, e) == 1 and is_prime(candidate):
            return candidate


def library_primes(bits, exponent=65537):
    private = rsa.generate_private_key(exponent, bits).private_numbers()
    return [private.p, private.q]


def primes_for(bits, e=65537):
    """Primes whose product has exactly BITS bits; all but the last come from the library, which is fast."""
    pool, product = [], 1
    while bits - product.bit_length() > 1100:
        for prime in library_primes(2048):
            if bits - product.bit_length() > 1100 and math.gcd(prime - 1, e) == 1:
                pool.append(prime)
                product *= prime
    if not pool:
        pool = [search_prime(2 ** (bits // 2 - 1), 2 ** (bits // 2), e)]
        product = pool[0]
    return pool + [search_prime(2 ** (bits - 1) // product + 1, (2**bits - 1) // product, e)]


def roca_prime(bits):
    """A prime of the form that the ROCA generator makes: a power of 65537 modulo every small prime."""
    product = math.prod([2] + [prime for prime in SMALL_PRIMES if prime <= 167])
    while True:
        factor = random.randrange(2 ** (bits - 1) // product + 1, 2**bits // product - 1)
        candidate = factor * product + pow(65537, random.randrange(2**60), product)
        if candidate >> (bits - 2) == 3 and is_prime(candidate):
            return candidate


def make_rsa_primes():
    sizes = {str(bits): primes_for(bits) for bits in (512, 1024, 2047, 8192, 8193, 16384)}
    return {
        "main": library_primes(2048), "other": library_primes(2048), "third": library_primes(2048),
        "e3": library_primes(2048, 3), "large_e": primes_for(2048, 2**33 + 1), "most_e": primes_for(2048, 2**32 - 1),
        "wrapped_e": primes_for(2048, 2**32 + 65537),
        "prime": library_primes(4096)[:1], "roca": [roca_prime(1024), roca_prime(1024)], **sizes,
    }


def pem(private):
    return private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                 serialization.NoEncryption()).decode()


def make_ec_keys():
    keys = {name: pem(ec.generate_private_key(curve)) for name, curve in CURVES.items()}
    keys["other"] = pem(ec.generate_private_key(CURVES["P-256"]))
    while True:
        private = ec.generate_private_key(CURVES["P-256"])
        if private.public_key().public_numbers().x < 2**248:
            keys["short"] = pem(private)
            return keys


def load(folder):
    with open(__file__, "rb") as file:
        path = os.path.join(folder, f"keys-{hashlib.sha256(file.read()).hexdigest()[:16]}.json")
    try:
        with open(path, encoding="ascii") as file:
            return json.load(file)
    except (OSError, ValueError):
        made = {"rsa": make_rsa_primes(), "ec": make_ec_keys(), "ed": pem(ed25519.Ed25519PrivateKey.generate())}
    with open(path + ".new", "w", encoding="ascii") as file:
        json.dump(made, file)
    os.replace(path + ".new", path)
    return made


class Keys:
    """The keys by name: rsa["main"], ec["P-256"], ed."""

    def __init__(self, folder):
        stored = load(folder)
        exponents = {"e3": 3, "large_e": 2**33 + 1, "most_e": 2**32 - 1, "wrapped_e": 2**32 + 65537}
        self.rsa = {name: RsaKey(primes, exponents.get(name, 65537)) for name, primes in stored["rsa"].items()}
        self.ec = {}
        for name, text in stored["ec"].items():
            private = serialization.load_pem_private_key(text.encode(), None)
            self.ec[name] = EcKey(private, name if name in CURVES else "P-256")
        self.ed = EdKey(serialization.load_pem_private_key(stored["ed"].encode(), None))
