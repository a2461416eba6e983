# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``offhook status`` shows of problems and calls."""

from offhook.aio import MANAGER
from offhook.call import CALL, MEDIA
from offhook.cli.status import call_table, headline
from offhook.objects import ROOT
from tests.support.phone_image import PhoneImage

ADA = {
    "name": "Ada",
    "organization": "Engines",
    "note": "Prefers mornings",
    "url": "https://example.com/ada",
    "source": "team",
}


def test_a_problem_of_several_lines_is_shown_in_as_many() -> None:
    phone = PhoneImage()
    phone.say(ROOT, MANAGER, Problems=[("config-invalid", "/", "a.yaml:1: x\na.yaml:2: y\a")])
    assert list(headline(phone))[1:] == ["config-invalid: a.yaml:1: x", "a.yaml:2: y\ufffd"]


def test_who_rings_is_shown_with_what_the_address_books_know() -> None:
    phone = PhoneImage()
    call = phone.add_call(1, State="incoming", Direction="incoming", Caller=ADA, ContactName="Ada")
    ((*_, party, notes),) = call_table(phone)[1]
    assert party == "from Ada sip:1002@pbx"
    assert notes == "Engines, Prefers mornings, https://example.com/ada"
    phone.say(call.path, CALL, State="active")
    ((*_, notes),) = call_table(phone)[1]
    assert notes == ""


def test_a_bad_line_is_shown() -> None:
    phone = PhoneImage()
    call = phone.add_call(1, State="active", Direction="incoming")
    for quality, shown in (("good", "G722"), ("poor", "G722, poor quality")):
        phone.say(call.path, MEDIA, Codec="G722", Quality=quality)
        ((*_, notes),) = call_table(phone)[1]
        assert notes == shown
