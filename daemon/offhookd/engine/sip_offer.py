# SPDX-License-Identifier: GPL-2.0-or-later
"""What an offer can be answered with (RFC 3264), if with anything.

The stack learns that no codec is common while it answers, and says 500 then; who is asked first
can refuse with the right word, and the call goes on as it was.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from .sip_headers import headers_of

STATIC_NAMES = {"0": "pcmu", "3": "gsm", "8": "pcma", "9": "g722"}
"""Payload types that need no rtpmap (RFC 3551, table 4), of the codecs there are here."""

_MEDIA = re.compile(r"m=(\S+) (\d+)(?:/\d+)? (\S+) ?(.*)")
_MEDIA_LINE = re.compile(r"^m=", re.MULTILINE)
_CRYPTO = re.compile(r"^a=crypto:\d+ (\S+) inline:", re.IGNORECASE | re.MULTILINE)
_CONNECTION = re.compile(r"^c=IN IP([46])", re.IGNORECASE | re.MULTILINE)
_RTPMAP = re.compile(r"a=rtpmap:(\d+) ([^/\s]+)/(\d+)", re.IGNORECASE)

RELIABLE = "100rel"
"""Option tag of reliable provisional responses (RFC 3262)."""

PLAIN_PROFILES = ("RTP/AVP", "RTP/AVPF")
SECURE_PROFILES = ("RTP/SAVP", "RTP/SAVPF")
"""Those of DTLS begin with "UDP/TLS", and are none of ours."""

SUITES = frozenset(
    f"AES_{cipher}_HMAC_SHA1_{tag}" for cipher in ("CM_128", "256_CM") for tag in (80, 32)
)
"""RFC 4568 section 6.2 and RFC 6188: those that every build of the stack has."""


@dataclass(frozen=True, slots=True)
class AudioLine:
    """`codecs`: names in small letters, without and with the rate: "speex", "speex/16000"."""

    profile: str
    codecs: frozenset[str]
    has_keys: bool
    """Keys for a cipher that we have; those of a plain profile are there to be used if one can."""


@lru_cache(maxsize=1)  # asked about every INVITE more than once
def audio_lines(sdp: str) -> tuple[AudioLine, ...]:
    """The lines of sound that are offered; one with port 0 is none, and one that is to be sent to
    an address of IPv6 has no codec for us, whose sound goes over IPv4 alone."""
    found = []
    session, *sections = re.split(r"^(?=m=)", sdp, flags=re.MULTILINE)
    for section in sections:
        media = _MEDIA.match(section)
        if media and media[1] == "audio" and int(media[2]):
            formats = media[4].split()
            names = {STATIC_NAMES[number] for number in formats if number in STATIC_NAMES}
            for number, name, rate in _RTPMAP.findall(section):
                if number in formats:
                    names |= {name.lower(), f"{name.lower()}/{rate}"}
            has_keys = not SUITES.isdisjoint(map(str.upper, _CRYPTO.findall(section)))
            codecs = frozenset() if _wants_ipv6(session, section) else frozenset(names)
            found.append(AudioLine(media[3].upper(), codecs, has_keys))
    return tuple(found)


def _wants_ipv6(session: str, section: str) -> bool:
    connection = _CONNECTION.search(section) or _CONNECTION.search(session)
    return connection is not None and connection[1] == "6"


@dataclass(frozen=True, slots=True)
class Offer:
    """That of an INVITE.  `common`: the codec to answer with, none when there is none.  `is_there`:
    that there is one at all, without a doubt; else it may be left to who is called.  `lines`: of
    media, which the answer repeats; one where the offer is ours.  `reliably`: the caller will
    confirm that it rings (RFC 3262)."""

    common: tuple[str, ...] = ()
    has_sound: bool = False
    is_there: bool = True
    lines: int = 1
    reliably: bool = False

    @property
    def is_due_early(self) -> bool:
        """Whether ours belongs in the first reliable response, which is one before the answer
        (RFC 3262, 5)."""
        return self.reliably and not self.is_there

    @property
    def cannot_be_agreed_on(self) -> bool:
        return self.has_sound and not self.common


def read_offer(invite: str, codecs: tuple[str, ...], srtp: str) -> Offer:
    common = best_codec(invite, codecs, srtp)
    lines = len(_MEDIA_LINE.findall(invite)) or 1
    headers = headers_of(invite)
    required = headers.joined("Require").lower().replace(" ", "").split(",")
    return Offer(
        common,
        has_sound=bool(audio_lines(invite)),
        is_there=headers.has_sdp,
        lines=lines,
        reliably=RELIABLE in required,
    )


@lru_cache(maxsize=1)  # asked about every INVITE twice: for the account, and for the call
def best_codec(sdp: str, codecs: tuple[str, ...], srtp: str) -> tuple[str, ...]:
    """The first of `codecs` that is offered, and that this policy of encryption lets be used;
    nothing when there is none.

    One alone, because the stack follows the order of who offers, and asks anew when its answer
    has named several.  `srtp`: "disabled" | "optional" | "required".
    """
    usable = [line.codecs for line in audio_lines(sdp) if _permits(line, srtp)]
    offered: frozenset[str] = frozenset().union(*usable)
    return tuple(name for name in codecs if name.lower() in offered)[:1]


def is_lenient(sdp: str, srtp: str) -> bool:
    """Whether this offer can be encrypted as it must be, but leaves that open: a plain profile
    with keys.  The stack refuses it where it is told that encryption is required."""
    if srtp != "required":
        return False
    return any(line.profile in PLAIN_PROFILES and line.has_keys for line in audio_lines(sdp))


def _permits(line: AudioLine, srtp: str) -> bool:
    if line.profile in SECURE_PROFILES:
        return srtp != "disabled" and line.has_keys
    return line.profile in PLAIN_PROFILES and (srtp != "required" or line.has_keys)
