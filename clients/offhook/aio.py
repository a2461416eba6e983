# SPDX-License-Identifier: GPL-2.0-or-later
"""The phone, for asyncio programs.

    async with Phone() as phone:
        call = await phone.dial("sip:echo@example.com")
        await call.until(lambda: call.state == "active")
        async for change in phone.changes():
            ...

Everything is read once, on entering; from then on the daemon tells what changes, and properties
are current without asking.  What was asked for and could not be done raises `OffhookError`.

A program that outlives the daemon uses ``Phone(stay=True)``: it may begin before there is a daemon,
and `changes` go on, with a `Left` and a `Returned`, when that is started again.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self
from weakref import WeakKeyDictionary

from .account import Account
from .audio import AUDIO, Audio
from .bus import BUS_DAEMON, REPLY_TIMEOUT_S, Bus, Reply, Signal, variant
from .call import Call
from .changes import Added, Change, Changed, Changes, Event, Left, Removed, Returned
from .conference import Conference
from .contacts import CONTACTS, Contacts
from .device import Device
from .errors import NoDaemonError, OffhookError
from .history import HISTORY, History
from .messages import MESSAGES, Messages
from .objects import BUS_NAME, PROPERTIES, ROOT, Interfaces, PhoneObject, Property
from .presence import Presence

MANAGER = "org.offhook.Phone1.Manager"
TELEPHONY = "org.offhook.Phone1.Telephony"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"

_KINDS: dict[str, type[PhoneObject]] = {
    "accounts": Account,
    "calls": Call,
    "conferences": Conference,
    "devices": Device,
    "presence": Presence,
}
"""What the objects below ``ROOT/<kind>/`` are."""


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
        self._bus = Bus(address, self._hear, self._lost)
        self._objects: dict[str, PhoneObject] = {}
        self._listeners: WeakKeyDictionary[Changes, None] = WeakKeyDictionary()
        self._owner = ""
        self._gone: NoDaemonError | None = None
        self._stay = stay
        self._returning: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Connect and read everything; NoDaemonError when nobody serves the phone, or, with
        `stay`, when there is no bus."""
        await self._bus.__aenter__()
        try:
            await self._listen()
            await self._load()
        except NoDaemonError:
            if not self._stay:
                await self._bus.__aexit__()
                raise
        except BaseException:
            await self._bus.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._lost("This connection to the phone is closed")
        if self._returning:
            self._returning.cancel()
            await asyncio.wait([self._returning])
        await self._bus.__aexit__()

    @property
    def present(self) -> bool:
        """Whether a daemon serves now."""
        return bool(self._owner) and self._gone is None

    @property
    def calls(self) -> list[Call]:
        """Every call, those that ended a moment ago included, oldest first."""
        found = [one for one in self._objects.values() if isinstance(one, Call)]
        return sorted(found, key=lambda call: call.id)

    @property
    def accounts(self) -> list[Account]:
        return [one for one in self._objects.values() if isinstance(one, Account)]

    @property
    def conferences(self) -> list[Conference]:
        return [one for one in self._objects.values() if isinstance(one, Conference)]

    @property
    def devices(self) -> list[Device]:
        """The telephone sets that are plugged in."""
        return [one for one in self._objects.values() if isinstance(one, Device)]

    @property
    def colleagues(self) -> list[Presence]:
        """Who is watched."""
        return [one for one in self._objects.values() if isinstance(one, Presence)]

    async def wake(self) -> None:
        """Let the bus start the daemon where none serves; returns when one does."""
        await self._call("org.freedesktop.DBus.Peer", "Ping")

    async def watch(self, address: str, *, persistent: bool = False) -> Presence:
        """Follow what a number or address does; `persistent` outlives this program."""
        (path,) = await self._call(CONTACTS, "Watch", "sb", address, persistent)
        watched = self._objects[path]
        assert isinstance(watched, Presence)  # noqa: S101 - the contract says so
        return watched

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
        made = self._objects[(await self._call(TELEPHONY, "Merge", "ao", paths))[0]]
        assert isinstance(made, Conference)  # noqa: S101 - the contract says so
        return made

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
        changes = Changes()
        if self._gone:
            changes.put(self._gone)
        self._listeners[changes] = None
        return changes

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
        return await self._bus.call(
            BUS_NAME, path, interface, member, signature, *arguments, timeout_s=timeout_s
        )

    # ------------------------------------------------------------ following the daemon

    async def _listen(self) -> None:
        """Before anything is read: nothing falls between."""
        owner = f"sender='{BUS_DAEMON}',member='NameOwnerChanged',arg0='{BUS_NAME}'"
        await asyncio.gather(
            self._bus.ask("AddMatch", "s", f"type='signal',sender='{BUS_NAME}'"),
            self._bus.ask("AddMatch", "s", f"type='signal',{owner}"),
        )

    async def _load(self) -> None:
        read = partial(self._bus.call, BUS_NAME, ROOT)
        await asyncio.gather(
            *(
                read(PROPERTIES, "GetAll", "s", interface, on_reply=partial(self._know, interface))
                for interface in (MANAGER, TELEPHONY, AUDIO, CONTACTS, HISTORY, MESSAGES)
            ),
            read(OBJECT_MANAGER, "GetManagedObjects", on_reply=self._know_objects),
        )

    async def _return(self) -> None:
        """Read everything anew; the daemon may be gone again before that is done."""
        try:
            await self._load()
        except OffhookError:
            return
        self._tell(Returned(self))

    def _leave(self) -> None:
        self._owner = ""
        self._objects.clear()
        self._interfaces.clear()
        self._tell(Left(self))

    def _know(self, interface: str, reply: Reply) -> None:
        self._owner = reply.sender
        self._interfaces[interface] = reply.body[0]

    def _know_objects(self, reply: Reply) -> None:
        for path, interfaces in reply.body[0].items():
            self._add(path, interfaces)

    def _add(self, path: str, interfaces: Interfaces) -> PhoneObject:
        kind = _KINDS.get(path.removeprefix(f"{ROOT}/").partition("/")[0], PhoneObject)
        added = self._objects[path] = kind(self, path, interfaces)
        return added

    def made(self, reply: list[Any]) -> Call:
        """The call whose path a method returned: it was announced before."""
        call = self._objects[reply[0]]
        assert isinstance(call, Call)  # noqa: S101 - the contract says so
        return call

    def _hear(self, signal: Signal) -> None:
        match signal:
            case Signal(sender="org.freedesktop.DBus", body=[_, old, new]):
                self._owner_changed(old, new)
            case Signal(sender=self._owner):
                if change := self._change(signal):
                    self._tell(change)

    def _owner_changed(self, old: str, new: str) -> None:
        if old and old == self._owner:
            if self._stay:
                self._leave()
            else:
                self._lost("offhookd has left the session bus")
        if new and self._stay and not self._owner:
            self._returning = asyncio.create_task(self._return(), name="daemon returned")

    def _change(self, signal: Signal) -> Change | None:
        """What a signal of the daemon means; the objects follow it."""
        match signal.member, signal.body:
            case "InterfacesAdded", [path, interfaces]:
                return Added(self._add(path, interfaces))
            case "InterfacesRemoved", [path, _]:
                gone = self._objects.pop(path, None)
                return Removed(gone) if gone else None
        subject = self if signal.path == ROOT else self._objects.get(signal.path)
        if subject is None:
            return None
        match signal.member, signal.body:
            case "PropertiesChanged", [interface, properties, _]:
                subject.update(interface, properties)
                return Changed(subject, interface, properties)
        return Event(subject, signal.interface, signal.member, signal.body)

    def _tell(self, change: Change | NoDaemonError) -> None:
        for changes in self._listeners:
            changes.put(change)

    def _lost(self, reason: str) -> None:
        if not self._gone:
            self._gone = NoDaemonError(reason)
            self._tell(self._gone)
