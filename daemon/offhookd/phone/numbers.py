# SPDX-License-Identifier: GPL-2.0-or-later
"""From what a person types, clicks or pastes to the URI that is dialled.

Understood: SIP and SIPS URIs (RFC 3261 section 19.1), tel URIs (RFC 3966), callto: links,
``user@host``, ``"Name" <uri>`` and bare numbers with the usual visual separators.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from .errors import InvalidTargetError

LONGEST_TARGET = 512
"""Characters; longer ones are no addresses, and the engine's buffers end not far above."""

_NAME_ADDR = re.compile(r'^\s*(?:"(?P<quoted>[^"]*)"|(?P<plain>[^<"@:;]*))\s*<(?P<uri>[^<>]+)>\s*$')
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SEPARATORS = str.maketrans("", "", " -.()/\u00a0\u2010\u2011\u2013")
_NUMBER = re.compile(r"^\+?[0-9*#A-Da-d]+$")
_NAME = re.compile(r"^[A-Za-z0-9_.+~-]+$")
_HOST = re.compile(
    r"^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9-]+)*\.?)"
    r"(?::[0-9]{1,5})?$"
)
_USER = re.compile(r"^[A-Za-z0-9\-_.!~*'()&=+$,;?/%:#]+$")
_PARAMETERS = re.compile(r"^(?:;[A-Za-z0-9\-_.!~*'()\[\]/:&+$%=]+)*$")


@dataclass(frozen=True, slots=True)
class Target:
    """`uri` is complete: scheme, user, host.  `number` is "" unless a number was dialled."""

    uri: str
    display_name: str = ""
    number: str = ""


def domain_of(uri: str) -> str:
    """Host, with its port if it has one, of a SIP URI: where bare numbers belong."""
    rest = uri.partition(":")[2].partition(";")[0]
    return rest.rpartition("@")[2]


def parse_target(text: str, domain: str) -> Target:
    """The URI for `text`; numbers are completed with `domain` (``host[:port]``).

    Raises `InvalidTargetError` with a sentence that says what is wrong.
    """
    if len(text) > LONGEST_TARGET:
        raise InvalidTargetError(f"{len(text)} characters are too many for an address")
    if _CONTROL.search(text):
        raise InvalidTargetError("The address contains control characters")
    text = text.strip()
    name = ""
    if match := _NAME_ADDR.match(text):
        name = (match["quoted"] or match["plain"] or "").strip()
        text = match["uri"].strip()
    if not text:
        raise InvalidTargetError("There is no address to dial")
    scheme, colon, rest = text.partition(":")
    match (scheme.lower(), colon):
        case ("sip" | "sips", ":"):
            return _sip(scheme.lower(), rest, name)
        case ("tel", ":"):
            return _number(unquote(rest.partition(";")[0]), domain, name)
        case ("callto", ":"):
            rest = unquote(rest.removeprefix("//").partition("?")[0])
            return parse_target(f'"{name}" <{rest}>' if name else rest, domain)
    if "@" in text:
        return _sip("sip", text, name)
    return _number(text, domain, name)


def _sip(scheme: str, rest: str, name: str) -> Target:
    # A link may carry headers ("?Replaces=..."): they would speak in the user's name.
    rest = rest.removeprefix("//")
    address, query, _headers = (
        rest.partition("?") if "@" not in rest.partition("?")[2] else (rest, "", "")
    )
    if query:
        raise InvalidTargetError("Headers in an address ('?...') are not dialled")
    user, at, host = address.rpartition("@")
    host, semicolon, parameters = host.partition(";")
    if not _HOST.match(host):
        raise InvalidTargetError(f"'{host}' is not a host name")
    if at and not _USER.match(user):
        raise InvalidTargetError(f"'{user}' is not the user part of an address")
    if not _PARAMETERS.match(semicolon + parameters):
        raise InvalidTargetError(f"'{parameters}' are not URI parameters")
    if (port := host.rpartition(":")[2]).isdigit() and ":" in host and not 0 < int(port) < 65536:  # noqa: PLR2004 - 16 bit
        raise InvalidTargetError(f"{port} is not a port")
    return Target(f"{scheme}:{address}", name)


def _number(text: str, domain: str, name: str) -> Target:
    digits = text.translate(_SEPARATORS)
    if not _NUMBER.match(digits):
        if _NAME.match(text) and domain:
            return Target(f"sip:{text}@{domain}", name)
        raise InvalidTargetError(f"'{text}' is neither a number nor a SIP address")
    if not domain:
        raise InvalidTargetError("A bare number needs an account to complete it")
    return Target(number_uri(digits, domain), name, digits)


def number_uri(number: str, domain: str) -> str:
    """The address of a bare `number` at a server."""
    return f"sip:{number.replace('#', '%23')}@{domain}"
