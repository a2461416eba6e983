# SPDX-License-Identifier: GPL-2.0-or-later
"""Two engines telephone with each other over loopback; a raw peer does what no engine would."""

import time
from collections.abc import Iterator, Mapping

import pytest

from offhookd.engine.protocol import (
    Answer,
    Dial,
    Hangup,
    Hold,
    Incoming,
    LegMedia,
    LegState,
    Ping,
    Redirected,
    Refuse,
    RemoveAccount,
    Reply,
    Ring,
)
from tests.support.engine import EngineProcess, two_engines
from tests.support.raw_sip import SDP, Dialog, RawPeer, status_of, to_tag_of

FREED_WITHIN_S = 25.0
"""Six to eight by our own limit; by SIP's own timers 32 (RFC 3261, 13.3.1.4)."""


@pytest.fixture
def engines() -> Iterator[tuple[EngineProcess, EngineProcess]]:
    with two_engines() as both:
        yield both


def dial(
    caller: EngineProcess,
    callee: EngineProcess,
    leg: int = 1,
    changes: Mapping[str, object] | None = None,
) -> Reply:
    fields = {
        "leg": leg,
        "account": "alice",
        "target": f"sip:bob@127.0.0.1:{callee.port}",
        "headers": {},
        "anonymous": False,
        "muted": False,
    }
    return caller.try_to(Dial(**{**fields, **(changes or {})}))  # type: ignore[arg-type]  # by name


def talk(caller: EngineProcess, callee: EngineProcess, leg: int = 1) -> None:
    """A call that is up on both sides."""
    dial(caller, callee, leg)
    callee.wait_for(Incoming, lambda e: e.leg == -leg)
    callee.ask(Ring(leg=-leg))
    callee.ask(Answer(leg=-leg))
    caller.wait_state(leg, "active")
    callee.wait_state(-leg, "active")


def receive(peer: RawPeer, engine: EngineProcess, status: int) -> bytes:
    """The first response with `status`."""
    for _ in range(50):
        for message in peer.receive():
            if status_of(message) == status:
                return message
        engine.read(0.05)
    raise AssertionError(f"no {status} from the engine")


def wait_request(peer: RawPeer, engine: EngineProcess, method: bytes) -> bytes:
    """The first request of this method."""
    for _ in range(50):
        for message in peer.receive():
            if message.startswith(method):
                return message
        engine.read(0.05)
    raise AssertionError(f"no {method.decode()} from the engine")


# ---------------------------------------------------------------- the ordinary course


def test_call_goes_through_its_states_once_on_both_sides(
    engines: tuple[EngineProcess, EngineProcess],
) -> None:
    alice, bob = engines
    talk(alice, bob)
    alice.ask(Hangup(leg=1))
    bob.wait_state(-1, "ended")
    assert alice.states(1) == ["dialing", "ringing", "answered", "active", "ended"]
    assert bob.states(-1) == ["ringing", "answered", "active", "ended"]


def test_both_sides_name_the_same_sip_dialog(engines: tuple[EngineProcess, EngineProcess]) -> None:
    alice, bob = engines
    talk(alice, bob)
    incoming = bob.of(Incoming)[0]
    assert incoming.sip_call_id
    assert alice.wait_state(1, "active").sip_call_id == incoming.sip_call_id


@pytest.mark.parametrize("by_caller", [True, False], ids=["caller", "callee"])
def test_who_hangs_up_ends_local_the_other_remote(
    engines: tuple[EngineProcess, EngineProcess], by_caller: bool
) -> None:
    alice, bob = engines
    talk(alice, bob)
    if by_caller:
        alice.ask(Hangup(leg=1))
    else:
        bob.ask(Hangup(leg=-1))
    causes = (alice.wait_state(1, "ended").cause, bob.wait_state(-1, "ended").cause)
    assert causes == (("local", "remote") if by_caller else ("remote", "local"))


def test_caller_that_gives_up_while_it_rings_cancels(
    engines: tuple[EngineProcess, EngineProcess],
) -> None:
    alice, bob = engines
    dial(alice, bob)
    bob.wait_for(Incoming)
    bob.ask(Ring(leg=-1))
    alice.wait_state(1, "ringing")
    alice.ask(Hangup(leg=1))
    assert bob.wait_state(-1, "ended").cause == "cancelled"
    assert alice.wait_state(1, "ended").cause == "local"


