# SPDX-License-Identifier: GPL-2.0-or-later
"""Conferences: calls whose parties all hear each other, mixed on this machine.

As in a multi-party call of 3GPP TS 22.084 the user is one voice in one room: hold, resume and mute
of one member are those of all, a private word with one of them (`split`) holds the others, and
turning to another call holds everybody.  A conference ends when fewer than two are left; when the
user goes, everybody goes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from .call import Call
from .calls import Calls
from .errors import InvalidArgumentError, InvalidStateError, PhoneError, RequestTimeoutError
from .events import Signal
from .ports import CallEngine, CallLog, Clock, Done, Timer, all_of, ignore
from .precedence import require_movable, require_turn
from .values import CallState

MERGE_LIMIT_S = 10.0
"""A far end that does not come back from hold by then has refused, or is gone."""

FEWEST = 2


class Conference:
    """`number` is never used again.  Only `Conferences` changes it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.members: tuple[Call, ...] = ()

    @property
    def muted(self) -> bool:
        """Whether the microphone is shut for everybody."""
        return all(member.muted for member in self.members)


@dataclass(eq=False, slots=True)
class _Merge:
    """Calls that are to be one conference as soon as all of them are off hold."""

    calls: tuple[Call, ...]
    held: tuple[Call, ...]
    dones: list[Done]
    timer: Timer | None = None
    back: set[Call] = field(default_factory=set)


class Conferences:
    """`changed` is told of other members, and of a microphone that opens or shuts."""

    def __init__(self, calls: Calls, engine: CallEngine, log: CallLog, clock: Clock) -> None:
        self.added: Signal[[Conference]] = Signal()
        self.changed: Signal[[Conference]] = Signal()
        self.removed: Signal[[Conference]] = Signal()
        self._calls = calls
        self._engine = engine
        self._log = log
        self._clock = clock
        self._conferences: dict[int, Conference] = {}
        self._merges: list[_Merge] = []
        calls.changed.connect(self._follow)

    def __iter__(self) -> Iterator[Conference]:
        return iter(tuple(self._conferences.values()))

    def of(self, call: Call) -> Conference | None:
        return self._conferences.get(call.conference)

    # ------------------------------------------------------------ what people ask for

    def merge(self, calls: Sequence[Call], done: Done) -> None:
        """Make one conference of `calls` and of those they are in, held ones off hold first.

        All or nothing: when one of them does not come, the others are as before.
        """
        _check(calls)
        require_turn(calls[0], self._calls)
        members = self._with_companions(calls)
        if len({call.conference for call in calls}) == 1 and calls[0].conference:
            done(None)
            return
        for merge in self._merges:
            if set(merge.calls) == set(members):
                merge.dones.append(done)
                return
            if set(merge.calls) & set(members):
                raise InvalidStateError("One of the calls is being put into a conference already")
        held = tuple(call for call in members if call.local_hold or call.to_be_held)
        merge = _Merge(members, held, [done])
        self._merges.append(merge)
        merge.timer = self._clock.call_later(MERGE_LIMIT_S, partial(self._give_up, merge))
        for call in held:
            self._calls.hold_one(call, False, partial(self._came_back, merge, call))
        if not held:
            self._complete(merge)

    def split(self, conference: Conference, call: Call, done: Done) -> None:
        """A word with one member alone, while the others are held."""
        if call not in conference.members:
            raise InvalidArgumentError("The call is not in this conference")
        require_turn(call, self._calls)
        self._leave(conference, call)
        self._calls.hold(call, False, done)

    def mute(self, conference: Conference, muted: bool) -> None:
        self._calls.mute(conference.members[0], muted)

    def hangup(self, conference: Conference, done: Done) -> None:
        """End every call of it."""
        each = all_of(done, len(conference.members))
        for call in conference.members:
            self._calls.hangup(call, each)

    # ------------------------------------------------------------ how it is done

    def _with_companions(self, calls: Sequence[Call]) -> tuple[Call, ...]:
        companions = (one for call in calls for one in self._calls.together(call))
        return tuple(dict.fromkeys(companions))

    def _came_back(self, merge: _Merge, call: Call, error: PhoneError | None) -> None:
        if merge not in self._merges:
            return
        if error is not None:
            self._fail(merge, error)
            return
        merge.back.add(call)
        if merge.back.issuperset(merge.held):
            self._complete(merge)

    def _give_up(self, merge: _Merge) -> None:
        silent = next(call for call in merge.held if call not in merge.back)
        text = f"{silent.far_name or silent.far_uri} does not come back from hold"
        self._fail(merge, RequestTimeoutError(text))

    def _fail(self, merge: _Merge, error: PhoneError) -> None:
        self._finish(merge)
        focus = self._calls.focus
        for call in merge.held:
            if call.on_line and not (call.ending or (focus and call.joins(focus))):
                self._calls.hold_one(call, True, ignore)
        for done in merge.dones:
            done(error)

    def _complete(self, merge: _Merge) -> None:
        self._finish(merge)
        conference = self._room_for(merge.calls)
        focus = self._calls.focus
        speaker = focus if focus in merge.calls else None
        muted = speaker.muted if speaker else any(call.muted for call in merge.calls)
        self._seat(conference, merge.calls)
        self._calls.mute(merge.calls[0], muted)
        self._calls.hold(speaker or merge.calls[0], False, ignore)
        for done in merge.dones:
            done(None)

    def _finish(self, merge: _Merge) -> None:
        self._merges.remove(merge)
        if merge.timer:
            merge.timer.cancel()

    def _room_for(self, calls: Sequence[Call]) -> Conference:
        """The conference that some of them are in, the others' are dissolved; else a new one."""
        first, *others = dict.fromkeys(filter(None, map(self.of, calls))) or (None,)
        for other in others:
            if other:
                self._dissolve(other)
        return first or Conference(self._log.reserve())

    def _seat(self, conference: Conference, calls: tuple[Call, ...]) -> None:
        """Make `calls` the members."""
        conference.members = calls
        for call in calls:
            call.conference = conference.number
        self._engine.confer(conference.number, [call.id for call in calls])
        if conference.number not in self._conferences:
            self._conferences[conference.number] = conference
            self.added(conference)
        self.changed(conference)
        for call in calls:
            self._calls.changed(call)

    def _leave(self, conference: Conference, call: Call) -> None:
        call.conference = 0
        rest = tuple(member for member in conference.members if member is not call)
        if len(rest) < FEWEST:
            self._dissolve(conference)
        else:
            self._seat(conference, rest)
        self._calls.changed(call)

    def _dissolve(self, conference: Conference) -> None:
        for call in conference.members:
            call.conference = 0
        self._engine.confer(conference.number, ())
        for call in conference.members:
            self._calls.changed(call)
        del self._conferences[conference.number]
        self.removed(conference)

    def _follow(self, call: Call) -> None:
        """A call has changed; one that is over belongs nowhere any more."""
        conference = self.of(call)
        if not call.up or call.ending:
            for merge in tuple(self._merges):
                if call in merge.calls:
                    text = f"The call with {call.far_name or call.far_uri} is over"
                    self._fail(merge, InvalidStateError(text))
        if conference and not call.up:
            self._leave(conference, call)
        elif conference:
            self.changed(conference)


def _check(calls: Sequence[Call]) -> None:
    if len(calls) < FEWEST:
        raise InvalidArgumentError("A conference takes two calls at least")
    if len(set(calls)) < len(calls):
        raise InvalidArgumentError("A call was named twice")
    for call in calls:
        call.require(CallState.ACTIVE)
        require_movable(call)
