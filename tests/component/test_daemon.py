# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole daemon on a real bus: the contract, and what breaks around it."""

import os
import signal
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from offhookd.bus.contract import contract
from offhookd.bus.names import BUS_NAME, ROOT
from tests.support.daemon import DIRECT, Phone, RunningDaemon, running_phone
from tests.support.dbus import PrivateBus, busctl, glib_client
from tests.support.far_end import ACCOUNT, FarEnd, connected


async def test_live_introspection_is_the_contract(phone: Phone, far: FarEnd) -> None:
    path, _ = await connected(phone, far)
    shown = await busctl(phone.daemon.bus.address, "tree", "--list", BUS_NAME)
    assert {ROOT, ACCOUNT, path} <= set(shown.split())
    expected = {
        ROOT: {"Manager", "Telephony", "Audio", "History", "Contacts", "Messages"},
        ACCOUNT: {"Account"},
        path: {"Call", "CallMedia"},
    }
    for where, names in expected.items():
        for name in names:
            properties = await phone.properties(name, where)
            assert properties.keys() == contract()[f"{BUS_NAME}.{name}"].properties.keys()


async def test_a_call_is_announced_before_dial_replies(phone: Phone, far: FarEnd) -> None:
    path = await phone.dial(far.uri)
    seen = phone.client.seen
    announced = [i for i, one in enumerate(seen) if one.get("member") == "InterfacesAdded"]
    replied = [i for i, one in enumerate(seen) if one["kind"] == "reply" and one["body"] == [path]]
    assert len(announced) == 1
    assert announced[0] < replied[0]
    assert seen[announced[0]]["path"] == ROOT
    assert set(seen[announced[0]]["body"][1]) == {f"{BUS_NAME}.Call", f"{BUS_NAME}.CallMedia"}


async def test_a_reply_comes_after_the_changes_it_caused(phone: Phone, far: FarEnd) -> None:
    path = await far.calls(phone)
    serial = await phone.client.send(path, f"{BUS_NAME}.Call", "Answer")
    await phone.client.wait_for(lambda one: one["serial"] == serial, "reply")
    kinds = [
        one["kind"] if one["kind"] == "reply" else one["body"][1].get("State", "")
        for one in phone.client.seen
        if (one["kind"] == "reply" and one["serial"] == serial)
        or (one.get("member") == "PropertiesChanged" and one["path"] == path)
    ]
    assert kinds.index("active") < kinds.index("reply")


async def test_state_and_time_of_the_answer_leave_together(phone: Phone, far: FarEnd) -> None:
    path, _ = await connected(phone, far)
    changes = [
        one["body"][1]
        for one in phone.client.signals("PropertiesChanged")
        if one["path"] == path and "State" in one["body"][1]
    ]
    (active,) = [change for change in changes if change["State"] == "active"]
    assert {"AnsweredAt", "Actions"} <= active.keys()


async def test_settings_of_a_server_are_refused_with_what_there_is_instead(phone: Phone) -> None:
    name, sentence = await phone.refused("Manager", "Provision")
    assert (name, "offhook.yaml and call Reload" in sentence) == ("NotSupported", True)


NO_CALL = ("InvalidArgument", "not the path of a call")


@pytest.mark.parametrize(
    ("interface", "member", "arguments", "error", "words"),
    [
        ("Telephony", "Dial", "('', @a{sv} {})", "InvalidTarget", "no address"),
        ("Telephony", "Dial", "('http://x/', @a{sv} {})", "InvalidTarget", "http"),
        ("Telephony", "Dial", "('1', {'acount': <objectpath '/'>})", "InvalidArgument", "account"),
        ("Telephony", "Dial", "('1', {'muted': <'yes'>})", "InvalidArgument", "muted"),
        ("Telephony", "Dial", "('1', {'account': <objectpath '/a/b'>})", "InvalidArgument", "/a/b"),
        ("Telephony", "Dial", "('1', {'through': <'desk'>})", "NotSupported", "desk phone"),
        ("Telephony", "Dial", "('1',)", "InvalidArgs", "options a{sv}"),
        ("Telephony", "Answer", "(objectpath '/',)", "InvalidState", "no such call"),
        ("Telephony", "Hangup", f"(objectpath '{ROOT}/calls/c99',)", "InvalidArgument", "gone"),
        ("Telephony", "Hangup", f"(objectpath '{ROOT}/calls/c{'9' * 5000}',)", *NO_CALL),
        ("Telephony", "Hangup", f"(objectpath '{ROOT}/calls/c007',)", *NO_CALL),
        ("Telephony", "Dial", "('1', {'display-name': <'a\\nb'>})", "InvalidArgument", "line"),
        (
            "Telephony",
            "Dial",
            f"('1', {{'request-id': <'{'x' * 300}'>}})",
            "InvalidArgument",
            "256",
        ),
        ("Telephony", "Redial", "", "NotFound", "dialled"),
        ("History", "Get", "(uint64 7,)", "NotFound", "7"),
        ("History", "Query", "(@a{sv} {}, 'nonsense', uint32 1)", "InvalidArgument", "cursor"),
        ("History", "Query", "({'mised': <true>}, '', uint32 1)", "InvalidArgument", "missed"),
        ("Audio", "Test", "('nose', uint32 1)", "InvalidArgument", "capture"),
        ("Audio", "Test", "('ringer', uint32 16)", "InvalidArgument", "1 to 15"),
        ("Audio", "MonitorLevels", "(objectpath '/', uint32 50)", "InvalidArgument", "call"),
        ("Manager", "Reloadd", "", "UnknownMethod", "Reloadd"),
    ],
)
async def test_nonsense_is_refused_with_a_sentence(
    phone: Phone, interface: str, member: str, arguments: str, error: str, words: str
) -> None:
    name, sentence = await phone.refused(interface, member, arguments)
    assert name == error
    assert words in sentence


