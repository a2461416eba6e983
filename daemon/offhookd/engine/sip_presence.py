# SPDX-License-Identifier: GPL-2.0-or-later
"""Presence in the engine: publications, subscriptions, and what others ask of us."""

from collections.abc import Callable
from typing import Any

from . import sip_mailbox
from .gate import Source
from .gate_message import SipMessage
from .protocol import Command, ServePresence, SetPublication, Subscribe, Unsubscribe
from .sip_account import Account
from .sip_accounts import Accounts
from .sip_publications import Publications
from .sip_requests import Requests
from .sip_subscriptions import PACKAGES, Subscriptions, event_of
from .sip_thread import SipThread
from .sip_watchers import Watchers
from .walls import Walls

REFERENCE = "refer"
"""The implicit subscription of a REFER (RFC 3515) belongs to a call, and is pjsip's."""


class Presence:
    """`handlers` are the commands it carries out."""

    def __init__(
        self, thread: SipThread, accounts: Accounts, walls: Walls, requests: Requests
    ) -> None:
        self._walls = walls
        self._requests = requests
        self._subscriptions = subscriptions = Subscriptions(thread, self._requests, walls)
        self._publications = publications = Publications(thread, self._requests)
        self._watchers = watchers = Watchers(thread, self._requests, accounts)
        self.handlers: dict[type[Command], Callable[[Any], None]] = {
            Subscribe: lambda c: subscriptions.subscribe(accounts.find(c.account), c),
            Unsubscribe: lambda c: subscriptions.unsubscribe(c.subscription),
            ServePresence: lambda c: watchers.serve(accounts.find(c.account), c),
            SetPublication: lambda c: publications.publish(accounts.find(c.account), c),
        }

    @property
    def serves(self) -> bool:
        """Whether anybody may subscribe here."""
        return self._watchers.serves

    def forget(self, account: Account) -> None:
        """It is about to be taken out of the stack."""
        self._subscriptions.forget(account)
        self._publications.forget(account)
        self._watchers.forget(account)
        self._requests.forget(account)

    def take(self, message: SipMessage, source: Source) -> bool:
        """Whether the message is ours; inside the gate, before pjsip acts on it."""
        if message.status:
            return self._requests.take(message, source)
        event = event_of(message)
        unasked = event == sip_mailbox.EVENT and not message.has_to_tag
        if message.method == b"NOTIFY" and event in PACKAGES and not unasked:
            self._walls.answer(self._subscriptions.notified(message))
            return True
        if message.method == b"SUBSCRIBE" and event != REFERENCE:
            self._walls.answer(*self._watchers.subscribed(message, source))
            return True
        return False
