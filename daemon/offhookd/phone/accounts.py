# SPDX-License-Identifier: GPL-2.0-or-later
"""All accounts, and which of them a call goes out on."""

from collections.abc import Iterator, Sequence

from .account import Account
from .errors import InvalidArgumentError, NoAccountError, NotRegisteredError
from .events import Signal
from .values import AccountId, AccountState


class Accounts:
    """The configured accounts, in the order of the configuration."""

    def __init__(self) -> None:
        self.added: Signal[[Account]] = Signal()
        self.changed: Signal[[Account]] = Signal()
        self.removed: Signal[[Account]] = Signal()
        self.default_changed: Signal[[]] = Signal()
        self._accounts: dict[AccountId, Account] = {}
        self._preferred: AccountId | None = None

    def __iter__(self) -> Iterator[Account]:
        return iter(tuple(self._accounts.values()))

    def get(self, account_id: AccountId) -> Account | None:
        return self._accounts.get(account_id)

    def add(self, account: Account) -> None:
        self._accounts[account.id] = account
        account.changed.connect(self._changed)
        self.added(account)
        self.default_changed()

    def remove(self, account: Account) -> None:
        del self._accounts[account.id]
        account.changed.disconnect(self._changed)
        self.removed(account)
        self.default_changed()

    def sort(self, order: Sequence[AccountId]) -> None:
        """Put the accounts into `order`, which names them all."""
        self._accounts = {account_id: self._accounts[account_id] for account_id in order}
        self.default_changed()

    @property
    def default(self) -> Account | None:
        """The preferred account, else the first enabled one."""
        preferred = self._accounts.get(self._preferred) if self._preferred else None
        if preferred and preferred.enabled:
            return preferred
        return next((account for account in self if account.enabled), None)

    def prefer(self, account_id: AccountId) -> None:
        if account_id not in self._accounts:
            raise InvalidArgumentError(f"There is no account '{account_id}'")
        self._preferred = account_id
        self.default_changed()

    def choose(self, account_id: AccountId | None) -> Account:
        """The account for a new call: the named one, else the default, else any that can."""
        if account_id is not None:
            account = self._accounts.get(account_id)
            if account is None:
                raise NoAccountError(f"There is no account '{account_id}'")
        else:
            account = self._best()
        if not account.enabled:
            raise NoAccountError(f"Account '{account.id}' is disabled; enable it first")
        if not account.can_call:
            raise NotRegisteredError(_why_not(account))
        return account

    def _best(self) -> Account:
        first = self.default
        if first is None:
            raise NoAccountError("No account is configured and enabled; see offhook.yaml")
        if first.can_call:
            return first
        return next((account for account in self if account.enabled and account.can_call), first)

    def _changed(self, account: Account) -> None:
        self.changed(account)
        self.default_changed()


def _why_not(account: Account) -> str:
    status = f"{account.code} {account.text}" if account.code else account.text
    if account.state is AccountState.FAILED:
        return f"Account '{account.id}' is not registered: {status}"
    why = f": {status}" if status else "; calls cannot be placed on it now"
    return f"Account '{account.id}' is {account.state}{why}"
