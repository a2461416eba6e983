# SPDX-License-Identifier: GPL-2.0-or-later
"""TURN (RFC 8656): asking a server for an address that relays to us, and giving it back.

Only the messages of what shows that a server is there and knows us; calls have theirs from the
SIP stack.  An answer comes from the network, and is read as strictly as one of STUN.
"""

from dataclasses import dataclass, field

from .stun import Mapped, RefusedError, StunError, attribute, masked_address, message, read

ALLOCATE = 0x0003
REFRESH = 0x0004

UNAUTHENTICATED = 401
STALE_NONCE = 438

_USERNAME = 0x0006
_MESSAGE_INTEGRITY = 0x0008
_LIFETIME = 0x000D
_REALM = 0x0014
_NONCE = 0x0015
_XOR_RELAYED_ADDRESS = 0x0016
_REQUESTED_TRANSPORT = 0x0019

_UDP = b"\x11\0\0\0"
"""What is relayed, whichever way the server is asked (RFC 8656, 18.7)."""

_INTEGRITY_BYTES = 24


@dataclass(frozen=True, slots=True)
class Login:
    """A long-term credential (RFC 8489, 9.2), with what the server's challenge said."""

    username: str
    password: str = field(repr=False)
    realm: bytes
    nonce: bytes

    @property
    def key(self) -> bytes:
        import hashlib  # noqa: PLC0415 - a library of 3 MB, for those with a TURN server only

        words = (self.username.encode(), self.realm, self.password.encode())
        return hashlib.md5(b":".join(words), usedforsecurity=False).digest()


def allocation(transaction: bytes, login: Login | None = None) -> bytes:
    """Asks for an address; without a `login` the answer is a challenge."""
    return _request(ALLOCATE, transaction, attribute(_REQUESTED_TRANSPORT, _UDP), login)


def release(transaction: bytes, login: Login | None) -> bytes:
    """Gives the address of the same socket back."""
    return _request(REFRESH, transaction, attribute(_LIFETIME, bytes(4)), login)


def challenged(refusal: RefusedError, username: str, password: str) -> Login | None:
    """What to answer a refusal with, None where it is no challenge."""
    realm, nonce = refusal.attributes.get(_REALM), refusal.attributes.get(_NONCE)
    if refusal.code not in (UNAUTHENTICATED, STALE_NONCE) or realm is None or nonce is None:
        return None
    return Login(username, password, realm, nonce)


def relayed_address(answer: bytes, transaction: bytes) -> Mapped:
    """The address in the answer to `allocation`.

    Raises `RefusedError` when the server refused, and `StunError` for anything else.
    """
    attributes = read(answer, ALLOCATE, transaction)
    if _XOR_RELAYED_ADDRESS not in attributes:
        raise StunError("it names no address that relays")
    return masked_address(attributes[_XOR_RELAYED_ADDRESS])


def _request(method: int, transaction: bytes, attributes: bytes, login: Login | None) -> bytes:
    if login is None:
        return message(method, transaction, attributes)
    attributes += attribute(_USERNAME, login.username.encode())
    attributes += attribute(_REALM, login.realm) + attribute(_NONCE, login.nonce)
    return signed(method, transaction, attributes, login.key)


def signed(method: int, transaction: bytes, attributes: bytes, key: bytes) -> bytes:
    """A message that ends with its MESSAGE-INTEGRITY (RFC 8489, 14.5), whose length counts it."""
    import hmac  # noqa: PLC0415 - for the same reason as above

    counted = message(method, transaction, attributes + bytes(_INTEGRITY_BYTES))
    digest = hmac.digest(key, counted[:-_INTEGRITY_BYTES], "sha1")
    return message(method, transaction, attributes + attribute(_MESSAGE_INTEGRITY, digest))
