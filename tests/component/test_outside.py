# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests outside of any call on the wire: each is answered, rightly, and once."""

from collections.abc import AsyncIterator

import pytest

from offhookd.bus.names import ROOT
from tests.support.daemon import Phone
from tests.support.processes import PATIENCE_S, until
from tests.support.raw_sip import SDP, Dialog, status_of
from tests.support.talker import Talker, header

ACCOUNT = f"{ROOT}/accounts/direct"
METHODS = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY, MESSAGE"


class Asker(Talker):
    """Asks, and counts the answers."""

    async def is_told(self, method: str, headers: str = "", to_tag: str = "") -> bytes:
        """The answer to a request, which must be the only one."""
        asked, after = Dialog(to_tag=to_tag), Dialog(to_tag="none")
        for name, dialog, more in ((method, asked, headers), ("BYE", after, "")):
            self.raw.send(self.raw.request(name, dialog, more, to="ada"))
        # Whatever is said to the first has been said when the second is answered.
        await until(lambda: self.answers(after), PATIENCE_S, "an answer to BYE")
        (answer,) = self.answers(asked)
        return answer

    def answers(self, dialog: Dialog) -> list[bytes]:
        self.received += self.raw.receive()
        return [one for one in self.received if dialog.call_id.encode() in one]


@pytest.fixture
async def asker(phone: Phone) -> AsyncIterator[Asker]:
    """Who knows the phone's port from a call that it made."""
    with Asker() as made:
        path = await made.takes(phone)
        made.asks("BYE")
        await phone.until("Call", "State", "ended", path)
        yield made


async def test_the_phone_tells_what_it_can_and_how_a_call_would_be_answered(
    phone: Phone, asker: Asker
) -> None:
    answer = await asker.is_told("OPTIONS")
    assert status_of(answer) == 200
    assert {name: header(answer, name) for name in ("Allow", "Accept", "Supported")} == {
        "Allow": METHODS,
        "Accept": "application/sdp",
        "Supported": "replaces, 100rel, timer, norefersub, from-change",
    }
    assert header(answer, "Accept-Encoding") == "identity"
    assert header(answer, "Accept-Language") == "en"
    answer = await asker.is_told("OPTIONS", "Require: replaces, teleport\r\n")
    assert (status_of(answer), header(answer, "Unsupported")) == (420, "teleport")
    for wanted, status in (("true", 486), ("false", 200)):
        await phone.set("Account", "DoNotDisturb", f"<{wanted}>", ACCOUNT)
        assert status_of(await asker.is_told("OPTIONS")) == status
        if wanted == "true":
            invite = Dialog()
            asker.raw.send(asker.raw.request("INVITE", invite, asker.contact_line, SDP, to="ada"))
            await asker.hears(status)


async def test_what_has_no_place_outside_of_a_call_is_refused_with_the_reason(
    asker: Asker,
) -> None:
    active = "Subscription-State: active\r\n"
    for method, headers, status in (
        ("BYE", "", 481),
        ("INFO", "", 481),
        ("UPDATE", "", 481),
        ("PRACK", "RAck: 1 1 INVITE\r\n", 481),
        ("NOTIFY", f"Event: presence\r\n{active}", 481),
        ("NOTIFY", f"Event: dialog\r\n{active}", 481),
        ("NOTIFY", active, 481),
        ("REFER", "Refer-To: <sip:mallory@127.0.0.1>\r\n", 403),
        ("SUBSCRIBE", "Event: presence\r\nExpires: 60\r\n", 489),
        ("SUBSCRIBE", "Event: refer\r\nExpires: 60\r\n", 489),
        ("REGISTER", "", 405),
        ("PUBLISH", "Event: presence\r\n", 405),
        ("TELEPORT", "", 405),
    ):
        answer = await asker.is_told(method, headers)
        assert status_of(answer) == status, (method, headers)
        if status == 405:
            assert header(answer, "Allow") == METHODS


async def test_what_names_a_dialog_that_there_is_not_is_told_so(asker: Asker) -> None:
    for method in ("BYE", "INFO", "UPDATE", "OPTIONS", "REFER"):
        headers = "Refer-To: <sip:x@127.0.0.1>\r\n" if method == "REFER" else ""
        assert status_of(await asker.is_told(method, headers, to_tag="gone")) == 481, method


async def test_who_asks_without_end_is_not_answered_without_end(asker: Asker) -> None:
    asked = [Dialog() for _ in range(60)]
    for dialog in asked:
        asker.raw.send(asker.raw.request("OPTIONS", dialog, to="ada"))
    await asker.hears(200)
    asker.raw.send(asker.raw.request("BYE", Dialog(to_tag="gone"), to="ada"))
    await asker.hears(481)
    assert 0 < sum(len(asker.answers(dialog)) for dialog in asked) < len(asked)
