# SPDX-License-Identifier: GPL-2.0-or-later
"""From a method call on the bus to the handler of an adaptor, and back."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import isawaitable

from offhookd.phone.errors import NotSupportedError, PhoneError, RequestTimeoutError

from . import errors
from .clients import Caller, Clients
from .contract import InterfaceSpec, MethodSpec, standard
from .exported import Handler
from .introspection import describe, machine_id
from .names import INTROSPECTABLE, PEER, PROPERTIES
from .objects import Entry, ObjectTree
from .signature import Typed, VariantClass, encode

METHOD_TIMEOUT_S = 20.0
"""Below the 25 s that most clients wait for a reply (rule 4 of the contract)."""


@dataclass(frozen=True, slots=True)
class MethodCall:
    """A method call as the bus delivered it."""

    sender: str
    path: str
    interface: str
    """"" when the caller left it out, as D-Bus permits."""
    member: str
    signature: str
    arguments: Sequence[object]
    """Plain values; an argument of type ``v`` is a Typed."""
    answer: Callable[[str, list[object]], None]
    """Sends the reply: signature and encoded body."""
    refuse: Callable[[str, str], None]
    """Sends an error: name and sentence."""

    def __str__(self) -> str:
        return f"{self.interface}.{self.member} on {self.path}"


class Dispatcher:
    """Answers every method call, with an error if need be."""

    def __init__(self, tree: ObjectTree, clients: Clients) -> None:
        self._tree = tree
        self._clients = clients
        self._tasks: set[asyncio.Task[None]] = set()
        self._standard: dict[tuple[str, str], Callable[[MethodCall], object]] = {
            (PEER, "Ping"): lambda _call: None,
            (PEER, "GetMachineId"): lambda _call: machine_id(),
            (INTROSPECTABLE, "Introspect"): lambda call: describe(tree, call.path),
            (PROPERTIES, "Get"): self._get,
            (PROPERTIES, "GetAll"): self._get_all,
            (PROPERTIES, "Set"): self._set,
        }

    def handle(self, call: MethodCall) -> None:
        """Serve `call`; a handler that is a plain function is answered before this returns."""
        with self._refusing(call):
            spec, result = self._invoke(call)
            if isawaitable(result):
                self._start(call, spec, result)
            else:
                self._answer(call, spec, result)

    async def stop(self) -> None:
        """End the calls in progress, each with an error."""
        await asyncio.sleep(0)  # a task that never ran could not answer
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _invoke(self, call: MethodCall) -> tuple[MethodSpec, object]:
        interface = call.interface or self._implied_interface(call)
        if interface in standard():
            spec = _method(standard()[interface], call)
            return spec, self._standard[interface, call.member](call)
        entry = self._entry(call.path, interface)
        spec = _method(entry.spec, call)
        handler = entry.exported.methods.get(call.member)
        if handler is None:
            raise NotSupportedError(f"{call.member} is not supported by this version of offhook")
        return spec, self._run(entry, handler, call.sender, call.arguments)

    def _run(
        self, entry: Entry, handler: Handler, sender: str, arguments: Sequence[object]
    ) -> object:
        if handler.wants_caller:
            caller = Caller(sender, self._clients)
            return handler.function(entry.exported, caller, *arguments)
        return handler.function(entry.exported, *arguments)

    def _start(self, call: MethodCall, spec: MethodSpec, result: Awaitable[object]) -> None:
        task = asyncio.create_task(self._finish(call, spec, result), name=f"dbus {call}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _finish(self, call: MethodCall, spec: MethodSpec, result: Awaitable[object]) -> None:
        with self._refusing(call):
            try:
                async with asyncio.timeout(METHOD_TIMEOUT_S) as limit:
                    value = await result
            except TimeoutError:
                if not limit.expired():
                    raise
                raise RequestTimeoutError(
                    f"{call.member} was not done within {METHOD_TIMEOUT_S:.0f} s"
                ) from None
            self._answer(call, spec, value)

    def _answer(self, call: MethodCall, spec: MethodSpec, result: object) -> None:
        """Reply, after the changes that the call caused (rule 4)."""
        body = _encoded_outputs(spec, result, self._tree.variant)
        self._tree.flush()
        call.answer("".join(output.signature for output in spec.outputs), body)

    @contextmanager
    def _refusing(self, call: MethodCall) -> Iterator[None]:
        """The fence: whatever goes wrong in a call becomes a D-Bus error."""
        try:
            yield
        except asyncio.CancelledError:
            call.refuse(*errors.as_reply(PhoneError("offhookd is stopping"), str(call)))
            raise
        except Exception as error:  # noqa: BLE001  # as_reply logs what nobody planned
            self._tree.flush()
            call.refuse(*errors.as_reply(error, str(call)))

    def _implied_interface(self, call: MethodCall) -> str:
        offered = [*standard().values()]
        offered += [entry.spec for entry in (self._tree.interfaces(call.path) or {}).values()]
        for spec in offered:
            if call.member in spec.methods:
                return spec.name
        raise errors.unknown_method(call.path, call.member)

    def _entry(self, path: str, interface: str) -> Entry:
        interfaces = self._tree.interfaces(path)
        if interfaces is None:
            raise errors.unknown_object(path)
        if interface not in interfaces:
            raise errors.unknown_interface(path, interface)
        return interfaces[interface]

    def _get(self, call: MethodCall) -> object:
        interface, name = (str(argument) for argument in call.arguments)
        entry = None if interface in standard() else self._entry(call.path, interface)
        if entry is None or name not in entry.spec.properties:
            raise errors.unknown_property(interface, name)
        return self._read(entry, lambda values: values[name])

    def _get_all(self, call: MethodCall) -> object:
        interface = str(call.arguments[0])
        if interface in standard() and self._tree.interfaces(call.path) is not None:
            return {}
        return self._read(self._entry(call.path, interface), lambda values: values)

    def _read(self, entry: Entry, pick: Callable[[dict[str, object]], object]) -> object:
        """The properties, or an awaitable of them where they have to be asked for first."""
        refreshing = entry.exported.refresh()
        if refreshing is None:
            return pick(self._tree.read(entry))
        return self._read_after(refreshing, entry, pick)

    async def _read_after(
        self,
        refreshing: Awaitable[None],
        entry: Entry,
        pick: Callable[[dict[str, object]], object],
    ) -> object:
        await refreshing
        return pick(self._tree.read(entry))

    def _set(self, call: MethodCall) -> object:
        interface, name, value = call.arguments
        entry = self._entry(call.path, str(interface))
        spec = entry.spec.properties.get(str(name))
        if spec is None:
            raise errors.unknown_property(entry.spec.name, str(name))
        if not spec.writable:
            raise errors.read_only(entry.spec.name, spec.name)
        if not isinstance(value, Typed) or value.signature != spec.signature:
            raise errors.invalid_args(f"{spec.name} has the type {spec.signature}")
        handler = entry.exported.setters.get(spec.name)
        if handler is None:
            raise NotSupportedError(f"{spec.name} cannot be set in this version of offhook")
        return self._run(entry, handler, call.sender, [value.value])


def _method(spec: InterfaceSpec, call: MethodCall) -> MethodSpec:
    """The method that `call` asks for, called with the arguments it takes."""
    method = spec.methods.get(call.member)
    if method is None:
        raise errors.unknown_method(spec.name, call.member)
    if call.signature != method.input_signature:
        wanted = ", ".join(f"{argument.name} {argument.signature}" for argument in method.inputs)
        given = f"({call.signature})"
        raise errors.invalid_args(f"{call.member} takes ({wanted}), it was given {given}")
    return method


def _encoded_outputs(spec: MethodSpec, result: object, variant: VariantClass) -> list[object]:
    signatures = [output.signature for output in spec.outputs]
    if len(signatures) == 1:
        return [encode(signatures[0], result, variant)]
    values = result if isinstance(result, tuple) else ()
    pairs = zip(signatures, values, strict=True)
    return [encode(signature, value, variant) for signature, value in pairs]
