# SPDX-License-Identifier: GPL-2.0-or-later
"""What the engine offers, and how it answers offers of all kinds: a raw peer reads the SDP."""

import re

import pytest

from offhookd.engine.protocol import Answer, Dial, Hold, Incoming, LegMedia, LegState
from tests.support.engine import EngineProcess
from tests.support.raw_sip import SDP, Dialog, RawPeer, status_of, to_tag_of

NOT_ACCEPTABLE = 488
HEAD = SDP.partition("m=")[0]
G729_ONLY = f"{HEAD}m=audio 40000 RTP/AVP 18\r\na=rtpmap:18 G729/8000\r\n"
PCMU_ONLY = f"{HEAD}m=audio 40000 RTP/AVP 0\r\n"
VIDEO = "m=video 40002 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n"
TEXT = "m=text 40004 RTP/AVP 98\r\na=rtpmap:98 t140/1000\r\n"
IMAGE = "m=image 40006 udptl t38\r\na=T38FaxVersion:0\r\n"
MESSAGE = "m=message 40008 TCP/MSRP *\r\na=accept-types:text/plain\r\n"


def hear(peer: RawPeer, engine: EngineProcess, what: int | str) -> str:
    """The first message that is a response of this status, or a request of this method."""
    for _ in range(60):
        for message in peer.receive():
            if status_of(message) == what or message.startswith(f"{what} ".encode()):
                return message.decode()
        engine.read(0.05)
    raise AssertionError(f"no {what} from the engine")


def talk(peer: RawPeer, engine: EngineProcess, sdp: str) -> tuple[Dialog, str]:
    """A call of the peer's that is up, and our answer."""
    dialog = Dialog()
    peer.send(peer.request("INVITE", dialog, body=sdp))
    engine.wait_for(Incoming)
    engine.ask(Answer(leg=-1))
    ok = hear(peer, engine, 200)
    dialog.to_tag = to_tag_of(ok.encode())
    peer.send(peer.request("ACK", dialog))
    engine.wait_state(-1, "active")
    return dialog, ok


def offer_again(peer: RawPeer, dialog: Dialog, sdp: str) -> None:
    dialog.cseq += 1
    peer.send(peer.request("INVITE", dialog, body=sdp))


def media_lines(message: str) -> list[str]:
    return re.findall(r"^m=.*?(?=\r$)", message, flags=re.MULTILINE)


# ---------------------------------------------------------------- other media than sound


@pytest.mark.parametrize("extra", [VIDEO, TEXT, IMAGE, MESSAGE, VIDEO + TEXT + IMAGE + MESSAGE])
@pytest.mark.parametrize("first", [True, False])
def test_what_is_no_sound_is_declined_and_the_call_goes_on(
    engine: EngineProcess, peer: RawPeer, extra: str, first: bool
) -> None:
    audio = SDP.removeprefix(HEAD)
    _, ok = talk(peer, engine, HEAD + (extra + audio if first else audio + extra))
    lines = media_lines(ok)
    wanted = [line.split()[0] for line in media_lines(HEAD + extra)]
    wanted = [*wanted, "m=audio"] if first else ["m=audio", *wanted]
    assert [line.split()[0] for line in lines] == wanted  # RFC 3264 section 6: as many lines
    for line in lines:
        assert (line.split()[1] == "0") is not line.startswith("m=audio"), line
    assert engine.wait_for(LegMedia).flow == "both"


def test_video_alone_is_refused(engine: EngineProcess, peer: RawPeer) -> None:
    peer.send(peer.request("INVITE", Dialog(), body=HEAD + VIDEO))
    assert "SIP/2.0 488" in hear(peer, engine, 488)
    assert not engine.of(Incoming)


def test_video_added_later_is_declined_and_hold_works_after_it(
    engine: EngineProcess, peer: RawPeer
) -> None:
    dialog, _ = talk(peer, engine, SDP)
    offer_again(peer, dialog, SDP + VIDEO + TEXT)
    lines = media_lines(hear(peer, engine, 200))
    assert [line.split()[1] == "0" for line in lines] == [False, True, True]
    peer.send(peer.request("ACK", dialog))
    engine.tell(Hold(leg=-1, held=True))
    invite = hear(peer, engine, "INVITE")
    assert [line.split()[1] == "0" for line in media_lines(invite)] == [False, True, True]
    answer = SDP + VIDEO.replace("40002", "0") + TEXT.replace("40004", "0") + "a=recvonly\r\n"
    peer.send(peer.answer(invite.encode(), "200 OK", body=answer, to_tag=""))
    engine.wait_for(LegMedia, lambda e: e.local_hold)


# ---------------------------------------------------------------- codecs


