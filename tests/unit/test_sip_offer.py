# SPDX-License-Identifier: GPL-2.0-or-later
"""What an offer is answered with, if with anything."""

import pytest

from offhookd.engine.sip_offer import best_codec, is_lenient

OURS = ("G722", "speex/16000", "PCMA", "PCMU")
HEAD = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"


def offer(*lines: str) -> str:
    return HEAD + "".join(f"{line}\r\n" for line in lines)


@pytest.mark.parametrize(
    ("lines", "best"),
    [
        (["m=audio 4000 RTP/AVP 8 0 9"], ("G722",)),
        (["m=audio 4000 RTP/AVP 0"], ("PCMU",)),
        (
            ["m=audio 4000 RTP/AVP 8 99", "a=rtpmap:99 SPEEX/16000"],
            ("speex/16000",),
        ),
        (["m=audio 4000 RTP/AVP 8 99", "a=rtpmap:99 speex/8000"], ("PCMA",)),
        (["m=audio 4000 RTP/AVP 18", "a=rtpmap:18 G729/8000"], ()),
        (["m=audio 4000 RTP/AVP 18", "a=rtpmap:8 PCMA/8000"], ()),
        (["m=audio 0 RTP/AVP 8"], ()),
        (["m=video 4000 RTP/AVP 8"], ()),
        (["m=audio 0 RTP/AVP 8", "m=audio 4000 RTP/AVP 0"], ("PCMU",)),
        (["m=audio 4000/1 RTP/AVP 8"], ("PCMA",)),
        ([], ()),
    ],
)
def test_the_best_codec_that_is_offered_is_taken(lines: list[str], best: tuple[str, ...]) -> None:
    assert best_codec(offer(*lines), OURS, "disabled") == best


KEYS = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:abc|2^31"
OTHER_KEYS = "a=crypto:1 F8_128_HMAC_SHA1_80 inline:abc"
PLAIN, SECURE, DTLS = "RTP/AVP", "RTP/SAVP", "UDP/TLS/RTP/SAVPF"


@pytest.mark.parametrize(
    ("profile", "keys", "taken_by"),
    [
        (PLAIN, "", {"disabled", "optional"}),
        (PLAIN, KEYS, {"disabled", "optional", "required"}),
        (PLAIN, OTHER_KEYS, {"disabled", "optional"}),
        (SECURE, KEYS, {"optional", "required"}),
        (SECURE, OTHER_KEYS, set()),
        (SECURE, f"{OTHER_KEYS}\r\n{KEYS}", {"optional", "required"}),
        (SECURE, "", set()),
        (DTLS, "", set()),
    ],
)
def test_encryption_decides_with(profile: str, keys: str, taken_by: set[str]) -> None:
    sdp = offer(f"m=audio 4000 {profile} 8", *filter(None, [keys]))
    policies = ("disabled", "optional", "required")
    assert {srtp for srtp in policies if best_codec(sdp, OURS, srtp)} == taken_by


def test_keys_in_a_plain_line_leave_encryption_open() -> None:
    lenient = offer(f"m=audio 4000 {PLAIN} 8", KEYS)
    assert is_lenient(lenient, "required")
    assert not is_lenient(lenient, "optional")  # nothing has to be changed there
    assert not is_lenient(offer(f"m=audio 4000 {PLAIN} 8"), "required")
    assert not is_lenient(offer(f"m=audio 4000 {SECURE} 8", KEYS), "required")
    assert not is_lenient("", "required")


@pytest.mark.parametrize(
    ("session", "line", "agreed"),
    [
        ("c=IN IP6 2001:db8::1\r\n", "", False),
        ("c=IN IP4 192.0.2.1\r\n", "c=IN IP6 2001:db8::1\r\n", False),
        ("c=IN IP6 2001:db8::1\r\n", "c=IN IP4 192.0.2.1\r\n", True),
    ],
)
def test_sound_over_ipv6_has_no_codec_for_us(session: str, line: str, *, agreed: bool) -> None:
    sdp = f"v=0\r\n{session}t=0 0\r\nm=audio 4000 RTP/AVP 8\r\n{line}"
    assert bool(best_codec(sdp, ("PCMA",), "disabled")) is agreed


def test_rate_left_open_takes_any() -> None:
    sdp = offer("m=audio 4000 RTP/AVP 99", "a=rtpmap:99 speex/8000")
    assert best_codec(sdp, ("speex",), "disabled") == ("speex",)


def test_whole_message_is_read_like_its_body() -> None:
    message = "INVITE sip:a@b SIP/2.0\r\nSubject: m=audio\r\n\r\n" + offer("m=audio 4 RTP/AVP 8")
    assert best_codec(message, OURS, "disabled") == ("PCMA",)
