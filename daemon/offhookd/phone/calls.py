# SPDX-License-Identifier: GPL-2.0-or-later
"""All calls of the phone: placing, answering, ending them, and which one has the microphone.

Commands of people come in as methods that raise a `PhoneError` at once when they make no sense,
or call `done` when what was asked for has come about.  Events of the engine come in as the
methods under "What the engine tells".  What follows is said on the signals.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from .arrivals import Arrivals
from .attention import Attention
from .call import NEXT_STATES, Call, Media, Statistics
from .contacts import Contact
from .dialled import Dialled, DialOptions
from .dtmf import check_tones
from .endings import end_reason
from .errors import (
    AmbiguousError,
    InvalidArgumentError,
    InvalidStateError,
    LimitReachedError,
    PhoneError,
)
from .events import Signal
from .focus import Focus
from .hold import HoldState
from .holds import Holds
from .policy import Invitation, Verdict, caller_of, carried, decide
from .ports import Alerting, CallEngine, CallLog, Clock, Done, all_of, ignore
from .room import ROOM_RETRY_S, most_expendable
from .transfer import UNDER_WAY
from .values import AccountId, CallId, CallState, Direction, DtmfMethod, EndReason
from .waits import Waits, has_ended, is_active, is_out

LINGER_S = 5.0
"""How long a call that ended can still be read: longer than a script takes to look."""
HANGUP_LIMIT_S = 1.0
"""A far end that does not answer our BYE must not keep the line in the user's eyes; the engine
goes on repeating it (RFC 3261 timer F)."""
CONFIRM_LIMIT_S = 300.0
"""A call that nobody confirmed within this was asked for by a program that is gone."""
MOST_PENDING = 8
"""More questions at once are not asked by a person's clicks."""
MOVED_TEMPORARILY = 302
NOT_CONFIRMED = "Not confirmed"
"""End text of a call that never left the house; such a call is not dialled again."""

DECLINE_CODES: Mapping[str, tuple[int, EndReason]] = {
    "busy": (486, EndReason.DECLINED),
    "declined": (603, EndReason.DECLINED),
    "not-here": (480, EndReason.DECLINED),
}


