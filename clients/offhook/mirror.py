# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon's objects here: read once, and kept up to date by its signals."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar
from weakref import WeakKeyDictionary

from .bus import BUS_DAEMON, Bus, Reply, Signal
from .changes import Added, Change, Changed, Changes, Event, Left, Removed, Returned
from .errors import NoDaemonError, OffhookError
from .objects import BUS_NAME, PROPERTIES, ROOT, Interfaces, PhoneObject

if TYPE_CHECKING:
    from .aio import Phone

OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"

Kinds = Mapping[str, type[PhoneObject]]
"""What the objects below ``ROOT/<kind>/`` are."""

T = TypeVar("T", bound=PhoneObject)


class Mirror:
    """`phone` is the object at the root, whose properties are in `interfaces`, those of `roots`.

    Without `stay` the first daemon is the only one; with it, whichever serves as time goes by.
    """

    def __init__(
        self,
        phone: "Phone",
        interfaces: Interfaces,
        roots: Sequence[str],
        kinds: Kinds,
        address: str,
        *,
        stay: bool,
    ) -> None:
        self.bus = Bus(address, self._hear, self._lost)
        self.objects: dict[str, PhoneObject] = {}
        self._phone = phone
        self._interfaces = interfaces
        self._roots = roots
        self._kinds = kinds
        self._stay = stay
        self._listeners: WeakKeyDictionary[Changes, None] = WeakKeyDictionary()
        self._owner = ""
        self._gone: NoDaemonError | None = None
        self._returning: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect and read everything; NoDaemonError when nobody serves the phone, or, with
        `stay`, when there is no bus."""
        await self.bus.__aenter__()
        try:
            await self._listen()
            await self._load()
        except NoDaemonError:
            if not self._stay:
                await self.bus.__aexit__()
                raise
        except BaseException:
            await self.bus.__aexit__()
            raise

    async def close(self) -> None:
        """End the connection; who follows `changes` is told."""
        self._lost("This connection to the phone is closed")
        if self._returning:
            self._returning.cancel()
            await asyncio.wait([self._returning])
        await self.bus.__aexit__()

    @property
    def present(self) -> bool:
        """Whether a daemon serves now."""
        return bool(self._owner) and self._gone is None

    def those(self, kind: type[T]) -> list[T]:
        """Every object of this kind."""
        return [one for one in self.objects.values() if isinstance(one, kind)]

    def changes(self) -> Changes:
        """Everything that happens from now on."""
        changes = Changes()
        if self._gone:
            changes.put(self._gone)
        self._listeners[changes] = None
        return changes

    # ------------------------------------------------------------ reading

    async def _listen(self) -> None:
        """Before anything is read: nothing falls between."""
        owner = f"sender='{BUS_DAEMON}',member='NameOwnerChanged',arg0='{BUS_NAME}'"
        await asyncio.gather(
            self.bus.ask("AddMatch", "s", f"type='signal',sender='{BUS_NAME}'"),
            self.bus.ask("AddMatch", "s", f"type='signal',{owner}"),
        )

    async def _load(self) -> None:
        read = partial(self.bus.call, BUS_NAME, ROOT)
        await asyncio.gather(
            *(
                read(PROPERTIES, "GetAll", "s", interface, on_reply=partial(self.know, interface))
                for interface in self._roots
            ),
            read(OBJECT_MANAGER, "GetManagedObjects", on_reply=self._know_objects),
        )

    def know(self, interface: str, reply: Reply) -> None:
        """Take over what a daemon said of the root."""
        self._owner = reply.sender
        self._interfaces[interface] = reply.body[0]

    def _know_objects(self, reply: Reply) -> None:
        for path, interfaces in reply.body[0].items():
            self.add(path, interfaces)

    def add(self, path: str, interfaces: Interfaces) -> PhoneObject:
        """An object that the daemon has now."""
        kind = self._kinds.get(path.removeprefix(f"{ROOT}/").partition("/")[0], PhoneObject)
        added = self.objects[path] = kind(self._phone, path, interfaces)
        return added

    # ------------------------------------------------------------ following

    def _hear(self, signal: Signal) -> None:
        match signal:
            case Signal(sender="org.freedesktop.DBus", body=[_, old, new]):
                self._owner_changed(old, new)
            case Signal(sender=self._owner):
                if change := self._change(signal):
                    self._tell(change)

    def _change(self, signal: Signal) -> Change | None:
        """What a signal of the daemon means; the objects follow it."""
        match signal.member, signal.body:
            case "InterfacesAdded", [path, interfaces]:
                return Added(self.add(path, interfaces))
            case "InterfacesRemoved", [path, _]:
                gone = self.objects.pop(path, None)
                return Removed(gone) if gone else None
        subject = self._phone if signal.path == ROOT else self.objects.get(signal.path)
        if subject is None:
            return None
        match signal.member, signal.body:
            case "PropertiesChanged", [interface, properties, _]:
                subject.update(interface, properties)
                return Changed(subject, interface, properties)
        return Event(subject, signal.interface, signal.member, signal.body)

    def _owner_changed(self, old: str, new: str) -> None:
        if old and old == self._owner:
            if self._stay:
                self.leave()
            else:
                self._lost("offhookd has left the session bus")
        if new and self._stay and not self._owner:
            self._returning = asyncio.create_task(self._return(), name="daemon returned")

    def leave(self) -> None:
        """The daemon is gone, and another one may come."""
        self._owner = ""
        self.objects.clear()
        self._interfaces.clear()
        self._tell(Left(self._phone))

    async def _return(self) -> None:
        """Read everything anew; the daemon may be gone again before that is done."""
        try:
            await self._load()
        except OffhookError:
            return
        self._tell(Returned(self._phone))

    def _lost(self, reason: str) -> None:
        if not self._gone:
            self._gone = NoDaemonError(reason)
            self._tell(self._gone)

    def _tell(self, change: Change | NoDaemonError) -> None:
        for changes in self._listeners:
            changes.put(change)
