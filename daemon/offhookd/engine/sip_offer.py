# SPDX-License-Identifier: GPL-2.0-or-later
"""What an offer can be answered with (RFC 3264), if with anything.

The stack learns that no codec is common while it answers, and says 500 then; who is asked first
can refuse with the right word, and the call goes on as it was.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

STATIC_NAMES = {"0": "pcmu", "3": "gsm", "8": "pcma", "9": "g722"}
"""Payload types that need no rtpmap (RFC 3551, table 4), of the codecs there are here."""

_MEDIA = re.compile(r"m=(\S+) (\d+)(?:/\d+)? (\S+) ?(.*)")
_RTPMAP = re.compile(r"a=rtpmap:(\d+) ([^/\s]+)/(\d+)", re.IGNORECASE)

PLAIN_PROFILES = ("RTP/AVP", "RTP/AVPF")
SECURE_PROFILES = ("RTP/SAVP", "RTP/SAVPF")
"""Those of DTLS begin with "UDP/TLS", and are none of ours."""


@dataclass(frozen=True, slots=True)
class AudioLine:
    """`codecs`: names in small letters, without and with the rate: "speex", "speex/16000"."""

    profile: str
    codecs: frozenset[str]


def audio_lines(sdp: str) -> list[AudioLine]:
    """The lines of sound that are offered; one with port 0 is none."""
    found = []
    for section in re.split(r"^(?=m=)", sdp, flags=re.MULTILINE)[1:]:
        media = _MEDIA.match(section)
        if media and media[1] == "audio" and int(media[2]):
            formats = media[4].split()
            names = {STATIC_NAMES[number] for number in formats if number in STATIC_NAMES}
            for number, name, rate in _RTPMAP.findall(section):
                if number in formats:
                    names |= {name.lower(), f"{name.lower()}/{rate}"}
            found.append(AudioLine(media[3].upper(), frozenset(names)))
    return found


def best_codec(sdp: str, codecs: Sequence[str], srtp: str) -> tuple[str, ...]:
    """The first of `codecs` that is offered, and that this policy of encryption lets be used;
    nothing when there is none.

    One alone, because the stack follows the order of who offers, and asks anew when its answer
    has named several.  `srtp`: "disabled" | "optional" | "required".
    """
    usable = [line.codecs for line in audio_lines(sdp) if _permits(line, srtp)]
    offered: frozenset[str] = frozenset().union(*usable)
    return tuple(name for name in codecs if name.lower() in offered)[:1]


def _permits(line: AudioLine, srtp: str) -> bool:
    if line.profile in SECURE_PROFILES:
        return srtp != "disabled"
    return line.profile in PLAIN_PROFILES and srtp != "required"
