# SPDX-License-Identifier: GPL-2.0-or-later
"""A throw-away certification authority and the server certificates that must, or must not, pass.

Made with the `cryptography` package, which secretstorage brings along: unlike the `openssl`
program it takes any validity dates and any bytes in a name.
"""

import datetime as dt
import ipaddress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NAMES = ("localhost", "pbx.test")
ADDRESS = "127.0.0.1"
# The oldest OpenSSL among the engines (1.0.2) takes RSA with SHA-256 everywhere.
KEY_BITS = 2048
LIFE = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files of a certificate and its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class _Issuer:
    name: x509.Name
    key: rsa.RSAPrivateKey


class Certificates:
    """One authority to trust, and servers' certificates; each made when first asked for."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @property
    def authority(self) -> Path:
        """PEM file of the authority a client should trust."""
        path = self._directory / "authority.pem"
        if not path.exists():
            authority = self._trusted
            builder = _builder(authority.name, authority, dt.timedelta()).add_extension(
                x509.BasicConstraints(ca=True, path_length=0), critical=True
            )
            path.write_bytes(_pem(builder.sign(authority.key, hashes.SHA256())))
        return path

    @cached_property
    def server(self) -> Certificate:
        """Good: localhost, pbx.test, 127.0.0.1."""
        return self._issue("server", self._trusted)

    @cached_property
    def wrong_name(self) -> Certificate:
        """Trusted, but for another host."""
        return self._issue("wrong-name", self._trusted, names=("other.invalid",), address=None)

    @cached_property
    def expired(self) -> Certificate:
        """Trusted and rightly named, but its time is over."""
        return self._issue("expired", self._trusted, age=2 * LIFE)

    @cached_property
    def self_signed(self) -> Certificate:
        """Rightly named, signed by itself."""
        return self._issue("self-signed", None)

    @cached_property
    def untrusted(self) -> Certificate:
        """Rightly named, signed by an authority nobody trusts."""
        return self._issue("untrusted", _Issuer(_name("Stranger"), _key()))

    @cached_property
    def nul_in_name(self) -> Certificate:
        """Named "localhost<NUL>.other.invalid": a C string comparison sees localhost."""
        names = ("localhost\0.other.invalid",)
        return self._issue("nul-in-name", self._trusted, names=names, address=None)

    @cached_property
    def _trusted(self) -> _Issuer:
        return _Issuer(_name("Test Authority"), _key())

    def _issue(
        self,
        label: str,
        issuer: _Issuer | None,
        *,
        names: tuple[str, ...] = NAMES,
        address: str | None = ADDRESS,
        age: dt.timedelta = dt.timedelta(),
    ) -> Certificate:
        key = _key()
        subject = _name(names[0])
        signer = issuer or _Issuer(subject, key)
        certificate = (
            _builder(subject, signer, age, key)
            .add_extension(_alternative_names(names, address), critical=False)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(signer.key, hashes.SHA256())
        )
        made = Certificate(self._directory / f"{label}.crt", self._directory / f"{label}.key")
        made.certificate.write_bytes(_pem(certificate))
        made.key.write_bytes(_key_pem(key))
        return made


def _alternative_names(names: tuple[str, ...], address: str | None) -> x509.SubjectAlternativeName:
    general: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    if address is not None:
        general.append(x509.IPAddress(ipaddress.ip_address(address)))
    return x509.SubjectAlternativeName(general)


def _builder(
    subject: x509.Name,
    issuer: _Issuer,
    age: dt.timedelta,
    key: rsa.RSAPrivateKey | None = None,
) -> x509.CertificateBuilder:
    # An hour of slack: the guest of a virtual machine may have another clock.
    begin = dt.datetime.now(dt.UTC) - age - dt.timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.name)
        .public_key((key or issuer.key).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + LIFE)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
