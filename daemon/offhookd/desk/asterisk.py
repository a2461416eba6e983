# SPDX-License-Identifier: GPL-2.0-or-later
"""Desk phones of an Asterisk exchange: it calls the phone and then, once that is lifted, the far
end (action Originate of the manager interface).

Each call has a connection of its own, as long as it lasts: a manager that only listens would keep
Asterisk busy with events of calls that are not ours.
"""

import asyncio

from offhookd.config.schema import DeskPhoneConfig
from offhookd.phone.desk_calls import DeskCalls, DeskCarrier, Errand
from offhookd.phone.ports import Done
from offhookd.phone.values import CallId

from .ami import GoneError
from .session import PasswordFor, Session


class AsteriskPhone(DeskCarrier):
    """One desk phone at one exchange."""

    def __init__(
        self,
        config: DeskPhoneConfig,
        homes: frozenset[str],
        desk: DeskCalls,
        password_for: PasswordFor,
    ) -> None:
        """`homes`: the domains whose users are extensions of the exchange."""
        self.ring_s = config.ring_seconds
        self._config = config
        self._homes = homes
        self._desk = desk
        self._password_for = password_for
        self._sessions: dict[CallId, Session] = {}

    def dial(self, errand: Errand) -> None:
        session = Session(self._config, self._homes, errand, self._desk, self._password_for)
        self._sessions[errand.call] = session
        session.start(lambda: self._sessions.pop(errand.call, None))

    def hangup(self, call: CallId, done: Done) -> None:
        if session := self._sessions.get(call):
            session.hangup(done)
        else:
            asyncio.get_running_loop().call_soon(done, GoneError("The call is over already"))

    def drop(self, call: CallId) -> None:
        if session := self._sessions.get(call):
            session.drop()

    async def stop(self) -> None:
        """Let go of every call; they go on."""
        await asyncio.gather(*[one.stop() for one in tuple(self._sessions.values())])
