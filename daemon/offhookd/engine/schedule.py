# SPDX-License-Identifier: GPL-2.0-or-later
"""Things to do later, for a thread that sleeps in a poll of its own."""

import heapq
import itertools
from collections.abc import Callable


class Alarm:
    """One entry of a `Schedule`; `cancel` may be called at any time and more than once."""

    __slots__ = ("_action", "due_s")

    def __init__(self, due_s: float, action: Callable[[], None]) -> None:
        self.due_s = due_s
        self._action: Callable[[], None] | None = action

    def cancel(self) -> None:
        self._action = None

    @property
    def pending(self) -> bool:
        return self._action is not None

    def fire(self) -> None:
        action, self._action = self._action, None
        if action is not None:
            action()


class Schedule:
    """A heap of alarms; `clock` gives seconds that never go backwards."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Alarm]] = []
        self._order = itertools.count()

    def after(self, delay_s: float, action: Callable[[], None]) -> Alarm:
        """Run `action` once, in `run_due`, when `delay_s` have passed."""
        alarm = Alarm(self._clock() + delay_s, action)
        heapq.heappush(self._heap, (alarm.due_s, next(self._order), alarm))
        return alarm

    def wait_s(self, longest_s: float) -> float:
        """How long the thread may sleep; at most `longest_s`, at least 0."""
        self._drop_cancelled()
        if not self._heap:
            return longest_s
        return min(longest_s, max(0.0, self._heap[0][0] - self._clock()))

    def run_due(self) -> None:
        """Fire what is due.  Alarms set meanwhile wait for the next turn."""
        now_s = self._clock()
        due = []
        while self._heap and self._heap[0][0] <= now_s:
            due.append(heapq.heappop(self._heap)[2])
        for alarm in due:
            alarm.fire()

    def _drop_cancelled(self) -> None:
        while self._heap and not self._heap[0][2].pending:
            heapq.heappop(self._heap)
