# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that another telephone carries, played against the switchboard without engine or clock."""

import pytest

from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.desk import DeskAction, DeskNews
from offhookd.phone.desk_calls import (
    ANSWER_LIMIT_S,
    ASK_LIMIT_S,
    HANGUP_LIMIT_S,
    MOST_AT_ONCE,
    NEWS_LIMIT_S,
    PICKUP_GRACE_S,
    DeskCalls,
    DeskCarrier,
    Errand,
)
from offhookd.phone.desk_control import DeskControl
from offhookd.phone.dialled import DialOptions
from offhookd.phone.errors import (
    InvalidArgumentError,
    InvalidStateError,
    LimitReachedError,
    NotSupportedError,
    PhoneError,
    RequestTimeoutError,
)
from offhookd.phone.ports import Done, ignore
from offhookd.phone.transfers import Transfers
from offhookd.phone.values import AccountId, CallId, CallState, EndReason, TransferState
from tests.support.fakes import FakeAlerting, FakeClock, FakeEngine, FakeLog, Outcome

WORK = AccountId("work")


class FakeCarrier(DeskCarrier):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.errands: list[Errand] = []
        self.hangups: list[tuple[CallId, Done]] = []
        self.dropped: list[CallId] = []

    def dial(self, errand: Errand) -> None:
        self.errands.append(errand)

    def hangup(self, call: CallId, done: Done) -> None:
        self.hangups.append((call, done))

    def drop(self, call: CallId) -> None:
        self.dropped.append(call)


class Office:
    """A switchboard and a desk phone."""

    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.log = FakeLog()
        self.clock = FakeClock()
        self.calls = Calls(self.engine, self.log, FakeAlerting(), self.clock)
        self.desk = DeskCalls(self.calls, self.clock)
        self.phone = FakeCarrier()
        self.desk.configure({"desk": self.phone}, {})

    def dial(self, *, confirm: bool = False) -> Call:
        leg = self.desk.choose("desk", WORK, emergency=False)
        options = DialOptions(desk=leg, confirm=confirm)
        return self.calls.dial("sip:bob@example.com", "Bob", WORK, options)

    def tell(self, call: Call, *news: DeskNews) -> None:
        for one in news:
            self.desk.told(call.id, one)


@pytest.fixture
def office() -> Office:
    return Office()


ALL = tuple(DeskNews)


def test_a_call_runs_through_its_states(office: Office) -> None:
    states: list[CallState] = []
    office.calls.changed.connect(lambda call: states.append(call.state))
    call = office.dial()
    office.tell(call, *ALL)
    office.desk.ended(call.id, "remote", 0, "")
    assert [*dict.fromkeys(states)] == [
        CallState.DIALING,
        CallState.RINGING,
        CallState.ACTIVE,
        CallState.ENDED,
    ]
    assert office.phone.errands == [
        Errand(call.id, "desk", WORK, "sip:bob@example.com", "Bob"),
    ]
    row = office.log.rows[call.id]
    assert (row["through"], row["reason"]) == ("desk", EndReason.REMOTE)
    assert "answered" in row


def test_the_engine_hears_nothing_of_it(office: Office) -> None:
    call = office.dial()
    office.tell(call, *ALL)
    assert office.engine.told == []
    assert office.calls.focus is None
    assert office.calls.carried == 0


def test_a_call_of_our_own_is_neither_held_nor_ended_for_it(office: Office) -> None:
    own = office.calls.dial("sip:eve@example.com", "Eve", WORK, DialOptions())
    office.calls.progressed(own.id, CallState.ACTIVE, "id@host")
    office.engine.told.clear()
    office.tell(office.dial(), *ALL)
    assert office.engine.told == []
    assert office.calls.focus is own
    office.calls.engine_lost("The engine is gone")
    assert [call.up for call in office.calls] == [False, True]


