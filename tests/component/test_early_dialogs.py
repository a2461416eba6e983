# SPDX-License-Identifier: GPL-2.0-or-later
"""What comes before the answer: sound that moves, phones that fork, sessions that are not there."""

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from offhookd.engine.protocol import Answer, Dial, Incoming, LegMedia, Progress, Ring
from tests.support.engine import EngineProcess
from tests.support.raw_caller import RawCaller
from tests.support.raw_sip import SDP, Dialog, RawPeer, status_of, to_tag_of

PROGRESS, RINGING, OK = "183 Session Progress", "180 Ringing", "200 OK"
ENOUGH_PACKETS = 3
RTP_HEADER_BYTES = 12


class Ear:
    """Where a far end wants its sound."""

    def __init__(self) -> None:
        self._socket = socket.socket(type=socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self.sdp = SDP.replace("40000", str(self._socket.getsockname()[1]))

    def close(self) -> None:
        self._socket.close()

    def is_loud(self) -> bool:
        """Whether there was more than silence (ITU-T G.711, A-law) in what has come."""
        heard = False
        with suppress(BlockingIOError):
            while packet := self._socket.recv(2048):
                heard = heard or len(set(packet[RTP_HEADER_BYTES:])) > 2
        return heard

    def packets(self) -> int:
        """How many have come since the last time."""
        count = 0
        try:
            while self._socket.recv(2048):
                count += 1
        except BlockingIOError:
            pass
        return count


class Early:
    """An engine's call to us, and what we say about it."""

    def __init__(self, engine: EngineProcess) -> None:
        self.engine = engine
        self.sip = RawPeer(engine.port)
        self.ears = Ear(), Ear()
        self._contact = f"Contact: <sip:peer@127.0.0.1:{self.sip.port}>\r\n"
        self.received: list[bytes] = []
        self.invite = b""

    def close(self) -> None:
        self.sip.close()
        for ear in self.ears:
            ear.close()

    def is_called(self) -> None:
        target = f"sip:peer@127.0.0.1:{self.sip.port}"
        command = Dial(
            leg=1, account="bob", target=target, headers={}, anonymous=False, muted=False
        )
        self.engine.ask(command)
        self.invite = self.hears(lambda one: one.startswith(b"INVITE"))

    def says(
        self, status: str, ear: Ear | None = None, tag: str = "one", headers: str = ""
    ) -> None:
        body = ear.sdp if ear else ""
        self.sip.send(
            self.sip.answer(self.invite, status, self._contact + headers, body, to_tag=tag)
        )

    def hears(self, test: Callable[[bytes], bool]) -> bytes:
        for _ in range(100):
            self.received += self.sip.receive()
            for message in self.received:
                if test(message):
                    return message
            self.engine.read(0.05)
        raise AssertionError(f"not heard; last {self.received[-3:]}")

    def hears_request(self, method: str, tag: str) -> bytes:
        name = f"{method} ".encode()
        return self.hears(lambda one: one.startswith(name) and to_tag_of(one) == tag)

    def hears_ringing(self, ear: Ear) -> None:
        for _ in range(100):
            if ear.is_loud():
                return
            self.engine.read(0.1)
        raise AssertionError("the caller hears no ringing")

    def sound_goes_to(self, ear: Ear) -> None:
        """Wait until it does, and to nobody else."""
        (other,) = (one for one in self.ears if one is not ear)
        for _ in range(100):
            ear.packets(), other.packets()
            self.engine.read(0.05)
            self.engine.read(0.05)
            if ear.packets() >= ENOUGH_PACKETS and not other.packets():
                return
        raise AssertionError("the sound does not go there")


@pytest.fixture
def early(engine: EngineProcess) -> Iterator[Early]:
    made = Early(engine)
    yield made
    made.close()


def test_ringing_after_early_sound_leaves_the_sound(early: Early) -> None:
    first, _ = early.ears
    early.is_called()
    early.says(PROGRESS, first)
    early.sound_goes_to(first)
    early.says(RINGING)
    early.says(OK)
    early.hears_request("ACK", "one")
    early.sound_goes_to(first)
    assert early.engine.states(1) == ["dialing", "early", "answered", "active"]


def test_answer_may_move_the_sound(early: Early) -> None:
    first, second = early.ears
    early.is_called()
    early.says(PROGRESS, first)
    early.sound_goes_to(first)
    early.says(OK, second)
    early.hears_request("ACK", "one")
    early.sound_goes_to(second)


def test_early_sound_of_each_phone_is_heard_and_the_one_that_answers_has_the_call(
    early: Early,
) -> None:
    first, second = early.ears
    early.is_called()
    early.says(PROGRESS, first, "one")
    early.sound_goes_to(first)
    early.says(PROGRESS, second, "two")
    early.sound_goes_to(second)
    early.says(OK, first, "one")
    early.hears_request("ACK", "one")
    early.sound_goes_to(first)
    early.says(OK, second, "two")
    early.hears_request("ACK", "two")
    early.hears_request("BYE", "two")
    early.sound_goes_to(first)
    assert early.engine.states(1)[-1] == "active"


def test_sound_moves_by_update_after_reliable_progress(early: Early) -> None:
    """RFC 3262 and RFC 3311, as announcements in front of a call are made."""
    first, second = early.ears
    early.is_called()
    early.says(PROGRESS, first, headers="Require: 100rel\r\nRSeq: 7\r\n")
    prack = early.hears(lambda one: one.startswith(b"PRACK"))
    assert b"RAck: 7 " in prack
    early.sip.send(early.sip.answer(prack, OK, to_tag=""))
    early.sound_goes_to(first)
    call_id = re.search(rb"Call-ID: (\S+)", early.invite)
    from_tag = re.search(rb"From: .*?tag=(\S+)", early.invite)
    assert call_id
    assert from_tag
    dialog = Dialog(call_id[1].decode(), "one", from_tag[1].decode(), cseq=9)
    early.sip.send(early.sip.request("UPDATE", dialog, body=second.sdp))
    early.hears(lambda one: status_of(one) == 200 and b"UPDATE" in one)
    early.sound_goes_to(second)
    early.says(OK)
    early.hears_request("ACK", "one")
    early.sound_goes_to(second)


# ---------------------------------------------------------------- offers that are left to us


@pytest.mark.parametrize(
    ("method", "kind", "body"),
    [
        ("UPDATE", "application/sdp", SDP),
        ("UPDATE", "text/plain", "x"),
        ("UPDATE", "text/plain", ""),
        ("PRACK", "application/sdp", SDP),
        ("PRACK", "text/plain", "x"),
    ],
)
def test_changes_of_a_session_that_is_not_there_yet_are_refused(
    early: Early, engine: EngineProcess, method: str, kind: str, body: str
) -> None:
    """Each of them ends an engine that lets it through."""
    sip, dialog = early.sip, Dialog()
    sip.send(sip.request("INVITE", dialog, "Supported: 100rel\r\n"))
    engine.wait_for(Incoming)
    engine.ask(Ring(leg=-1))
    dialog.to_tag = to_tag_of(early.hears(lambda one: status_of(one) == 180))
    dialog.cseq = 2
    headers = f"Content-Type: {kind}\r\n" + ("RAck: 1 1 INVITE\r\n" if method == "PRACK" else "")
    sip.send(sip.request(method, dialog, headers, body))
    assert b"Retry-After: " in early.hears(lambda one: status_of(one) == 500)
    engine.tell(Answer(leg=-1))
    early.hears(lambda one: status_of(one) == 200 and b"m=audio" in one)
    dialog.cseq = 1
    sip.send(sip.request("ACK", dialog, body=SDP))
    engine.wait_state(-1, "active")
    assert engine.wait_for(LegMedia).flow == "both"
    dialog.cseq = 4
    sip.send(sip.request("UPDATE", dialog, body=SDP))
    early.hears(lambda one: status_of(one) == 200 and b"UPDATE" in one)


def test_offer_of_ours_in_a_reliable_183_is_answered_by_the_prack(
    early: Early, engine: EngineProcess
) -> None:
    """RFC 3262 section 5."""
    sip, dialog = early.sip, Dialog()
    sip.send(sip.request("INVITE", dialog, "Require: 100rel\r\n"))
    engine.wait_for(Incoming)
    engine.ask(Progress(leg=-1))
    progress = early.hears(lambda one: status_of(one) == 183 and b"m=audio" in one)
    dialog.to_tag = to_tag_of(progress)
    reliable = re.search(rb"RSeq: (\d+)", progress)
    assert reliable
    dialog.cseq = 2
    first, _ = early.ears
    confirms = f"RAck: {reliable[1].decode()} 1 INVITE\r\n"
    sip.send(sip.request("PRACK", dialog, confirms, first.sdp))
    early.hears(lambda one: status_of(one) == 200 and b"PRACK" in one)
    engine.ask(Answer(leg=-1))
    early.hears(lambda one: status_of(one) == 200 and b"INVITE" in one)
    dialog.cseq = 1
    sip.send(sip.request("ACK", dialog))
    engine.wait_state(-1, "active")
    early.sound_goes_to(first)


# ---------------------------------------------------------------- sound that there cannot be


@pytest.mark.parametrize("tag", ["one", "other"])
@pytest.mark.parametrize(
    "unusable",
    [SDP.replace("RTP/AVP 8", "RTP/AVP 18"), SDP.replace("40000", "70000"), "v=0\r\nnonsense\r\n"],
    ids=["codec", "port", "nonsense"],
)
def test_an_answer_after_sound_that_cannot_be_does_not_make_the_call(
    early: Early, unusable: str, tag: str
) -> None:
    early.is_called()
    contact = f"Contact: <sip:peer@127.0.0.1:{early.sip.port}>\r\n"
    early.sip.send(early.sip.answer(early.invite, PROGRESS, contact, unusable, to_tag="one"))
    early.says(OK, early.ears[0], tag)
    ended = early.engine.wait_state(1, "ended")
    assert (ended.code, ended.cause) == (488, "media")
    early.hears(lambda one: one.startswith(b"CANCEL"))
    dialog = Dialog()
    early.sip.send(early.sip.request("OPTIONS", dialog, to="bob"))
    early.hears(lambda one: dialog.call_id.encode() in one)


# ---------------------------------------------------------------- reliable ringing


class Reliable:
    """A call to an engine that has to ring reliably and to make the offer (RFC 3262, 5)."""

    def __init__(self, early: Early) -> None:
        self.early = early
        self.dialog = Dialog()
        self._cseq = 1
        early.sip.send(early.sip.request("INVITE", self.dialog, "Require: 100rel\r\n"))
        early.engine.wait_for(Incoming)
        early.engine.ask(Ring(leg=-1))

    def hears(self, code: int) -> str:
        """The RAck that confirms it."""
        found = self.early.hears(lambda one: status_of(one) == code)
        self.dialog.to_tag = to_tag_of(found)
        number = re.search(rb"RSeq: (\d+)", found)
        assert number
        assert (b"m=audio" in found) is (code == 183)
        return f"RAck: {number[1].decode()} 1 INVITE\r\n"

    def asks(self, method: str, headers: str, body: str = "") -> None:
        self._cseq += 1
        self.dialog.cseq = self._cseq
        self.early.sip.send(self.early.sip.request(method, self.dialog, headers, body))

    def is_answered(self, status: int) -> None:
        cseq = f"CSeq: {self._cseq} ".encode()
        self.early.hears(lambda one: status_of(one) == status and cseq in one)

    def becomes_a_call(self, ear: Ear) -> None:
        """From the offer in the 183 on."""
        self.asks("PRACK", self.hears(183), ear.sdp)
        self.is_answered(200)
        self.asks("PRACK", self.hears(180))
        self.is_answered(200)
        self.early.hears_ringing(ear)
        self.early.engine.ask(Answer(leg=-1))
        answer = self.early.hears(lambda one: status_of(one) == 200 and b"INVITE" in one)
        assert b"m=audio" not in answer
        self.dialog.cseq = 1
        self.early.sip.send(self.early.sip.request("ACK", self.dialog))
        self.early.engine.wait_state(-1, "active")
        self.early.sound_goes_to(ear)


def test_who_needs_it_and_left_the_offer_to_us_gets_it_before_the_ringing(early: Early) -> None:
    Reliable(early).becomes_a_call(early.ears[0])


@pytest.mark.parametrize(
    ("method", "kind", "body"),
    [
        ("UPDATE", "application/sdp", SDP),
        ("UPDATE", "text/plain", "x"),
        ("UPDATE", "text/plain", ""),
        ("PRACK", "application/sdp", SDP),
        ("PRACK", "text/plain", "x"),
    ],
)
def test_what_does_not_answer_our_early_offer_ends_no_engine(
    early: Early, method: str, kind: str, body: str
) -> None:
    call = Reliable(early)
    call.hears(183)
    unknown = "RAck: 1 9 INVITE\r\n" if method == "PRACK" else ""
    call.asks(method, f"Content-Type: {kind}\r\n{unknown}", body)
    call.becomes_a_call(early.ears[0])


def test_ringing_that_nobody_confirms_is_repeated(early: Early) -> None:
    call = Reliable(early)
    call.hears(183)
    early.received.clear()
    call.hears(183)
    call.becomes_a_call(early.ears[0])


# ---------------------------------------------------------------- what comes too early


@pytest.mark.parametrize(("method", "code"), [("INVITE", 491), ("BYE", 481)])
def test_request_before_any_answer_to_our_invite_is_refused(
    early: Early, method: str, code: int
) -> None:
    early.is_called()
    tag = re.search(rb"\r\nFrom:[^\r]*;tag=([^;\r]+)", early.invite)
    call_id = re.search(rb"\r\nCall-ID: ([^\r]+)", early.invite)
    assert tag
    assert call_id
    dialog = Dialog(call_id[1].decode(), "one", tag[1].decode(), cseq=5)
    early.sip.send(early.sip.request(method, dialog, body=SDP if method == "INVITE" else ""))
    early.hears(lambda one: status_of(one) == code)


def test_second_invite_before_the_answer_to_the_first_is_put_off(engine: EngineProcess) -> None:
    caller = RawCaller(engine, 1)
    try:
        caller.rings()
        caller.asks("INVITE", body=SDP)
        assert b"\r\nRetry-After: " in caller.hears(500)
    finally:
        caller.sip.close()
