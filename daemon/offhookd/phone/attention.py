# SPDX-License-Identifier: GPL-2.0-or-later
"""What the user hears beside the conversation: the bell on the desk and the tones in the ear."""

from collections.abc import Iterable

from .call import Call
from .elsewhere import Elsewhere
from .endings import TONE_SECONDS
from .ports import Alerting, CallEngine
from .values import CallState

RINGBACK = "ringback"
CALL_WAITING = "call-waiting"


class Attention:
    """Follows what the calls are; never changes one."""

    def __init__(self, engine: CallEngine, bell: Alerting, elsewhere: Elsewhere) -> None:
        self._engine = engine
        self._bell = bell
        self._elsewhere = elsewhere
        self._tone = ""

    def follow(self, calls: Iterable[Call]) -> None:
        """The bell rings while a person is asked, but not into a conversation."""
        calls = tuple(calls)
        busy = self._elsewhere.talking or any(call.on_line or call.answering for call in calls)
        first = next((call for call in calls if call.asks and not call.silent), None)
        if busy or first is None:
            self._bell.quiet()
        else:
            self._bell.ring(first.ring_sound)

    def follow_focus(self, focus: Call | None) -> None:
        """Ringback is ours while the far end only says that it rings (RFC 3960 section 3)."""
        rings = focus is not None and focus.state is CallState.RINGING
        if rings is not (self._tone == RINGBACK):
            self._play(RINGBACK if rings else "")

    def knock(self) -> None:
        """Somebody calls while the user talks."""
        self._engine.play_tone(CALL_WAITING, TONE_SECONDS)

    def mourn(self, tone: str) -> None:
        """A call failed; what is in the ear already is more important."""
        if tone and not self._tone:
            self._play(tone, TONE_SECONDS)

    def hush(self) -> None:
        """The user turns to another call: what was in the ear until now is over."""
        if self._tone:
            self._play("")

    def _play(self, tone: str, seconds: float = 0) -> None:
        self._tone = tone
        self._engine.play_tone(tone, seconds)
