# SPDX-License-Identifier: GPL-2.0-or-later
"""The answer to a digest challenge (RFC 3261 section 22.4, RFC 8760), as text.

For the requests that the engine writes itself; pjsip answers for its own.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

_PARAMETER = re.compile(r'([A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_QUOTED_PAIR = re.compile(r"\\(.)")
_CNONCE_BYTES = 12
LONGEST_CHALLENGE = 2048

_ALGORITHMS = ("SHA-256", "MD5")
"""Best first; a server that offers several is answered with the first of these."""


@dataclass(frozen=True, slots=True)
class Credentials:
    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Challenge:
    realm: str
    nonce: str
    algorithm: str
    qop: bool
    """Whether quality of protection "auth" was offered."""
    opaque: str | None


def read_challenges(values: Iterable[str]) -> list[Challenge]:
    """The challenges in WWW-Authenticate or Proxy-Authenticate values that can be answered."""
    found = (_read(value[:LONGEST_CHALLENGE]) for value in values)
    return [challenge for challenge in found if challenge]


def best(challenges: Iterable[Challenge]) -> Challenge | None:
    return min(challenges, key=lambda one: _ALGORITHMS.index(one.algorithm), default=None)


def answer(challenge: Challenge, credentials: Credentials, method: str, uri: str) -> str:
    """The value of Authorization or Proxy-Authorization for one request."""
    cnonce, count = os.urandom(_CNONCE_BYTES).hex(), "00000001"
    secret = _hash(challenge, f"{credentials.user}:{challenge.realm}:{credentials.password}")
    request = _hash(challenge, f"{method}:{uri}")
    middle = f"{challenge.nonce}:{count}:{cnonce}:auth" if challenge.qop else challenge.nonce
    response = _hash(challenge, f"{secret}:{middle}:{request}")
    fields = {
        "username": _quoted(credentials.user),
        "realm": _quoted(challenge.realm),
        "nonce": _quoted(challenge.nonce),
        "uri": _quoted(uri),
        "response": _quoted(response),
        "algorithm": challenge.algorithm,
    }
    if challenge.opaque is not None:
        fields["opaque"] = _quoted(challenge.opaque)
    if challenge.qop:
        fields |= {"qop": "auth", "nc": count, "cnonce": _quoted(cnonce)}
    return "Digest " + ", ".join(f"{name}={value}" for name, value in fields.items())


def _hash(challenge: Challenge, text: str) -> str:
    import hashlib  # noqa: PLC0415 - 3 MB of OpenSSL that only phones with presence need

    if challenge.algorithm == "SHA-256":
        return hashlib.sha256(text.encode()).hexdigest()
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _read(value: str) -> Challenge | None:
    scheme, _, rest = value.partition(" ")
    if scheme.lower() != "digest":
        return None
    given = {
        name.lower(): _QUOTED_PAIR.sub(r"\1", quoted) if quoted else token
        for name, quoted, token in _PARAMETER.findall(rest)
    }
    algorithm = given.get("algorithm", "MD5").upper()
    offers = {one.strip().lower() for one in given.get("qop", "").split(",") if one.strip()}
    if algorithm not in _ALGORITHMS or "realm" not in given or "nonce" not in given:
        return None
    if offers and "auth" not in offers:
        return None
    texts = (given["realm"], given["nonce"], given.get("opaque", ""))
    if not all(text.isprintable() for text in texts):
        return None
    return Challenge(given["realm"], given["nonce"], algorithm, bool(offers), given.get("opaque"))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
