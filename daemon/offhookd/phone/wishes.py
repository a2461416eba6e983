# SPDX-License-Identifier: GPL-2.0-or-later
"""How the user wants each account to be reached: do not disturb, and forwarding.

Set at run time by any client, kept over restarts, and never in the configuration.
"""

from dataclasses import replace
from typing import Protocol

from .choices import AccountChoices, Availability, PhoneChoices
from .errors import InvalidArgumentError
from .events import Signal
from .values import AccountId

LONGEST_FORWARD = 512
FORWARD_SECONDS = range(1, 181)
"""Up to the time after which nobody is rung any longer (`calls.RING_LIMIT_S`)."""


class ChoiceStore(Protocol):
    """Where choices outlive the process."""

    @property
    def phone(self) -> PhoneChoices: ...

    def account(self, account: AccountId) -> AccountChoices: ...

    def set_account(self, account: AccountId, choices: AccountChoices) -> None: ...


class Wishes:
    """`changed` names the account concerned."""

    def __init__(self, store: ChoiceStore) -> None:
        self.changed: Signal[[AccountId]] = Signal()
        self._store = store

    @property
    def availability(self) -> Availability:
        return self._store.phone.availability

    def of(self, account: AccountId) -> AccountChoices:
        return self._store.account(account)

    def disturbs_not(self, account: AccountId) -> bool:
        """Whether calls to `account` are not to ring: for its own sake or the whole phone's."""
        return self.availability is Availability.DND or self.of(account).do_not_disturb

    def set_do_not_disturb(self, account: AccountId, wanted: bool) -> None:
        self._set_account(account, replace(self.of(account), do_not_disturb=wanted))

    def set_forward_always(self, account: AccountId, target: str) -> None:
        self._set_account(account, replace(self.of(account), forward_always=_line(target)))

    def set_forward_busy(self, account: AccountId, target: str) -> None:
        self._set_account(account, replace(self.of(account), forward_busy=_line(target)))

    def set_forward_no_answer(self, account: AccountId, target: str) -> None:
        self._set_account(account, replace(self.of(account), forward_no_answer=_line(target)))

    def set_forward_no_answer_seconds(self, account: AccountId, seconds: int) -> None:
        if seconds not in FORWARD_SECONDS:
            first, last = FORWARD_SECONDS[0], FORWARD_SECONDS[-1]
            raise InvalidArgumentError(f"ForwardNoAnswerSeconds is {seconds}; {first} to {last}")
        self._set_account(account, replace(self.of(account), forward_no_answer_seconds=seconds))

    def _set_account(self, account: AccountId, choices: AccountChoices) -> None:
        if choices != self.of(account):
            self._store.set_account(account, choices)
            self.changed(account)


def _line(target: str) -> str:
    target = target.strip()
    if len(target) > LONGEST_FORWARD or not (target.isprintable() or not target):
        raise InvalidArgumentError("A forwarding target is a number or an address on one line")
    return target
