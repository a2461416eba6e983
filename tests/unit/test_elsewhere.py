# SPDX-License-Identifier: GPL-2.0-or-later
"""The user's desk phone is in a call: what the phone here makes of it."""

import pytest

from offhookd.phone.dialogs import DialogTable, RemoteDialog, ShownState
from offhookd.phone.elsewhere import UNFOLLOWED, Elsewhere, follow
from offhookd.phone.presence import DialogState, Outcome, Package, Seen
from offhookd.phone.problems import Problems
from offhookd.phone.values import AccountId
from offhookd.phone.watch import Wanted, Watch
from tests.support.watching import EARLY, TALK, Rig

WORK = AccountId("work")
DESK = Wanted("sip:1001@pbx", "desk", WORK, "desk")


class Desk(Rig):
    """A watch of a desk phone, and what follows from it."""

    def __init__(self, packages: frozenset[Package] = frozenset()) -> None:
        super().__init__(packages)
        self.elsewhere = Elsewhere()
        self.problems = Problems()
        self.changes = 0
        self.elsewhere.changed.connect(self._count)
        follow(self.watches, self.elsewhere, self.problems)
        self.register()
        self.watches.configure([DESK])

    def _count(self) -> None:
        self.changes += 1

    @property
    def phone(self) -> Watch:
        (watch,) = self.watches
        return watch

    def tell(self, *dialogs: RemoteDialog, full: bool = True) -> None:
        number = self.number(self.phone, Package.DIALOG)
        version = self.phone.dialogs.version + 1
        named = {str(index): dialog for index, dialog in enumerate(dialogs)}
        self.watches.told_dialogs(number, version, named, full=full)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_desk_phones_dialogs_are_asked_for_whatever_the_account_subscribes_to(desk: Desk) -> None:
    assert [one[3] for one in desk.engine.subscribed] == [Package.DIALOG]


@pytest.mark.parametrize(
    ("dialog", "talks", "shown"),
    [
        (EARLY, False, ShownState.RINGING),
        (RemoteDialog("trying", "recipient"), False, ShownState.RINGING),
        (RemoteDialog("early"), False, ShownState.RINGING),
        (RemoteDialog("trying", "initiator"), True, ShownState.DIALING),
        (RemoteDialog("early", "initiator"), True, ShownState.DIALING),
        (TALK, True, ShownState.CONFIRMED),
        (RemoteDialog("confirmed", held=True), True, ShownState.HELD),
    ],
)
def test_who_talks_or_calls_there_is_on_the_phone(
    desk: Desk, dialog: RemoteDialog, talks: bool, shown: ShownState
) -> None:
    desk.tell(dialog)
    assert desk.elsewhere.talking is talks
    assert [one.shown for one in desk.phone.dialogs] == [shown]


def test_a_second_call_that_rings_there_changes_nothing(desk: Desk) -> None:
    desk.tell(TALK)
    desk.tell(TALK, EARLY)
    assert desk.elsewhere.accounts == {WORK}
    assert desk.changes == 1
    assert desk.phone.dialog is DialogState.RINGING
    desk.tell()
    assert (desk.elsewhere.talking, desk.changes) == (False, 2)


def test_what_is_no_longer_known_is_no_call() -> None:
    desk = Desk()
    desk.tell(TALK)
    desk.watches.engine_lost()
    assert not desk.elsewhere.talking


def test_our_own_published_presence_is_not_taken_for_a_call() -> None:
    desk = Desk(frozenset(Package))
    desk.phone.told_presence(Seen(dialog=DialogState.CONFIRMED))
    assert not desk.elsewhere.talking


def test_a_colleague_who_talks_is_somebody_else(desk: Desk) -> None:
    desk.watches.configure([Wanted("sip:1002@pbx", account=WORK), DESK])
    colleague = next(one for one in desk.watches if not one.desk_phone)
    colleague.told_dialogs(0, {"a": TALK}, full=True)
    assert not desk.elsewhere.talking


def test_a_desk_phone_that_is_taken_out_of_the_configuration_is_followed_no_more(
    desk: Desk,
) -> None:
    desk.phone.kept = True
    desk.tell(TALK)
    desk.watches.configure([])
    assert (desk.phone.desk_phone, desk.elsewhere.talking) == ("", False)


def test_a_server_that_tells_no_dialogs_is_a_problem(desk: Desk) -> None:
    desk.watches.answered(desk.number(desk.phone, Package.DIALOG), Outcome(489, "Bad Event"))
    (problem,) = desk.problems
    assert problem.code == UNFOLLOWED
    assert "Desk phone 'desk' is not followed" in problem.text
    assert "sip:1001@pbx" in problem.text
    desk.watches.configure([])
    assert not list(desk.problems)


def test_the_far_end_that_was_told_while_it_rang_is_remembered() -> None:
    table = DialogTable()
    table.take(0, {"1001": EARLY}, full=True)
    table.take(1, {"1001": RemoteDialog("confirmed")}, full=True)
    (shown,) = table
    assert (shown.remote_name, shown.direction) == ("Ann", "recipient")
    table.take(2, {}, full=True)
    table.take(3, {"1001": RemoteDialog("confirmed")}, full=True)
    (shown,) = table
    assert shown.remote_uri == ""
