# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole daemon on a real bus with its real engine, seen by a foreign D-Bus client."""

import asyncio
import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from offhookd.bus.contract import contract
from offhookd.bus.names import BUS_NAME, ROOT
from offhookd.engine.protocol import (
    Answer,
    Dial,
    Hangup,
    Incoming,
    LegState,
    Refuse,
    Ring,
    SetHosts,
)
from tests.support.daemon import DIRECT, Phone, RunningDaemon, running_phone
from tests.support.dbus import PrivateBus, busctl, glib_client
from tests.support.engine import EngineProcess

ACCOUNT = f"{ROOT}/accounts/direct"


@dataclass
class FarEnd:
    """The second telephone, awaited without blocking the loop."""

    engine: EngineProcess
    arrived: int = 0

    @property
    def uri(self) -> str:
        return f"sip:test@127.0.0.1:{self.engine.port}"

    async def rings(self) -> int:
        """Ring for the next call that arrives; its leg."""
        self.arrived += 1
        leg = -self.arrived  # engines count downwards what arrives
        await asyncio.to_thread(self.engine.wait_for, Incoming, lambda one: one.leg == leg)
        self.engine.tell(Ring(leg=leg))
        return leg

    async def state(self, leg: int, state: str) -> LegState:
        return await asyncio.to_thread(self.engine.wait_state, leg, state)

    async def calls(self, phone: Phone) -> str:
        """Dial the daemon; the path of the call there."""
        self.engine.ask(SetHosts(hosts={"127.0.0.1": ("127.0.0.1",)}))
        self.engine.ask(
            Dial(
                leg=1,
                account="test",
                target=f"sip:ada@127.0.0.1:{phone.daemon.sip_port}",
                headers={},
                anonymous=False,
                muted=False,
            )
        )
        seen = await phone.client.wait_for(
            lambda one: one["member"] == "InterfacesAdded" and is_incoming(one["body"]), "signal"
        )
        return str(seen["body"][0])


def is_incoming(body: list[Any]) -> bool:
    call = body[1].get(f"{BUS_NAME}.Call", {})
    return bool(call.get("Direction") == "incoming")


@pytest.fixture
def far(far_end: EngineProcess) -> FarEnd:
    return FarEnd(far_end)


async def connected(phone: Phone, far: FarEnd) -> tuple[str, int]:
    """A call that the far end has answered: its path here, its leg there."""
    path = await phone.dial(far.uri)
    leg = await far.rings()
    far.engine.tell(Answer(leg=leg))
    await phone.until("Call", "State", "active", path)
    return path, leg


# ---------------------------------------------------------------- the contract


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


# ---------------------------------------------------------------- calls


async def test_a_call_runs_its_course_and_is_remembered(phone: Phone, far: FarEnd) -> None:
    path, leg = await connected(phone, far)
    await phone.until("CallMedia", "Flow", "both", path)
    assert await phone.get("CallMedia", "Codec", path) == "G722"
    assert await phone.get("Telephony", "FocusCall") == path
    await phone.call("Call", "Hangup", path=path)
    assert (await far.state(leg, "ended")).cause == "remote"
    call = await phone.properties("Call", path)
    assert (call["State"], call["EndReason"]) == ("ended", "local")
    rows, cursor = await phone.call("History", "Query", "(@a{sv} {}, '', uint32 10)")
    assert [row["id"] for row in rows] == [call["Id"]]
    assert rows[0]["answered"] == call["AnsweredAt"]
    assert cursor == ""


async def test_an_incoming_call_is_in_the_history_while_it_rings(phone: Phone, far: FarEnd) -> None:
    path = await far.calls(phone)
    call = await phone.properties("Call", path)
    assert (call["State"], call["PeerUri"]) == ("incoming", "sip:test@127.0.0.1")
    (row,) = await phone.call("History", "Get", f"(uint64 {call['Id']},)")
    assert (row["direction"], row["ended"]) == ("incoming", 0)
    assert await phone.get("Telephony", "RingingCall") == path


