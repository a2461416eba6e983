# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether anything of the far end arrives at all, from the engine's reports about sound."""

from .call import Call
from .calls import Calls
from .media import Statistics
from .problems import Problems
from .values import CallId, Flow

SILENT_REPORTS = 2
"""Reports in a row without a packet, five seconds apart: less is a far end that takes its time
after the answer, and people ask "hello?" after some eight seconds."""

NO_SOUND = "call-no-sound"
"""Code of the problem."""

_HEARS = frozenset({Flow.RECEIVE, Flow.BOTH})


class Hearing:
    """Tells of calls in which nothing is heard, while that lasts."""

    def __init__(self, calls: Calls, problems: Problems) -> None:
        self._problems = problems
        self._arrived: dict[CallId, int] = {}
        self._silent: dict[CallId, int] = {}
        calls.measured_anew.connect(self._measured)
        calls.changed.connect(self._changed)

    def _measured(self, call: Call, figures: Statistics) -> None:
        arrived = figures.packets_received + figures.reports_received
        silent = _should_hear(call) and self._arrived.get(call.id, 0) == arrived
        self._arrived[call.id] = arrived
        self._silent[call.id] = self._silent.get(call.id, 0) + 1 if silent else 0
        self._tell(call)

    def _changed(self, call: Call) -> None:
        if not call.up:
            self._arrived.pop(call.id, None)
            self._silent.pop(call.id, None)
            self._tell(call)
        elif self._silent.get(call.id) and not _should_hear(call):
            self._silent[call.id] = 0
            self._tell(call)

    def _tell(self, call: Call) -> None:
        silent = self._silent.get(call.id, 0) >= SILENT_REPORTS
        self._problems.hold(NO_SOUND, _sentence(call) if silent else "", f"calls/c{call.id}")


def _should_hear(call: Call) -> bool:
    held = call.local_hold or call.to_be_held or call.remote_hold
    return call.on_line and not held and call.media.flow in _HEARS


def _sentence(call: Call) -> str:
    return (
        f"Nothing arrives from {call.far_name or call.far_uri}, who may still hear you: a "
        "firewall or router on the way may keep the sound out."
    )
