# SPDX-License-Identifier: GPL-2.0-or-later
"""One call laid on another, a number on a call, and the menu of a line."""

import pytest

from offhook.objects import ROOT
from offhook.tray.handing import laid, offers
from tests.support.phone_image import PhoneImage

HAND = ["Hangup", "TransferTo", "Transfer"]
ONE, TWO = f"{ROOT}/calls/c1", f"{ROOT}/calls/c2"


@pytest.fixture
def phone() -> PhoneImage:
    made = PhoneImage()
    made.add_call(1, State="active", PeerName="Ada", Actions=HAND)
    made.add_call(2, State="active", PeerName="Bob", Actions=HAND)
    return made


def labels(phone: PhoneImage, path: str, other: str, address: str = "") -> list[str]:
    return [entry.label for entry in laid(phone, path, other, address)]


async def test_two_calls_are_joined_here_or_without_us(phone: PhoneImage) -> None:
    deeds = laid(phone, ONE, TWO, "")
    assert [one.label for one in deeds] == ["Transfer Bob to Ada", "Conference of Bob and Ada"]
    for one in deeds:
        assert one.act
    transfer = deeds[0].act
    assert transfer
    await transfer()
    assert phone.asked == [("/calls/c2", "TransferTo", (ONE,))]


def test_a_call_is_not_laid_on_itself_or_on_one_that_is_gone(phone: PhoneImage) -> None:
    assert labels(phone, ONE, ONE) == []
    assert labels(phone, ONE, f"{ROOT}/calls/c9") == []
    phone.say(TWO, "org.offhook.Phone1.Call", State="ended")
    assert labels(phone, ONE, TWO) == []


def test_those_who_are_in_one_conference_are_not_put_together_again(phone: PhoneImage) -> None:
    for path in (ONE, TWO):
        phone.say(path, "org.offhook.Phone1.Call", Conference="/conf/1", Actions=["Hangup"])
    assert labels(phone, ONE, TWO) == []


async def test_a_number_on_a_call_hands_it_over(phone: PhoneImage) -> None:
    (deed,) = laid(phone, ONE, "", "sip:1003@pbx")
    assert deed.label == "Transfer Ada to 1003"
    assert deed.act
    await deed.act()
    phone.add_call(3, State="incoming", PeerName="Cy", Actions=["Answer", "Redirect"])
    (deed,) = laid(phone, f"{ROOT}/calls/c3", "", "sip:1003@pbx")
    assert deed.act
    await deed.act()
    assert [(path, member) for path, member, _ in phone.asked] == [
        ("/calls/c1", "Transfer"),
        ("/calls/c3", "Redirect"),
    ]
    phone.add_call(4, State="dialing")
    assert labels(phone, f"{ROOT}/calls/c4", "", "sip:1003@pbx") == []


async def test_a_line_can_be_called_handed_a_call_and_kept(phone: PhoneImage) -> None:
    found = offers(phone, "sip:1003@pbx", 'Cy "Y" Z')
    assert [one.label for one in found] == [
        "Call",
        "Transfer Ada to 1003",
        "Transfer Bob to 1003",
        "Add to favourites",
    ]
    assert found[-1].act
    phone.add_colleague("sip:1003@pbx")
    (one,) = phone.colleagues
    assert offers(phone, "sip:1003@pbx", "")[-1].label == "Remove from favourites"
    assert offers(phone, "sip:1004@pbx", "")[-1].label == "Add to favourites"
    assert offers(phone, "", "") == []
    removal = offers(phone, "sip:1003@other", "")[-1].act
    assert removal
    await removal()
    assert phone.asked[-1][1:] == ("Unwatch", (one.path,))
