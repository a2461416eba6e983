# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether the far end holds us, read from what it says about its audio (RFC 3264, 8.4).

The stack tells the two holds apart only while there is one of them.
"""

import re

SEND_RECEIVE, SEND, RECEIVE, INACTIVE = "sendrecv", "sendonly", "recvonly", "inactive"
_DIRECTION = re.compile(r"^a=(sendrecv|sendonly|recvonly|inactive)\s*$")
_NO_ADDRESS = re.compile(r"^c=IN IP(?:4 0\.0\.0\.0|6 ::)\s*$")


def direction(message: str) -> str:
    """What the sender will do with its first audio stream; "" when the message has none.

    The address 0.0.0.0 is hold as before RFC 3264, and says "sendonly".
    """
    body = message.replace("\r\n", "\n").partition("\n\n")[2]
    session, *media = re.split(r"^(?=m=)", body, flags=re.MULTILINE)
    audio = next((part for part in media if part.startswith("m=audio ")), "")
    if not audio:
        return ""
    own = _find(_DIRECTION, audio) or _find(_DIRECTION, session) or SEND_RECEIVE
    address = _line(audio, "c=") or _line(session, "c=")
    if own == SEND_RECEIVE and _NO_ADDRESS.match(address):
        return SEND
    return own


class RemoteHold:
    """`held` is None while nobody has said: the stack's own word counts then."""

    def __init__(self) -> None:
        self.held: bool | None = None

    def heard(self, said: str, *, offer: bool, held_here: bool) -> None:
        """`said`: the `direction` of an offer or of an answer to ours."""
        if not said:
            if offer:
                self.held = None  # its answer to our offer comes in an ACK, which nobody shows
        elif said == INACTIVE and held_here and not offer:
            # To "sendonly" some answer so who do not hold us.
            self.held = bool(self.held)
        else:
            self.held = said in {SEND, INACTIVE}


def _line(section: str, start: str) -> str:
    return next((line for line in section.split("\n") if line.startswith(start)), "")


def _find(pattern: re.Pattern[str], section: str) -> str:
    found = (pattern.match(line) for line in section.split("\n"))
    return next((match[1] for match in found if match), "")
