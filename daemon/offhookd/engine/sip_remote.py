# SPDX-License-Identifier: GPL-2.0-or-later
"""Keys pressed by the server: NOTIFY with Event: talk or Event: hold, with which the windows of an
exchange let the telephone on the desk answer and hold (BroadSoft's remote control talk event
package)."""

from collections.abc import Callable, Sequence

from .gate import Source
from .gate_message import SipMessage
from .protocol import RemotePress
from .sip_accounts import Accounts
from .sip_call import Leg
from .sip_dialog import text_of
from .sip_headers import name_addr, user_of
from .sip_repetitions import Repetitions
from .sip_status import BAD_EVENT, NO_SUCH_DIALOG, OK
from .sip_subscriptions import event_of
from .sip_thread import SipThread
from .walls import Walls

KEYS = frozenset({"talk", "hold"})


class RemoteControl:
    """Obeys the servers of accounts that allow it; everybody else hears that there is no such
    thing here."""

    def __init__(
        self,
        thread: SipThread,
        accounts: Accounts,
        walls: Walls,
        legs: Callable[[], Sequence[Leg]],
    ) -> None:
        self._thread = thread
        self._accounts = accounts
        self._walls = walls
        self._legs = legs
        self._repetitions = Repetitions()

    def take(self, message: SipMessage, source: Source) -> bool:
        """Whether the message is ours; inside the gate, before pjsip acts on it."""
        if message.method != b"NOTIFY" or event_of(message) not in KEYS:
            return False
        self._walls.answer(self._press(message, source))
        return True

    def _press(self, message: SipMessage, source: Source) -> int:
        call_id = text_of(message, b"call-id")
        leg = next((leg for leg in self._legs() if leg.sip_call_id == call_id), None)
        user = user_of(name_addr(text_of(message, b"to"))[1])
        account = leg.account if leg else self._accounts.best_for(source[0], (user, user))
        if account is None or not account.settings.remote_control:
            return BAD_EVENT
        if source[0] not in account.settings.servers:
            return BAD_EVENT
        if leg is None and message.has_to_tag:
            return NO_SUCH_DIALOG
        if self._repetitions.is_new(message):
            number = leg.number if leg else 0
            self._thread.send(RemotePress(account=account.id, leg=number, key=event_of(message)))
        return OK