async def test_the_packets_are_counted_when_somebody_asks(phone: Phone, far: FarEnd) -> None:
    path, _ = await connected(phone, far)
    await phone.until("CallMedia", "Flow", "both", path)
    first = await phone.get("CallMedia", "PacketsSent", path)
    second = await phone.get("CallMedia", "PacketsSent", path)
    assert isinstance(first, int)
    while second == first:  # 50 packets a second: each question takes part of one's time
        second = await phone.get("CallMedia", "PacketsSent", path)
    assert isinstance(second, int)
    assert second > first


@pytest.mark.parametrize(("reason", "code"), [("busy", 486), ("declined", 603), ("not-here", 480)])
async def test_declining_tells_the_caller_so(
    phone: Phone, far: FarEnd, reason: str, code: int
) -> None:
    path = await far.calls(phone)
    await phone.call("Call", "Decline", f"('{reason}',)", path)
    assert (await far.state(1, "ended")).code == code
    assert await phone.get("Call", "EndReason", path) == "declined"
    assert await phone.get("History", "UnseenMissed") == 0


async def test_a_caller_who_gives_up_was_missed(phone: Phone, far: FarEnd) -> None:
    path = await far.calls(phone)
    await far.state(1, "ringing")
    far.engine.tell(Hangup(leg=1))
    await phone.until("Call", "State", "ended", path)
    assert await phone.get("Call", "EndReason", path) == "cancelled"
    assert await phone.get("History", "UnseenMissed") == 1
    await phone.call("History", "MarkSeen", "(uint64 1,)")
    assert await phone.get("History", "UnseenMissed") == 0


@pytest.mark.parametrize(
    ("code", "reason"), [(486, "busy"), (603, "declined"), (480, "no-answer"), (404, "not-found")]
)
async def test_a_refused_call_tells_why(phone: Phone, far: FarEnd, code: int, reason: str) -> None:
    path = await phone.dial(far.uri)
    leg = await far.rings()
    far.engine.tell(Refuse(leg=leg, code=code))
    await phone.until("Call", "State", "ended", path)
    call = await phone.properties("Call", path)
    assert (call["EndReason"], call["EndCode"]) == (reason, code)


async def test_answering_holds_the_first_call(phone: Phone, far: FarEnd) -> None:
    first, _ = await connected(phone, far)
    second = await far.calls(phone)
    await phone.call("Telephony", "Answer", "(objectpath '/',)")
    await phone.until("Call", "LocalHold", True, first)
    assert await phone.get("Telephony", "FocusCall") == second


async def test_a_pending_call_waits_for_its_start(phone: Phone, far: FarEnd) -> None:
    path = await phone.dial(far.uri, "{'confirm': <true>, 'request-id': <'x'>}")
    again = await phone.dial(far.uri, "{'confirm': <true>, 'request-id': <'x'>}")
    assert again == path
    assert await phone.get("Call", "State", path) == "pending"
    await phone.call("Call", "Start", path=path)
    await far.rings()
    await phone.until("Call", "State", "ringing", path)


async def test_an_ended_call_goes_and_its_number_never_returns(phone: Phone, far: FarEnd) -> None:
    path = await phone.dial(far.uri)
    await phone.call("Call", "Hangup", path=path)
    await phone.client.wait_for(lambda one: one["member"] == "InterfacesRemoved", "signal")
    name, _ = await phone.refused("Call", "Hangup", path=path)
    assert name == "UnknownObject"
    await phone.call("History", "Delete", f"([uint64 {path.rpartition('c')[2]}],)")
    assert await phone.dial(far.uri) != path


# ---------------------------------------------------------------- what breaks


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


async def test_stopping_hangs_up_and_takes_less_than_two_seconds(phone: Phone, far: FarEnd) -> None:
    _, leg = await connected(phone, far)
    started = asyncio.get_running_loop().time()
    assert await phone.daemon.stop() == 0
    assert asyncio.get_running_loop().time() - started < 2.0
    assert (await far.state(leg, "ended")).cause == "remote"


async def test_a_second_daemon_says_who_is_there(phone: Phone, tmp_path: Path) -> None:
    directory = tmp_path / "second"
    directory.mkdir()
    second = RunningDaemon(phone.daemon.bus, directory, DIRECT)
    second.launch()
    assert await second.ended() == os.EX_UNAVAILABLE
    assert f"process {phone.daemon.pid}" in second.log


# ---------------------------------------------------------------- configuration

BROKEN = """
accounts:
  direct:
    uri: ada
    transprt: udp
audio: {backend: silent}
"""