def test_caller_that_gives_up_at_once_does_not_leave_the_callee_ringing(
    engines: tuple[EngineProcess, EngineProcess],
) -> None:
    alice, bob = engines
    dial(alice, bob)
    alice.ask(Hangup(leg=1))
    bob.wait_for(Incoming)
    assert bob.wait_state(-1, "ended").cause == "cancelled"


@pytest.mark.parametrize("code", [480, 486, 603])
def test_refused_call_ends_with_the_code_and_without_a_cause_of_its_own(
    engines: tuple[EngineProcess, EngineProcess], code: int
) -> None:
    alice, bob = engines
    dial(alice, bob)
    bob.wait_for(Incoming)
    bob.ask(Refuse(leg=-1, code=code))
    ended = alice.wait_state(1, "ended")
    assert (ended.code, ended.cause) == (code, "")
    assert bob.wait_state(-1, "ended").cause == "local"


def test_forwarding_answer_is_reported_and_not_followed(
    engines: tuple[EngineProcess, EngineProcess],
) -> None:
    alice, bob = engines
    dial(alice, bob)
    bob.wait_for(Incoming)
    bob.ask(Refuse(leg=-1, code=302, contact=f"sip:carol@127.0.0.1:{bob.port}"))
    assert alice.wait_for(Redirected).target == f"sip:carol@127.0.0.1:{bob.port}"
    assert len(bob.of(Incoming)) == 1
    alice.ask(Hangup(leg=1))
    assert alice.wait_state(1, "ended").cause == "forwarded"


def test_two_legs_live_side_by_side(engines: tuple[EngineProcess, EngineProcess]) -> None:
    alice, bob = engines
    talk(alice, bob, 1)
    talk(alice, bob, 2)
    alice.ask(Hangup(leg=1))
    bob.wait_state(-1, "ended")
    assert "ended" not in alice.states(2)
    assert "ended" not in bob.states(-2)


def test_fifth_call_is_refused_with_a_sentence_and_the_four_go_on(
    engines: tuple[EngineProcess, EngineProcess],
) -> None:
    alice, bob = engines
    for leg in range(1, 5):
        talk(alice, bob, leg)
    reply = dial(alice, bob, 5)
    assert reply.error == "There are too many calls; end one first."
    assert alice.states(5) == []
    assert alice.states(4)[-1] == "active"


# ---------------------------------------------------------------- codecs


@pytest.mark.parametrize(
    ("codec", "clock_rate"),
    [("G722", 16000), ("PCMA", 8000), ("PCMU", 8000), ("GSM", 8000), ("iLBC", 8000)],
)
def test_first_codec_of_the_account_that_answers_is_used(
    engines: tuple[EngineProcess, EngineProcess], codec: str, clock_rate: int
) -> None:
    alice, bob = engines
    bob.add_account("bob", codecs=(codec, "PCMA" if codec != "PCMA" else "PCMU"))
    talk(alice, bob)
    for engine in engines:
        media = engine.wait_for(LegMedia)
        assert (media.codec, media.clock_rate) == (codec, clock_rate)


def test_speex_is_used_when_it_is_all_there_is(
    engines: tuple[EngineProcess, EngineProcess],
) -> None:
    alice, bob = engines
    alice.add_account("alice", codecs=("speex",))
    talk(alice, bob)
    assert alice.wait_for(LegMedia).codec == "speex"


def test_call_without_a_common_codec_is_488_before_anything_rings(
    engines: tuple[EngineProcess, EngineProcess],
) -> None:
    alice, bob = engines
    alice.add_account("alice", codecs=("GSM",))
    bob.add_account("bob", codecs=("G722", "PCMA"))
    dial(alice, bob)
    assert alice.wait_state(1, "ended").code == 488
    bob.ask(Ping())
    assert bob.of(Incoming) == []


