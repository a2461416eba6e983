# SPDX-License-Identifier: GPL-2.0-or-later
"""Dialling through a desk phone of an Asterisk exchange: the daemon, and a manager interface that
behaves as one did, or not at all."""

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.certificates import Certificates
from tests.support.daemon import Phone
from tests.support.dbus import PrivateBus
from tests.support.desk_exchange import THROUGH, office, state
from tests.support.manager_peer import GARBAGE, ManagerPeer


@pytest.fixture
async def peer() -> AsyncIterator[ManagerPeer]:
    async with ManagerPeer() as made:
        yield made


@pytest.fixture
async def phone(session_bus: PrivateBus, tmp_path: Path, peer: ManagerPeer) -> AsyncIterator[Phone]:
    async with office(session_bus, tmp_path, peer) as made:
        yield made


async def test_a_call_is_made_shown_and_ended(phone: Phone, peer: ManagerPeer) -> None:
    path = await phone.dial("1002", THROUGH)
    asked = await peer.action("Originate")
    unique = asked["ActionID"]
    wanted = {
        "Channel": "PJSIP/1001",
        "Context": "phones",
        "Exten": "1002",
        "Priority": "1",
        "Async": "true",
        "ChannelId": unique,
        "CallerID": "Ada <1001>",
    }
    assert asked.items() >= wanted.items()
    assert peer.variables == [
        "PJSIP_HEADER(add,Call-Info)=<sip:offhook.invalid>;answer-after=0",
        "COLOUR=red",
    ]
    peer.send(GARBAGE)
    peer.desk(unique, 0)
    peer.desk(unique, 6)
    peer.dialling(unique, "DialBegin")
    assert (await phone.properties("Call", path))["State"] == "dialing"
    peer.dialling(unique, "DialState", "RINGING")
    await state(phone, path, "ringing")
    peer.dialling(unique, "DialEnd", "ANSWER")
    shown = await state(phone, path, "active")
    assert shown["Through"] == "desk"
    assert shown["Actions"] == ["Hangup", "SendDtmf", "Transfer"]
    peer.hung_up(unique, 16, "Normal Clearing")
    shown = await state(phone, path, "ended")
    assert (shown["EndReason"], shown["EndText"]) == ("remote", "")
    await peer.left()
    row = (await phone.call("History", "Get", f"(uint64 {shown['Id']},)"))[0]
    assert (row["through"], row["answered"] > 0) == ("desk", True)


OUTCOMES = (
    ("BUSY", 17, "busy", 486),
    ("NOANSWER", 16, "no-answer", 480),
    ("CONGESTION", 34, "network", 503),
    ("", 1, "not-found", 404),
    ("", 16, "cancelled", 487),
)
"""DialStatus, cause, and what they come to."""


async def test_far_ends_that_do_not_answer_are_told_apart(phone: Phone, peer: ManagerPeer) -> None:
    for count, (status, cause, reason, code) in enumerate(OUTCOMES, start=1):
        path = await phone.dial("1002", THROUGH)
        unique = (await peer.action("Originate", count))["ActionID"]
        peer.desk(unique, 6)
        if status:
            peer.dialling(unique, "DialBegin")
            peer.dialling(unique, "DialEnd", status)
        peer.hung_up(unique, cause, "As Q.850 says")
        shown = await state(phone, path, "ended")
        assert (shown["EndReason"], shown["EndCode"]) == (reason, code)
        assert shown["EndText"]


async def test_hanging_up_here_hangs_up_there(phone: Phone, peer: ManagerPeer) -> None:
    path = await phone.dial("1002", THROUGH)
    unique = (await peer.action("Originate"))["ActionID"]
    peer.answers(unique)
    await state(phone, path, "active")
    peer.refused.add("Hangup")
    name, sentence = await phone.refused("Call", "Hangup", path=path)
    assert (name, "Permission denied" in sentence) == ("Failed", True)
    peer.refused.clear()
    await phone.call("Call", "Hangup", path=path)
    assert (await peer.action("Hangup", 2))["Channel"] == "PJSIP/1001-00000000"
    assert (await phone.properties("Call", path))["EndReason"] == "local"


async def test_two_calls_at_once_have_a_connection_each(phone: Phone, peer: ManagerPeer) -> None:
    first = await phone.dial("1002", THROUGH)
    second = await phone.dial("1003", THROUGH)
    one = await peer.action("Originate", 1)
    other = await peer.action("Originate", 2)
    assert peer.sessions == 2
    peer.answers(one["ActionID"])
    peer.hung_up(other["ActionID"], 17, "User busy")
    paths = {"1002": first, "1003": second}
    await state(phone, paths[one["Exten"]], "active")
    shown = await state(phone, paths[other["Exten"]], "ended")
    assert shown["EndText"] == "Desk phone 'desk' is busy"


