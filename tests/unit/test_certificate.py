# SPDX-License-Identifier: GPL-2.0-or-later
"""The names of a certificate, read a second time."""

import base64
from pathlib import Path

import pytest

from offhookd.engine.certificate import has_nul_in_name
from tests.support.certificates import Certificates


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize(
    ("kind", "found"), [("nul_in_name", True), ("server", False), ("wrong_name", False)]
)
def test_only_a_nul_in_a_name_is_found(certificates: Certificates, kind: str, found: bool) -> None:
    certificate: Path = getattr(certificates, kind).certificate
    assert has_nul_in_name(certificate.read_text()) is found


def pem(der: bytes) -> str:
    text = base64.encodebytes(der).decode()
    return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    "text", ["", "nonsense", pem(b"\x30"), pem(b"\x30\x05\x0c\x01a"), pem(b"\x30\x84\x7f\xff")]
)
def test_what_is_no_certificate_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"certificate|padding|base64"):
        has_nul_in_name(text)


@pytest.mark.parametrize("kind", [0x81, 0x82, 0x86])
def test_mail_address_host_and_uri_are_looked_at(kind: int) -> None:
    names = bytes([0x30, 5, kind, 3]) + b"a\0b"
    extension = bytes.fromhex("0603551d11") + bytes([4, len(names)]) + names
    assert has_nul_in_name(pem(bytes([0x30, len(extension)]) + extension))


def test_an_address_may_hold_zeros() -> None:
    names = bytes([0x30, 6, 0x87, 4, 10, 0, 0, 1])
    extension = bytes.fromhex("0603551d11") + bytes([4, len(names)]) + names
    assert not has_nul_in_name(pem(bytes([0x30, len(extension)]) + extension))
