# SPDX-License-Identifier: GPL-2.0-or-later
"""Who is watched, through which account, and what is shown of them."""

import pytest

from offhookd.phone.dial_plan import DialPlan
from offhookd.phone.dialogs import DialogTable, RemoteDialog
from offhookd.phone.errors import InvalidStateError, LimitReachedError, NotFoundError
from offhookd.phone.pickup import plan
from offhookd.phone.planner import Outgoing
from offhookd.phone.presence import (
    WATCHED,
    DialogState,
    Outcome,
    Package,
    PresenceState,
    Seen,
    SubscriptionState,
    read_presence,
)
from offhookd.phone.values import AccountId
from offhookd.phone.watch import Wanted
from offhookd.phone.watches import MOST_WATCHES
from tests.support.watching import EARLY, TALK, Rig


@pytest.fixture
def rig() -> Rig:
    made = Rig()
    made.register()
    return made


# ---------------------------------------------------------------- who watches


def test_the_same_address_is_the_same_watch(rig: Rig) -> None:
    first = rig.watch("1002")
    assert rig.watch("sip:1002@PBX") is first
    assert rig.watch("1003") is not first
    assert len({entry[2] for entry in rig.engine.subscribed}) == 2


def test_a_watch_ends_with_its_last_client(rig: Rig) -> None:
    watch = rig.watch()
    rig.watches.watch("1002", ":1.2", persistent=False)
    rig.watches.client_left(":1.1")
    assert list(rig.watches) == [watch]
    rig.watches.client_left(":1.2")
    assert list(rig.watches) == []
    assert rig.engine.unsubscribed == [1, 2]


def test_a_persistent_watch_outlives_its_client_and_is_stored(rig: Rig) -> None:
    watch = rig.watches.watch("1002", ":1.1", persistent=True)
    rig.watches.client_left(":1.1")
    assert list(rig.watches) == [watch]
    assert rig.kept[-1] == ["sip:1002@pbx"]
    rig.watches.unwatch(watch, ":1.9")
    assert list(rig.watches) == []
    assert rig.kept[-1] == []


def test_what_was_stored_is_watched_again() -> None:
    rig = Rig()
    rig.watches.restore(["sip:1002@pbx"])
    assert rig.engine.subscribed == []
    rig.register()
    assert [entry[3] for entry in rig.engine.subscribed] == list(WATCHED)


def test_a_name_that_was_given_is_stored_too(rig: Rig) -> None:
    watch = rig.watches.watch('"Bob B." <sip:1002@pbx>', ":1.1", persistent=True)
    assert (watch.label, rig.kept[-1]) == ("Bob B.", ['"Bob B." <sip:1002@pbx>'])
    later = Rig()
    later.watches.restore(rig.kept[-1])
    assert [(one.uri, one.label) for one in later.watches] == [("sip:1002@pbx", "Bob B.")]


def test_the_configuration_is_not_unwatched_by_a_client(rig: Rig) -> None:
    rig.watches.configure([Wanted("sip:1002@pbx", "Bob", AccountId("work"))])
    (watch,) = rig.watches
    assert watch.label == "Bob"
    with pytest.raises(InvalidStateError, match="configuration"):
        rig.watches.unwatch(watch, ":1.1")
    rig.watches.configure([])
    with pytest.raises(NotFoundError):
        rig.watches.get(watch.id)


def test_there_is_an_end_to_what_can_be_watched(rig: Rig) -> None:
    for number in range(MOST_WATCHES):
        rig.watch(str(2000 + number))
    with pytest.raises(LimitReachedError):
        rig.watch("1")


# ---------------------------------------------------------------- through which account


def test_the_account_of_the_same_domain_is_used() -> None:
    rig = Rig()
    rig.register("work", "sip:1001@pbx")
    rig.register("home", "sip:ada@home.example")
    assert rig.watch("sip:bob@home.example").account == "home"
    assert rig.watch("sip:bob@elsewhere.example").account == "work"


def test_a_configured_account_is_waited_for() -> None:
    rig = Rig()
    rig.register("work")
    rig.watches.configure([Wanted("sip:1002@pbx", account=AccountId("home"))])
    (watch,) = rig.watches
    assert watch.account is None
    assert watch.subscription is SubscriptionState.PENDING
    rig.register("home", "sip:ada@home.example")
    assert watch.account == "home"


