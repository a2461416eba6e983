# SPDX-License-Identifier: GPL-2.0-or-later
"""The foreign phones call each other: what they say and what is heard, nothing of ours in it."""

from functools import partial

import pytest

from tests.support.baresip import Baresip, Codec
from tests.support.kamailio import Kamailio, password
from tests.support.media_peer import FORMATS, MediaPeer
from tests.support.processes import PATIENCE_S, until
from tests.support.sipp import Sipp
from tests.support.tones import Samples, level, level_at, purity_at
from tests.support.wire import Wire, cut
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_baresip", "needs_sipp")

# What baresip's ausine sends, measured in its own recording of what it said.
TONE_DBFS = -7.3


def has_sound(phone: Baresip) -> bool:
    samples, rate = phone.lately(1.0)
    return len(samples) > 0.7 * rate > 0


def settled(samples: Samples, rate: int) -> Samples:
    """Without the first 0.3 s, in which streams start and codecs settle."""
    return samples[rate * 3 // 10 :]


@pytest.mark.parametrize("codec", list(Codec))
async def test_two_foreign_phones_hear_each_other_through_the_registrar(
    kamailio: Kamailio, directory: NewDirectory, codec: Codec
) -> None:
    registrar = f"127.0.0.1:{kamailio.port}"
    with (
        Baresip(
            directory("a"),
            "100",
            registrar=registrar,
            password=password("100"),
            codecs=[codec],
            tone_hz=440,
        ) as caller,
        Baresip(
            directory("b"),
            "200",
            registrar=registrar,
            password=password("200"),
            codecs=[codec],
            tone_hz=700,
        ) as callee,
    ):
        await caller.registered()
        await callee.registered()
        caller.dial(callee.uri)
        await caller.told("CALL_ESTABLISHED")
        await callee.told("CALL_RTPESTAB")
        caller.send_dtmf("5")
        await until(lambda: callee.digits == "5", PATIENCE_S, "the digit")
        for one in (caller, callee):
            await until(partial(has_sound, one), PATIENCE_S, "sound to measure")
        caller.hang_up()
        await callee.told("CALL_CLOSED")
        for phone, hz, other in ((caller, 700, 440), (callee, 440, 700)):
            samples, rate = phone.heard()
            assert rate == (16000 if codec is Codec.G722 else 8000)
            sound = settled(samples, rate)
            assert level_at(sound, rate, hz) == pytest.approx(TONE_DBFS, abs=1.5)
            assert level_at(sound, rate, other) < -40


async def test_sipp_calls_a_foreign_phone_through_the_registrar_and_echoes_it(
    kamailio: Kamailio, directory: NewDirectory
) -> None:
    with Baresip(
        directory("b"), "200", registrar=f"127.0.0.1:{kamailio.port}", password=password("200")
    ) as phone:
        await phone.registered()
        call = f"200@127.0.0.1:{kamailio.port}"
        with Sipp(directory("s"), "call", call=call, duration_s=1.0) as caller:
            result = await caller.result()
        assert (result.exit_code, result.succeeded, result.failed) == (0, 1, 0), result.errors
        await phone.told("CALL_CLOSED")
        samples, rate = phone.heard()
    assert purity_at(settled(samples, rate), rate, 440) > 0.98
    assert level(settled(samples, rate)) == pytest.approx(TONE_DBFS, abs=1.0)


@pytest.mark.parametrize("via_registrar", [False, True])
@pytest.mark.parametrize(
    ("calling", "called"),
    [
        ("call", "answer"),
        ("call_until_bye", "answer_and_hang_up"),
        ("call", "early_media"),
        ("cancel", "no_answer"),
        ("hold", "answer_and_be_held"),
    ],
)
async def test_the_scenarios_fit_each_other(
    kamailio: Kamailio, directory: NewDirectory, calling: str, called: str, via_registrar: bool
) -> None:
    with Sipp(directory("called"), called, user="200", duration_s=0.1) as callee:
        kamailio.add_contact("200", callee.contact)
        port = kamailio.port if via_registrar else callee.port
        call = f"200@127.0.0.1:{port}"
        with Sipp(directory("calling"), calling, user="100", call=call, duration_s=0.1) as caller:
            assert (await caller.result()).exit_code == 0
            assert (await callee.result()).exit_code == 0
    direction, first = callee.messages[0]
    assert direction == "received"
    assert first.startswith("INVITE ")


async def test_a_refused_flood_is_counted(directory: NewDirectory) -> None:
    words = {"status": "486", "reason": "Busy Here"}
    with Sipp(directory("called"), "reject", user="200", calls=50, keys=words) as callee:
        call = f"200@127.0.0.1:{callee.port}"
        with Sipp(directory("calling"), "flood", call=call, calls=50, calls_per_s=500) as flood:
            assert (await flood.result()).succeeded == 50
            assert (await callee.result()).succeeded == 50


async def test_a_redirection_sends_the_foreign_phone_elsewhere(directory: NewDirectory) -> None:
    with (
        Sipp(directory("there"), "answer", user="300") as there,
        Sipp(directory("here"), "redirect", user="200", keys={"target": there.contact}) as here,
        Baresip(directory("b"), "100") as phone,
    ):
        phone.dial(here.contact)
        await phone.told("CALL_ESTABLISHED")
        phone.hang_up()
        assert (await here.result()).exit_code == 0
        assert (await there.result()).exit_code == 0


async def test_a_caller_that_never_acknowledges_gets_the_answer_again(
    directory: NewDirectory,
) -> None:
    with Baresip(directory("b"), "200") as phone:
        call = f"200@127.0.0.1:{phone.port}"
        with Sipp(directory("s"), "never_ack", call=call) as caller:
            await until(lambda: _answers(caller) >= 3, PATIENCE_S, "the answer to be repeated")


@pytest.mark.parametrize("name", ["PCMU", "PCMA", "GSM", "G722"])
async def test_the_media_peer_hears_and_echoes_a_foreign_phone(
    directory: NewDirectory, name: str
) -> None:
    with Baresip(directory("b"), "200") as phone:
        call = f"200@127.0.0.1:{phone.port}"
        with MediaPeer(directory("m"), "call", FORMATS[name], call=call) as peer:
            assert (await peer.sipp.result()).exit_code == 0
            samples, rate = peer.heard()
        await phone.told("CALL_CLOSED")
        for sound, at in ((samples, rate), phone.heard()):
            assert level_at(settled(sound, at), at, 440) == pytest.approx(TONE_DBFS, abs=0.5)
            assert purity_at(settled(sound, at), at, 440) > 0.98


async def test_foreign_phones_encrypt_with_each_other(directory: NewDirectory) -> None:
    with (
        Baresip(directory("a"), "100", srtp="srtp-mand") as caller,
        Baresip(directory("b"), "200", srtp="srtp-mand", tone_hz=700) as callee,
    ):
        caller.dial(callee.contact)
        await callee.told("CALL_RTPESTAB")
        await until(lambda: has_sound(caller), PATIENCE_S, "sound to measure")
        caller.hang_up()
        await callee.told("CALL_CLOSED")
        samples, rate = caller.heard()
        assert purity_at(settled(samples, rate), rate, 700) > 0.98
    assert "RTP/SAVP" in callee.program.log


async def test_a_wire_between_phones_can_be_cut(directory: NewDirectory) -> None:
    with Baresip(directory("a"), "100") as caller, Baresip(directory("b"), "200") as callee:
        with Wire(callee.port) as wire:
            caller.dial(f"sip:200@127.0.0.1:{wire.port}")
            await callee.told("CALL_ESTABLISHED")
            assert [seen.start_line.split()[0] for seen in wire.messages()][:2] == [
                "INVITE",
                "SIP/2.0",
            ]
            wire.impair(cut)
            caller.dial(f"sip:200@127.0.0.1:{wire.port}")
            await until(
                lambda: sum(m.start_line.startswith("INVITE") for m in wire.messages()) >= 3,
                5,
                "the lost INVITE to be repeated",
            )
        assert len([event for event in callee.events if event.type == "CALL_ESTABLISHED"]) == 1


def _answers(caller: Sipp) -> int:
    return sum(text.startswith("SIP/2.0 200 ") for _, text in caller.messages)
