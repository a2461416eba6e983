# SPDX-License-Identifier: GPL-2.0-or-later
"""What kills the SIP stack, one rule each, so that the gate can keep it out.

The stack (pjproject 2.15.1) is compiled with assertions: most of these end the process.  A rule is
as narrow as it can be without missing its trigger; what real devices send passes.
"""

import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from offhookd.engine.gate_message import SipMessage

NOT_ACCEPTABLE_HERE = 488

MAX_ROUTES = 16
"""Route sets grow by one for each proxy on the way; five are many."""

MAX_SERVICE_ROUTES = 6
"""The stack has room for eight and counts wrongly when they come in several headers."""

MAX_CRYPTO_LINES = 32
"""The stack has room for 64 in a media line; the longest offers seen have about ten."""

MAX_MEDIA_LINES = 16
"""PJMEDIA_MAX_SDP_MEDIA."""

NOT_SPECIFIED = b"4294967295"
"""PJSIP_EXPIRES_NOT_SPECIFIED."""

MAX_PTIME_MS = 240
"""Twice the longest packet of any codec here; the stack sizes buffers by it."""

_DIALOG_METHODS = frozenset({b"INVITE", b"UPDATE", b"SUBSCRIBE", b"NOTIFY", b"REFER"})
_ROUTE_HEADERS = (b"record-route", b"route", b"service-route", b"path")
_HIDE = re.compile(rb";\s*hide\s*(?:[;=>?,\s]|$)", re.IGNORECASE)
_SCHEME_IN_BRACKETS = re.compile(rb"<\s*([^:>\s]*)")
_SIP_SCHEMES = (b"sip", b"sips")
_ENCLOSED = re.compile(rb'"(?:[^"\\]|\\.)*"|<[^>]*>')
_URI = re.compile(rb"[a-z][a-z0-9+.-]*:[^\s>]", re.IGNORECASE)
_BOUNDARY = re.compile(rb';\s*boundary\s*=\s*(?:"([^"\\]{1,70})"|([^\s;",]{1,70}))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rule:
    """`test` says whether a message is the trigger.

    `repair`: what makes the message harmless when it is appended; without it the message is
    dropped.  `refusal`: the status that an INVITE with it is answered with.
    """

    name: str
    reason: str
    test: Callable[[SipMessage], object]
    repair: bytes = b""
    refusal: int = 0


def _hides_route(message: SipMessage) -> bool:
    for name in _ROUTE_HEADERS:
        for value in message.all(name):
            if _HIDE.search(unquote_to_bytes(value) if b"%" in value else value):
                return True
    return False


def _routes_elsewhere(message: SipMessage) -> bool:
    return not all(_is_sip(value) for value in message.all(b"record-route"))


def _routes_nowhere(message: SipMessage) -> bool:
    return any(
        not part.strip()
        for name in _ROUTE_HEADERS
        for value in message.all(name)
        for part in _ENCLOSED.sub(b"<>", value).split(b",")
    )


def _contacts_all(message: SipMessage) -> bool:
    """Whether a Contact is "*", which only a REGISTER may say (RFC 3261 section 10.2.2).

    As the place to call instead it is skipped by the stack, and the caller learns that there is
    none.
    """
    if message.method == b"REGISTER" or message.status >= 300:  # noqa: PLR2004 - a SIP class
        return False
    return any(
        part.lstrip().startswith(b"*")
        for value in message.all(b"contact")
        for part in _ENCLOSED.sub(b"", value).split(b",")
    )


def _grants_for_ever(message: SipMessage) -> bool:
    granted = message.first(b"expires").lstrip(b"0")
    return message.cseq_method == b"REGISTER" and granted == NOT_SPECIFIED


def _routes_too_long(message: SipMessage) -> bool:
    return any(
        sum(value.count(b",") + 1 for value in message.all(name)) > limit
        for name, limit in (
            (b"record-route", MAX_ROUTES),
            (b"route", MAX_ROUTES),
            (b"service-route", MAX_SERVICE_ROUTES),
        )
    )


def _acknowledges_nothing(message: SipMessage) -> bool:
    return message.method == b"ACK" and not message.has_to_tag


def _answers_without_tag(message: SipMessage) -> bool:
    return (
        200 <= message.status < 300  # noqa: PLR2004 - a SIP class
        and message.cseq_method == b"INVITE"
        and not message.has_to_tag
    )


def _contacts_elsewhere(message: SipMessage) -> bool:
    if message.cseq_method not in _DIALOG_METHODS or message.status >= 300:  # noqa: PLR2004 - a SIP class
        return False
    return not all(_is_sip(value) for value in message.all(b"contact"))


def _is_sip(value: bytes) -> bool:
    """Whether every URI of a list of addresses has a SIP scheme."""
    if b"<" in value:
        schemes = _SCHEME_IN_BRACKETS.findall(value)
    else:
        schemes = [part.partition(b":")[0].strip() for part in value.split(b",")]
    return all(scheme.lower() in _SIP_SCHEMES for scheme in schemes)


def _refers_nowhere(message: SipMessage) -> bool:
    return message.method == b"REFER" and not all(map(_URI.search, message.all(b"refer-to")))


def _ends_dtmf_early(message: SipMessage) -> bool:
    """The stack reads two bytes behind the first line, whether they are there or not."""
    if message.method != b"INFO" or message.content_type != b"application/dtmf-relay":
        return False
    text = message.body.partition(b"\0")[0]
    token = re.split(rb"[\r\n]", text.lstrip(b"\r\n"), maxsplit=1)[0]
    return len(token) > 0 and len(token) + 2 > len(text)


def _polls_presence(message: SipMessage) -> bool:
    expires = message.first(b"expires")
    return message.method == b"SUBSCRIBE" and expires != b"" and expires.strip(b"0") == b""


def _has_broken_presence(message: SipMessage) -> bool:
    return message.content_type == b"application/pidf+xml" and not _is_sound_pidf(message.body)


def _is_sound_pidf(body: bytes) -> bool:
    """Whether the document is plain XML and each tuple has an id and a status (RFC 3863)."""
    if not body:
        return True
    if b"<!" in body or b"\0" in body:
        return False
    from xml.parsers import expat  # noqa: PLC0415 - only phones that watch presence need it

    parser = expat.ParserCreate("utf-8")
    path: list[str] = []
    missing: list[bool] = []  # of each tuple so far: no status seen

    def start(name: str, attributes: dict[str, str]) -> None:
        name = name.lower()
        if name == "tuple":
            missing.append(True)
            if not any(key.lower() == "id" for key in attributes):
                raise ValueError
        elif name == "status" and path and path[-1] == "tuple":
            missing[-1] = False
        path.append(name)

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _name: path.pop()
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError):
        return False
    return not any(missing)


