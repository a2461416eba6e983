# SPDX-License-Identifier: GPL-2.0-or-later
"""A far end that a test talks through word by word: what it says to hold, REFER and Replaces."""

import re

from tests.support.daemon import Phone
from tests.support.line import port_of
from tests.support.party import Party
from tests.support.processes import PATIENCE_S, until
from tests.support.raw_sip import SDP, Dialog, to_tag_of

AT_ONCE_S = 12.0
"""A refusal must not wait for a time limit, of which the daemon's 18 s is the shortest."""


class Talker(Party):
    """In one call with the phone at a time; `dialog` is that call as it sees it."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        super().__init__(address)
        self.dialog = Dialog()
        self._heard: list[bytes] = []

    async def takes(self, phone: Phone) -> str:
        """The phone dials it and it answers; the path of the call."""
        path = await phone.dial(self.contact)
        invite = await self.hears_next("INVITE")
        self.says(invite, "200 OK", self.contact_line, SDP)
        await phone.until("Call", "State", "active", path)
        return path

    def sees(self, invite: bytes) -> None:
        """Learn the dialog of an INVITE."""
        self.dialog = Dialog(
            header(invite, "Call-ID"), "peer", header(invite, "From").split("tag=")[1]
        )
        self.raw.talk_to(port_of(header(invite, "Contact")))

    def says(self, request: bytes, status: str, headers: str = "", body: str = "") -> None:
        self.raw.send(self.raw.answer(request, status, headers, body))

    async def hears_next(self, what: str | int) -> bytes:
        """The first of them that was not heard in this way before; repetitions do not count."""

        def fresh() -> list[bytes]:
            return [one for one in self.heard(what) if one not in self._heard]

        await until(fresh, PATIENCE_S, f"{what} at {self.raw.address}")
        message = fresh()[0]
        self._heard.append(message)
        if what == "INVITE" and not to_tag_of(message):
            self.sees(message)
        return message

    def asks(self, method: str, headers: str = "", body: str = "") -> None:
        self.dialog.cseq += 1
        self.raw.send(self.raw.request(method, self.dialog, self.contact_line + headers, body))

    def notifies(self, status: str, state: str = "active;expires=60") -> None:
        """Of the call that a REFER of the phone asked for (RFC 3515)."""
        headers = (
            f"Event: refer\r\nSubscription-State: {state}\r\n"
            "Content-Type: message/sipfrag;version=2.0\r\n"
        )
        self.asks("NOTIFY", headers, f"SIP/2.0 {status}\r\n")


def header(message: bytes, name: str) -> str:
    found = re.search(rf"\r\n{name}: ([^\r]*)", message.decode())
    assert found, (name, message)
    return found[1]


async def replied(phone: Phone, serial: int, limit_s: float = AT_ONCE_S) -> str:
    """The sentence of the error, "" when it was done."""
    reply = await phone.client.wait_for(
        lambda one: one["serial"] == serial, "reply", "error", limit_s=limit_s
    )
    return f"{reply['error'].rpartition('.')[2]}: {reply['body'][0]}" if reply["error"] else ""
