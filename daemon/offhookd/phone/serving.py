# SPDX-License-Identifier: GPL-2.0-or-later
"""Which accounts tell those who ask them directly, without a presence server."""

from collections.abc import Collection

from .account import Account
from .accounts import Accounts
from .availability import OwnAvailability, Portrait
from .presence import PresenceEngine
from .values import AccountId, AccountState


class Serving:
    """Follows the accounts and the user's availability; none serves unless configured."""

    def __init__(
        self, accounts: Accounts, availability: OwnAvailability, engine: PresenceEngine
    ) -> None:
        self._accounts = accounts
        self._availability = availability
        self._engine = engine
        self._wanted: frozenset[AccountId] = frozenset()
        self._shown: dict[AccountId, Portrait] = {}
        availability.changed.connect(self._follow_all)
        accounts.added.connect(self._follow)
        accounts.changed.connect(self._follow)

    def configure(self, wanted: Collection[AccountId]) -> None:
        """The accounts that may be asked."""
        self._wanted = frozenset(wanted)
        for account in tuple(self._shown):
            if account not in self._wanted:
                self._refuse(account)
        self._follow_all()

    def engine_lost(self) -> None:
        """Another one refuses everybody at first."""
        self._shown.clear()

    def stop(self) -> None:
        """Tell everybody that this is the end."""
        for account in tuple(self._shown):
            self._refuse(account)

    def _follow(self, account: Account) -> None:
        if account.id not in self._wanted:
            return
        if account.state in (AccountState.REGISTERED, AccountState.REGISTERING):
            portrait = self._availability.portrait
            known = account.id in self._shown or account.state is AccountState.REGISTERED
            if known and self._shown.get(account.id) != portrait:
                self._shown[account.id] = portrait
                self._engine.serve(account.id, portrait)
        elif account.state in (AccountState.UNREGISTERING, AccountState.DISABLED):
            self._refuse(account.id)

    def _follow_all(self) -> None:
        for account in self._accounts:
            self._follow(account)

    def _refuse(self, account: AccountId) -> None:
        if self._shown.pop(account, None):
            self._engine.serve(account, None)
