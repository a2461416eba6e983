# SPDX-License-Identifier: GPL-2.0-or-later
"""The client library's phone, told by hand what a daemon would tell; there is no bus."""

from collections.abc import Mapping
from typing import Any

from offhook.account import ACCOUNT
from offhook.aio import MANAGER, TELEPHONY, Phone
from offhook.bus import Reply
from offhook.call import CALL, Call
from offhook.contacts import CONTACTS
from offhook.device import DEVICE
from offhook.history import HISTORY, Row
from offhook.objects import ROOT
from offhook.presence import PRESENCE

DAEMON = ":1.1"


class PhoneImage(Phone):
    """Present, with one account that is registered."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, str, tuple[object, ...]]] = []
        """Object, method and arguments of every call to the daemon."""
        self.people: dict[str, str] = {}
        """Names by address, for look-ups."""
        for interface in (MANAGER, TELEPHONY, CONTACTS):
            self._mirror.know(interface, Reply(DAEMON, [{}]))
        self.say(ROOT, MANAGER, Availability="available")
        self.say(ROOT, HISTORY, UnseenMissed=0)
        self.add_account("work")

    def say(self, path: str, interface: str, **properties: object) -> None:
        """Let properties of an object change."""
        subject = self if path == ROOT else self._mirror.objects[path]
        subject.update(interface, properties)

    def add_account(self, name: str, **properties: object) -> None:
        facts = {"Id": name, "Label": "", "Enabled": True, "State": "registered", **properties}
        self._mirror.add(f"{ROOT}/accounts/{name}", {ACCOUNT: facts})

    def add_call(self, number: int, **properties: object) -> Call:
        facts = {"Id": number, "PeerUri": "sip:1002@pbx", "Actions": ["Hangup"], **properties}
        added = self._mirror.add(f"{ROOT}/calls/c{number}", {CALL: facts})
        assert isinstance(added, Call)
        return added

    def add_colleague(self, uri: str, **properties: object) -> None:
        self._mirror.add(
            f"{ROOT}/presence/{len(self._mirror.objects)}", {PRESENCE: {"Uri": uri, **properties}}
        )

    def add_device(self, name: str, **properties: object) -> None:
        self._mirror.add(
            f"{ROOT}/devices/{len(self._mirror.objects)}", {DEVICE: {"Name": name, **properties}}
        )

    def goes(self) -> None:
        """The daemon leaves."""
        self._mirror.leave()

    async def request(
        self,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        *arguments: object,
        timeout_s: float = 0,
    ) -> list[Any]:
        self.asked.append((path.removeprefix(ROOT), member, arguments))
        if member == "Lookup":
            return [{"name": self.people[str(arguments[0])]}]
        return [f"{ROOT}/calls/c1"]


def row(number: int, **fields: object) -> Row:
    """A past call: an incoming one of ten seconds, unless the fields say otherwise."""
    facts: Mapping[str, object] = {
        "id": number,
        "account": "work",
        "direction": "incoming",
        "peer-uri": "sip:1002@pbx",
        "peer-name": "",
        "contact-name": "",
        "connected-uri": "",
        "connected-name": "",
        "started": 1_000_000,
        "answered": 5_000_000,
        "ended": 15_000_000,
        "end-reason": "remote",
        "end-code": 200,
        "end-text": "OK",
        "recording": "",
    }
    made: Any = {**facts, **fields}
    found: Row = made
    return found
