# SPDX-License-Identifier: GPL-2.0-or-later
"""How incoming calls begin: what was decided about them is done, and what they do when nobody
touches them: they answer themselves, are sent on, or ring out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from .attention import Attention
from .auto_answer import AutoAnswer
from .call import Call
from .elsewhere import Elsewhere
from .events import Signal
from .focus import Focus
from .forwarding import Forward
from .holds import Holds
from .policy import BUSY_HERE, Ignore, Refuse, Ring, Verdict
from .ports import CallEngine, Clock, Done, ignore
from .values import CallState, EndReason
from .waits import Waits, is_active

RING_LIMIT_S = 180.0
"""A caller who neither cancels nor gives up: RFC 3261 13.3.1.1 expects an end after 3 minutes."""
MOVED_TEMPORARILY = 302
TEMPORARILY_UNAVAILABLE = 480
DECLINED = 603
BEEP = "beep"
BEEP_S = 0.5
"""Long enough to be heard as a warning that the microphone is about to open."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """Somebody takes the place of the far end of `replaced` (RFC 3891): the engine is answering,
    and for the user the conversation goes on."""

    replaced: Call


class Switchboard(Protocol):
    """The part of `Calls` that acts for the absent."""

    waits: Waits
    relay: Callable[[Call, Forward], bool]
    elsewhere: Elsewhere

    @property
    def changed(self) -> Signal[[Call]]: ...

    @property
    def focus_changed(self) -> Signal[[]]: ...

    def __iter__(self) -> Iterator[Call]: ...

    def answer(self, call: Call, done: Done) -> None: ...

    def mute(self, call: Call, muted: bool) -> None: ...

    def end(self, call: Call, reason: EndReason, code: int, text: str, why: str) -> None: ...

    def end_soon(self, call: Call, reason: EndReason, code: int = 0) -> None: ...

    def leave(self, call: Call, reason: EndReason) -> None: ...


class Arrivals:
    """Carries out what `policy` or a person decided."""

    def __init__(
        self,
        calls: Switchboard,
        engine: CallEngine,
        attention: Attention,
        clock: Clock,
        holds: Holds,
        focus: Focus,
    ) -> None:
        self._calls = calls
        self._engine = engine
        self._attention = attention
        self._clock = clock
        self._holds = holds
        self._focus = focus

    def reply(self, call: Call, verdict: Verdict | TakeOver) -> None:
        """What the caller hears, before anything else is done."""
        match verdict:
            case Refuse():
                self._engine.refuse(call.id, verdict.code)
            case Forward(second=None):
                self._redirect(call, verdict)
            case Forward():
                call.relayed = True
            case Ring():
                call.emergency = verdict.emergency
                self._engine.ring(call.id)
            case Ignore():
                self._engine.ring(call.id)
            case TakeOver(replaced):
                call.replaces = replaced.id
                call.answering = True

    def follow_up(self, call: Call, verdict: Verdict | TakeOver) -> None:
        """What becomes of it here, once it is known to everybody."""
        match verdict:
            case Refuse(code, reason, text):
                self._calls.end(call, reason, code, text, "policy")
            case Forward(second=None):
                self._calls.end(call, EndReason.FORWARDED, MOVED_TEMPORARILY, "", "policy")
            case Forward():
                self.send_on(call, verdict)
            case Ignore(text):
                self._ignore(call, text)
            case Ring():
                self._alert(call, verdict)
            case TakeOver(replaced):
                self._go_on(call, replaced)

    def send_on(self, call: Call, forward: Forward) -> None:
        """Call somebody else for the caller, or let his server do it."""
        if self._calls.relay(call, forward):
            self._attention.follow(self._calls)
            self._calls.focus_changed()
        else:
            self._redirect(call, forward)
            self._calls.end_soon(call, EndReason.FORWARDED, MOVED_TEMPORARILY)

    def ring_again(self, call: Call) -> None:
        """Nobody answered where it was sent on to."""
        self._engine.ring(call.id)
        self._alert(call, Ring(sound=call.ring_sound, silent=call.silent, group=call.group))

    def dismiss(self, call: Call) -> None:
        """Tell an ignored caller after all that nobody will answer."""
        call.ignored = False
        self._engine.refuse(call.id, DECLINED)
        self._calls.end_soon(call, EndReason.DECLINED, DECLINED)

    def release_twins(self, call: Call) -> None:
        """The same caller rings on another account of the group, and has been answered on this."""
        for other in self._calls:
            twin = other is not call and other.asks and other.peer_uri == call.peer_uri
            if twin and other.group and other.group == call.group:
                self.turn_away(other, EndReason.ELSEWHERE)

    def turn_away(self, call: Call, reason: EndReason) -> None:
        """The caller hears that it is busy, and nobody is asked any more."""
        self._engine.refuse(call.id, BUSY_HERE)
        self._calls.end_soon(call, reason, BUSY_HERE)

    # ------------------------------------------------------------ how

    def _redirect(self, call: Call, forward: Forward) -> None:
        headers = {"Diversion": forward.diversion} if forward.diversion else {}
        self._engine.refuse(call.id, MOVED_TEMPORARILY, forward.contact, headers)

    def _alert(self, call: Call, ring: Ring) -> None:
        call.ring_sound, call.silent, call.group = ring.sound, ring.silent, ring.group
        self._calls.focus_changed()
        talking = self._calls.elsewhere.talking or any(other.on_line for other in self._calls)
        if talking and not ring.silent:
            self._attention.knock()
        self._attention.follow(self._calls)
        self._after(RING_LIMIT_S, call, self._ring_out)
        if ring.forward:
            self._after(ring.forward_s, call, partial(self.send_on, forward=ring.forward))
        if ring.answer:
            self._after(ring.answer.after_s, call, partial(self._warn, answer=ring.answer))

    def _go_on(self, call: Call, replaced: Call) -> None:
        if replaced.relayed:
            self._calls.leave(call, EndReason.FORWARDED)  # nobody here was in that talk
            return
        if replaced is self._focus.call:
            self._focus.take(call)
        self._calls.mute(call, replaced.muted)
        if replaced.to_be_held:
            self._calls.waits.add(call, is_active, lambda _: self._holds.hold(call))

    def _ignore(self, call: Call, text: str) -> None:
        """The caller hears ringing; nobody here is asked."""
        call.end_reason, call.end_text, call.ignored = EndReason.DECLINED, text, True
        self._calls.changed(call)
        self._clock.call_later(RING_LIMIT_S, partial(self._ring_out, call))

    def _ring_out(self, call: Call) -> None:
        if call.state is CallState.INCOMING:
            self._engine.refuse(call.id, TEMPORARILY_UNAVAILABLE)
            text = call.end_text
            code = TEMPORARILY_UNAVAILABLE
            self._calls.end(call, EndReason.NO_ANSWER, code, text, "nobody answered")

    def _warn(self, call: Call, answer: AutoAnswer) -> None:
        """A microphone opens by itself never in another call, and not without a sound."""
        if self._is_alone(call):
            if answer.beep:
                self._engine.play_tone(BEEP, BEEP_S)
            wait_s = BEEP_S if answer.beep else 0.0
            self._after(wait_s, call, partial(self._pick_up, answer=answer))

    def _pick_up(self, call: Call, answer: AutoAnswer) -> None:
        if self._is_alone(call):
            if answer.muted:
                self._calls.mute(call, True)
            self._calls.answer(call, ignore)

    def _is_alone(self, call: Call) -> bool:
        others = any(other.up for other in self._calls if other is not call)
        return not (others or self._calls.elsewhere.talking)

    def _after(self, delay_s: float, call: Call, act: Callable[[Call], None]) -> None:
        """Do it then, provided that nobody has decided about the call by then."""

        def due() -> None:
            if call.asks:
                act(call)

        self._clock.call_later(delay_s, due)