async def test_a_killed_engine_costs_the_call_and_nothing_else(phone: Phone, far: FarEnd) -> None:
    path, _ = await connected(phone, far)
    engine = await phone.get("Manager", "Engine")
    assert isinstance(engine, Mapping)
    os.kill(engine["pid"], signal.SIGKILL)
    await phone.until("Call", "State", "ended", path)
    call = await phone.properties("Call", path)
    assert call["EndReason"] == "error"
    assert "SIGKILL" in str(call["EndText"])
    await phone.until("Account", "State", "registered", ACCOUNT)
    again = await phone.get("Manager", "Engine")
    assert isinstance(again, Mapping)
    assert again["pid"] != engine["pid"]
    await connected(phone, far)
    assert await phone.get("Manager", "Problems") == []


async def test_a_killed_daemon_keeps_its_history(phone: Phone, far: FarEnd) -> None:
    path, leg = await connected(phone, far)
    call_id = await phone.get("Call", "Id", path)
    phone.daemon.close()
    assert (await far.state(leg, "ended")).cause == "remote"
    await phone.daemon.start()
    (row,) = await phone.call("History", "Get", f"(uint64 {call_id},)")
    assert row["end-reason"] == "error"
    assert row["answered"]
    assert await phone.dial(far.uri) > path


async def test_the_phone_survives_its_bus(phone: Phone, far: FarEnd) -> None:
    path, leg = await connected(phone, far)
    bus = phone.daemon.bus
    bus.kill()
    bus.start()
    async with glib_client(bus.address) as client:
        again = Phone(client, phone.daemon)
        await phone.daemon.until_owner(client)
        assert await again.get("Call", "State", path) == "active"
        await far.state(leg, "active")
        await again.call("Call", "Hangup", path=path)


async def test_stopping_hangs_up(phone: Phone, far: FarEnd) -> None:
    _, leg = await connected(phone, far)
    assert await phone.daemon.stop() == 0
    assert (await far.state(leg, "ended")).cause == "remote"


async def test_a_second_daemon_says_who_is_there(phone: Phone, tmp_path: Path) -> None:
    directory = tmp_path / "second"
    directory.mkdir()
    second = RunningDaemon(phone.daemon.bus, directory, DIRECT)
    second.launch()
    assert await second.ended() == os.EX_UNAVAILABLE
    assert f"process {phone.daemon.pid}" in second.log


async def test_an_account_that_is_switched_off_stays_off(phone: Phone) -> None:
    await phone.set("Account", "Enabled", "<false>", ACCOUNT)
    assert await phone.get("Account", "State", ACCOUNT) == "disabled"
    assert (await phone.refused("Telephony", "Dial", "('sip:x@127.0.0.1', @a{sv} {})"))[0] == (
        "NoAccount"
    )
    await phone.daemon.stop()
    await phone.daemon.start()
    assert await phone.get("Account", "State", ACCOUNT) == "disabled"


async def test_an_account_that_is_off_cannot_be_the_default(phone: Phone) -> None:
    await phone.set("Account", "Enabled", "<false>", ACCOUNT)
    arguments = f"('{BUS_NAME}.Telephony', 'DefaultAccount', <objectpath '{ACCOUNT}'>)"
    reply = await phone.client.call(ROOT, "org.freedesktop.DBus.Properties", "Set", arguments)
    assert reply.error.endswith("Error.InvalidState")


async def test_an_engine_that_cannot_start_says_why_and_comes_up_when_it_can(
    session_bus: PrivateBus, tmp_path: Path
) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        config = DIRECT.replace("sip: {", f"sip: {{port: {port}, ")
        async with running_phone(session_bus, tmp_path, config) as phone:
            problems = await phone.get("Manager", "Problems")
            assert isinstance(problems, list)
            assert [problem[0] for problem in problems] == ["engine-down"]
            assert f"127.0.0.1:{port} cannot be opened" in problems[0][2]
            name, sentence = await phone.refused(
                "Telephony", "Dial", "('sip:x@127.0.0.1', @a{sv} {})"
            )
            assert name == "NotRegistered"
            assert "cannot be opened" in sentence
            taken.close()
            await phone.until("Account", "State", "registered", ACCOUNT)
            await phone.until("Manager", "Problems", [])
            assert phone.daemon.log.count("the SIP engine is gone") == 1
