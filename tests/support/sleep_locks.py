# SPDX-License-Identifier: GPL-2.0-or-later
"""The part of logind that gives locks against sleeping, on a bus of the test's own."""

import os
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jeepney import HeaderFields, MessageType, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import DBusConnection, open_dbus_connection

POLL_S = 0.02


class SleepLocks:
    """`asked` are the arguments of every Inhibit; `refuses` makes it say no."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.refuses = False
        self._held: list[int] = []

    @property
    def locks(self) -> int:
        """How many are held: a lock ends when its holder closed the last copy."""
        for lock in list(self._held):
            if select.select([lock], [], [], 0)[0]:
                self._held.remove(lock)
                os.close(lock)
        return len(self._held)

    def close(self) -> None:
        for lock in self._held:
            os.close(lock)

    def serve(self, bus: DBusConnection, done: threading.Event) -> None:
        while not done.is_set():
            try:
                message = bus.receive(timeout=POLL_S)
            except TimeoutError:
                continue
            if message.header.message_type is MessageType.method_call:
                self._answer(bus, message)

    def _answer(self, bus: DBusConnection, message: Any) -> None:
        if message.header.fields[HeaderFields.member] != "Inhibit":
            return
        self.asked.append(message.body)
        if self.refuses:
            text = ("Not allowed",)
            bus.send(new_error(message, "org.freedesktop.DBus.Error.AccessDenied", "s", text))
            return
        ours, theirs = os.pipe()
        self._held.append(ours)
        bus.send(new_method_return(message, "h", (theirs,)))
        os.close(theirs)


@contextmanager
def sleep_locks(address: str) -> Iterator[SleepLocks]:
    made, done = SleepLocks(), threading.Event()
    with open_dbus_connection(address, enable_fds=True) as bus:
        bus.send_and_get_reply(message_bus.RequestName("org.freedesktop.login1"))
        thread = threading.Thread(target=made.serve, args=(bus, done))
        thread.start()
        try:
            yield made
        finally:
            done.set()
            thread.join()
            made.close()
