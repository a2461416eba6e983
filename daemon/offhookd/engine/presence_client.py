# SPDX-License-Identifier: GPL-2.0-or-later
"""Presence between the core and the engine: commands one way, what it tells the other."""

from collections.abc import Callable

from offhookd.phone.availability import Portrait
from offhookd.phone.dialogs import RemoteDialog
from offhookd.phone.errors import PhoneError
from offhookd.phone.mailboxes import Mailboxes
from offhookd.phone.ports import Done, ignore
from offhookd.phone.presence import Outcome, Package, PresenceEngine, read_presence
from offhookd.phone.values import AccountId
from offhookd.phone.watches import Watches

from . import protocol as p
from .sip_headers import clean

Published = Callable[[AccountId, Outcome], None]

LARGEST_CODE = 699
LARGEST_SECONDS = 2**31
DIALOG_FIELDS = 9


class PresenceClient(PresenceEngine):
    """`tell` sends a command; a command that the engine refuses is an outcome like any other."""

    def __init__(self, tell: Callable[[p.Command, Done], None]) -> None:
        self._tell = tell
        self._watches: Watches
        self._mailboxes: Mailboxes
        self._published: Published

    def connect(self, watches: Watches, mailboxes: Mailboxes, published: Published) -> None:
        """Who hears of it; before the first command."""
        self._watches, self._mailboxes, self._published = watches, mailboxes, published

    # ------------------------------------------------------------ PresenceEngine

    def subscribe(
        self, number: int, account: AccountId, target: str, package: Package, expires_s: int
    ) -> None:
        command = p.Subscribe(
            subscription=number, account=account, target=target, event=package, expires=expires_s
        )
        self._tell(command, lambda error: self._unasked(number, error))

    def unsubscribe(self, number: int) -> None:
        self._tell(p.Unsubscribe(subscription=number), ignore)

    def publish(
        self, account: AccountId, portrait: Portrait | None, expires_s: int, etag: str
    ) -> None:
        command = p.SetPublication(
            account=account,
            basic=portrait.basic if portrait else "",
            activities=portrait.activities if portrait else (),
            note=portrait.note if portrait else "",
            expires=expires_s,
            etag=etag,
        )
        self._tell(command, lambda error: self._unpublished(account, error))

    def serve(self, account: AccountId, portrait: Portrait | None) -> None:
        command = p.ServePresence(
            account=account,
            basic=portrait.basic if portrait else "",
            activities=portrait.activities if portrait else (),
            note=portrait.note if portrait else "",
        )
        self._tell(command, ignore)

    def _unasked(self, number: int, error: PhoneError | None) -> None:
        if error is not None:
            self._answered(number, Outcome(0, str(error)))

    def _answered(self, number: int, outcome: Outcome) -> None:
        """To both; a number belongs to one of them at most."""
        self._watches.answered(number, outcome)
        self._mailboxes.answered(number, outcome)

    def _unpublished(self, account: AccountId, error: PhoneError | None) -> None:
        if error is not None:
            self._published(account, Outcome(0, str(error)))

    # ------------------------------------------------------------ what the engine tells

    def take(self, event: p.Event) -> None:
        """Pass it on; texts were cleaned, numbers are brought into range here."""
        match event:
            case p.SubscriptionAnswer():
                self._answered(event.subscription, _outcome(event))
            case p.PublicationAnswer():
                self._published(AccountId(event.account), _outcome(event, event.etag))
            case p.PresenceTold():
                activities = tuple(clean(word, 32) for word in event.activities)
                seen = read_presence(event.basic, activities, event.note)
                self._watches.told_presence(event.subscription, seen)
            case p.DialogsTold():
                self._dialogs(event)
            case p.Notified():
                self._notified(event)

    def _notified(self, event: p.Notified) -> None:
        times = _seconds(event.expires), _seconds(event.retry_after)
        told = (event.subscription, event.state, event.reason, *times)
        self._watches.notified(*told, empty=event.empty)
        self._mailboxes.notified(*told)

    def _dialogs(self, event: p.DialogsTold) -> None:
        dialogs = {
            clean(name): _dialog(parts)
            for name, parts in event.dialogs.items()
            if len(parts) == DIALOG_FIELDS
        }
        self._watches.told_dialogs(event.subscription, event.version, dialogs, full=event.full)


def _dialog(parts: tuple[str, ...]) -> RemoteDialog:
    texts = [clean(part, p.MAX_TEXT_CHARS) for part in parts]
    return RemoteDialog(
        state=texts[0],
        direction=texts[1],
        call_id=texts[2],
        local_tag=texts[3],
        remote_tag=texts[4],
        remote_uri=texts[5],
        remote_target=texts[6],
        remote_name=texts[7],
        held=texts[8] == "held",
    )


def _outcome(event: p.SubscriptionAnswer | p.PublicationAnswer, etag: str = "") -> Outcome:
    return Outcome(
        code=event.code if 0 < event.code <= LARGEST_CODE else 0,
        text=event.text,
        expires_s=_seconds(event.expires),
        retry_after_s=_seconds(event.retry_after),
        min_expires_s=_seconds(event.min_expires),
        etag=etag,
    )


def _seconds(number: int) -> int:
    return min(max(number, 0), LARGEST_SECONDS)
