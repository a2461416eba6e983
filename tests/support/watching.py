# SPDX-License-Identifier: GPL-2.0-or-later
"""Whom the phone watches, without a server."""

from collections.abc import Sequence

from offhookd.phone.account import Account
from offhookd.phone.accounts import Accounts
from offhookd.phone.dialogs import RemoteDialog
from offhookd.phone.emergency import Emergency
from offhookd.phone.planner import Planner
from offhookd.phone.presence import (
    WATCHED,
    Outcome,
    Package,
)
from offhookd.phone.watch import Watch, WatchId
from offhookd.phone.watches import Watches
from tests.support.fakes import FakeClock
from tests.support.presence import FakePresenceEngine, grant, new_account

EARLY = RemoteDialog("early", "recipient", "c", "l", "r", "sip:ann@pbx", "sip:ann@desk", "Ann")
TALK = RemoteDialog("confirmed", "initiator")


class Rig:
    def __init__(self, packages: frozenset[Package] = frozenset(WATCHED)) -> None:
        self.clock = FakeClock()
        self.engine = FakePresenceEngine()
        self.accounts = Accounts()
        self.kept: list[Sequence[str]] = []
        ids = iter(range(1, 10_000))
        self.planner = Planner(self.accounts, Emergency(self.clock))
        self.watches = Watches(
            self.accounts,
            self.engine,
            self.clock,
            self.planner.preview,
            lambda _: packages,
            self.kept.append,
            lambda: WatchId(next(ids)),
        )

    def register(self, name: str = "work", uri: str = "sip:1001@pbx") -> Account:
        account = new_account(name, self.clock, uri)
        self.accounts.add(account)
        grant(account)
        return account

    def watch(self, address: str = "1002") -> Watch:
        return self.watches.watch(address, ":1.1", persistent=False)

    def number(self, watch: Watch, package: Package) -> int:
        return watch.subscriptions[package].number

    def activate(self, watch: Watch) -> None:
        for package in WATCHED:
            self.watches.answered(self.number(watch, package), Outcome(200, "OK", expires_s=600))
            number = self.number(watch, package)
            self.watches.notified(number, "active", "", 600, 0, empty=False)

    def ring(self, watch: Watch, dialog: RemoteDialog = EARLY) -> None:
        number = self.number(watch, Package.DIALOG)
        self.watches.told_dialogs(number, 0, {"d": dialog}, full=True)