async def test_a_broken_configuration_is_a_problem_and_can_be_mended(
    session_bus: PrivateBus, tmp_path: Path
) -> None:
    async with running_phone(session_bus, tmp_path, BROKEN) as phone:
        assert await phone.get("Manager", "State") == "degraded"
        problems = await phone.get("Manager", "Problems")
        assert isinstance(problems, list)
        assert "offhook.yaml:5: accounts.direct.transprt" in problems[0][2]
        assert "did you mean transport" in problems[0][2]
        (listed,) = await phone.call("Manager", "Validate")
        assert {problem[1] for problem in listed} == {4, 5}
        phone.daemon.write_config(DIRECT)
        await phone.call("Manager", "Reload")
        await phone.until("Account", "State", "registered", ACCOUNT)
        assert await phone.get("Manager", "Problems") == []
        assert await phone.get("Manager", "State") == "running"


async def test_a_reload_that_fails_changes_nothing(phone: Phone, far: FarEnd) -> None:
    path, _ = await connected(phone, far)
    phone.daemon.write_config(BROKEN)
    name, sentence = await phone.refused("Manager", "Reload")
    assert name == "InvalidConfig"
    assert ":5: accounts.direct.transprt:" in sentence
    assert await phone.get("Call", "State", path) == "active"
    assert await phone.get("Account", "State", ACCOUNT) == "registered"
    assert await phone.get("Manager", "Generation") == 1


async def test_a_reload_keeps_the_calls_of_accounts_that_stay(phone: Phone, far: FarEnd) -> None:
    path, _ = await connected(phone, far)
    more = "  more:\n    uri: sip:bob@127.0.0.1\n    registrar: none\n"
    phone.daemon.write_config(DIRECT.replace("sip: {", f"{more}sip: {{"))
    await phone.call("Manager", "Reload")
    await phone.until("Account", "State", "registered", f"{ROOT}/accounts/more")
    assert await phone.get("Call", "State", path) == "active"
    assert await phone.get("Manager", "Generation") == 2


async def test_an_account_that_is_switched_off_stays_off(phone: Phone) -> None:
    await phone.set("Account", "Enabled", "<false>", ACCOUNT)
    assert await phone.get("Account", "State", ACCOUNT) == "disabled"
    assert (await phone.refused("Telephony", "Dial", "('sip:x@127.0.0.1', @a{sv} {})"))[0] == (
        "NoAccount"
    )
    await phone.daemon.stop()
    await phone.daemon.start()
    assert await phone.get("Account", "State", ACCOUNT) == "disabled"


async def test_no_account_is_no_error(session_bus: PrivateBus, tmp_path: Path) -> None:
    async with running_phone(session_bus, tmp_path, "audio: {backend: silent}\n") as phone:
        assert await phone.get("Manager", "State") == "running"
        name, sentence = await phone.refused("Telephony", "Dial", "('1001', @a{sv} {})")
        assert name == "NoAccount"
        assert "offhook.yaml" in sentence


async def test_other_settings_of_the_stack_take_effect_with_the_reload(
    phone: Phone, far: FarEnd
) -> None:
    path, _ = await connected(phone, far)
    before = await phone.get("Manager", "Engine")
    assert isinstance(before, Mapping)
    phone.daemon.write_config(DIRECT.replace("silent}", "silent}\ntones: {country: fr}"))
    await phone.call("Manager", "Reload")
    assert await phone.get("Call", "State", path) == "active"
    await phone.call("Call", "Hangup", path=path)
    await phone.client.wait_for(lambda one: one["member"] == "InterfacesRemoved", "signal")
    await phone.client.wait_for(
        lambda one: (
            one["member"] == "PropertiesChanged"
            and one["body"][1].get("Engine", {}).get("pid", before["pid"]) != before["pid"]
        ),
        "signal",
    )
    await phone.until("Account", "State", "registered", ACCOUNT)
    await phone.until("Manager", "Problems", [])
    assert "was ended by" not in phone.daemon.log