def _has_broken_parts(message: SipMessage) -> bool:
    """Parts that are not delimited exactly as RFC 2046 says."""
    if not message.content_type.startswith(b"multipart/"):
        return False
    found = _BOUNDARY.search(message.first(b"content-type"))
    if found is None:
        return True
    delimiter = b"\r\n--" + (found[1] or found[2])
    parts, closing, _epilogue = (b"\r\n" + message.body).partition(delimiter + b"--")
    preamble, *sections = parts.split(delimiter)
    return (
        not closing
        or not sections
        or delimiter[2:] in preamble
        or not all(section.startswith(b"\r\n") for section in sections)
    )


# ---------------------------------------------------------------- session descriptions


def _offers_too_much(message: SipMessage) -> bool:
    lines = message.sdp_lines
    media = sum(line.startswith(b"m=") for line in lines)
    crypto = sum(line[:9].lower() == b"a=crypto:" for line in lines)
    return media > MAX_MEDIA_LINES or crypto > MAX_CRYPTO_LINES


def _packs_absurdly(message: SipMessage) -> bool:
    for line in message.sdp_lines:
        if line[:8].lower() == b"a=ptime:":
            value = line[8:].strip().partition(b".")[0]
            if not value.isdigit() or not 0 < int(value[:9]) <= MAX_PTIME_MS:
                return True
    return False


