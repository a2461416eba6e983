# SPDX-License-Identifier: GPL-2.0-or-later
"""The objects on the bus: what they show, and the signals that tell of changes.

An adaptor calls `changed()` whenever something it shows may have changed.  The tree compares,
and sends what the contract asks for: one PropertiesChanged for each interface and loop turn
(rule 2), one InterfacesAdded and one InterfacesRemoved for each object (rule 3).
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from .contract import Contract, Emits, InterfaceSpec, contract
from .exported import Exported, method
from .names import OBJECT_MANAGER, PROPERTIES, ROOT
from .signature import Typed, VariantClass, absent, encode

_LOGGER = logging.getLogger(__name__)


class Outbox(Protocol):
    def signal(
        self,
        path: str,
        interface: str,
        member: str,
        signature: str,
        body: list[object],
        destination: str = "",
    ) -> None:
        """Send a signal whose `body` is encoded already; without a bus it goes nowhere."""


@dataclass(slots=True, eq=False)
class Entry:
    """An interface in the tree, with the property values that clients were told last."""

    exported: Exported
    spec: InterfaceSpec
    announced: dict[str, object] = field(default_factory=dict)


class ObjectTree:
    """Every object, by its path; `variant` is the D-Bus library's class for ``v``."""

    def __init__(
        self,
        outbox: Outbox,
        variant: VariantClass = Typed,
        interfaces: Contract | None = None,
        call_soon: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self.variant = variant
        self._outbox = outbox
        self._contract = contract() if interfaces is None else interfaces
        self._call_soon = call_soon
        self._objects: dict[str, dict[str, Entry]] = {}
        self._touched: dict[Entry, None] = {}
        self._flush_is_due = False

    def add(self, path: str, *exported: Exported) -> None:
        """Show an object, with all its interfaces; below the root it is announced at once.

        ValueError when the path is taken or the contract does not have what it serves.
        """
        encode("o", path)
        if path in self._objects:
            raise ValueError(f"{path} is in the tree already")
        if path == ROOT:
            exported = (_ManagedObjects(self), *exported)
        entries = {one.interface: Entry(one, self._spec(one)) for one in exported}
        for entry in entries.values():
            entry.announced = self.read(entry)
            entry.exported.place(path, self)
        self._objects[path] = entries
        if path.startswith(f"{ROOT}/"):
            self._manager_signal("InterfacesAdded", path, _announced(entries))

    def remove(self, path: str) -> None:
        """Take an object away, after its last changes were announced."""
        self.flush()
        entries = self._objects.pop(path)
        for entry in entries.values():
            entry.exported.place("", None)
        self._manager_signal("InterfacesRemoved", path, list(entries))

    def interfaces(self, path: str) -> Mapping[str, Entry] | None:
        """The interfaces of the object at `path` by name; None when there is no object."""
        return self._objects.get(path)

    def children(self, path: str) -> set[str]:
        """First path elements of the objects below `path`."""
        prefix = path.rstrip("/") + "/"
        below = (p.removeprefix(prefix) for p in self._objects if p.startswith(prefix))
        return {rest.split("/", 1)[0] for rest in below if rest}

    def managed(self) -> Iterator[tuple[str, dict[str, dict[str, object]]]]:
        """Every object below the root, with the encoded properties of its interfaces."""
        for path, entries in self._objects.items():
            if path.startswith(f"{ROOT}/"):
                yield path, {name: self.read(entry) for name, entry in entries.items()}

    def read(self, entry: Entry) -> dict[str, object]:
        """The properties of an interface as variants, from what its adaptor says now.

        An adaptor that fails costs its own news, never the view of the whole tree.
        """
        try:
            return self._encoded(entry.spec, entry.exported.values())
        except Exception:
            _LOGGER.exception("the properties of %s are wrong", entry.spec.name)
            return entry.announced or self._encoded(entry.spec, {})

    def touch(self, exported: Exported) -> None:
        """Look at `exported` again at the end of this loop turn."""
        self._touched[self._objects[exported.path][exported.interface]] = None
        if not self._flush_is_due:
            self._flush_is_due = True
            call_soon = self._call_soon or asyncio.get_running_loop().call_soon
            call_soon(self.flush)

    def flush(self) -> None:
        """Announce now what was due at the end of the loop turn."""
        self._flush_is_due = False
        touched, self._touched = self._touched, {}
        for entry in touched:
            self._announce_changes(entry)

    def emit(self, exported: Exported, name: str, arguments: tuple[object, ...], to: str) -> None:
        for entry in self._objects[exported.path].values():
            if entry in self._touched:
                del self._touched[entry]
                self._announce_changes(entry)
        wanted = self._contract[exported.interface].signals[name].arguments
        pairs = zip(wanted, arguments, strict=True)
        body = [encode(argument.signature, value, self.variant) for argument, value in pairs]
        signature = "".join(argument.signature for argument in wanted)
        self._outbox.signal(exported.path, exported.interface, name, signature, body, to)

    def _announce_changes(self, entry: Entry) -> None:
        before, now = entry.announced, self.read(entry)
        entry.announced = now
        different = [
            spec for name, spec in entry.spec.properties.items() if now[name] != before[name]
        ]
        changed = {s.name: now[s.name] for s in different if s.emits is Emits.VALUE}
        invalidated = [s.name for s in different if s.emits is Emits.INVALIDATION]
        if changed or invalidated:
            body: list[object] = [entry.spec.name, changed, invalidated]
            path = entry.exported.path
            self._outbox.signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", body)

    def _encoded(self, spec: InterfaceSpec, values: Mapping[str, object]) -> dict[str, object]:
        strangers = values.keys() - spec.properties.keys()
        if strangers:
            raise ValueError(f"{spec.name} has no property {', '.join(sorted(strangers))}")
        return {
            name: self._variant(
                one.signature, values[name] if name in values else absent(one.signature)
            )
            for name, one in spec.properties.items()
        }

    def _variant(self, signature: str, value: object) -> object:
        return self.variant(signature, encode(signature, value, self.variant))

    def _manager_signal(self, member: str, path: str, what: object) -> None:
        signature = "oa{sa{sv}}" if member == "InterfacesAdded" else "oas"
        self._outbox.signal(ROOT, OBJECT_MANAGER, member, signature, [path, what])

    def _spec(self, exported: Exported) -> InterfaceSpec:
        spec = self._contract[exported.interface]
        writable = {name for name, one in spec.properties.items() if one.writable}
        strangers = (exported.methods.keys() - spec.methods.keys()) | (
            exported.setters.keys() - writable
        )
        if strangers:
            raise ValueError(f"{spec.name} does not offer {', '.join(sorted(strangers))}")
        return spec


class _ManagedObjects(Exported):
    """org.freedesktop.DBus.ObjectManager, at the root and nowhere else."""

    interface = OBJECT_MANAGER

    def __init__(self, tree: ObjectTree) -> None:
        self._everything = tree.managed

    @method("GetManagedObjects")
    def get_managed_objects(self) -> dict[str, object]:
        return dict(self._everything())


def _announced(entries: Mapping[str, Entry]) -> dict[str, dict[str, object]]:
    return {name: entry.announced for name, entry in entries.items()}