def test_when_the_account_goes_nothing_is_known_any_more(rig: Rig) -> None:
    watch = rig.watch()
    rig.activate(watch)
    rig.watches.told_presence(rig.number(watch, Package.PRESENCE), Seen(PresenceState.BUSY, "x"))
    rig.ring(watch)
    next(iter(rig.accounts)).set_enabled(False)
    assert (watch.state, watch.note) == (PresenceState.UNKNOWN, "")
    assert watch.dialog is DialogState.UNKNOWN
    assert watch.subscription is SubscriptionState.PENDING


def test_only_what_is_configured_is_asked_for() -> None:
    rig = Rig(frozenset({Package.DIALOG}))
    rig.register()
    watch = rig.watch()
    assert [entry[3] for entry in rig.engine.subscribed] == [Package.DIALOG]
    rig.watches.answered(rig.number(watch, Package.DIALOG), Outcome(403, "Forbidden"))
    assert watch.subscription is SubscriptionState.FAILED


# ---------------------------------------------------------------- what is shown


def test_a_package_that_the_server_lacks_does_not_spoil_the_other(rig: Rig) -> None:
    watch = rig.watch()
    presence = rig.number(watch, Package.PRESENCE)
    rig.watches.answered(rig.number(watch, Package.DIALOG), Outcome(489, "Bad Event"))
    rig.watches.answered(presence, Outcome(200, "OK", expires_s=600))
    rig.watches.notified(presence, "active", "", 600, 0, empty=False)
    assert (watch.subscription, watch.text) == (SubscriptionState.ACTIVE, "")


def test_nobody_publishing_is_offline(rig: Rig) -> None:
    watch = rig.watch()
    rig.watches.notified(rig.number(watch, Package.PRESENCE), "active", "", 600, 0, empty=True)
    assert watch.state is PresenceState.OFFLINE


def test_a_telephone_of_which_there_is_nothing_to_tell_is_idle(rig: Rig) -> None:
    watch = rig.watch()
    rig.watches.notified(rig.number(watch, Package.DIALOG), "active", "", 600, 0, empty=True)
    assert watch.dialog is DialogState.IDLE


@pytest.mark.parametrize(
    ("basic", "activities", "note", "state", "dialog"),
    [
        ("open", (), "", "available", "unknown"),
        ("closed", (), "", "offline", "unknown"),
        ("closed", ("away",), "home", "offline", "unknown"),
        ("", (), "", "unknown", "unknown"),
        ("open", ("on-the-phone",), "", "busy", "confirmed"),
        ("open", ("busy",), "", "busy", "unknown"),
        ("open", ("meeting",), "", "busy", "unknown"),
        ("open", ("away",), "", "away", "unknown"),
        ("open", ("vacation", "unknown"), "", "away", "unknown"),
        ("open", ("busy", "dnd"), "", "dnd", "unknown"),
        ("open", ("busy",), "Do not disturb", "dnd", "unknown"),
        ("open", ("no-such-word",), "", "available", "unknown"),
        # Asterisk's hints
        ("open", (), "Ready", "available", "idle"),
        ("open", ("busy",), "On the phone", "busy", "confirmed"),
        ("open", ("busy",), "Ringing", "busy", "ringing"),
        ("open", (), "On hold", "busy", "held"),
        ("closed", ("away",), "Not online", "offline", "idle"),
        ("closed", ("away",), "Unavailable", "offline", "idle"),
    ],
)
def test_presence_is_understood_in_several_dialects(
    basic: str, activities: tuple[str, ...], note: str, state: str, dialog: str
) -> None:
    seen = read_presence(basic, activities, note)
    assert (seen.state, seen.dialog, seen.note) == (state, dialog, note)


def test_what_the_telephone_tells_outweighs_what_presence_says_of_it(rig: Rig) -> None:
    watch = rig.watch()
    presence = rig.number(watch, Package.PRESENCE)
    rig.watches.told_presence(presence, read_presence("open", (), "On the phone"))
    assert watch.dialog == "confirmed"
    rig.watches.told_dialogs(rig.number(watch, Package.DIALOG), 0, {}, full=True)
    assert watch.dialog == "idle"


