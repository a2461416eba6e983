# SPDX-License-Identifier: GPL-2.0-or-later
"""The reception of the phone with everything it asks, and calls to decide about."""

from dataclasses import replace
from typing import Any

from offhookd.phone.call import Call
from offhookd.phone.choices import AccountChoices, PhoneChoices
from offhookd.phone.elsewhere import Elsewhere
from offhookd.phone.emergency import Emergency
from offhookd.phone.errors import InvalidTargetError
from offhookd.phone.numbering import Numbering
from offhookd.phone.policy import Invitation, Verdict
from offhookd.phone.reception import AccountManners, Manners, Reception
from offhookd.phone.values import AccountId, CallId, CallState, Direction
from offhookd.phone.wishes import Wishes
from tests.support.fakes import FakeClock

WORK, HOME = AccountId("work"), AccountId("home")
OWN = "sip:1001@pbx.test"
CALLER = "sip:carol@example.com"


class Store:
    def __init__(self) -> None:
        self.phone = PhoneChoices()
        self.accounts: dict[AccountId, AccountChoices] = {}

    def account(self, account: AccountId) -> AccountChoices:
        return self.accounts.get(account, AccountChoices())

    def set_account(self, account: AccountId, choices: AccountChoices) -> None:
        self.accounts[account] = choices


class Desk:
    """A reception with everything it asks."""

    def __init__(self) -> None:
        self.store = Store()
        self.wishes = Wishes(self.store)
        self.clock = FakeClock()
        self.emergency = Emergency(self.clock)
        self.elsewhere = Elsewhere()
        self.reception = Reception(self.wishes, self.emergency, self._complete, self.elsewhere)
        self.manners()

    @staticmethod
    def _complete(_account: AccountId, target: str) -> str:
        if target == "nonsense":
            raise InvalidTargetError("no number")
        return target if ":" in target else f"sip:{target}@pbx.test"

    def manners(self, work: AccountManners | None = None, **rules: object) -> None:
        accounts = {
            WORK: work or AccountManners(uri=OWN),
            HOME: AccountManners(uri="sip:1002@pbx.test", group="all"),
        }
        manners = Manners(**rules)  # type: ignore[arg-type]  # named by the test itself
        self.reception.configure(manners, accounts, Numbering("de"))

    def wish(self, **choices: object) -> None:
        self.store.accounts[WORK] = replace(AccountChoices(), **choices)  # type: ignore[arg-type]  # named by the test itself

    def decides(self, *calls: Call, limit: Any = 4, **facts: Any) -> Verdict:
        invitation = replace(Invitation(WORK, "id@host", CALLER, "Carol"), **facts)
        return self.reception.decide(invitation, calls, limit)


def call(account: AccountId = WORK, state: CallState = CallState.ACTIVE) -> Call:
    return Call(CallId(1), account, Direction.INCOMING, "sip:x@y", "", 0, state)