def test_offer_without_a_common_codec_in_a_call_is_refused_and_the_call_goes_on(
    engine: EngineProcess, peer: RawPeer
) -> None:
    dialog, _ = talk(peer, engine, SDP)
    before = engine.wait_for(LegMedia)
    for _ in range(2):
        offer_again(peer, dialog, G729_ONLY)
        hear(peer, engine, 488)
        peer.send(peer.request("ACK", dialog))
    assert engine.of(LegMedia)[-1] == before
    offer_again(peer, dialog, PCMU_ONLY)
    hear(peer, engine, 200)
    peer.send(peer.request("ACK", dialog))
    engine.wait_for(LegMedia, lambda e: e.codec == "PCMU" and e.flow == "both")
    assert engine.states(-1)[-1] == "active"


def test_a_long_offer_in_a_call_is_read_to_its_end(engine: EngineProcess, peer: RawPeer) -> None:
    dialog, _ = talk(peer, engine, SDP)
    candidates = (f"a=candidate:{n} 1 UDP {n} 192.0.2.{n} 40000 typ host\r\n" for n in range(1, 40))
    offer_again(peer, dialog, PCMU_ONLY + "".join(candidates))
    assert media_lines(hear(peer, engine, 200))[0].split()[3] == "0"


def test_update_without_a_common_codec_is_refused_likewise(
    engine: EngineProcess, peer: RawPeer
) -> None:
    dialog, _ = talk(peer, engine, SDP)
    dialog.cseq += 1
    peer.send(peer.request("UPDATE", dialog, body=G729_ONLY))
    hear(peer, engine, 488)
    assert engine.states(-1)[-1] == "active"


def test_wideband_is_taken_whatever_comes_first_in_the_offer(
    engine: EngineProcess, peer: RawPeer
) -> None:
    _, ok = talk(peer, engine, f"{HEAD}m=audio 40000 RTP/AVP 8 0 9\r\n")
    assert media_lines(ok)[0].split()[3:4] == ["9"]
    media = engine.wait_for(LegMedia)
    assert (media.codec, media.clock_rate) == ("G722", 16_000)


def test_wideband_speex_is_told_from_the_narrow_one(engine: EngineProcess, peer: RawPeer) -> None:
    engine.add_account("bob", codecs=("speex/16000", "PCMA"))
    rates = "a=rtpmap:97 speex/8000\r\na=rtpmap:98 speex/16000\r\n"
    talk(peer, engine, f"{HEAD}m=audio 40000 RTP/AVP 8 97 98\r\n{rates}")
    media = engine.wait_for(LegMedia)
    assert (media.codec.lower(), media.clock_rate) == ("speex", 16_000)


def test_codecs_of_one_call_outweigh_those_of_the_account(
    engine: EngineProcess, peer: RawPeer
) -> None:
    engine.ask(dial(peer.port, leg=1, codecs=("PCMU", "GSM")))
    invite = hear(peer, engine, "INVITE")
    assert media_lines(invite)[0].split()[3:5] == ["0", "3"]
    assert "PCMA" not in invite
    peer.send(peer.answer(invite.encode(), "486 Busy Here"))
    hear(peer, engine, "ACK")
    engine.ask(dial(peer.port, leg=2))
    assert media_lines(hear(peer, engine, "INVITE"))[0].split()[3:5] == ["9", "8"]
    engine.wait_for(LegState, lambda e: e.leg == 1 and e.state == "ended")


def test_codec_that_is_not_there_is_told_by_name(engine: EngineProcess) -> None:
    reply = engine.try_to(dial(9, codecs=("G729",)))
    assert reply.error.startswith("There is no codec 'G729' here; there is ")


# ---------------------------------------------------------------- encryption

CRYPTO = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40 + "\r\n"


def secure(sdp: str) -> str:
    return sdp.replace("RTP/AVP", "RTP/SAVP") + CRYPTO


def test_optional_encryption_is_offered_anew_to_who_demands_it(
    engine: EngineProcess, peer: RawPeer
) -> None:
    engine.add_account("bob", srtp="optional")
    engine.ask(dial(peer.port))
    first = hear(peer, engine, "INVITE")
    assert "RTP/AVP" in media_lines(first)[0]
    assert "a=crypto:" in first
    peer.send(peer.answer(first.encode(), "488 Not Acceptable Here"))
    second = hear(peer, engine, "INVITE")
    assert "RTP/SAVP" in media_lines(second)[0]
    tag = re.search(r"a=crypto:(\d+) AES_CM_128_HMAC_SHA1_80", second)
    assert tag
    answer = secure(SDP).replace("crypto:1", f"crypto:{tag[1]}")
    peer.send(peer.answer(second.encode(), "200 OK", body=answer))
    hear(peer, engine, "ACK")
    assert engine.wait_for(LegMedia).encryption == "sdes"
    assert engine.states(1) == ["dialing", "answered", "active"]
    engine.ask(dial(peer.port, leg=2))
    assert "RTP/AVP" in media_lines(hear(peer, engine, "INVITE"))[0]  # that was for one call


