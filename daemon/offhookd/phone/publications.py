# SPDX-License-Identifier: GPL-2.0-or-later
"""Which accounts publish, and when there is something new to publish."""

from collections.abc import Callable, Mapping

from .account import Account
from .accounts import Accounts
from .availability import OwnAvailability
from .ports import Clock
from .presence import Outcome, PresenceEngine
from .problems import Problems
from .publication import Publication
from .values import AccountId, AccountState

PROBLEM = "presence-publish"


class Publications:
    """Follows the accounts and the user's availability."""

    def __init__(
        self,
        accounts: Accounts,
        availability: OwnAvailability,
        engine: PresenceEngine,
        clock: Clock,
        problems: Problems,
    ) -> None:
        self._accounts = accounts
        self._availability = availability
        self._engine = engine
        self._clock = clock
        self._problems = problems
        self._publications: dict[AccountId, Publication] = {}
        availability.changed.connect(self._show_all)
        accounts.added.connect(self._follow)
        accounts.changed.connect(self._follow)

    def configure(self, wanted: Mapping[AccountId, int]) -> None:
        """The accounts that publish, with the seconds that each publication is to last."""
        for account in tuple(self._publications):
            self._publications.pop(account).withdraw()
        for account, expires_s in wanted.items():
            self._publications[account] = Publication(
                account, expires_s, self._engine, self._clock, self._teller(account)
            )
        for known in self._accounts:
            self._follow(known)

    def answered(self, account: AccountId, outcome: Outcome) -> None:
        if publication := self._publications.get(account):
            publication.answered(outcome)

    def engine_lost(self) -> None:
        for publication in self._publications.values():
            publication.lost()

    def stop(self) -> None:
        """Others are to see at once that nobody is here."""
        for publication in self._publications.values():
            publication.withdraw()

    def _follow(self, account: Account) -> None:
        publication = self._publications.get(account.id)
        if publication is None:
            return
        if account.state is AccountState.REGISTERED:
            publication.show(self._availability.portrait)
        elif account.state in (AccountState.UNREGISTERING, AccountState.DISABLED):
            publication.withdraw()
        elif account.state is not AccountState.REGISTERING:
            publication.lost()

    def _show_all(self) -> None:
        for account in self._accounts:
            self._follow(account)

    def _teller(self, account: AccountId) -> Callable[[str], None]:
        def tell(refusal: str) -> None:
            text = (
                f"What others see of you is not published for account {account}: {refusal}."
                " The server's operator can say why; or set presence.publish to false."
            )
            self._problems.hold(PROBLEM, text if refusal else "", f"accounts/{account}")

        return tell