def _names_media_host(message: SipMessage) -> bool:
    return any(not _is_ip(host) for host in _media_hosts(message))


def _media_hosts(message: SipMessage) -> Iterator[bytes]:
    for line in message.sdp_lines:
        if line.startswith(b"c="):
            yield line[2:].split()[-1].partition(b"/")[0] if line[2:].split() else b""


def _is_ip(host: bytes) -> bool:
    try:
        socket.inet_pton(socket.AF_INET6 if b":" in host else socket.AF_INET, host.decode())
    except (OSError, ValueError):
        return False
    return True


RULES = (
    Rule(
        "hidden-route",
        "a routing URI with the parameter `hide` and without `lr` fails an assertion when the "
        "header is written (sip_msg.c:1774)",
        _hides_route,
    ),
    Rule(
        "foreign-route",
        "a route set that does not start with a SIP URI makes the ACK fail, which is asserted not "
        "to happen (sip_inv.c:594)",
        _routes_elsewhere,
    ),
    Rule(
        "empty-route",
        "a Service-Route without a value is followed into nothing",
        _routes_nowhere,
    ),
    Rule(
        "star-contact",
        "in the answer to a REGISTER it is compared like an address, and the address that is "
        "missing is asserted (sip_uri.h:272)",
        _contacts_all,
    ),
    Rule(
        "endless-registration",
        "the stack's word for a time that is not told, as a number, is asserted not to be granted "
        "(sip_reg.c:1094)",
        _grants_for_ever,
    ),
    Rule(
        "long-route",
        "many Service-Route headers overrun an array (GHSA-xc62-j9h2-mp84)",
        _routes_too_long,
    ),
    Rule(
        "ack-without-tag",
        "it is taken for a merged request and answered, which is asserted not to happen to an ACK "
        "(sip_util.c:504); an ACK repeats the tag of the answer (RFC 3261 section 17.1.1.3)",
        _acknowledges_nothing,
    ),
    Rule(
        "answer-without-tag",
        "a second 200 to an INVITE is taken for a fork, whose tag is asserted (sip_dialog.c:747)",
        _answers_without_tag,
    ),
    Rule(
        "foreign-contact",
        "a dialog whose remote target is no SIP URI makes the ACK fail (sip_inv.c:594)",
        _contacts_elsewhere,
    ),
    Rule(
        "empty-refer-to",
        "an empty transfer target crashes the binding",
        _refers_nowhere,
    ),
    Rule(
        "short-dtmf",
        "a DTMF body without a line end fails an assertion (string.c:150); some devices send it",
        _ends_dtmf_early,
        repair=b"\r\n",
    ),
    Rule(
        "presence-poll",
        "a subscription of no time frees its dialog too early (CVE-2026-28799)",
        _polls_presence,
    ),
    Rule(
        "broken-presence",
        "a tuple without id or status fails an assertion (pidf.c:184, pidf.c:199)",
        _has_broken_presence,
    ),
    Rule(
        "broken-parts",
        "multipart bodies that end early are read past (CVE-2026-33069, CVE-2026-41415); the "
        "parser has been through them by now, the readers of the parts have not",
        _has_broken_parts,
    ),
    Rule(
        "huge-offer",
        "many crypto or media lines overrun an array (GHSA-m9g3-jcj8-qjfm)",
        _offers_too_much,
        refusal=NOT_ACCEPTABLE_HERE,
    ),
    Rule(
        "absurd-ptime",
        "buffers are sized by the packet time that a stranger asks for (CVE-2026-41416)",
        _packs_absurdly,
        refusal=NOT_ACCEPTABLE_HERE,
    ),
    Rule(
        "media-host-name",
        "a host name in a connection line is looked up with the only thread waiting for it",
        _names_media_host,
        refusal=NOT_ACCEPTABLE_HERE,
    ),
)