def test_who_refuses_both_offers_is_not_asked_a_third_time(
    engine: EngineProcess, peer: RawPeer
) -> None:
    engine.add_account("bob", srtp="optional")
    engine.ask(dial(peer.port))
    for _ in range(2):
        invite = hear(peer, engine, "INVITE")
        peer.send(peer.answer(invite.encode(), "488 Not Acceptable Here"))
    ended = engine.wait_for(LegState, lambda e: e.state == "ended")
    assert ended.code == NOT_ACCEPTABLE
    assert engine.states(1) == ["dialing", "ended"]


def test_who_answers_a_demand_for_encryption_in_plain_is_hung_up_on(
    engine: EngineProcess, peer: RawPeer
) -> None:
    engine.add_account("bob", srtp="required")
    engine.ask(dial(peer.port))
    invite = hear(peer, engine, "INVITE")
    peer.send(peer.answer(invite.encode(), "200 OK", body=SDP))
    peer.send(peer.answer(hear(peer, engine, "BYE").encode(), "200 OK"))
    ended = engine.wait_for(LegState, lambda e: e.state == "ended")
    assert (ended.cause, ended.code) == ("media", NOT_ACCEPTABLE)
    assert ended.text == "The far end does not encrypt, and the account requires it"
    assert "both" not in {event.flow for event in engine.of(LegMedia)}


def with_keys(sdp: str) -> str:
    """As many desk phones offer: encryption if you can."""
    return sdp + CRYPTO


@pytest.mark.parametrize(
    ("srtp", "offer", "answer", "encryption"),
    [
        ("disabled", SDP, "RTP/AVP", "none"),
        ("disabled", with_keys(SDP), "RTP/AVP", "none"),
        ("disabled", secure(SDP), 488, ""),
        ("optional", SDP, "RTP/AVP", "none"),
        ("optional", with_keys(SDP), "RTP/AVP", "sdes"),
        ("optional", with_keys(SDP).replace("AES_CM", "F8"), "RTP/AVP", "none"),
        ("optional", secure(SDP), "RTP/SAVP", "sdes"),
        ("optional", secure(SDP).replace("AES_CM", "F8"), 406, ""),
        ("required", SDP, 488, ""),
        ("required", with_keys(SDP), "RTP/AVP", "sdes"),
        ("required", with_keys(SDP).replace("AES_CM", "F8"), 488, ""),
        ("required", secure(SDP), "RTP/SAVP", "sdes"),
        ("required", secure(SDP) + CRYPTO.replace(":1 ", ":2 "), "RTP/SAVP", "sdes"),
    ],
)
def test_offers_meet_each_policy_of_encryption(
    engine: EngineProcess, peer: RawPeer, srtp: str, offer: str, answer: str | int, encryption: str
) -> None:
    """`answer`: the profile, or the status of the refusal."""
    engine.add_account("bob", srtp=srtp)
    if isinstance(answer, int):
        peer.send(peer.request("INVITE", Dialog(), body=offer))
        hear(peer, engine, answer)
        assert not engine.of(Incoming), "nobody is to be troubled"
        return
    _, ok = talk(peer, engine, offer)
    assert media_lines(ok)[0].split()[2] == answer  # RFC 3264 section 6: that of the offer
    assert ("a=crypto:1 " in ok) is (encryption == "sdes")
    assert engine.wait_for(LegMedia).encryption == encryption


def test_call_whose_encryption_was_left_open_keeps_it(engine: EngineProcess, peer: RawPeer) -> None:
    engine.add_account("bob", srtp="required")
    dialog, _ = talk(peer, engine, with_keys(SDP))
    engine.tell(Hold(leg=-1, held=True))
    invite = hear(peer, engine, "INVITE")
    assert "a=crypto:" in invite
    tag = re.search(r"a=crypto:(\d+) AES_CM_128_HMAC_SHA1_80", invite)
    assert tag
    answer = with_keys(SDP).replace("crypto:1", f"crypto:{tag[1]}") + "a=recvonly\r\n"
    peer.send(peer.answer(invite.encode(), "200 OK", body=answer, to_tag=""))
    assert engine.wait_for(LegMedia, lambda e: e.local_hold).encryption == "sdes"
    hear(peer, engine, "ACK")
    for plain, status in ((SDP, 488), (with_keys(SDP), 200)):
        offer_again(peer, dialog, plain)
        hear(peer, engine, status)
        peer.send(peer.request("ACK", dialog))
    assert {event.encryption for event in engine.of(LegMedia)} == {"sdes"}
    assert engine.states(-1)[-1] == "active"


