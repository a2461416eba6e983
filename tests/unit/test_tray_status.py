# SPDX-License-Identifier: GPL-2.0-or-later
"""From the phone to the icon, its words and its menu."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import pytest

from offhook.account import ACCOUNT
from offhook.aio import MANAGER
from offhook.contacts import CONTACTS
from offhook.history import HISTORY
from offhook.objects import ROOT
from offhook.tray.cards import cards
from offhook.tray.menu import Entry, menu_of
from offhook.tray.names import with_names
from offhook.tray.notices import MISSED, wanted
from offhook.tray.people import details, length, number, party, row_party, row_time, shown
from offhook.tray.status import Status, status_of, tooltip
from tests.support.phone_image import PhoneImage, row


@pytest.fixture
def phone() -> PhoneImage:
    return PhoneImage()


def labels(entries: Iterable[Entry]) -> list[str]:
    return [entry.label for entry in entries if entry.label]


def entry(entries: Sequence[Entry], *path: str) -> Entry:
    """The line at the end of a way through submenus."""
    (found,) = [one for one in entries if one.label == path[0]]
    return entry(found.children, *path[1:]) if path[1:] else found


async def choose(found: Entry) -> None:
    assert found.act
    await found.act()


# ---------------------------------------------------------------- the icon


def test_a_registered_phone_without_calls_is_idle(phone: PhoneImage) -> None:
    assert (status_of(phone), tooltip(phone)) == (Status.IDLE, "work: ready")


async def test_without_a_daemon_the_phone_is_offline(phone: PhoneImage) -> None:
    phone.goes()
    assert (status_of(phone), tooltip(phone)) == (Status.OFFLINE, "The phone is not running")
    menu = menu_of(phone, [])
    assert [one.enabled for one in menu] == [False, True]
    await choose(menu[1])
    assert phone.asked == [("", "Ping", ())]
    assert wanted(phone, [row(1, answered=0)]) == []


@pytest.mark.parametrize("state", ["failed", "registering", "offline", "disabled", "new-word"])
def test_a_phone_whose_accounts_are_not_registered_is_offline(
    phone: PhoneImage, state: str
) -> None:
    phone.say(f"{ROOT}/accounts/work", ACCOUNT, State=state)
    assert status_of(phone) is Status.OFFLINE


def test_a_call_that_waits_for_an_answer_comes_first(phone: PhoneImage) -> None:
    phone.add_call(1, State="active")
    phone.add_call(2, State="incoming", PeerName="Ada")
    assert status_of(phone) is Status.RINGING
    assert tooltip(phone) == "In call: 1002\nIncoming call: Ada"


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({"State": "active"}, Status.IN_CALL),
        ({"State": "dialing"}, Status.IN_CALL),
        ({"State": "unheard-of"}, Status.IN_CALL),
        ({"State": "active", "Muted": True}, Status.MUTED),
        ({"State": "active", "LocalHold": True}, Status.HELD),
        ({"State": "active", "LocalHold": True, "Muted": True}, Status.HELD),
        ({"State": "ended"}, Status.IDLE),
    ],
)
def test_a_call_shows_in_the_icon(
    phone: PhoneImage, facts: dict[str, object], status: Status
) -> None:
    phone.add_call(1, **facts)
    assert status_of(phone) is status


def test_of_two_calls_the_one_that_is_heard_counts(phone: PhoneImage) -> None:
    phone.add_call(1, State="active", LocalHold=True)
    phone.add_call(2, State="active")
    assert status_of(phone) is Status.IN_CALL


def test_what_waits_for_the_user_is_told_in_the_order_of_its_weight(phone: PhoneImage) -> None:
    phone.say(f"{ROOT}/accounts/work", ACCOUNT, MessagesNew=1)
    assert status_of(phone) is Status.VOICEMAIL
    phone.say(ROOT, HISTORY, UnseenMissed=2)
    assert status_of(phone) is Status.MISSED
    phone.say(ROOT, MANAGER, Availability="dnd")
    assert status_of(phone) is Status.DND
    assert tooltip(phone).splitlines() == [
        "work: ready",
        "Do not disturb",
        "2 missed calls",
        "1 voice message",
    ]


# ---------------------------------------------------------------- people


@pytest.mark.parametrize(
    ("uri", "dialled"),
    [
        ("sip:+49301234567@example.com;user=phone", "+49301234567"),
        ("sip:ada@example.com", "ada@example.com"),
        ("tel:+49301234567", "+49301234567"),
        ("sip:anonymous@anonymous.invalid", "Number withheld"),
        ("", ""),
    ],
)
def test_a_number_is_what_a_person_would_dial(uri: str, dialled: str) -> None:
    assert number(uri) == dialled


def test_hostile_text_stays_on_one_short_line() -> None:
    assert shown("Ada\r\n\x1b[31m\u202eecalevoL") == "Ada [31m ecalevoL"
    assert len(shown("x" * 1000)) == 80


def test_a_caller_has_a_name_and_what_the_address_book_knows(phone: PhoneImage) -> None:
    caller = {"name": "Ada", "organization": "Engines", "note": "a quote"}
    uris = {"CalledUri": "sip:600@pbx", "DiversionUri": "sip:7@pbx"}
    call = phone.add_call(1, ContactName="Ada", Caller=caller, **uris)
    assert party(call) == "Ada"
    assert details(call) == ["1002", "Engines", "a quote", "Called: 600", "Forwarded by 7"]


def test_times_and_lengths_are_short() -> None:
    now = datetime(2026, 3, 4, 18, 0, tzinfo=UTC)
    began = int(datetime(2026, 3, 4, 9, 5, tzinfo=UTC).timestamp() * 1e6)
    assert row_time(row(1, started=began), now) == "09:05"
    assert row_time(row(1, started=began - 86_400_000_000), now) == "2026-03-03 09:05"
    assert [length(one) for one in (-1, 7, 3723)] == ["0:00", "0:07", "1:02:03"]


# ---------------------------------------------------------------- the menu


async def test_the_menu_answers_and_declines(phone: PhoneImage) -> None:
    phone.add_call(1, State="incoming", PeerName="Ada")
    menu = menu_of(phone, [])
    await choose(entry(menu, "Answer Ada"))
    await choose(entry(menu, "Decline Ada"))
    assert phone.asked == [("/calls/c1", "Answer", ()), ("/calls/c1", "Hangup", ())]


async def test_the_menu_offers_what_a_call_can_do(phone: PhoneImage) -> None:
    phone.add_call(1, State="active", Actions=["Hangup", "Hold"])
    assert labels(menu_of(phone, []))[:3] == ["Hang up 1002", "Hold 1002", "Mute"]
    phone.add_call(1, State="active", Actions=["Hangup", "Resume"], Muted=True)
    menu = menu_of(phone, [])
    assert labels(menu)[:3] == ["Hang up 1002", "Resume 1002", "Mute"]
    assert entry(menu, "Mute").checked
    await choose(entry(menu, "Resume 1002"))
    assert phone.asked == [("/calls/c1", "Resume", ())]


async def test_recent_calls_are_dialled_again(phone: PhoneImage) -> None:
    phone.add_call(1, State="ended")
    rows = [
        row(3, direction="outgoing"),
        row(2, answered=0, **{"peer-name": "Ada"}),
        row(1, **{"peer-uri": ""}),
        *(row(0) for _ in range(20)),
    ]
    recent = entry(menu_of(phone, rows), "Recent calls")
    assert labels(recent.children)[:3] == ["↗ 1002", "✗ Ada", "↙ 1002"]
    assert len(recent.children) == 8
    await choose(recent.children[1])
    assert phone.asked == [("", "Dial", ("sip:1002@pbx", phone.asked[0][2][1]))]


def test_favourites_are_the_colleagues_with_their_lamps(phone: PhoneImage) -> None:
    phone.add_colleague("sip:1@pbx", Label="Bob", State="available", Dialog="confirmed")
    phone.add_colleague("sip:2@pbx", State="available")
    phone.add_colleague("sip:3@pbx", Dialog="ringing")
    phone.add_colleague("sip:4@pbx", State="away", Dialog="idle")
    phone.add_colleague("sip:5@pbx", State="dnd")
    phone.add_colleague("sip:6@pbx")
    assert labels(entry(menu_of(phone, []), "Favourites").children) == [
        "● Bob",
        "○ 2",
        "◉ Pick up: 3",
        "◐ 4",
        "⊘ 5",
        "· 6",
    ]


async def test_switches_show_what_is_and_ask_for_the_opposite(phone: PhoneImage) -> None:
    phone.add_device("Headset", Enabled=True)
    phone.say(ROOT, MANAGER, Availability="dnd")
    menu = menu_of(phone, [])
    assert entry(menu, "Do not disturb").checked
    assert entry(menu, "Availability", "Do not disturb").checked
    assert entry(menu, "Accounts", "work (ready)").checked
    assert entry(menu, "Telephone sets", "Headset").checked
    await choose(entry(menu, "Do not disturb"))
    await choose(entry(menu, "Accounts", "work (ready)"))
    assert [(path, member) for path, member, _ in phone.asked] == [
        ("", "Set"),
        ("/accounts/work", "Set"),
    ]


# ---------------------------------------------------------------- notifications


def test_a_ringing_call_is_an_urgent_notice_with_buttons(phone: PhoneImage) -> None:
    caller = {"organization": "Engines", "screen-pop": "https://crm/7", "photo-path": "/p.jpg"}
    phone.add_call(1, State="incoming", PeerName="Ada", Caller=caller)
    (notice,) = wanted(phone, [])
    assert (notice.summary, notice.lines) == ("Ada is calling", ("1002", "Engines"))
    assert (notice.urgent, notice.photo) == (True, "/p.jpg")
    assert [one.label for one in notice.buttons] == ["Answer", "Decline", "Open page"]
    assert notice.buttons[2].url == "https://crm/7"


def test_one_notice_tells_of_all_missed_calls(phone: PhoneImage) -> None:
    phone.say(ROOT, HISTORY, UnseenMissed=2)
    rows = [
        row(5, answered=0, **{"peer-name": "Ada"}),
        row(4),
        row(3, answered=0, **{"end-reason": "elsewhere"}),
        row(2, answered=0, **{"end-reason": "cancelled"}),
        row(1, answered=0),
    ]
    (notice,) = wanted(phone, rows)
    assert (notice.key, notice.summary) == (MISSED, "2 missed calls")
    assert notice.lines == ("Ada", "1002")


# ---------------------------------------------------------------- the window's cards


def test_a_call_can_be_handed_to_what_is_typed_or_to_another_call(phone: PhoneImage) -> None:
    actions = ["Hangup", "Hold", "Transfer", "TransferTo"]
    phone.add_call(1, State="active", Actions=actions, PeerName="Ada", AnsweredAt=7)
    phone.add_call(2, State="active", Actions=actions, PeerName="Bob", LocalHold=True)
    first, second = cards(phone, "1003")
    assert (first.title, first.state, first.since) == ("Ada", "In call", 7)
    assert second.state == "On hold"
    assert labels(entry(first.buttons, "Transfer").children) == ["To 1003", "To Bob"]
    assert labels(entry(second.buttons, "Conference").children) == ["With Ada"]


def test_a_card_offers_only_what_can_succeed(phone: PhoneImage) -> None:
    phone.add_call(1, State="incoming", Actions=["Answer", "Hangup"])
    phone.add_call(2, State="ended", Actions=[])
    (card,) = cards(phone, "1003")
    assert (card.ringing, labels(card.buttons)) == (True, ["Answer", "Decline"])


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"TransferState": "trying"}, "Being transferred"),
        ({"TransferState": "failed"}, "The transfer failed"),
        ({"Conference": f"{ROOT}/conferences/n1"}, "In call, in conference"),
        ({"RemoteHold": True}, "Held by the other side"),
    ],
)
def test_a_card_says_what_happens(phone: PhoneImage, facts: dict[str, object], words: str) -> None:
    phone.add_call(1, State="active", **facts)
    assert cards(phone, "")[0].state == words


async def test_names_of_the_past_come_from_the_address_books(phone: PhoneImage) -> None:
    rows = [row(2), row(1, **{"peer-name": "Bob"})]
    assert [one["peer-name"] for one in await with_names(phone.contacts, rows)] == ["", "Bob"]
    phone.say(ROOT, CONTACTS, Sources=[["team", "vcard", "ready"]])
    phone.people["sip:1002@pbx"] = "Ada"
    assert [one["peer-name"] for one in await with_names(phone.contacts, rows)] == ["Ada", "Bob"]
    rows = [row(2, **{"contact-name": "Ada King"}), row(1, **{"peer-name": "Bob"})]
    assert [one["peer-name"] for one in await with_names(phone.contacts, rows)] == [
        "Ada King",
        "Bob",
    ]


def test_a_past_call_names_who_was_connected_in_the_end() -> None:
    moved = row(2, **{"peer-name": "Hotline", "connected-uri": "sip:1003@pbx"})
    assert row_party(moved) == "Hotline → 1003"
    assert row_party({**moved, "connected-name": "Carol"}) == "Hotline → Carol"
    assert row_party({**moved, "connected-uri": "sip:1002@pbx"}) == "Hotline"
