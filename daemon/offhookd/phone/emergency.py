# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls for help: which numbers they are, which account carries them, and who calls back.

Nothing that keeps other calls from going out keeps these: not the dial plan, not the limit of
calls, not a hidden caller identity.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from .account import Account
from .accounts import Accounts
from .numbering import Numbering
from .ports import Clock
from .values import AccountId, AccountState, StateReason

DEFAULT_CALLBACK_MINUTES = 30
PSAP_CALLBACK = "psap-callback"
"""Priority of a call that an emergency centre places because of ours (RFC 7090)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyRules:
    """`numbers` count beside those of the country.  `account` None means any that can call."""

    numbers: tuple[str, ...] = ()
    account: AccountId | None = None
    callback_minutes: int = DEFAULT_CALLBACK_MINUTES


def is_marked(priority: str) -> bool:
    """Whether an emergency centre calls back.  `priority`: the header's value when a server that is
    trusted sent it, else ""."""
    return priority.strip().lower() == PSAP_CALLBACK


class Emergency:
    """`rules` and `numbering` are those of the present configuration."""

    def __init__(self, clock: Clock) -> None:
        self.rules = EmergencyRules()
        self.numbering = Numbering()
        self._clock = clock
        self._called_us = 0

    def includes(self, number: str) -> bool:
        """Whether `number`, as it was entered, calls for help."""
        return number in self.rules.numbers or self.numbering.is_emergency(number)

    def account(self, accounts: Accounts, named: AccountId | None) -> Account:
        """The account for a call for help: the configured one, else the `named` one, else any,
        in this order as far as they can call now.  Raises a `PhoneError` when none can."""
        wanted = [accounts.get(one) for one in (self.rules.account, named) if one]
        for account in wanted:
            if account and account.enabled and account.can_call:
                return account
        return accounts.choose(None)

    def called(self) -> None:
        """A call for help is out, or over: they may call back."""
        self._called_us = self._clock.now_us()

    @property
    def was_called(self) -> bool:
        """Whether the last call for help, or what became of it, is so recent that whoever calls
        may be calling back."""
        window_us = self.rules.callback_minutes * 60_000_000
        return bool(self._called_us) and self._clock.now_us() - self._called_us < window_us

    def warning(self, accounts: Iterable[Account]) -> str:
        """One sentence when no call for help can go out now, else ""."""
        usable = [one for one in accounts if one.enabled]
        if not usable:
            return ""
        if not any(map(_reachable, usable)):
            return "No account can reach emergency numbers now: use another telephone for them."
        wanted = self.rules.account
        if wanted and not any(one.id == wanted and _reachable(one) for one in usable):
            return (
                f"Account {wanted}, which is to carry emergency calls, cannot call now; another"
                " account will be tried."
            )
        return ""


def _reachable(account: Account) -> bool:
    """Whether a call can go out, or nothing is known against it yet."""
    begins = account.state in (AccountState.OFFLINE, AccountState.REGISTERING)
    untried = begins and account.reason is StateReason.NONE
    return account.state is AccountState.REGISTERED or untried
