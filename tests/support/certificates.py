"""Certificates for tests, and the certificate that a listener shows."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .wire import Address


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    certificate: bytes
    key: bytes

    @classmethod
    def new(cls, name: str = "localhost") -> "Pair":
        """A certificate that signed itself."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(name, key, name).add_extension(_names(name), critical=False)
        return cls._of(certificate.sign(key, hashes.SHA256()), key)

    @classmethod
    def _of(cls, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> "Pair":
        text = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return cls(certificate.public_bytes(serialization.Encoding.PEM), text)

    @property
    def der(self) -> bytes:
        return ssl.PEM_cert_to_DER_cert(self.certificate.decode())

    def write(self, folder: Path) -> None:
        """Writes both as a mounted Secret of type kubernetes.io/tls has them."""
        (folder / "tls.crt").write_bytes(self.certificate)
        (folder / "tls.key").write_bytes(self.key)


class Authority:
    """A private CA, as companies have for their internal servers."""

    def __init__(self, name: str = "a company's own CA") -> None:
        self._name, self._key = name, ec.generate_private_key(ec.SECP256R1())
        is_ca = x509.BasicConstraints(ca=True, path_length=0)
        signed = _certificate(name, self._key, name).add_extension(is_ca, critical=True).sign(self._key, hashes.SHA256())
        self.certificate = signed.public_bytes(serialization.Encoding.PEM)

    def issue(self, *names: str) -> Pair:
        """A certificate for host names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _certificate(names[0], key, self._name).add_extension(_names(*names), critical=False)
        return Pair._of(certificate.sign(self._key, hashes.SHA256()), key)


def _certificate(subject: str, key: ec.EllipticCurvePrivateKey, issuer: str) -> x509.CertificateBuilder:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
    )


def _names(*names: str) -> x509.SubjectAlternativeName:
    def general(name: str) -> x509.GeneralName:
        try:
            return x509.IPAddress(ipaddress.ip_address(name))
        except ValueError:
            return x509.DNSName(name)

    return x509.SubjectAlternativeName(list(map(general, names)))


def shown(port: int, host: str = "localhost") -> bytes:
    """The certificate of a new handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with Address(port).connect(60) as plain, context.wrap_socket(plain, server_hostname=host) as connection:
        found = connection.getpeercert(binary_form=True)
    assert found is not None
    return found