@pytest.mark.parametrize(
    ("news", "code", "reason"),
    [
        ((), 486, EndReason.BUSY),
        ((DeskNews.DESK_RINGS,), 480, EndReason.NO_ANSWER),
        ((DeskNews.DESK_ANSWERED,), 404, EndReason.NOT_FOUND),
        ((DeskNews.DESK_ANSWERED, DeskNews.FAR_RINGS), 603, EndReason.DECLINED),
    ],
)
def test_a_refusal_says_why(
    office: Office, news: tuple[DeskNews, ...], code: int, reason: EndReason
) -> None:
    call = office.dial()
    office.tell(call, *news)
    office.desk.ended(call.id, "", code, "As told")
    assert (call.end_reason, call.end_code, call.end_text) == (reason, code, "As told")
    office.tell(call, *ALL)
    assert call.state is CallState.ENDED


@pytest.mark.parametrize(
    ("news", "limit_s", "words"),
    [
        ((), ASK_LIMIT_S, "nothing was heard"),
        ((DeskNews.DESK_RINGS,), 30 + PICKUP_GRACE_S, "Nobody picked up"),
        ((DeskNews.DESK_ANSWERED,), ANSWER_LIMIT_S, "does not tell"),
        ((DeskNews.FAR_RINGS,), ANSWER_LIMIT_S, "Nobody answered"),
    ],
)
def test_silence_ends_the_wait_in_every_stage(
    office: Office, news: tuple[DeskNews, ...], limit_s: float, words: str
) -> None:
    call = office.dial()
    office.tell(call, *news)
    office.clock.advance(limit_s - 1)
    assert call.up
    office.clock.advance(1)
    assert (call.end_reason, office.phone.dropped) == (EndReason.NO_ANSWER, [call.id])
    assert words in call.end_text
    assert "'desk'" in call.end_text


@pytest.mark.parametrize(
    ("promised_s", "limit_s", "words"),
    [
        (0, NEWS_LIMIT_S, "tells nothing of it any more"),
        (60, 60 + NEWS_LIMIT_S, "tells nothing of it any more"),
        (3600, ANSWER_LIMIT_S, "Nobody answered"),
    ],
)
def test_news_are_waited_for_as_long_as_they_were_promised(
    office: Office, promised_s: float, limit_s: float, words: str
) -> None:
    call = office.dial()
    office.tell(call, DeskNews.FAR_RINGS)
    office.clock.advance(30)
    office.desk.promised(call.id, promised_s)
    office.clock.advance(limit_s - 1)
    assert call.up
    office.clock.advance(1)
    assert words in call.end_text
    assert (call.end_reason, office.phone.dropped) == (EndReason.NO_ANSWER, [call.id])


def test_a_conversation_may_last(office: Office) -> None:
    call = office.dial()
    office.tell(call, *ALL)
    office.clock.advance(10 * ANSWER_LIMIT_S)
    assert call.on_line is False
    assert call.state is CallState.ACTIVE


def test_a_call_is_hung_up_half_way(office: Office) -> None:
    call, outcome = office.dial(), Outcome()
    office.tell(call, DeskNews.DESK_RINGS)
    office.calls.hangup(call, outcome)
    assert call.up
    office.desk.ended(call.id, "local", 0, "")
    assert outcome.succeeded
    assert call.end_reason is EndReason.LOCAL
    office.clock.advance(HANGUP_LIMIT_S)


def test_a_call_that_cannot_be_hung_up_goes_on(office: Office) -> None:
    call, refused, late = office.dial(), Outcome(), Outcome()
    office.calls.hangup(call, refused)
    office.phone.hangups[0][1](PhoneError("The exchange says no"))
    assert str(refused.error) == "The exchange says no"
    office.calls.hangup(call, late)
    office.clock.advance(HANGUP_LIMIT_S)
    assert isinstance(late.error, RequestTimeoutError)
    assert (call.up, call.actions) == (True, ("Hangup",))


