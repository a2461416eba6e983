# SPDX-License-Identifier: GPL-2.0-or-later
"""The phone, for asyncio programs.

    async with Phone() as phone:
        call = await phone.dial("sip:echo@example.com")
        if await call.answered():
            await call.send_dtmf("1#")
        async for change in phone.changes():
            ...

Everything is read once, on entering; from then on the daemon tells what changes, and properties
are current without asking.  What was asked for and could not be done raises `OffhookError`.

A program that outlives the daemon uses ``Phone(stay=True)``: it may begin before there is a daemon,
and `changes` go on, with a `Left` and a `Returned`, when that is started again.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self, TypeVar

from .account import Account
from .audio import AUDIO, Audio
from .bus import REPLY_TIMEOUT_S, variant
from .call import Call
from .changes import Changes
from .conference import Conference
from .contacts import CONTACTS, Contacts
from .device import Device
from .history import HISTORY, History
from .messages import MESSAGES, Messages
from .mirror import Kinds, Mirror
from .objects import BUS_NAME, ROOT, Interfaces, PhoneObject, Property
from .presence import Presence

MANAGER = "org.offhook.Phone1.Manager"
TELEPHONY = "org.offhook.Phone1.Telephony"

T = TypeVar("T", bound=PhoneObject)

_KINDS: Kinds = {
    "accounts": Account,
    "calls": Call,
    "conferences": Conference,
    "devices": Device,
    "presence": Presence,
}


class Phone(PhoneObject):
    """The daemon on the session bus, or on the bus at `address`; with `stay`, whichever serves
    there as time goes by."""

    version = Property(MANAGER, "Version", "")
    features = Property[list[str]](MANAGER, "Features", [])
    """What this build and configuration can do; test this, never `version`."""
    engine = Property[dict[str, Any]](MANAGER, "Engine", {})
    state = Property(MANAGER, "State", "degraded")
    problems = Property[list[tuple[str, str, str]]](MANAGER, "Problems", [])
    """What a person should know, as (code, path concerned or "/", sentence)."""
    generation = Property(MANAGER, "Generation", 0)
    """Counts the configurations used since the start."""
    availability = Property(MANAGER, "Availability", "busy")
    availability_note = Property(MANAGER, "AvailabilityNote", "")
    default_account = Property(TELEPHONY, "DefaultAccount", "/")
    focus_path = Property(TELEPHONY, "FocusCall", "/")
    """The call that microphone and handset keys belong to."""
    ringing_path = Property(TELEPHONY, "RingingCall", "/")
    """The call a person is asked about."""

    def __init__(self, address: str = "", *, stay: bool = False) -> None:
        interfaces: Interfaces = {}
        super().__init__(self, ROOT, interfaces)
        self.audio = Audio(self, ROOT, interfaces)
        self.contacts = Contacts(self, ROOT, interfaces)
        self.history = History(self, ROOT, interfaces)
        self.messages = Messages(self, ROOT, interfaces)
        roots = (MANAGER, TELEPHONY, AUDIO, CONTACTS, HISTORY, MESSAGES)
        self._mirror = Mirror(self, interfaces, roots, _KINDS, address, stay=stay)

    async def __aenter__(self) -> Self:
        """Connect and read everything; NoDaemonError when nobody serves the phone, or, with
        `stay`, when there is no bus."""
        await self._mirror.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._mirror.close()

    @property
    def present(self) -> bool:
        """Whether a daemon serves now."""
        return self._mirror.present

    @property
    def calls(self) -> list[Call]:
        """Every call, those that ended a moment ago included, oldest first."""
        return sorted(self._mirror.those(Call), key=lambda call: call.id)

    @property
    def accounts(self) -> list[Account]:
        """The SIP identities."""
        return self._mirror.those(Account)

    @property
    def conferences(self) -> list[Conference]:
        """Groups of calls whose parties hear each other."""
        return self._mirror.those(Conference)

    @property
    def devices(self) -> list[Device]:
        """The telephone sets that are plugged in."""
        return self._mirror.those(Device)

    @property
    def colleagues(self) -> list[Presence]:
        """Who is watched."""
        return self._mirror.those(Presence)

    async def wake(self) -> None:
        """Let the bus start the daemon where none serves; returns when one does."""
        await self._call("org.freedesktop.DBus.Peer", "Ping")

    async def watch(self, address: str, *, persistent: bool = False) -> Presence:
        """Follow what a number or address does; `persistent` outlives this program."""
        (path,) = await self._call(CONTACTS, "Watch", "sb", address, persistent)
        return self._announced(path, Presence)

    async def set_availability(self, availability: str) -> None:
        """What others are to see: available, busy, away, dnd or offline."""
        await self._set(MANAGER, "Availability", "s", availability)

    async def set_availability_note(self, note: str) -> None:
        """A line that goes with it; "" for none."""
        await self._set(MANAGER, "AvailabilityNote", "s", note)

    async def set_default_account(self, account: Account) -> None:
        """Dial on it when no other is named."""
        await self._set(TELEPHONY, "DefaultAccount", "o", account.path)

    async def dial(
        self,
        target: str,
        *,
        account: Account | None = None,
        display_name: str = "",
        confirm: bool = False,
        request_id: str = "",
        muted: bool = False,
        hide_caller_id: bool | None = None,
        headers: Mapping[str, str] | None = None,
        codecs: Sequence[str] = (),
        through: str = "",
    ) -> Call:
        """Call a number or a SIP, SIPS, tel: or callto: URI; returns when the call exists.

        With `confirm` nothing is dialled before `Call.start`.  A repeated `request_id` gives the
        call that the first one made, so that nothing is dialled twice.  `hide_caller_id` None
        leaves that to the account.  `codecs`: names such as "G722", best first, instead of the
        account's.  `through` is a configured desk phone that is to make the call, or "here".
        """
        given = {
            "account": ("o", account and account.path),
            "display-name": ("s", display_name or None),
            "confirm": ("b", confirm),
            "request-id": ("s", request_id or None),
            "muted": ("b", muted),
            "hide-caller-id": ("b", hide_caller_id),
            "headers": ("a{ss}", dict(headers) if headers else None),
            "codecs": ("as", list(codecs) or None),
            "through": ("s", through or None),
        }
        options = {name: variant(*one) for name, one in given.items() if one[1] is not None}
        return self.made(await self._call(TELEPHONY, "Dial", "sa{sv}", target, options))

    async def parse_target(self, target: str) -> dict[str, Any]:
        """What `dial` would make of it: uri, account (a path), display-name, emergency."""
        (parsed,) = await self._call(TELEPHONY, "ParseTarget", "s", target)
        result: dict[str, Any] = parsed
        return result

    async def redial(self) -> Call:
        """Call again what was dialled last."""
        return self.made(await self._call(TELEPHONY, "Redial"))

    async def swap(self) -> None:
        """Turn to the call on hold, and hold the one talked in."""
        await self._call(TELEPHONY, "Swap")

    async def merge(self, *calls: Call) -> Conference:
        """Let the parties of all these calls hear each other; held ones are resumed first."""
        paths = [call.path for call in calls]
        (path,) = await self._call(TELEPHONY, "Merge", "ao", paths)
        return self._announced(path, Conference)

    async def hangup_all(self) -> None:
        """End every call."""
        await self._call(TELEPHONY, "HangupAll")

    async def reload(self) -> None:
        """Apply the configuration on disk; calls go on."""
        await self._call(MANAGER, "Reload")

    async def validate(self) -> list[tuple[str, int, str, str]]:
        """What keeps the configuration on disk from being used: (file, line, key, reason)."""
        (problems,) = await self._call(MANAGER, "Validate")
        return [(file, line, key, reason) for file, line, key, reason in problems]

    def changes(self) -> Changes:
        """Everything that happens from now on, for ``async for``.

        Who asked first hears first; who lets go of it is forgotten.
        """
        return self._mirror.changes()

    async def request(
        self,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        *arguments: object,
        timeout_s: float = REPLY_TIMEOUT_S,
    ) -> list[Any]:
        """Call any method of the contract, by its D-Bus signature."""
        return await self._mirror.bus.call(
            BUS_NAME, path, interface, member, signature, *arguments, timeout_s=timeout_s
        )

    def made(self, reply: list[Any]) -> Call:
        """The call whose path a method returned."""
        return self._announced(reply[0], Call)

    def _announced(self, path: str, kind: type[T]) -> T:
        """What a method made: it was announced before the reply."""
        found = self._mirror.objects[path]
        assert isinstance(found, kind)  # noqa: S101 - the contract says so
        return found
