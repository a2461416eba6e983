# SPDX-License-Identifier: GPL-2.0-or-later
"""All calls of the phone: placing, answering, ending them, and which one has the microphone.

Commands of people come in as methods that raise a `PhoneError` at once when they make no sense,
or call `done` when what was asked for has come about.  Events of the engine come in as the
methods under "What the engine tells".  What follows is said on the signals.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from .arrivals import Arrivals, TakeOver
from .attention import Attention
from .call import NEXT_STATES, Call
from .contacts import Contact
from .departures import Departures
from .desk import DeskAction
from .dialled import DialOptions
from .dtmf import check_tones
from .elsewhere import Elsewhere
from .endings import end_reason
from .errors import (
    AmbiguousError,
    InvalidArgumentError,
    InvalidStateError,
    NotSupportedError,
    PhoneError,
)
from .events import Signal
from .focus import Focus
from .forwarding import Forward
from .hold import HoldState
from .holds import Holds
from .media import Media, Statistics
from .policy import Invitation, Verdict, carried, decide
from .ports import Alerting, CallEngine, CallLog, Clock, DeskPort, Done, all_of
from .precedence import Precedence, require_movable, require_turn
from .register import Register
from .transfer import UNDER_WAY
from .values import AccountId, CallId, CallState, Direction, DtmfMethod, EndReason
from .waits import Waits, has_ended, has_gone, is_active

LINGER_S = 5.0
"""How long a call that ended can still be read: longer than a script takes to look."""
HANGUP_LIMIT_S = 1.0
"""A far end that does not answer our BYE must not keep the line in the user's eyes; the engine
goes on repeating it (RFC 3261 timer F)."""
DECLINE_CODES: Mapping[str, tuple[int, EndReason]] = {
    "busy": (486, EndReason.DECLINED),
    "declined": (603, EndReason.DECLINED),
    "not-here": (480, EndReason.DECLINED),
}


class Calls:
    """The switchboard.  `limit` is the number of calls that the engine can carry."""

    def __init__(self, engine: CallEngine, log: CallLog, alerting: Alerting, clock: Clock) -> None:
        self.limit = 4
        self.desk: DeskPort
        self.relay: Callable[[Call, Forward], bool] = lambda _call, _forward: False
        """Whether the phone itself calls the one who is to have a call that came in."""
        self.decide: Callable[[Invitation, Iterable[Call], int], Verdict] = decide
        self.appeared: Signal[[Call]] = Signal()
        """For who shows it to people, and does nothing else."""
        self.added: Signal[[Call]] = Signal()
        self.changed: Signal[[Call]] = Signal()
        self.removed: Signal[[Call]] = Signal()
        self.measured_anew: Signal[[Call, Statistics]] = Signal()
        """Every report on a call's sound, also where `changed` would tell nobody anything."""
        self.focus_changed: Signal[[]] = Signal()
        self.waits = Waits()
        self._engine = engine
        self._clock = clock
        self._register = Register(log, clock)
        self.elsewhere = Elsewhere()
        self._attention = Attention(engine, alerting, self.elsewhere)
        self._focus = Focus(engine, self._attention, self.focus_changed)
        self._holds = Holds(engine, self.waits, self.changed)
        self._arrivals = Arrivals(self, engine, self._attention, clock, self._holds, self._focus)
        self.elsewhere.changed.connect(lambda: self._attention.follow(self))
        self._departures = Departures(self, self._register, engine, clock, self._holds, self._focus)
        Precedence(self, self._arrivals.turn_away)

    # ------------------------------------------------------------ looking

    def __iter__(self) -> Iterator[Call]:
        return iter(self._register)

    def get(self, call_id: CallId) -> Call | None:
        return self._register.get(call_id)

    @property
    def focus(self) -> Call | None:
        """The one that has the microphone."""
        return self._focus.call

    def together(self, call: Call) -> tuple[Call, ...]:
        """The call and those in a conference with it, oldest first."""
        return tuple(one for one in self if one.joins(call))

    @property
    def ringing(self) -> Call | None:
        """The incoming call that a person is asked about: the one that waits longest."""
        return next((call for call in self if call.asks), None)

    @property
    def carried(self) -> int:
        """How many calls occupy the engine."""
        return carried(self)

    def only(self, *states: CallState) -> Call:
        """The single call in one of `states` (any that is up when none is named)."""
        fitting = [call for call in self if call.up and (not states or call.state in states)]
        fitting = [call for call in fitting if not call.relayed] or fitting
        if not fitting:
            raise InvalidStateError("There is no such call")
        if len(fitting) > 1:
            raise AmbiguousError(f"{len(fitting)} calls fit; name one")
        return fitting[0]

    # ------------------------------------------------------------ what people ask for

    def dial(self, uri: str, name: str, account: AccountId, options: DialOptions) -> Call:
        """A new outgoing call; "pending" until `start` when `options.confirm` is set."""
        return self._departures.dial(uri, name, account, options)

    def options_of(self, call: Call) -> DialOptions:
        """How an outgoing call that is up was asked for."""
        return self._departures.options_of(call)

    def start(self, call: Call, done: Done) -> None:
        """Dial a call that waited for a confirmation; done when the INVITE is out."""
        self._departures.start(call, done)

    def answer(self, call: Call, done: Done) -> None:
        """Pick up; the other calls are put on hold first."""
        if call.state is CallState.ACTIVE:
            done(None)
            return
        call.require(CallState.INCOMING)
        require_turn(call, self)
        self.waits.add(call, is_active, done)
        if call.answering:
            return
        call.answering = True
        self._holds.hold_others(call, self)
        # First of all the 200: the caller waits for it, everything else happens in this room.
        self._engine.answer(call.id, partial(self.fail, call))
        self._arrivals.release_twins(call)
        self._attention.follow(self)
        self._focus.take(call)
        self.changed(call)

    def hangup(self, call: Call, done: Done) -> None:
        """End, cancel or refuse, whichever the state needs."""
        if not call.up:
            done(None)
            return
        if call.asks:
            self.decline(call, "declined", done)
            return
        if call.desk and call.state is not CallState.PENDING:
            self.desk.hangup(call, done)
            return
        self.waits.add(call, has_ended, done)
        if call.ignored:
            self._arrivals.dismiss(call)
        if call.ending:
            return
        if call.state is CallState.PENDING:
            self._departures.drop_pending(call)
            return
        answered = call.state is CallState.ACTIVE or call.answering
        self.leave(call, EndReason.LOCAL if answered else EndReason.CANCELLED)

    def leave(self, call: Call, reason: EndReason) -> None:
        """Hang up a call that is up; `reason` is what the user is told."""
        if not call.ending:
            self._engine.hangup(call.id)
            self.end_soon(call, reason)

    def decline(self, call: Call, how: str, done: Done) -> None:
        """Refuse an incoming call; `how` is a key of `DECLINE_CODES`."""
        if how not in DECLINE_CODES:
            known = ", ".join(DECLINE_CODES)
            raise InvalidArgumentError(f"reason is '{how}'; it can be {known}")
        if not call.up:
            done(None)
            return
        if call.ending:
            self.waits.add(call, has_ended, done)
            return
        call.require(CallState.INCOMING)
        if call.answering:
            raise InvalidStateError("The call has been answered; it can be hung up")
        code, reason = DECLINE_CODES[how]
        self.waits.add(call, has_ended, done)
        self._engine.refuse(call.id, code)
        self.end_soon(call, reason, code)

    def redirect(self, call: Call, forward: Forward, done: Done) -> None:
        """Send the caller on without answering; done when he is told, or the second call is out."""
        if not call.up:
            raise InvalidStateError("The call has ended")
        call.require(CallState.INCOMING)
        if call.answering:
            raise InvalidStateError("The call has been answered; it can be transferred")
        self.waits.add(call, has_gone, done)
        self._arrivals.send_on(call, forward)
        self.waits.look(call)

    def ring_again(self, call: Call) -> None:
        """Ask a person after all about a caller who was sent on."""
        call.relayed, call.connected_to = False, None
        self._arrivals.ring_again(call)
        self.changed(call)

    def hold(self, call: Call, held: bool, done: Done) -> None:
        """Hold or resume a call, with its conference; resuming takes the focus and holds the
        others.  Done when every far end has agreed."""
        call.require(CallState.ACTIVE)
        if held:
            require_movable(call)
        else:
            require_turn(call, self)
            self._holds.hold_others(call, self)
            self._focus.take(call)
        together = self.together(call)
        each = all_of(done, len(together))
        for one in together:
            self.hold_one(one, held, each)

    def hold_one(self, call: Call, held: bool, done: Done) -> None:
        """Hold or resume this call alone, and let the focus be."""
        if call.hold is (HoldState.HELD if held else HoldState.OPEN):
            done(None)
        else:
            self._holds.want(call, held, done)

    def mute(self, call: Call, muted: bool) -> None:
        """Close or open the microphone for this call and its conference."""
        if not call.up:
            raise InvalidStateError("The call has ended")
        if call.relayed:
            raise InvalidStateError("The call is forwarded; nobody here is heard in it")
        if call.desk:
            raise NotSupportedError(
                f"Desk phone '{call.desk.phone}' has the microphone; mute there"
            )
        for one in self.together(call):
            if one.muted is not muted:
                one.muted = muted
                self._engine.mute(one.id, muted)
                self.changed(one)

    def send_dtmf(
        self, call: Call, tones: str, method: DtmfMethod | None, duration_ms: int, done: Done
    ) -> None:
        """`tones` of 0-9 * # A-D and "," (a pause of 500 ms); `method` None: what fits."""
        call.require(CallState.ACTIVE, CallState.EARLY, action=DeskAction.SEND_DTMF)
        tones = check_tones(tones, duration_ms)
        if call.desk:
            if method is not None:
                raise NotSupportedError("The exchange chooses the method; leave it out")
            self.desk.send_dtmf(call, tones, duration_ms, done)
            return
        self._engine.send_dtmf(call.id, tones, method, duration_ms, done)

    def flash(self, call: Call, done: Done) -> None:
        """A hook flash, for exchanges and gateways that offer a second call by it."""
        call.require(CallState.ACTIVE)
        require_movable(call)
        self._engine.flash(call.id, done)

    def identify(self, call: Call, contact: Contact) -> None:
        """An address book knows the far end."""
        if call.contact == contact:
            return
        call.contact = contact
        self._register.identified(call, contact)
        if self._register.get(call.id):
            self.changed(call)

    def offer_page(self, call: Call, url: str) -> None:
        """There is a page for the far end; whoever shows the call may offer to open it."""
        call.page = url
        if self._register.get(call.id):
            self.changed(call)

    # ------------------------------------------------------------ what the engine tells

    def invited(self, invitation: Invitation, *, accept: Callable[[CallId], None]) -> Call:
        """Somebody calls.  `accept` lets the engine know the call's identity before it is asked
        to do anything with it."""
        replaced = self._register.get(invitation.replaces)
        verdict = TakeOver(replaced) if replaced else self.decide(invitation, self, self.limit)
        call = self._register.incoming(invitation)
        accept(call.id)
        self._arrivals.reply(call, verdict)
        self.introduce(call)
        self._arrivals.follow_up(call, verdict)
        return call

    def introduce(self, call: Call) -> None:
        """A new call: it is shown first, as people wait for nothing else, then stored; after that
        everybody hears of it."""
        self.appeared(call)
        self._register.record(call)
        self.added(call)

    def progressed(self, call_id: CallId, state: CallState, sip_call_id: str) -> None:
        """The far end rings, sends early media, or is connected; steps backwards are no news."""
        call = self._register.get(call_id)
        if call is None or not call.up:
            return
        call.sip_call_id = call.sip_call_id or sip_call_id
        if state in NEXT_STATES[call.state]:
            call.change(state, "engine")
            if state is CallState.ACTIVE:
                self._connected(call)
            self._attention.follow_focus(self.focus)
        self.changed(call)
        self.waits.look(call)

    def picked_up(self, call_id: CallId) -> None:
        """The 200 is on its way or has come: this is when the conversation begins."""
        call = self._register.get(call_id)
        if call is not None and call.up and not call.answered_us:
            self._register.answered(call)

    def ended(self, call_id: CallId, cause: str, code: int, text: str) -> None:
        """The leg is over (`cause` as in `endings`)."""
        call = self._register.get(call_id)
        if call is None:
            return
        if not call.up:
            # What policy said is more than the status line that goes with it.
            call.end_code, call.end_text = code or call.end_code, call.end_text or text
            self.changed(call)
            return
        reason = end_reason(call.direction, call.state, cause, code)
        if reason is EndReason.REMOTE and call.desk is None and call.transfer in UNDER_WAY:
            reason = EndReason.TRANSFERRED  # it left for where it was sent
        if call.relayed and call.answered_us and call.direction is Direction.INCOMING:
            reason = EndReason.FORWARDED
        self.end(call, reason, code, text, cause or "engine")

    def media_changed(
        self, call_id: CallId, media: Media, *, local_hold: bool, remote_hold: bool
    ) -> None:
        call = self._register.get(call_id)
        if call is None or not call.up:
            return
        call.media = media
        self._holds.told(call, local_hold=local_hold, remote_hold=remote_hold)
        self.changed(call)
        self.waits.look(call)

    def measured(self, call_id: CallId, statistics: Statistics) -> None:
        if call := self._register.get(call_id):
            self._register.scored(call, statistics.mos)
            self.measured_anew(call, statistics)
            tells = statistics.tells_more_than(call.statistics)
            if not tells:
                statistics = replace(
                    call.statistics,
                    packets_sent=statistics.packets_sent,
                    packets_received=statistics.packets_received,
                    reports_received=statistics.reports_received,
                )
            call.statistics = statistics
            if tells:
                self.changed(call)

    def dtmf_received(self, call_id: CallId, tone: str, duration_ms: int) -> None:
        if call := self._register.get(call_id):
            call.dtmf_received(tone, duration_ms)

    def engine_lost(self, text: str) -> None:
        """Every call that the engine carried is gone with it."""
        for call in self:
            if call.up and call.state is not CallState.PENDING and call.desk is None:
                self.end(call, EndReason.ERROR, 0, text, "engine lost")

    # ------------------------------------------------------------ how it is done

    def _connected(self, call: Call) -> None:
        self.picked_up(call.id)
        call.answering = False
        if not call.here:
            return
        if self.focus is None:
            self._focus.set(call)
        elif call is not self.focus and not call.emergency:
            self._holds.hold(call)  # the user is talking to somebody else meanwhile
        self._attention.follow(self)

    def fail(self, call: Call, error: PhoneError | None) -> None:
        """The engine could not do what the call cannot go on without."""
        if error is not None and call.up:
            self._engine.hangup(call.id)
            self.end(call, EndReason.ERROR, 0, str(error), "engine refused")

    def end_soon(self, call: Call, reason: EndReason, code: int = 0) -> None:
        """The user has decided; wait a moment for the far end's word, but no longer."""
        call.end_reason = reason
        self._attention.follow(self)
        self.changed(call)
        self.focus_changed()

        def give_up() -> None:
            if call.up:
                self.end(call, reason, code, "", "far end silent")

        self._clock.call_later(HANGUP_LIMIT_S, give_up)

    def end(self, call: Call, reason: EndReason, code: int, text: str, why: str) -> None:
        was = call.state
        call.change(CallState.ENDED, " ".join(filter(None, (why, str(code or ""), text))))
        # What the user asked for names the end, whatever the wire said to it.
        call.end_reason = call.end_reason if call.end_reason is not EndReason.NONE else reason
        call.end_code, call.end_text = code, call.end_text or text
        call.answering = False
        self._holds.ended(call)
        self._register.ended(call, text)
        self._departures.ended(call)
        self.changed(call)
        self._focus.leave(call, was, self)
        self._attention.follow(self)
        self.focus_changed()
        self.waits.look(call)
        self._clock.call_later(LINGER_S, partial(self._remove, call))

    def _remove(self, call: Call) -> None:
        self._register.remove(call)
        self.removed(call)