# ---------------------------------------------------------------- bad requests


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"target": "sip:bob@127.0.0.1\r\nX-Evil: 1"}, "SIP address"),
        ({"target": "http://127.0.0.1/"}, "SIP address"),
        ({"target": "sip:"}, "SIP address"),
        ({"target": "sip:bob@" + "x" * 600}, "SIP address"),
        ({"target": "sip:bob@unknown.invalid"}, "No address is known"),
        ({"account": "nobody"}, "no account"),
        ({"headers": {"Via": "x"}}, "cannot be set"),
        ({"headers": {"X-Test": "a\r\nb"}}, "line break"),
        ({"headers": {"X Test": "a"}}, "cannot be set"),
        ({"leg": 0}, "between"),
        ({"leg": -1}, "between"),
    ],
)
def test_dial_that_makes_no_sense_is_refused_and_leaves_no_leg(
    engines: tuple[EngineProcess, EngineProcess], changes: dict[str, object], word: str
) -> None:
    alice, bob = engines
    assert word in dial(alice, bob, changes=changes).error
    assert alice.of(LegState) == []
    talk(alice, bob)


def test_commands_for_a_leg_that_is_not_there_are_refused_but_hanging_up_is_not(
    engine: EngineProcess,
) -> None:
    assert engine.try_to(Answer(leg=-7)).error == "There is no call -7."
    assert engine.try_to(Ring(leg=3)).error == "There is no call 3."
    assert engine.try_to(Hangup(leg=3)).error == ""


# ---------------------------------------------------------------- what only a raw peer does


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ('SIP;cause=200;text="Call completed elsewhere"', "elsewhere"),
        ('SIP;cause=603;text="Decline"', "declined"),
        ("SIP;cause=487", "cancelled"),
    ],
)
def test_call_that_another_phone_took_or_refused_ends_so(
    engine: EngineProcess, peer: RawPeer, reason: str, cause: str
) -> None:
    dialog = Dialog()
    invite = peer.request("INVITE", dialog, body=SDP)
    peer.send(invite)
    engine.wait_for(Incoming)
    engine.ask(Ring(leg=-1))
    via = next(line for line in invite.decode().split("\r\n") if line.startswith("Via"))
    cancel = peer.request("CANCEL", dialog, f"Reason: {reason}\r\n").decode()
    own_via = next(line for line in cancel.split("\r\n") if line.startswith("Via"))
    peer.send(cancel.replace(own_via, via).encode())
    assert engine.wait_state(-1, "ended").cause == cause


def test_incoming_call_tells_who_says_it_is_calling(engine: EngineProcess, peer: RawPeer) -> None:
    engine.add_account("bob", servers=("127.0.0.1",))  # nobody else is believed
    headers = (
        'P-Asserted-Identity: "Ada \\"L\\"" <sip:+4912@pbx.example>\r\n'
        "Diversion: <sip:office@pbx.example>;reason=busy\r\n"
        "Alert-Info: <http://x/ring>;info=internal\r\n"
        "Call-Info: <http://x/a.png>;purpose=icon\r\n"
    )
    peer.send(peer.request("INVITE", Dialog(), headers, SDP))
    incoming = engine.wait_for(Incoming)
    assert incoming.peer_uri == "sip:peer@127.0.0.1"
    assert (incoming.asserted_name, incoming.asserted_uri) == ('Ada "L"', "sip:+4912@pbx.example")
    assert incoming.diverted_by == ("sip:office@pbx.example",)
    assert incoming.alert_info.endswith("info=internal")
    assert incoming.call_info.endswith("purpose=icon")
    assert incoming.source == f"127.0.0.1:{peer.port}"


def test_answers_that_nobody_acknowledges_free_all_call_slots_before_long(
    engine: EngineProcess, peer: RawPeer
) -> None:
    for leg in range(-1, -5, -1):
        peer.send(peer.request("INVITE", Dialog(), body=SDP))
        engine.wait_for(Incoming, lambda e, leg=leg: e.leg == leg)  # type: ignore[misc]  # mypy 17470
        engine.ask(Answer(leg=leg))
    for leg in range(-1, -5, -1):
        assert engine.wait_state(leg, "ended", FREED_WITHIN_S).cause == "no-ack"
    for _ in range(40):
        dialog = Dialog()
        peer.send(peer.request("INVITE", dialog, body=SDP))
        if len(engine.of(Incoming)) < 5:
            engine.read(0.1)
    engine.wait_for(Incoming, lambda e: e.leg == -5)


# ---------------------------------------------------------------- who may call whom


