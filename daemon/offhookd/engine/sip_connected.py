# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is at the other end of a leg, as the account's server tells it: in its answers to an INVITE,
and by re-INVITE or UPDATE when it has connected us with somebody else (RFC 3325, RFC 5876), also by
another From (RFC 4916).

Each early dialog has a party of its own, as a call may ring at several telephones.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .protocol import ConnectedLine
from .sip_assertion import connected_party, connected_privacy
from .sip_dialog import tag_of
from .sip_headers import Headers, headers_of, user_of
from .sip_thread import SipThread

if TYPE_CHECKING:
    from .sip_call import Leg

_REQUESTS = ("INVITE ", "UPDATE ")
_FIRST_TOLD = 101
"""A 100 comes from the next hop and knows nobody."""
_LAST_TOLD = 299


@dataclass(frozen=True, slots=True)
class Party:
    """`uri` "": the server has not said."""

    name: str = ""
    uri: str = ""
    privacy: str = ""


class Connected:
    """The parties of one leg."""

    def __init__(self) -> None:
        self._by_tag: dict[str, Party] = {}
        self._remote = ""
        self._told = Party()

    def heard(self, message: str) -> Party | None:
        """What an INVITE or UPDATE, or the answer to one of ours, says; None when it is no news.

        Only for what a server of the account has sent.
        """
        headers = headers_of(message)
        code, _ = headers.status()
        if not (_FIRST_TOLD <= code <= _LAST_TOLD or headers.start_line.startswith(_REQUESTS)):
            return None
        far_end = "To" if code else "From"
        tag = tag_of(headers.first(far_end))
        party = (
            _asserted(headers, is_answer=code > 0)
            or self._renamed(headers, far_end)
            or self._by_tag.get(tag)
        )
        self._by_tag[tag] = party = party or Party()
        is_news, self._told = party != self._told, party
        return party if is_news else None

    def _renamed(self, headers: Headers, far_end: str) -> Party | None:
        """Whom a request names in From, where that is not who the dialog began with."""
        name, uri = headers.name_addr(far_end)
        user = user_of(uri) or uri
        self._remote = self._remote or user
        if far_end == "To" or user == self._remote:
            return None
        return Party(name, uri, connected_privacy(headers))


def _asserted(headers: Headers, *, is_answer: bool) -> Party | None:
    """None also where an answer asks for privacy: whom the user has called is known to him."""
    name, uri = connected_party(headers)
    privacy = connected_privacy(headers)
    withheld = is_answer and privacy not in {"", "none"}
    return Party(name, uri, privacy) if uri and not withheld else None


class ConnectedLines:
    """The parties of all legs, told to the daemon; callable inside callbacks."""

    def __init__(self, thread: SipThread) -> None:
        self._thread = thread
        self._legs: dict[int, Connected] = {}

    def began(self, leg: "Leg", invite: str) -> None:
        """A server of the account has sent this, and who it says calls is known."""
        self._legs.setdefault(leg.number, Connected()).heard(invite)

    def heard(self, leg: "Leg", source: str, message: str) -> None:
        """The address `source` has sent this INVITE or UPDATE, or answer to one."""
        if source not in leg.account.settings.servers:
            return
        party = self._legs.setdefault(leg.number, Connected()).heard(message)
        if party:
            self._thread.send(
                ConnectedLine(leg=leg.number, uri=party.uri, name=party.name, privacy=party.privacy)
            )

    def forget(self, leg: "Leg") -> None:
        self._legs.pop(leg.number, None)
