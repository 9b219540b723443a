# SPDX-License-Identifier: Apache-2.0
"""The throw-away certificates and keys of test servers on loopback: one authority, servers, clients."""

import datetime
import ipaddress
import os
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


class Authority:
    """Signs certificates into a folder; every file is readable by its owner alone."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "latchkey test authority")])
        usage = x509.KeyUsage(digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False,
                              key_encipherment=False, data_encipherment=False, key_agreement=False,
                              encipher_only=False, decipher_only=False)
        certificate = (self._builder(self.subject, self.key)
                       .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
                       .add_extension(usage, critical=True)
                       .sign(self.key, hashes.SHA256()))
        self.file = self._write("ca.crt", pem(certificate))

    def server(self, name):
        """The certificate and key of a server on loopback: (certificate file, key file)."""
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        return self._issue(name, [x509.NameAttribute(NameOID.COMMON_NAME, name)],
                           ExtendedKeyUsageOID.SERVER_AUTH, x509.SubjectAlternativeName(names))

    def client(self, name, group):
        """The certificate and key of a person: the common name is the user, the organisation the group."""
        subject = [x509.NameAttribute(NameOID.COMMON_NAME, name),
                   x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)]
        return self._issue(name, subject, ExtendedKeyUsageOID.CLIENT_AUTH)

    def signing_key(self, name):
        """A bare private key, for the service account tokens that the server insists on being able to sign."""
        return self._write(name, private_pem(ec.generate_private_key(ec.SECP256R1())))

    def _issue(self, name, subject, usage, extension=None):
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(x509.Name(subject), key)
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        if extension:
            builder = builder.add_extension(extension, critical=False)
        certificate = builder.sign(self.key, hashes.SHA256())
        return self._write(name + ".crt", pem(certificate)), self._write(name + ".key", private_pem(key))

    def _builder(self, subject, key):
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self.subject)
                .public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(hours=1))
                .not_valid_after(now + datetime.timedelta(days=1))
                # newer verifiers refuse a certificate that does not name its signer's key
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
                .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False))

    def _write(self, name, data):
        path = self.folder / name
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(data)
        return str(path)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def private_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL,
                             serialization.NoEncryption())
