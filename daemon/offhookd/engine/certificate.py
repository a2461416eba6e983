# SPDX-License-Identifier: GPL-2.0-or-later
"""What the SIP stack overlooks in a server's certificate (X.509, RFC 5280).

It compares names as C strings: one that holds a NUL passes for what stands before it
(GHSA-382p-87mh-r3q8).  No honest certificate has such a name.
"""

import binascii
from collections.abc import Iterator

_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"

_OBJECT_IDENTIFIER = 0x06
_OCTET_STRING = 0x04
_CONSTRUCTED = 0x20
_TEXTS = frozenset({0x0C, 0x13, 0x14, 0x16})  # UTF8, Printable, Teletex, IA5
_ALTERNATIVE_NAMES = frozenset({0x81, 0x82, 0x86})  # rfc822Name, dNSName, URI
_SUBJECT_ALT_NAME = bytes.fromhex("551d11")  # 2.5.29.17


def has_nul_in_name(pem: str) -> bool:
    """Whether any name of the certificate holds a NUL.  Raises ValueError when it is none."""
    return any(b"\0" in name for name in _names(_der(pem)))


def _der(pem: str) -> bytes:
    body = pem.partition(_BEGIN)[2].partition(_END)[0]
    if not body:
        raise ValueError("there is no certificate")
    return binascii.a2b_base64(body)


def _names(der: bytes) -> Iterator[bytes]:
    identifier = b""
    for tag, content in _leaves(der):
        if tag == _OBJECT_IDENTIFIER:
            identifier = content
        elif tag == _OCTET_STRING and identifier == _SUBJECT_ALT_NAME:
            yield from (name for kind, name in _leaves(content) if kind in _ALTERNATIVE_NAMES)
        elif tag in _TEXTS:
            yield content


def _leaves(der: bytes) -> Iterator[tuple[int, bytes]]:
    """(tag, content) of everything that holds nothing else, in order (X.690, 8.1)."""
    while der:
        if len(der) < 2:  # noqa: PLR2004 - a tag and a length
            raise ValueError("the certificate ends early")
        tag, length, start = der[0], der[1], 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(der[2:start], "big")
        content, rest = der[start : start + length], der[start + length :]
        if len(content) != length:
            raise ValueError("the certificate ends early")
        if tag & _CONSTRUCTED:
            yield from _leaves(content)
        else:
            yield tag, content
        der = rest