async def test_what_a_desk_phone_cannot_do_is_refused(phone: Phone, peer: ManagerPeer) -> None:
    for options, words in (
        ("{'through': <'desk'>, 'muted': <true>}", "option muted"),
        ("{'through': <'dask'>}", "there is: desk, here"),
    ):
        _, sentence = await phone.refused("Telephony", "Dial", f"('1002', {options})")
        assert words in sentence
    path = await phone.dial("sip:bob@elsewhere.example", THROUGH)
    shown = await state(phone, path, "ended")
    assert "dials numbers of its exchange" in str(shown["EndText"])
    assert peer.asked == []


async def test_an_account_dials_through_its_desk_phone_but_not_for_help(
    session_bus: PrivateBus, tmp_path: Path, peer: ManagerPeer
) -> None:
    async with office(
        session_bus, tmp_path, peer, account="    through: desk\n    country: de\n"
    ) as phone:
        for target, options, through in (
            ("1002", "@a{sv} {}", "desk"),
            ("1002", "{'through': <'here'>}", ""),
            ("112", THROUGH, ""),
        ):
            path = await phone.dial(target, options)
            assert await phone.get("Call", "Through", path) == through


async def test_a_wrong_password_is_told_with_what_to_check(
    session_bus: PrivateBus, tmp_path: Path, peer: ManagerPeer
) -> None:
    async with office(session_bus, tmp_path, peer, password="guess") as phone:
        shown = await state(phone, await phone.dial("1002", THROUGH), "ended")
        assert "Authentication failed; check username" in str(shown["EndText"])
        assert "guess" not in phone.daemon.log
    assert all("guess" not in str(action) for action in peer.asked)


async def test_an_exchange_that_goes_in_the_middle_leaves_the_call_to_the_phone(
    phone: Phone, peer: ManagerPeer
) -> None:
    path = await phone.dial("1002", THROUGH)
    peer.answers((await peer.action("Originate"))["ActionID"])
    await state(phone, path, "active")
    await peer.vanish()
    shown = await state(phone, path, "ended")
    assert shown["EndReason"] == "network"
    assert "the desk phone may go on" in str(shown["EndText"])
    shown = await state(phone, await phone.dial("1002", THROUGH), "ended")
    assert "cannot be reached" in str(shown["EndText"])


async def test_refusals_unlifted_phones_and_nonsense_are_told(
    phone: Phone, peer: ManagerPeer
) -> None:
    peer.refused.add("Originate")
    shown = await state(phone, await phone.dial("1002", THROUGH), "ended")
    assert "Permission denied" in str(shown["EndText"])
    peer.refused.clear()
    path = await phone.dial("1002", THROUGH)
    peer.originated((await peer.action("Originate", 2))["ActionID"], 3, success=False)
    shown = await state(phone, path, "ended")
    assert (shown["EndReason"], shown["EndText"]) == (
        "no-answer",
        "Nobody picked up desk phone 'desk'",
    )
    path = await phone.dial("1002", THROUGH)
    await peer.action("Originate", 3)
    peer.send(b"X" * 20_000)
    shown = await state(phone, path, "ended")
    assert "sends what is no message" in str(shown["EndText"])


async def test_what_is_no_manager_interface_is_told(
    session_bus: PrivateBus, tmp_path: Path
) -> None:
    async with (
        ManagerPeer(b"SSH-2.0-OpenSSH_9.2\r\n") as peer,
        office(session_bus, tmp_path, peer) as phone,
    ):
        shown = await state(phone, await phone.dial("1002", THROUGH), "ended")
        assert "no Asterisk manager interface" in str(shown["EndText"])


async def test_a_call_is_called_off_while_the_exchange_is_silent(
    phone: Phone, peer: ManagerPeer
) -> None:
    peer.deaf = True
    path = await phone.dial("1002", THROUGH)
    await peer.action("Challenge")
    await phone.call("Call", "Hangup", path=path)
    assert (await phone.properties("Call", path))["EndReason"] == "cancelled"
    await peer.left()


async def test_a_call_outlives_the_daemon(phone: Phone, peer: ManagerPeer) -> None:
    path = await phone.dial("1002", THROUGH)
    peer.answers((await peer.action("Originate"))["ActionID"])
    await state(phone, path, "active")
    assert await phone.daemon.stop() == 0
    await peer.left()
    assert "Hangup" not in [action["Action"] for action in peer.asked]


async def test_a_certificate_of_nobody_known_is_refused_and_a_known_one_taken(
    session_bus: PrivateBus, tmp_path: Path
) -> None:
    directory = tmp_path / "certificates"
    directory.mkdir()
    made = Certificates(directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.server.certificate, made.server.key)
    async with ManagerPeer(tls=context) as peer:
        async with office(session_bus, tmp_path, peer, tls=True) as phone:
            shown = await state(phone, await phone.dial("1002", THROUGH), "ended")
            assert "is not trusted" in str(shown["EndText"])
        more = f", ca_file: {made.authority}"
        async with office(session_bus, tmp_path, peer, tls=True, more=more) as phone:
            path = await phone.dial("1002", THROUGH)
            peer.answers((await peer.action("Originate"))["ActionID"])
            await state(phone, path, "active")