def test_what_only_the_desk_phone_can_do_is_refused_in_words(office: Office) -> None:
    call = office.dial()
    office.tell(call, *ALL)
    with pytest.raises(NotSupportedError, match="desk"):
        office.calls.hold(call, True, ignore)
    with pytest.raises(NotSupportedError, match="desk"):
        office.calls.mute(call, True)
    with pytest.raises(NotSupportedError, match="desk"):
        office.calls.send_dtmf(call, "1", None, 100, ignore)
    office.desk.committed(call.id)
    assert call.actions == ()
    with pytest.raises(NotSupportedError, match="hang up there"):
        office.calls.hangup(call, ignore)


def test_two_calls_at_once_do_not_meddle(office: Office) -> None:
    first, second = office.dial(), office.dial()
    office.tell(second, *ALL)
    office.desk.ended(first.id, "", 486, "Busy Here")
    assert (first.state, second.state) == (CallState.ENDED, CallState.ACTIVE)


def test_a_program_that_runs_wild_is_stopped(office: Office) -> None:
    for _ in range(MOST_AT_ONCE):
        office.dial()
    with pytest.raises(LimitReachedError, match="desk"):
        office.dial()


def test_nothing_is_asked_for_before_a_person_confirms(office: Office) -> None:
    call, outcome = office.dial(confirm=True), Outcome()
    assert (office.phone.errands, call.actions) == ([], ("Start", "Hangup"))
    office.calls.start(call, outcome)
    assert outcome.succeeded
    assert len(office.phone.errands) == 1


def test_a_phone_that_is_gone_when_the_call_is_confirmed_is_named(office: Office) -> None:
    call = office.dial(confirm=True)
    office.desk.configure({}, {})
    office.calls.start(call, ignore)
    office.clock.advance(1)
    assert call.end_text == "Desk phone 'desk' is no longer configured"


def test_what_nobody_follows_any_more_is_handed_over(office: Office) -> None:
    first, second = office.dial(), office.dial()
    office.desk.released(first.id)
    office.desk.stop()
    assert {first.end_reason, second.end_reason} == {EndReason.TRANSFERRED}
    assert "answered" in office.log.rows[first.id]
    assert "goes on" in first.end_text


def test_the_accounts_choice_holds_unless_another_is_named(office: Office) -> None:
    office.desk.configure({"desk": office.phone, "lab": office.phone}, {WORK: "lab"})

    def chosen(through: str, *, emergency: bool = False) -> str:
        leg = office.desk.choose(through, WORK, emergency=emergency)
        return leg.phone if leg else ""

    assert (chosen(""), chosen("desk"), chosen("here")) == ("lab", "desk", "")
    assert chosen("desk", emergency=True) == ""
    with pytest.raises(InvalidArgumentError, match="desk, lab, here"):
        chosen("dask")


def test_without_a_desk_phone_the_option_is_not_supported(office: Office) -> None:
    office.desk.configure({}, {})
    with pytest.raises(NotSupportedError, match="desk_phones"):
        office.desk.choose("desk", WORK, emergency=False)


# ---------------------------------------------------------------- what its carrier can do


class FakeControl(DeskControl):
    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []
        self.dones: list[Done] = []

    def send_dtmf(self, tones: str, duration_ms: int, done: Done) -> None:
        self._note(done, "send_dtmf", tones, duration_ms)

    def transfer(self, target: str, done: Done) -> None:
        self._note(done, "transfer", target)

    def join(self, other: DeskControl, done: Done) -> None:
        self._note(done, "join", other)

    def _note(self, done: Done, *words: object) -> None:
        self.told.append(words)
        self.dones.append(done)


class Exchange(Office):
    """Calls that their carrier can touch, and who hands calls over."""

    def __init__(self) -> None:
        super().__init__()
        self.transfers = Transfers(self.calls, self.engine, self.clock)
        self.outcomes: list[PhoneError | None] = []

    def talk(self, exchange: str = "pbx", able: tuple[DeskAction, ...] = tuple(DeskAction)) -> Call:
        call = self.dial()
        self.control = FakeControl()
        self.desk.controlled(call.id, self.control, able, exchange)
        assert call.actions == ("Hangup",)
        self.tell(call, *ALL)
        return call

    def done(self, error: PhoneError | None) -> None:
        self.outcomes.append(error)