def test_call_is_for_the_account_whose_server_sent_it(engine: EngineProcess) -> None:
    uri = "sip:1001@pbx.example"
    engine.ask(RemoveAccount(account="bob"))
    for name, server in (("one", "127.0.0.1"), ("two", "127.0.0.2")):
        engine.add_account(name, uri=uri, servers=(server,), accept_anyone=False)
    for number, (name, server) in enumerate((("two", "127.0.0.2"), ("one", "127.0.0.1")), 1):
        peer = RawPeer(engine.port, server)
        peer.send(peer.request("INVITE", Dialog(), body=SDP, to="1001"))
        leg = -number
        incoming = engine.wait_for(Incoming, lambda e, leg=leg: e.leg == leg)  # type: ignore[misc]  # mypy 17470
        assert incoming.account == name
        peer.close()


def test_stranger_gets_no_answer_and_is_reported(engine: EngineProcess, peer: RawPeer) -> None:
    engine.add_account("bob", servers=("127.0.0.2",), accept_anyone=False)
    peer.send(peer.request("INVITE", Dialog(), body=SDP))
    engine.ask(Ping())
    assert peer.receive() == []
    assert engine.of(Incoming) == []


def test_bye_that_is_challenged_by_a_stranger_is_not_answered_with_credentials(
    engine: EngineProcess, peer: RawPeer
) -> None:
    engine.add_account("bob", password="secret", username="bob")
    dialog = Dialog()
    peer.send(peer.request("INVITE", dialog, body=SDP))
    engine.wait_for(Incoming)
    engine.ask(Answer(leg=-1))
    dialog.to_tag = to_tag_of(receive(peer, engine, 200))
    peer.send(peer.request("ACK", dialog))
    engine.wait_state(-1, "active")
    engine.ask(Hangup(leg=-1))
    bye = wait_request(peer, engine, b"BYE")
    challenge = 'WWW-Authenticate: Digest realm="evil", nonce="1", algorithm=MD5\r\n'
    peer.send(peer.answer(bye, "401 Unauthorized", challenge))
    engine.ask(Ping())
    assert not any(b"Authorization" in message for message in peer.receive())


def test_refusals_are_spread_over_time(engine: EngineProcess, peer: RawPeer) -> None:
    """Thirty in half a second abort the library."""
    for leg in (-1, -2, -3, -4):
        peer.send(peer.request("INVITE", Dialog(), body=SDP))
        engine.wait_for(Incoming, lambda e, leg=leg: e.leg == leg)  # type: ignore[misc]  # mypy 17470
    began_s = time.monotonic()
    for leg in (-1, -2, -3, -4):
        engine.ask(Refuse(leg=leg, code=486))
    for leg in (-1, -2, -3, -4):
        engine.wait_state(leg, "ended")
    assert time.monotonic() - began_s >= 0.14


# ---------------------------------------------------------------- a raw peer is called


def dial_peer(engine: EngineProcess, peer: RawPeer, leg: int = 1) -> bytes:
    """Call the raw peer; its INVITE."""
    target = f"sip:peer@127.0.0.1:{peer.port}"
    engine.ask(
        Dial(leg=leg, account="bob", target=target, headers={}, anonymous=False, muted=False)
    )
    while to_tag_of(invite := wait_request(peer, engine, b"INVITE")):
        pass  # a retransmission of the call before
    return invite


def test_sound_before_the_answer_makes_the_leg_early(engine: EngineProcess, peer: RawPeer) -> None:
    invite = dial_peer(engine, peer)
    sdp = "Content-Type: application/sdp\r\n"
    peer.send(peer.answer(invite, "183 Session Progress", sdp, SDP))
    assert engine.wait_state(1, "early").code == 183
    assert engine.wait_for(LegMedia).flow == "both"
    peer.send(peer.answer(invite, "200 OK", sdp, SDP))
    engine.wait_state(1, "active")
    assert engine.states(1) == ["dialing", "early", "answered", "active"]


def test_sound_of_the_answer_itself_is_not_early(engine: EngineProcess, peer: RawPeer) -> None:
    invite = dial_peer(engine, peer)
    peer.send(peer.answer(invite, "180 Ringing"))
    peer.send(peer.answer(invite, "200 OK", "Content-Type: application/sdp\r\n", SDP))
    engine.wait_state(1, "active")
    engine.wait_for(LegMedia)
    assert engine.states(1) == ["dialing", "ringing", "answered", "active"]


