# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is at the other end by now: an exchange tells its name, or that it has connected the call
with somebody else, after a transfer or where several telephones rang."""

import logging
from collections.abc import Callable

from .call import Call
from .caller import identify
from .calls import Calls
from .events import Signal
from .parties import user_and_host
from .ports import CallLog
from .values import NOBODY, CallId, Party

logger = logging.getLogger(__name__)


class ConnectedLines:
    """Keeps `Call.connected`.  `same`: whether two numbers reach the same telephone."""

    def __init__(self, calls: Calls, log: CallLog, same: Callable[[str, str], bool]) -> None:
        self.moved: Signal[[Call]] = Signal()
        """The far end is another one than before; nobody has looked it up yet."""
        self._calls = calls
        self._log = log
        self._same = same

    def told(self, call_id: CallId, uri: str, name: str, privacy: str) -> None:
        """The account's server says who is connected; `uri` "" when it says nothing any more.
        `privacy` as in RFC 3323."""
        call = self._calls.get(call_id)
        if call is None or not call.up:
            return
        party = self._party(call, uri, name, privacy) if uri else None
        if party == call.connected:
            return
        was = call.far_uri
        call.connected = party
        self._log.connected(call.id, party or NOBODY)
        if call.far_uri == was:
            self._calls.changed(call)
            return
        logger.info("call %d: connected with another party", call.id, extra={"call": call.id})
        call.contact, call.page = None, ""
        self._calls.changed(call)
        self.moved(call)

    def _party(self, call: Call, uri: str, name: str, privacy: str) -> Party | None:
        """None for whom the call was meant for, when nothing more is known."""
        caller = identify(uri, name, "", "", privacy)
        user, _ = user_and_host(caller.uri)
        # Exchanges without a name write the number in its place.
        party = Party(caller.uri, "" if caller.name == user else caller.name)
        if self._are_same(caller.uri, call.peer_uri):
            party = Party(call.peer_uri, party.name or call.peer_name)
        return None if party == Party(call.peer_uri, call.peer_name) else party

    def _are_same(self, one: str, other: str) -> bool:
        """Whether both name one telephone, at whatever host."""
        users = user_and_host(one)[0], user_and_host(other)[0]
        return one == other or (all(users) and (users[0] == users[1] or self._same(*users)))