async def test_a_changed_account_keeps_its_calls_over_a_reload(phone: Phone, far: FarEnd) -> None:
    path, _ = await connected(phone, far)
    phone.daemon.write_config(DIRECT.replace("uri: sip:ada", "display_name: Ada\n    uri: sip:eda"))
    await phone.call("Manager", "Reload")
    await phone.until("Account", "State", "registered", ACCOUNT)
    assert await phone.get("Account", "Uri", ACCOUNT) == "sip:eda@127.0.0.1"
    assert await phone.get("Call", "State", path) == "active"
    await connected(phone, far)


async def test_a_removed_account_ends_its_calls_and_nothing_else(phone: Phone, far: FarEnd) -> None:
    path, leg = await connected(phone, far)
    phone.daemon.write_config("audio: {backend: silent}\nsip: {bind: 127.0.0.1}\n")
    await phone.call("Manager", "Reload")
    await phone.until("Call", "State", "ended", path)
    assert (await far.state(leg, "ended")).cause == "remote"
    phone.daemon.write_config(DIRECT)
    await phone.call("Manager", "Reload")
    await phone.until("Account", "State", "registered", ACCOUNT)
    await connected(phone, far)
    assert "Traceback" not in phone.daemon.log


async def test_holding_replies_when_the_call_is_held(phone: Phone, far: FarEnd) -> None:
    path, _ = await connected(phone, far)
    for member, held in (("Hold", True), ("Hold", True), ("Resume", False)):
        await phone.call("Call", member, path=path)
        assert await phone.get("Call", "LocalHold", path) is held


async def test_a_reload_that_fails_is_a_problem_until_one_succeeds(phone: Phone) -> None:
    phone.daemon.write_config(BROKEN)
    assert (await phone.refused("Manager", "Reload"))[0] == "InvalidConfig"
    problems = await phone.get("Manager", "Problems")
    assert isinstance(problems, list)
    assert [problem[0] for problem in problems] == ["config-invalid"]
    assert "transprt" in problems[0][2]
    phone.daemon.write_config(DIRECT)
    await phone.call("Manager", "Reload")
    assert await phone.get("Manager", "Problems") == []


async def test_what_nobody_confirmed_is_not_dialled_again(phone: Phone, far: FarEnd) -> None:
    dialled = await phone.dial(far.uri)
    chosen = await phone.dial("sip:premium@127.0.0.1:9", "{'confirm': <true>}")
    (again,) = await phone.call("Telephony", "Redial")
    assert await phone.get("Call", "PeerUri", again) == far.uri
    for path in (chosen, dialled, again):
        await phone.call("Call", "Hangup", path=path)
    (last,) = await phone.call("Telephony", "Redial")
    assert await phone.get("Call", "PeerUri", last) == far.uri


async def test_only_what_rings_can_be_silenced(phone: Phone, far: FarEnd) -> None:
    silenced = f"('{BUS_NAME}.Audio', 'Silenced', <true>)"
    properties = "org.freedesktop.DBus.Properties"
    reply = await phone.client.call(ROOT, properties, "Set", silenced)
    assert reply.error.endswith("Error.InvalidState")
    path = await far.calls(phone)
    await phone.set("Audio", "Silenced", "<true>")
    assert await phone.get("Audio", "Silenced") is True
    await phone.call("Call", "Decline", "('busy',)", path)
    assert await phone.get("Audio", "Silenced") is False


async def test_an_account_that_is_off_cannot_be_the_default(phone: Phone) -> None:
    await phone.set("Account", "Enabled", "<false>", ACCOUNT)
    arguments = f"('{BUS_NAME}.Telephony', 'DefaultAccount', <objectpath '{ACCOUNT}'>)"
    reply = await phone.client.call(ROOT, "org.freedesktop.DBus.Properties", "Set", arguments)
    assert reply.error.endswith("Error.InvalidState")


async def test_an_account_that_is_off_does_not_ring(phone: Phone, far: FarEnd) -> None:
    await phone.set("Account", "Enabled", "<false>", ACCOUNT)
    far.engine.ask(SetHosts(hosts={"127.0.0.1": ("127.0.0.1",)}))
    target = f"sip:ada@127.0.0.1:{phone.daemon.sip_port}"
    far.engine.ask(
        Dial(leg=1, account="test", target=target, headers={}, anonymous=False, muted=False)
    )
    assert (await far.state(1, "ended")).code == 480
    assert await phone.get("Telephony", "Calls") == []


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