def test_anonymous_call_names_the_caller_to_the_provider_only(
    engine: EngineProcess, peer: RawPeer
) -> None:
    target = f"sip:peer@127.0.0.1:{peer.port}"
    headers = {"X-Campaign": "7"}
    engine.ask(
        Dial(leg=1, account="bob", target=target, headers=headers, anonymous=True, muted=False)
    )
    lines = wait_request(peer, engine, b"INVITE").decode().split("\r\n")
    assert any(line.startswith('From: "Anonymous" <sip:anonymous@') for line in lines)
    assert "Privacy: id" in lines
    assert f"P-Preferred-Identity: <sip:bob@127.0.0.1:{engine.port}>" in lines
    assert "X-Campaign: 7" in lines


def test_challenge_of_a_stranger_ends_the_call_without_credentials(
    engine: EngineProcess, peer: RawPeer
) -> None:
    engine.add_account("bob", username="bob", password="secret")
    invite = dial_peer(engine, peer)
    challenge = 'Proxy-Authenticate: Digest realm="evil", nonce="1", algorithm=MD5\r\n'
    peer.send(peer.answer(invite, "407 Proxy Authentication Required", challenge))
    assert engine.wait_state(1, "ended").code == 407
    assert not any(message.startswith(b"INVITE") for message in peer.receive())


def test_hang_up_before_any_answer_frees_the_slot_within_eight_seconds(
    engine: EngineProcess, peer: RawPeer
) -> None:
    for leg in range(1, 5):
        dial_peer(engine, peer, leg)
    for leg in range(1, 5):
        engine.ask(Hangup(leg=leg))
        assert engine.wait_state(leg, "ended").cause == "local"
    wait_slot(engine, peer)


def test_answer_with_two_codecs_still_becomes_a_call(engine: EngineProcess, peer: RawPeer) -> None:
    """The library asks again by a re-INVITE with the first of them."""
    invite = dial_peer(engine, peer)
    two = SDP.replace("RTP/AVP 8", "RTP/AVP 8 0") + "a=rtpmap:0 PCMU/8000\r\n"
    sdp = "Content-Type: application/sdp\r\n"
    peer.send(
        peer.answer(invite, "200 OK", sdp + f"Contact: <sip:peer@127.0.0.1:{peer.port}>\r\n", two)
    )
    engine.wait_state(1, "active")
    again = wait_request(peer, engine, b"INVITE")
    assert b"RTP/AVP 8" in again
    peer.send(peer.answer(again, "200 OK", sdp, SDP))
    engine.ask(Ping())
    assert engine.states(1)[-1] == "active"
    assert {event.codec for event in engine.of(LegMedia)} == {"PCMA"}


def test_peer_that_goes_silent_during_hold_and_hang_up_is_left(
    engine: EngineProcess, peer: RawPeer
) -> None:
    for leg in range(1, 5):
        invite = dial_peer(engine, peer, leg)
        sdp = "Content-Type: application/sdp\r\n"
        contact = f"Contact: <sip:peer@127.0.0.1:{peer.port}>\r\n"
        peer.send(peer.answer(invite, "200 OK", sdp + contact, SDP))
        engine.wait_state(leg, "active")
        hold = engine.tell(Hold(leg=leg, held=True))
        engine.ask(Hangup(leg=leg))
        engine.wait_state(leg, "ended")
        assert engine.wait_for(Reply, lambda one, hold=hold: one.request == hold).error  # type: ignore[misc]  # bound now
    wait_slot(engine, peer)
    engine.ask(Hangup(leg=9))
    assert engine.stop() == 0


def wait_slot(engine: EngineProcess, peer: RawPeer) -> None:
    """Dial (leg 9) until the stack has room for a call again."""
    target = f"sip:peer@127.0.0.1:{peer.port}"
    again = Dial(leg=9, account="bob", target=target, headers={}, anonymous=False, muted=False)
    deadline_s = time.monotonic() + FREED_WITHIN_S
    while engine.try_to(again).error:
        assert time.monotonic() < deadline_s
        engine.read(0.2)