def test_calls_of_an_account_meet_different_offers_at_once(
    engine: EngineProcess, peer: RawPeer
) -> None:
    engine.add_account("bob", srtp="required")
    talk(peer, engine, with_keys(SDP))
    peer.send(peer.request("INVITE", Dialog(), body=SDP))
    hear(peer, engine, 488)
    assert len(engine.of(Incoming)) == 1
    engine.ask(dial(peer.port))
    assert "RTP/SAVP" in media_lines(hear(peer, engine, "INVITE"))[0]


def test_encryption_is_not_talked_down_in_the_call(engine: EngineProcess, peer: RawPeer) -> None:
    engine.add_account("bob", srtp="required")
    dialog, _ = talk(peer, engine, secure(SDP))
    offer_again(peer, dialog, SDP)
    hear(peer, engine, 488)
    peer.send(peer.request("ACK", dialog))
    assert engine.of(LegMedia)[-1].encryption == "sdes"
    assert engine.states(-1)[-1] == "active"


def test_encryption_and_codec_that_change_in_the_call_are_told(
    engine: EngineProcess, peer: RawPeer
) -> None:
    engine.add_account("bob", srtp="optional")
    dialog, _ = talk(peer, engine, SDP)
    assert engine.wait_for(LegMedia).encryption == "none"
    offer_again(peer, dialog, secure(PCMU_ONLY))
    hear(peer, engine, 200)
    peer.send(peer.request("ACK", dialog))
    engine.wait_for(LegMedia, lambda e: (e.codec, e.encryption) == ("PCMU", "sdes"))


def dial(port: int, leg: int = 1, codecs: tuple[str, ...] = ()) -> Dial:
    return Dial(
        leg=leg,
        account="bob",
        target=f"sip:peer@127.0.0.1:{port}",
        headers={},
        anonymous=False,
        muted=False,
        codecs=codecs,
    )


# ---------------------------------------------------------------- what ended an engine


@pytest.mark.parametrize("lines", ["", SDP.removeprefix(HEAD)])
def test_encryption_by_dtls_is_refused_whatever_else_is_offered(
    engine: EngineProcess, peer: RawPeer, lines: str
) -> None:
    engine.add_account("bob", srtp="optional")
    dtls = SDP.replace("RTP/AVP", "UDP/TLS/RTP/SAVPF") + lines
    peer.send(peer.request("INVITE", Dialog(), body=dtls))
    assert "DTLS" in hear(peer, engine, NOT_ACCEPTABLE)
    talk(peer, engine, SDP)


@pytest.mark.parametrize("first", [SDP, SDP + VIDEO])
def test_more_media_are_not_offered_before_the_call_is_confirmed(
    engine: EngineProcess, peer: RawPeer, first: str
) -> None:
    dialog = Dialog()
    peer.send(peer.request("INVITE", dialog, body=first))
    engine.wait_for(Incoming)
    engine.ask(Answer(leg=-1))
    dialog.to_tag = to_tag_of(hear(peer, engine, 200).encode())
    dialog.cseq = 2
    peer.send(peer.request("UPDATE", dialog, body=first + IMAGE))
    assert "Retry-After: " in hear(peer, engine, 500)
    dialog.cseq = 1
    peer.send(peer.request("ACK", dialog))
    engine.wait_state(-1, "active")
    dialog.cseq = 3
    peer.send(peer.request("UPDATE", dialog, body=first + IMAGE))
    assert len(media_lines(hear(peer, engine, 200))) == len(media_lines(first)) + 1


def test_call_with_an_answer_that_cannot_be_talked_by_is_not_held(
    engine: EngineProcess, peer: RawPeer
) -> None:
    """It is over as soon as the far end confirms that."""
    engine.ask(dial(peer.port))
    invite = hear(peer, engine, "INVITE").encode()
    contact = f"Contact: <sip:peer@127.0.0.1:{peer.port}>\r\n"
    ipv6 = SDP.replace("IP4 127.0.0.1", "IP6 ::1")
    peer.send(peer.answer(invite, "200 OK", contact, ipv6))
    bye = hear(peer, engine, "BYE").encode()
    assert "no sound" in engine.try_to(Hold(leg=1, held=True)).error
    peer.send(peer.answer(bye, "200 OK", to_tag=""))
    assert engine.wait_state(1, "ended").cause == "media"