class Calls:
    """The switchboard.  `limit` is the number of calls that the engine can carry."""

    def __init__(self, engine: CallEngine, log: CallLog, alerting: Alerting, clock: Clock) -> None:
        self.limit = 4
        self.decide: Callable[[Invitation, Iterable[Call], int], Verdict] = decide
        self.added: Signal[[Call]] = Signal()
        self.changed: Signal[[Call]] = Signal()
        self.removed: Signal[[Call]] = Signal()
        self.focus_changed: Signal[[]] = Signal()
        self.waits = Waits()
        self._engine = engine
        self._log = log
        self._clock = clock
        self._attention = Attention(engine, alerting)
        self._focus = Focus(engine, self._attention, self.focus_changed)
        self._holds = Holds(engine, self.waits, self.changed)
        self._dialled = Dialled()
        self._arrivals = Arrivals(self, engine, self._attention, clock)
        self._calls: dict[CallId, Call] = {}

    # ------------------------------------------------------------ looking

    def __iter__(self) -> Iterator[Call]:
        return iter(tuple(self._calls.values()))

    def get(self, call_id: CallId) -> Call | None:
        return self._calls.get(call_id)

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
        if not fitting:
            raise InvalidStateError("There is no such call")
        if len(fitting) > 1:
            raise AmbiguousError(f"{len(fitting)} calls fit; name one")
        return fitting[0]

    # ------------------------------------------------------------ what people ask for

    def dial(self, uri: str, name: str, account: AccountId, options: DialOptions) -> Call:
        """A new outgoing call; "pending" until `start` when `options.confirm` is set.

        A repeated `options.request_id` gives the first call, even one that is over: whoever
        asks again because the reply was lost does not want a second call.
        """
        if known := self._dialled.asked_before(options):
            return known
        if not options.emergency:
            self._require_room(pending=options.confirm)
        call = self._new(
            account, Direction.OUTGOING, uri, name, CallState.PENDING, muted=options.muted
        )
        call.emergency = options.emergency
        call.referred_by, call.replaces = options.referred_by, options.replaces
        self._dialled.plan(call, uri, options)
        if options.confirm or self._lacks_room(call):
            self._record(call)
            self.added(call)
            self._clock.call_later(CONFIRM_LIMIT_S, partial(self._drop_pending, call))
            if not options.confirm:
                self.start(call, ignore)
        else:
            self._dial(call)
            self._record(call)
            self.added(call)
            self._focus.take(call)
        return call

    def options_of(self, call: Call) -> DialOptions:
        """How an outgoing call that is up was asked for."""
        return self._dialled.of(call)[1]

    def start(self, call: Call, done: Done) -> None:
        """Dial a call that waited for a confirmation; done when the INVITE is out."""
        if call.direction is Direction.OUTGOING and call.state is not CallState.PENDING and call.up:
            done(None)
            return
        call.require(CallState.PENDING)
        if self._lacks_room(call):
            self._make_room(call, done)
            return
        if not call.emergency:
            self._require_room(pending=False)
        self._dial(call)
        self.changed(call)
        self._focus.take(call)
        self.waits.add(call, is_out, done)

    def answer(self, call: Call, done: Done) -> None:
        """Pick up; the other calls are put on hold first."""
        if call.state is CallState.ACTIVE:
            done(None)
            return
        call.require(CallState.INCOMING)
        self.waits.add(call, is_active, done)
        if call.answering:
            return
        call.answering = True
        self._holds.hold_others(call, self)
        # First of all the 200: the caller waits for it, everything else happens in this room.
        self._engine.answer(call.id, partial(self._failed, call))
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
        self.waits.add(call, has_ended, done)
        if call.ignored:
            self._arrivals.dismiss(call)
        if call.ending:
            return
        if call.state is CallState.PENDING:
            self._drop_pending(call)
            return
        answered = call.on_line or call.answering
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

    def redirect(self, call: Call, target: str, done: Done) -> None:
        """Send the caller to `target`, a SIP URI, without answering (RFC 3261 section 21.3.3)."""
        if not call.up:
            raise InvalidStateError("The call has ended")
        call.require(CallState.INCOMING)
        if call.answering:
            raise InvalidStateError("The call has been answered; it can be transferred")
        self.waits.add(call, has_ended, done)
        self._engine.refuse(call.id, MOVED_TEMPORARILY, target)
        self.end_soon(call, EndReason.FORWARDED, MOVED_TEMPORARILY)

    def hold(self, call: Call, held: bool, done: Done) -> None:
        """Hold or resume a call, with its conference; resuming takes the focus and holds the
        others.  Done when every far end has agreed."""
        call.require(CallState.ACTIVE)
        if not held:
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
        for one in self.together(call):
            if one.muted is not muted:
                one.muted = muted
                self._engine.mute(one.id, muted)
                self.changed(one)

    def send_dtmf(
        self, call: Call, tones: str, method: DtmfMethod | None, duration_ms: int, done: Done
    ) -> None:
        """`tones` of 0-9 * # A-D and "," (a pause of 500 ms); `method` None: what fits."""
        call.require(CallState.ACTIVE, CallState.EARLY)
        tones = check_tones(tones, duration_ms)
        self._engine.send_dtmf(call.id, tones, method, duration_ms, done)

    def flash(self, call: Call, done: Done) -> None:
        """A hook flash, for exchanges and gateways that offer a second call by it."""
        call.require(CallState.ACTIVE)
        self._engine.flash(call.id, done)

    def identify(self, call: Call, contact: Contact) -> None:
        """An address book knows the far end."""
        if call.contact != contact and call.id in self._calls:
            call.contact = contact
            self.changed(call)

    def offer_page(self, call: Call, url: str) -> None:
        """There is a page for the far end; whoever shows the call may offer to open it."""
        call.page = url
        if call.id in self._calls:
            self.changed(call)

    # ------------------------------------------------------------ what the engine tells

    def invited(self, invitation: Invitation, *, accept: Callable[[CallId], None]) -> Call:
        """Somebody calls.  `accept` lets the engine know the call's identity before it is asked
        to do anything with it."""
        replaced = self._calls.get(invitation.replaces) if invitation.replaces else None
        if replaced is not None:
            return self._taken_over(invitation, replaced, accept)
        verdict = self.decide(invitation, self, self.limit)
        call = self._new_incoming(invitation)
        accept(call.id)
        self._arrivals.reply(call, verdict)
        self._record(call)
        self.added(call)
        self._arrivals.follow_up(call, verdict)
        return call

    def _taken_over(
        self, invitation: Invitation, replaced: Call, accept: Callable[[CallId], None]
    ) -> Call:
        """Somebody takes the place of the far end (RFC 3891): the engine is answering, and for
        the user the conversation goes on."""
        call = self._new_incoming(invitation)
        call.replaces = replaced.id
        call.answering = True
        accept(call.id)
        self._record(call)
        self.added(call)
        if replaced is self.focus:
            self._focus.take(call)
        self.mute(call, replaced.muted)
        if replaced.to_be_held:
            self.waits.add(call, is_active, lambda _: self._holds.hold(call))
        return call

    def progressed(self, call_id: CallId, state: CallState, sip_call_id: str) -> None:
        """The far end rings, sends early media, or is connected; steps backwards are no news."""
        call = self._calls.get(call_id)
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
        call = self._calls.get(call_id)
        if call is not None and call.up and not call.answered_us:
            call.answered_us = self._clock.now_us()
            self._log.answered(call.id, call.answered_us)

    def ended(self, call_id: CallId, cause: str, code: int, text: str) -> None:
        """The leg is over (`cause` as in `endings`)."""
        call = self._calls.get(call_id)
        if call is None:
            return
        if not call.up:
            # What policy said is more than the status line that goes with it.
            call.end_code, call.end_text = code or call.end_code, call.end_text or text
            self.changed(call)
            return
        reason = end_reason(call.direction, call.state, cause, code)
        if reason is EndReason.REMOTE and call.transfer in UNDER_WAY:
            reason = EndReason.TRANSFERRED  # it left for where it was sent
        self.end(call, reason, code, text, cause or "engine")

    def media_changed(
        self, call_id: CallId, media: Media, *, local_hold: bool, remote_hold: bool
    ) -> None:
        call = self._calls.get(call_id)
        if call is None or not call.up:
            return
        call.media = media
        self._holds.told(call, local_hold=local_hold, remote_hold=remote_hold)
        self.changed(call)
        self.waits.look(call)

    def measured(self, call_id: CallId, statistics: Statistics) -> None:
        if call := self._calls.get(call_id):
            tells = statistics.tells_more_than(call.statistics)
            if not tells:
                statistics = replace(
                    call.statistics,
                    packets_sent=statistics.packets_sent,
                    packets_received=statistics.packets_received,
                )
            call.statistics = statistics
            if tells:
                self.changed(call)

    def dtmf_received(self, call_id: CallId, tone: str, duration_ms: int) -> None:
        if call := self._calls.get(call_id):
            call.dtmf_received(tone, duration_ms)

    def engine_lost(self, text: str) -> None:
        """Every call that the engine carried is gone with it."""
        for call in self:
            if call.up and call.state is not CallState.PENDING:
                self.end(call, EndReason.ERROR, 0, text, "engine lost")

    # ------------------------------------------------------------ how it is done

    def _lacks_room(self, call: Call) -> bool:
        """Whether a call for help has to wait until another call has given its line up."""
        return call.emergency and self.carried >= self.limit

    def _make_room(self, call: Call, done: Done) -> None:
        other = most_expendable(self)
        if other is None:
            self.end(call, EndReason.ERROR, 0, "Every line carries a call for help", "no room")
            done(LimitReachedError(call.end_text))
            return

        def start(_: PhoneError | None) -> None:
            if call.state is CallState.PENDING:
                self.start(call, done)
            else:
                done(InvalidStateError("The call has ended"))

        self.hangup(other, start)

    def _require_room(self, *, pending: bool) -> None:
        if pending and sum(call.state is CallState.PENDING for call in self) >= MOST_PENDING:
            raise LimitReachedError(f"{MOST_PENDING} calls wait for a confirmation already")
        if not pending and self.carried >= self.limit:
            raise LimitReachedError(f"{self.limit} calls at once are all the engine can carry")

    def _new(
        self,
        account: AccountId,
        direction: Direction,
        uri: str,
        name: str,
        state: CallState,
        *,
        muted: bool = False,
    ) -> Call:
        call = Call(self._log.reserve(), account, direction, uri, name, self._clock.now_us(), state)
        call.muted = muted
        self._calls[call.id] = call
        return call

    def _new_incoming(self, invitation: Invitation) -> Call:
        caller = caller_of(invitation)
        call = self._new(
            invitation.account, Direction.INCOMING, caller.uri, caller.name, CallState.INCOMING
        )
        call.sip_call_id = invitation.sip_call_id
        call.diversion_uri = invitation.diversion_uri
        return call

    def _record(self, call: Call) -> None:
        """Store it: after the engine knows what to do, before anybody hears of the call."""
        self._log.begin(
            call.id, call.account, call.direction, call.peer_uri, call.peer_name, call.created_us
        )

    def _dial(self, call: Call) -> None:
        uri, options = self._dialled.of(call)
        self._holds.hold_others(call, self)
        self._engine.dial(
            call.id,
            call.account,
            uri,
            partial(self._not_dialled, call),
            headers=options.headers,
            anonymous=options.anonymous,
            muted=call.muted,
            referral=options.referral,
        )
        if call.state is CallState.PENDING:
            call.change(CallState.DIALING, "dialled")  # after it: saying so takes 0.2 ms

    def _not_dialled(self, call: Call, error: PhoneError | None) -> None:
        """A call for help waits for the line that was given up for it."""
        if isinstance(error, LimitReachedError) and call.emergency and not call.ending:
            self._clock.call_later(ROOM_RETRY_S, partial(self._dial_again, call))
        else:
            self._failed(call, error)

    def _dial_again(self, call: Call) -> None:
        if call.up and not call.ending:
            self._dial(call)

    def _drop_pending(self, call: Call) -> None:
        if call.state is CallState.PENDING:
            self.end(call, EndReason.CANCELLED, 0, NOT_CONFIRMED, "nobody confirmed it")

    def _connected(self, call: Call) -> None:
        self.picked_up(call.id)
        call.answering = False
        if self.focus is None:
            self._focus.set(call)
        elif call is not self.focus:
            self._holds.hold(call)  # the user is talking to somebody else meanwhile
        self._attention.follow(self)

    def _failed(self, call: Call, error: PhoneError | None) -> None:
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
        call.ended_us = self._clock.now_us()
        # What the user asked for names the end, whatever the wire said to it.
        call.end_reason = call.end_reason if call.end_reason is not EndReason.NONE else reason
        call.end_code, call.end_text = code, call.end_text or text
        call.answering = False
        self._holds.ended(call)
        self._log.ended(call.id, call.ended_us, call.end_reason, code, text)
        self._dialled.forget(call)
        self.changed(call)
        self._focus.leave(call, was, self)
        self._attention.follow(self)
        self.focus_changed()
        self.waits.look(call)
        self._clock.call_later(LINGER_S, partial(self._remove, call))

    def _remove(self, call: Call) -> None:
        del self._calls[call.id]
        self.removed(call)
