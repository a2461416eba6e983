# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``offhook status`` shows of problems and calls."""

from offhook.aio import MANAGER
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
    phone.say(call.path, "org.offhook.Phone1.Call", State="active")
    ((*_, notes),) = call_table(phone)[1]
    assert notes == ""
