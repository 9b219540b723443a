# SPDX-License-Identifier: Apache-2.0
"""A throw-away certificate authority and server certificate, made once per directory."""

import datetime
import fcntl
import ipaddress
import os
import ssl
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)


def private_cache():
    """A directory of this user for keys that may be shared by many runs."""
    path = Path(tempfile.gettempdir()) / f"latchkey-issuer-{os.getuid()}"
    path.mkdir(mode=0o700, exist_ok=True)
    status = path.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077 or not path.is_dir() or path.is_symlink():
        return Path(tempfile.mkdtemp(prefix="latchkey-issuer-"))
    return path


@contextmanager
def locked(directory):
    """Hold the directory for one writer: several issuers may start at once."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(directory / ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_private(path, data):
    """Replace a file at once, readable by its owner only."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    os.replace(temporary, path)


def server_context(directory, variant="good"):
    """The TLS side of the server. Variants: good, wrong_host, expired, other_ca (not the one in ca.pem)."""
    name = "server" if variant == "good" else f"server-{variant}"
    with locked(directory):
        if not is_fresh(directory / f"{name}.pem"):
            make_server(directory, name, variant)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(directory / f"{name}.pem", directory / f"{name}.key")
    return context


def is_fresh(path):
    """Whether a certificate of 30 days is there and has ten of them left."""
    return path.exists() and time.time() - path.stat().st_mtime < 20 * 86400


def make_server(directory, name, variant):
    authority, authority_key = load_authority(directory, "other-ca" if variant == "other_ca" else "ca")
    load_authority(directory, "ca")
    key = ec.generate_private_key(ec.SECP256R1())
    names = ["wrong.example"] if variant == "wrong_host" else ["localhost", "authentik.test"]
    addresses = [] if variant == "wrong_host" else ["127.0.0.1", "::1"]
    alternatives = [x509.DNSName(item) for item in names]
    alternatives += [x509.IPAddress(ipaddress.ip_address(item)) for item in addresses]
    builder = certificate(names[0], key.public_key(), authority.subject, 30, expired=variant == "expired")
    builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), False)
    builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
    builder = builder.add_extension(x509.BasicConstraints(False, None), True)
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    builder = builder.add_extension(identifier, False)
    write_private(directory / f"{name}.key", private_pem(key))
    signed = builder.sign(authority_key, hashes.SHA256())
    write_private(directory / f"{name}.pem", signed.public_bytes(serialization.Encoding.PEM))


def load_authority(directory, name):
    """The certificate authority of a directory, made on first use."""
    path, key_path = directory / f"{name}.pem", directory / f"{name}.key"
    if path.exists():
        key = serialization.load_pem_private_key(key_path.read_bytes(), None)
        return x509.load_pem_x509_certificate(path.read_bytes()), key
    key = ec.generate_private_key(ec.SECP256R1())
    title = f"latchkey test {name} (throw-away)"
    builder = certificate(title, key.public_key(), common_name(title), 3650)
    builder = builder.add_extension(x509.BasicConstraints(True, 0), True)
    builder = builder.add_extension(key_usage(), True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    made = builder.sign(key, hashes.SHA256())
    write_private(key_path, private_pem(key))
    write_private(path, made.public_bytes(serialization.Encoding.PEM))
    return made, key


def certificate(name, public_key, issuer, days, expired=False):
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    begin, end = (now - 20 * DAY, now - 10 * DAY) if expired else (now - DAY, now + days * DAY)
    builder = x509.CertificateBuilder().subject_name(common_name(name)).issuer_name(issuer)
    builder = builder.public_key(public_key).serial_number(x509.random_serial_number())
    return builder.not_valid_before(begin).not_valid_after(end)


def common_name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def key_usage():
    return x509.KeyUsage(digital_signature=True, content_commitment=False, key_encipherment=False,
                         data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
                         encipher_only=False, decipher_only=False)


def private_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())
