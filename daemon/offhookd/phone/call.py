# SPDX-License-Identifier: GPL-2.0-or-later
"""One call: its facts, its state machine, and what can be done with it now.

    pending -> dialing -> (ringing | early) -> active -> ended        outgoing
    incoming -> active -> ended                                       incoming

Every state may go to ended.  Hold is not a state: see `local_hold` and `remote_hold`.
"""

import logging

from .contacts import Contact
from .desk import DeskAction, DeskLeg
from .errors import InvalidStateError, NotSupportedError
from .events import Signal
from .hold import LOCAL_HOLD, WANTED_HOLD, HoldState
from .media import Media, Statistics
from .transfer import NEXT_TRANSFER, UNDER_WAY
from .values import (
    AccountId,
    CallId,
    CallState,
    Direction,
    EndReason,
    Party,
    TransferState,
)

logger = logging.getLogger(__name__)

NEXT_STATES: dict[CallState, frozenset[CallState]] = {
    CallState.PENDING: frozenset({CallState.DIALING, CallState.ENDED}),
    CallState.DIALING: frozenset(
        {CallState.RINGING, CallState.EARLY, CallState.ACTIVE, CallState.ENDED}
    ),
    # A gateway may ring, play an announcement, and ring elsewhere.
    CallState.RINGING: frozenset({CallState.EARLY, CallState.ACTIVE, CallState.ENDED}),
    CallState.EARLY: frozenset({CallState.RINGING, CallState.ACTIVE, CallState.ENDED}),
    CallState.INCOMING: frozenset({CallState.ACTIVE, CallState.ENDED}),
    CallState.ACTIVE: frozenset({CallState.ENDED}),
    CallState.ENDED: frozenset(),
}

_ACTIONS: dict[CallState, tuple[str, ...]] = {
    CallState.PENDING: ("Start", "Hangup"),
    CallState.DIALING: ("Hangup",),
    CallState.RINGING: ("Hangup",),
    CallState.EARLY: ("Hangup", "SendDtmf"),
    CallState.INCOMING: ("Answer", "Decline", "Redirect", "Hangup"),
    CallState.ENDED: (),
}

_INTERRUPTIONS = ("Hold", "Resume", "Flash", "Transfer", "TransferTo")
"""Not done to a call for help."""

_TURNS = ("Start", "Answer", "Resume")
"""Not done beside a call for help."""


