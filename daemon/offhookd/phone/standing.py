# SPDX-License-Identifier: GPL-2.0-or-later
"""What a server that asks is told of each account: how would a call be answered now?

RFC 3261 section 11.2 wants the status of the answer to OPTIONS to be that of an INVITE.
"""

from collections.abc import Callable

from .accounts import Accounts
from .calls import Calls
from .values import AccountId

AVAILABLE = 200


class Standing:
    """`judge` gives the status that a caller would get now; `tell` lets the engine know it."""

    def __init__(
        self,
        calls: Calls,
        accounts: Accounts,
        judge: Callable[[AccountId], int],
        tell: Callable[[AccountId, int], None],
    ) -> None:
        self._accounts = accounts
        self._judge = judge
        self._tell = tell
        self._told: dict[AccountId, int] = {}
        for news in (calls.added, calls.changed, calls.removed):
            news.connect(lambda _: self.look())
        calls.elsewhere.changed.connect(self.look)
        accounts.added.connect(lambda _: self.look())

    def engine_started(self) -> None:
        """It takes every account for available."""
        self._told.clear()
        self.look()

    def look(self) -> None:
        """Something may have changed."""
        for account in self._accounts:
            code = self._judge(account.id)
            if code != self._told.get(account.id, AVAILABLE):
                self._told[account.id] = code
                self._tell(account.id, code)