@pytest.fixture
def exchange() -> Exchange:
    return Exchange()


def test_only_what_the_carrier_can_do_is_offered(exchange: Exchange) -> None:
    call = exchange.talk(able=(DeskAction.SEND_DTMF,))
    assert call.actions == ("Hangup", "SendDtmf")
    with pytest.raises(NotSupportedError):
        exchange.transfers.blind(call, "sip:1@pbx", exchange.done)
    exchange.calls.send_dtmf(call, "12", None, 100, exchange.done)
    assert exchange.control.told == [("send_dtmf", "12", 100)]


def test_a_transfer_that_succeeds_ends_the_call(exchange: Exchange) -> None:
    call = exchange.talk()
    exchange.transfers.blind(call, "sip:1@pbx", exchange.done)
    assert call.transfer is TransferState.TRYING
    assert call.actions == ("Hangup", "SendDtmf")
    with pytest.raises(InvalidStateError):
        exchange.transfers.blind(call, "sip:2@pbx", exchange.done)
    exchange.control.dones[0](None)
    assert (call.end_reason, call.transfer) == (EndReason.TRANSFERRED, TransferState.DONE)
    exchange.desk.ended(call.id, "remote", 0, "")
    assert exchange.outcomes == [None]


def test_a_transfer_that_is_refused_leaves_the_call_and_may_be_tried_again(
    exchange: Exchange,
) -> None:
    call = exchange.talk()
    exchange.transfers.blind(call, "sip:1@pbx", exchange.done)
    exchange.control.dones[0](PhoneError("No"))
    assert call.transfer is TransferState.FAILED
    assert call.actions == ("Hangup", "SendDtmf", "Transfer")
    exchange.transfers.blind(call, "sip:2@pbx", exchange.done)
    exchange.control.dones[1](None)
    assert [str(one) for one in exchange.outcomes] == ["No", "None"]


@pytest.mark.parametrize(
    ("cause", "reason", "state"),
    [
        ("remote", EndReason.REMOTE, TransferState.FAILED),
        ("replaced", EndReason.TRANSFERRED, TransferState.DONE),
    ],
)
def test_a_call_that_ends_before_the_answer_settles_its_transfer(
    exchange: Exchange, cause: str, reason: EndReason, state: TransferState
) -> None:
    call = exchange.talk()
    exchange.transfers.blind(call, "sip:1@pbx", exchange.done)
    exchange.desk.ended(call.id, cause, 0, "")
    exchange.control.dones[0](PhoneError("too late"))
    assert (call.end_reason, call.transfer) == (reason, state)
    assert len(exchange.outcomes) == 1


def test_two_calls_of_one_exchange_are_joined(exchange: Exchange) -> None:
    first = exchange.talk()
    control = exchange.control
    assert "TransferTo" not in first.actions
    second = exchange.talk()
    assert "TransferTo" in first.actions
    exchange.transfers.attended(first, second, exchange.done)
    assert control.told == [("join", exchange.control)]
    control.dones[0](None)
    assert {first.end_reason, second.end_reason} == {EndReason.TRANSFERRED}
    assert exchange.outcomes == [None]


def test_calls_of_two_exchanges_and_of_this_machine_are_not_joined(exchange: Exchange) -> None:
    first, second = exchange.talk(), exchange.talk("other")
    own = exchange.calls.dial("sip:eve@example.com", "Eve", WORK, DialOptions())
    exchange.calls.progressed(own.id, CallState.ACTIVE, "id@host")
    assert "TransferTo" not in {*first.actions, *second.actions, *own.actions}
    for one, other in ((first, second), (first, own), (own, first)):
        with pytest.raises(NotSupportedError):
            exchange.transfers.attended(one, other, exchange.done)