class Call:
    """A call from its first moment until some seconds after its end.

    Only `Calls` changes it; everybody else reads, and listens to `Calls.changed`.
    """

    desk: DeskLeg | None = None
    """The other telephone that carries it; None for this machine."""

    relayed = False
    """The phone forwards it: its far end is connected, or to be, with that of another call, and
    nobody here hears either."""

    connected_to: CallId | None = None
    """That other call, once it is there."""

    connected: Party | None = None
    """Who the account's server says the far end is, where that is news; see `far_uri`."""

    called_uri = ""
    """Which of the user's other numbers, or of a group's, was called; "" for the account's own."""

    yields = False
    """A call for help goes first: it is neither started, answered nor resumed meanwhile."""

    def __init__(
        self,
        call_id: CallId,
        account: AccountId,
        direction: Direction,
        peer_uri: str,
        peer_name: str,
        created_us: int,
        state: CallState,
    ) -> None:
        self.id = call_id
        self.account = account
        self.direction = direction
        self.peer_uri = peer_uri
        self.peer_name = peer_name
        self.contact: Contact | None = None
        """Who the far end is, once an address book has said so."""
        self.page = ""
        """URL of the page that belongs to the far end, by the user's template."""
        self.diversion_uri = ""
        self.sip_call_id = ""
        self.created_us = created_us
        self.answered_us = 0
        self.ended_us = 0
        self.state = state
        self.end_reason = EndReason.NONE
        self.end_code = 0
        self.end_text = ""
        self.emergency = False
        """It is for help: nothing that keeps other calls from going out keeps it, and nothing
        interrupts it (`precedence`)."""
        self.ring_sound = ""
        """What it rings with (`ring_sound`), "" for the bell."""
        self.silent = False
        """It is shown to people, and does not ring."""
        self.ignored = False
        """The caller hears ringing, and nobody here is asked."""
        self.group = ""
        """The accounts on which the same caller may ring at the same time."""
        self.answering = False
        """The user has picked up; until the far end confirms it, the state stays "incoming"."""
        self.hold = HoldState.OPEN
        self.remote_hold = False
        self.transfer = TransferState.NONE
        self.can_join = False
        """Whether there is another call whose party could take this one over."""
        self.referred_by = ""
        """Who sent us there, in a call that somebody else asked for."""
        self.replaces: CallId | None = None
        """The call that this one goes on with."""
        self.muted = False
        self.recording = ""
        """Path of the file that it is recorded into."""
        self.recording_paused = False
        self.playing = ""
        """Path of the file that is being played into it."""
        self.conference = 0
        """Number of the conference that it is in, or 0."""
        self.media = Media()
        self.statistics = Statistics()
        self.dtmf_received: Signal[[str, int]] = Signal()

    @property
    def far_uri(self) -> str:
        """Who is at the other end by now; `peer_uri` is whom it was meant for or came from."""
        return self.connected.uri if self.connected else self.peer_uri

    @property
    def far_name(self) -> str:
        """As signalled."""
        return self.connected.name if self.connected else self.peer_name

    @property
    def up(self) -> bool:
        """Whether it still occupies the phone."""
        return self.state is not CallState.ENDED

    @property
    def on_line(self) -> bool:
        """Whether both parties are connected, and one of them is here."""
        return self.state is CallState.ACTIVE and self.here

    @property
    def here(self) -> bool:
        """Whether the user speaks, or will, through this machine."""
        return self.desk is None and not self.relayed

    @property
    def ending(self) -> bool:
        """Whether its end is decided here and only the far end's word on it is awaited."""
        return self.up and self.end_reason is not EndReason.NONE

    @property
    def asks(self) -> bool:
        """Whether a person is asked about it: it rings here, and nobody has decided."""
        undecided = not (self.answering or self.ending or self.relayed)
        return self.state is CallState.INCOMING and undecided

    @property
    def local_hold(self) -> bool:
        """Whether it is on hold here, and the far end has agreed."""
        return self.hold in LOCAL_HOLD

    @property
    def to_be_held(self) -> bool:
        """Whether it is on hold here, or will be once the far end has agreed."""
        return self.hold in WANTED_HOLD

    def joins(self, other: "Call") -> bool:
        """Whether it is `other`, or in a conference with it."""
        return self is other or 0 != self.conference == other.conference

    @property
    def actions(self) -> tuple[str, ...]:
        """The D-Bus methods that can succeed now, in a fixed order."""
        if self.up and (self.ending or self.answering or self.relayed):
            return ("Hangup",)
        if self.desk and self.state not in (CallState.PENDING, CallState.ENDED):
            alone = {*DeskAction} - {DeskAction.SEND_DTMF, *self._handing_over}
            return tuple(one for one in self.desk.actions if one not in alone)
        barred = _INTERRUPTIONS if self.emergency else _TURNS if self.yields else ()
        return tuple(one for one in self._state_actions if one not in barred)

    @property
    def _state_actions(self) -> tuple[str, ...]:
        if self.state is not CallState.ACTIVE:
            return _ACTIONS[self.state]
        hold = "Resume" if self.local_hold else "Hold"
        said = ("Hangup", hold, "SendDtmf", "Flash")
        return (*said, *self._handing_over, *self._sound_actions)

    @property
    def _sound_actions(self) -> tuple[str, ...]:
        pause = ("PauseRecording",) if self.recording else ()
        return ("SetRecording", *pause, "StopPlaying" if self.playing else "Play")

    @property
    def _handing_over(self) -> tuple[str, ...]:
        if self.transfer in UNDER_WAY:
            return ()
        return ("Transfer", "TransferTo") if self.can_join else ("Transfer",)

    def change_transfer(self, state: TransferState) -> None:
        if state not in NEXT_TRANSFER[self.transfer]:
            raise InvalidStateError(f"A transfer that is {self.transfer} cannot become {state}")
        logger.info(
            "call %d: transfer %s -> %s",
            self.id,
            self.transfer or "new",
            state,
            extra={"call": self.id},
        )
        self.transfer = state

    def change(self, state: CallState, why: str) -> None:
        """The only way into another state."""
        if state not in NEXT_STATES[self.state]:
            raise InvalidStateError(f"A call that is {self.state} cannot become {state}")
        logger.info(
            "call %d: %s -> %s (%s)", self.id, self.state, state, why, extra={"call": self.id}
        )
        self.state = state

    def require(self, *states: CallState, action: DeskAction | None = None) -> None:
        """`InvalidStateError` unless the call is in one of `states` and stays there; one that a
        desk phone has is touched only by what its carrier can do."""
        if self.ending:
            raise InvalidStateError("The call is being ended")
        if self.relayed:
            raise InvalidStateError("The call is forwarded to somebody else; it can be hung up")
        if self.desk and CallState.ACTIVE in states and action not in self.desk.able:
            raise NotSupportedError(f"Desk phone '{self.desk.phone}' has the call; do it there")
        if self.state not in states:
            raise InvalidStateError(
                f"The call is {self.state}; this needs one that is {' or '.join(states)}"
            )