# ---------------------------------------------------------------- dialogs


@pytest.mark.parametrize(
    ("dialogs", "state"),
    [
        ({}, "idle"),
        ({"a": RemoteDialog("terminated")}, "idle"),
        ({"a": RemoteDialog("trying", "initiator")}, "confirmed"),
        ({"a": EARLY}, "ringing"),
        ({"a": RemoteDialog("early", "initiator")}, "confirmed"),
        ({"a": TALK}, "confirmed"),
        ({"a": TALK, "b": EARLY}, "ringing"),
        ({"a": RemoteDialog("confirmed", held=True)}, "held"),
        ({"a": RemoteDialog("confirmed", held=True), "b": TALK}, "confirmed"),
    ],
)
def test_several_dialogs_make_one_state(dialogs: dict[str, RemoteDialog], state: str) -> None:
    table = DialogTable()
    assert table.take(0, dialogs, full=True)
    assert table.state == state


def test_changes_are_put_into_what_is_known() -> None:
    table = DialogTable()
    table.take(4, {"a": TALK}, full=True)
    assert table.take(5, {"b": EARLY}, full=False)
    assert table.state == "ringing"
    assert table.take(6, {"b": RemoteDialog("terminated")}, full=False)
    assert table.state == "confirmed"
    assert table.take(6, {"a": RemoteDialog("terminated")}, full=False)  # twice: passed over
    assert table.state == "confirmed"


def test_a_missed_change_makes_us_ask_for_everything(rig: Rig) -> None:
    watch = rig.watch()
    rig.activate(watch)
    number = rig.number(watch, Package.DIALOG)
    rig.watches.told_dialogs(number, 0, {}, full=True)
    before = len(rig.engine.subscribed)
    rig.watches.told_dialogs(number, 2, {"a": TALK}, full=False)
    assert [entry[0] for entry in rig.engine.subscribed[before:]] == [number]


# ---------------------------------------------------------------- who it is


@pytest.mark.parametrize(("entered", "uri"), [("+4930123456", "0030123456"), ("@boss", "23")])
def test_who_is_watched_is_who_would_be_dialled(rig: Rig, entered: str, uri: str) -> None:
    office = Outgoing(plan=DialPlan(outside_prefix="0"), country="de")
    rig.planner.configure({AccountId("work"): office}, {"boss": "23"})
    assert rig.watch(entered).uri == f"sip:{uri}@pbx"


# ---------------------------------------------------------------- pickup


def test_a_ringing_call_is_replaced(rig: Rig) -> None:
    watch = rig.watch()
    rig.ring(watch)
    pickup = plan(watch, "")
    assert pickup.target == "<sip:ann@desk>"
    assert pickup.headers == {"Replaces": "c;to-tag=r;from-tag=l;early-only"}


@pytest.mark.parametrize(("code", "target"), [("*8{extension}", "*81002"), ("**5", "**5")])
def test_the_exchanges_feature_code_is_dialled_where_there_is_one(
    rig: Rig, code: str, target: str
) -> None:
    watch = rig.watch()
    rig.ring(watch)
    assert plan(watch, code).target == target


def test_a_feature_code_works_without_knowing_what_rings(rig: Rig) -> None:
    assert plan(rig.watch(), "*8{extension}").target == "*81002"


@pytest.mark.parametrize("dialog", [TALK, RemoteDialog("early", "initiator")])
def test_what_does_not_ring_cannot_be_taken_over(rig: Rig, dialog: RemoteDialog) -> None:
    watch = rig.watch()
    rig.ring(watch, dialog)
    for code in ("", "*8{extension}"):
        with pytest.raises(InvalidStateError, match="Nothing rings"):
            plan(watch, code)


def test_an_exchange_that_hides_the_call_needs_a_feature_code(rig: Rig) -> None:
    watch = rig.watch()
    rig.ring(watch, RemoteDialog("early", "recipient"))
    with pytest.raises(InvalidStateError, match=r"presence\.pickup"):
        plan(watch, "")
