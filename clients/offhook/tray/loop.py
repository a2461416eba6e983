# SPDX-License-Identifier: GPL-2.0-or-later
"""One event loop for asyncio and Qt: asyncio's own, which lets Qt do the waiting.

`PySide6.QtAsyncio` has no `add_reader`, which every D-Bus library needs.  A selector is all that
asyncio leaves to others, so Qt becomes one: nothing wakes up while nothing happens.

Qt has loops of its own within: a drag lasts as long as the mouse is held.  Within `going_on`
asyncio turns there, too.  It can, because Qt was in the selector when the mouse moved, and no task
was running.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from contextvars import Context
from math import ceil
from typing import Any, TypeVar, TypeVarTuple

from PySide6.QtCore import QEventLoop, QSocketNotifier, QTimer

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_KINDS = {
    selectors.EVENT_READ: QSocketNotifier.Type.Read,
    selectors.EVENT_WRITE: QSocketNotifier.Type.Write,
}

_QT_IS_OVER = -1
"""What `QEventLoop.exec` says, at once and from then on, when the display is gone or the session
has asked the program to end."""


class DesktopGoneError(Exception):
    """There is nothing to be shown on any more."""


class _QtSelector(selectors.BaseSelector):
    """Waits in a Qt event loop, so that windows and icons live while asyncio has nothing to do.

    While it is `nested`, it waits for nothing, and `turn` is called when there is something to do.
    """

    def __init__(self, turn: Callable[[], None]) -> None:
        self.nested = False
        self._turn = turn
        self._turn_due = False
        self._keys: dict[int, selectors.SelectorKey] = {}
        self._notifiers: dict[int, list[QSocketNotifier]] = {}
        self._ready: dict[int, int] = {}
        self._told: set[QSocketNotifier] = set()
        self._over = False
        self._waiting = QEventLoop()
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.wake)

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        descriptor = _descriptor(fileobj)
        if descriptor in self._keys:
            raise KeyError(f"{fileobj!r} is already registered")
        key = selectors.SelectorKey(fileobj, descriptor, events, data)
        self._keys[descriptor] = key
        self._notifiers[descriptor] = [
            self._notifier(descriptor, event) for event in _KINDS if event & events
        ]
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        descriptor = _descriptor(fileobj)
        for notifier in self._notifiers.pop(descriptor, ()):
            notifier.setEnabled(False)
            notifier.deleteLater()
            self._told.discard(notifier)
        self._ready.pop(descriptor, None)
        return self._keys.pop(descriptor)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self._over:
            return self._without_qt(timeout)
        while self._told:
            self._told.pop().setEnabled(True)
        if timeout is None:
            self._timer.stop()
        else:
            self._timer.start(ceil(max(timeout, 0) * 1000))
        if not self.nested:
            self._wait()
        ready, self._ready = self._ready, {}
        return [(self._keys[descriptor], events) for descriptor, events in ready.items()]

    def _wait(self) -> None:
        self._ready.clear()
        if self._waiting.exec() == _QT_IS_OVER:
            self._over = True
            raise DesktopGoneError
        self._timer.stop()

    def _without_qt(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        """For what the tasks have to do before they end."""
        with selectors.DefaultSelector() as plain:
            for key in self._keys.values():
                plain.register(key.fd, key.events)
            return [(self._keys[key.fd], events) for key, events in plain.select(timeout)]

    def wake(self) -> None:
        """End the waiting: asyncio has something to do."""
        self._waiting.quit()
        if self.nested and not self._turn_due:
            self._turn_due = True
            QTimer.singleShot(0, self._take_turn)

    def _take_turn(self) -> None:
        self._turn_due = False
        if self.nested:
            self._turn()

    def close(self) -> None:
        for descriptor in list(self._keys):
            self.unregister(descriptor)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._keys

    def _notifier(self, descriptor: int, event: int) -> QSocketNotifier:
        def ready() -> None:
            # Once: asyncio reads it after this, and in a nested loop Qt would tell it for ever.
            notifier.setEnabled(False)
            self._told.add(notifier)
            self._ready[descriptor] = self._ready.get(descriptor, 0) | event
            self.wake()

        notifier = QSocketNotifier(descriptor, _KINDS[event])
        notifier.activated.connect(ready)
        return notifier


class QtEventLoop(asyncio.SelectorEventLoop):
    """Needs a QCoreApplication."""

    def __init__(self) -> None:
        self._qt = _QtSelector(self._turn)
        super().__init__(self._qt)

    def _turn(self) -> None:
        self._run_once()  # type: ignore[attr-defined] # asyncio's own name for a turn of its loop

    @contextmanager
    def going_on(self) -> Iterator[None]:
        self._qt.nested = True
        self._qt.wake()
        try:
            yield
        finally:
            self._qt.nested = False
            self._qt.wake()

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        handle = super().call_soon(callback, *args, context=context)
        self._qt.wake()
        return handle

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = super().call_at(when, callback, *args, context=context)
        self._qt.wake()
        return handle


def run(main: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run` with Qt alive; `DesktopGoneError` when that ends first."""
    with asyncio.Runner(loop_factory=QtEventLoop) as runner:
        return runner.run(main)


@contextmanager
def going_on() -> Iterator[None]:
    """Around a nested Qt loop that Qt's side of the program starts; not in a task."""
    running = asyncio.get_running_loop()
    assert isinstance(running, QtEventLoop)  # noqa: S101 - nobody else has widgets
    with running.going_on():
        yield


def _descriptor(fileobj: Any) -> int:
    return fileobj if isinstance(fileobj, int) else int(fileobj.fileno())
