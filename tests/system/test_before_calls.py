# SPDX-License-Identifier: GPL-2.0-or-later
"""What happens before a call: SIPp calls through Kamailio, and gets what was decided."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from offhookd.bus.names import ROOT
from tests.support.daemon import Phone
from tests.support.dbus import PrivateBus
from tests.support.kamailio import Kamailio
from tests.support.line import ACCOUNT, account, configuration, incoming, registered, sip_port
from tests.support.party import STRANGER, Party
from tests.support.processes import PATIENCE_S
from tests.support.raw_sip import SDP, Dialog
from tests.support.sipp import Sipp

CALLER = "100"


class Line:
    """The phone of user 1001, and callers of it."""

    def __init__(self, phone: Phone, server: Kamailio, directory: Path) -> None:
        self.phone = phone
        self.server = server
        self._directory = directory
        self._runs = 0

    def caller(self, scenario: str, keys: Mapping[str, str], duration_s: float = 0.1) -> Sipp:
        self._runs += 1
        directory = self._directory / f"caller{self._runs}"
        directory.mkdir()
        call = f"1001@127.0.0.1:{self.server.port}"
        return Sipp(directory, scenario, user=CALLER, call=call, keys=keys, duration_s=duration_s)

    async def refused(self, status: int, headers: str = "Subject: a call") -> str:
        """Somebody calls and must get `status`; the answer as he got it."""
        keys = {"status": str(status), "headers": headers}
        with self.caller("call_refused", keys) as caller:
            result = await caller.result()
            assert result.exit_code == 0, result.errors
            answers = [text for way, text in caller.messages if way == "received"]
        return answers[-1]

    async def answered(self, headers: str = "Subject: a call") -> None:
        """Somebody calls, must be answered, and hangs up."""
        with self.caller("call", {"headers": headers}) as caller:
            result = await caller.result()
            assert result.exit_code == 0, result.errors

    async def last(self) -> dict[str, Any]:
        """The newest row of the history, once its call has ended for the phone too."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                rows, _ = await self.phone.call("History", "Query", "(@a{sv} {}, '', uint32 1)")
                if rows[0]["ended"]:
                    return dict(rows[0])

    async def wish(self, name: str, value: str) -> None:
        await self.phone.set("Account", name, f"<{value}>", ACCOUNT)


@asynccontextmanager
async def line(
    bus: PrivateBus, server: Kamailio, directory: Path, sections: str = "{}", **keys: Any
) -> AsyncIterator[Line]:
    config = json.loads(configuration(account(server, "1001", **keys))) | json.loads(sections)
    async with registered(bus, directory, json.dumps(config)) as phone:
        yield Line(phone, server, directory)


# ---------------------------------------------------------------- do not disturb, forwarding


@pytest.mark.parametrize("code", [486, 480, 603])
async def test_do_not_disturb_is_told_to_the_caller_as_configured(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio, code: int
) -> None:
    sections = json.dumps({"calls": {"dnd_code": code}})
    async with line(session_bus, kamailio, tmp_path, sections) as one:
        await one.wish("DoNotDisturb", "true")
        await one.refused(code)
        row = await one.last()
        assert (row["end-reason"], row["end-code"]) == ("busy", code)
        assert row["end-text"] == "Do not disturb"
        await one.wish("DoNotDisturb", "false")
        await one.phone.set("Manager", "Availability", "<'dnd'>")
        await one.refused(code)


async def test_calls_are_sent_on_with_the_word_who_did_it_and_why(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> None:
    async with line(session_bus, kamailio, tmp_path) as one:
        await one.wish("ForwardAlways", "'2002'")
        answer = await one.refused(302)
        assert f"Contact: <sip:2002@127.0.0.1:{kamailio.port}>" in answer
        own = f"sip:1001@127.0.0.1:{kamailio.port}"
        assert f"Diversion: <{own}>;reason=unconditional;counter=1" in answer
        assert (await one.last())["end-reason"] == "forwarded"
        await one.wish("ForwardAlways", "''")
        await one.wish("ForwardBusy", "'2003'")
        await one.wish("DoNotDisturb", "true")
        answer = await one.refused(302)
        assert "reason=do-not-disturb" in answer
        assert "sip:2003@" in answer
        assert await one.phone.get("History", "UnseenMissed") == 0


async def test_a_call_that_nobody_answers_is_sent_on(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> None:
    async with line(session_bus, kamailio, tmp_path) as one:
        await one.wish("ForwardNoAnswer", "'sip:mail@127.0.0.1:9'")
        await one.wish("ForwardNoAnswerSeconds", "uint32 1")
        answer = await one.refused(302)
        assert "Contact: <sip:mail@127.0.0.1:9>" in answer
        assert "reason=no-answer" in answer


async def test_a_call_that_we_sent_on_before_rings(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> None:
    async with line(session_bus, kamailio, tmp_path, auto_answer_seconds=0) as one:
        await one.wish("ForwardAlways", "'2002'")
        own = f"sip:1001@127.0.0.1:{kamailio.port}"
        await one.answered(f'Diversion: "x" <sip:2002@x>;reason=no-answer, <{own}>;counter=1')
        assert (await one.last())["end-reason"] == "remote"


async def test_wishes_outlive_the_daemon(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> None:
    async with line(session_bus, kamailio, tmp_path) as one:
        await one.wish("DoNotDisturb", "true")
        await one.wish("ForwardBusy", "'2003'")
        refused = await one.phone.refused("Account", "Register", path=f"{ROOT}/accounts/nobody")
        assert refused[0] == "UnknownObject"
        assert await one.phone.daemon.stop() == 0
        await one.phone.daemon.start()
        shown = await one.phone.properties("Account", ACCOUNT)
        assert (shown["DoNotDisturb"], shown["ForwardBusy"]) == (True, "2003")


# ---------------------------------------------------------------- screening


@pytest.mark.parametrize(("treatment", "code"), [("busy", 486), ("decline", 603)])
async def test_a_blocked_caller_is_refused_and_remembered(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio, treatment: str, code: int
) -> None:
    sections = json.dumps({"screening": {"block": [CALLER], "blocked": treatment}})
    async with line(session_bus, kamailio, tmp_path, sections) as one:
        await one.refused(code)
        row = await one.last()
        assert (row["end-reason"], row["end-text"]) == (
            "declined",
            "The caller is on the block list",
        )
        assert await one.phone.get("History", "UnseenMissed") == 0


async def test_an_ignored_caller_hears_ringing_and_gives_up(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> None:
    sections = json.dumps({"screening": {"block": ["1*"], "blocked": "ignore"}})
    async with line(session_bus, kamailio, tmp_path, sections) as one:
        with one.caller("cancel", {}) as caller:
            path = await incoming(one.phone)
            assert await one.phone.get("Telephony", "RingingCall") == "/"
            assert (await caller.result()).exit_code == 0
        await one.phone.until("Call", "State", "ended", path)
        assert (await one.last())["end-reason"] == "declined"


async def test_a_withheld_number_is_shown_as_such_and_may_be_refused(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> None:
    sections = json.dumps({"screening": {"anonymous": "decline"}})
    async with line(session_bus, kamailio, tmp_path, sections) as one:
        await one.refused(433, "Privacy: id")
        row = await one.last()
        assert (row["peer-uri"], row["peer-name"]) == (
            "sip:anonymous@anonymous.invalid",
            "Anonymous",
        )


async def test_rules_believe_the_server_and_not_a_stranger(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> None:
    sections = json.dumps({"screening": {"block": ["+4930123456"]}})
    asserted = "P-Asserted-Identity: <sip:+4930123456@pbx.test>"
    async with line(session_bus, kamailio, tmp_path, sections, accept_from="anyone") as one:
        await one.refused(603, asserted)
        with Party(STRANGER, sip_port(kamailio)) as stranger:
            headers = f"{asserted}\r\n{stranger.contact_line}"
            stranger.raw.send(stranger.raw.request("INVITE", Dialog(), headers, SDP, to="1001"))
            await stranger.hears(180)
            await one.phone.call("Telephony", "HangupAll")


# ---------------------------------------------------------------- intercom


@pytest.mark.parametrize(
    "header",
    [
        "Call-Info: <sip:127.0.0.1>;answer-after=0",
        "Alert-Info: <http://127.0.0.1>;info=alert-autoanswer;delay=0",
        "Alert-Info: Ring Answer",
        "Answer-Mode: Auto",
    ],
)
async def test_a_listed_caller_is_answered_when_he_asks(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio, header: str
) -> None:
    sections = json.dumps({"auto_answer": {"callers": [CALLER], "muted": True}})
    async with line(session_bus, kamailio, tmp_path, sections) as one:
        await one.answered(header)


async def test_nobody_else_is(session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio) -> None:
    sections = json.dumps({"auto_answer": {"callers": ["200"]}})
    async with line(session_bus, kamailio, tmp_path, sections) as one:
        await one.wish("ForwardNoAnswer", "'2002'")
        await one.wish("ForwardNoAnswerSeconds", "uint32 2")
        await one.refused(302, "Answer-Mode: Auto")


# ---------------------------------------------------------------- going out


async def test_a_call_shows_or_hides_who_calls_as_the_account_says(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> None:
    identity = "sip:+4930555@127.0.0.1"
    keys = {"identity": identity, "outside_prefix": "0", "country": "de"}
    async with line(session_bus, kamailio, tmp_path, **keys) as one:
        with Party("127.0.0.1") as callee:
            target = f"peer@127.0.0.1:{callee.raw.port}"
            await one.phone.dial(f"sip:{target}")
            seen = (await callee.hears("INVITE")).decode()
            assert f"P-Preferred-Identity: <{identity}>" in seen
            await one.phone.call("Telephony", "HangupAll")
        (parsed,) = await one.phone.call("Telephony", "ParseTarget", "('+49 30 123456',)")
        assert parsed["uri"] == f"sip:0030123456@127.0.0.1:{kamailio.port}"
        assert parsed["emergency"] is False
        (parsed,) = await one.phone.call("Telephony", "ParseTarget", "('112',)")
        assert (parsed["uri"].split("@")[0], parsed["emergency"]) == ("sip:112", True)


async def test_a_call_for_help_arrives_whatever_is_set(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> None:
    """And then the phone is reachable, whatever is set, for those who call back."""
    keys: dict[str, Any] = {
        "rewrite": ["112 -> 999"],
        "hide_caller_id": True,
        "auto_answer_seconds": 0,
    }
    async with line(session_bus, kamailio, tmp_path, **keys) as one:
        await one.wish("DoNotDisturb", "true")
        await one.refused(486)
        directory = tmp_path / "callee"
        directory.mkdir()
        with Sipp(directory, "answer", user="112") as callee:
            kamailio.add_contact("112", callee.contact)
            path = await one.phone.dial("112")
            await one.phone.until("Call", "State", "active", path)
            await one.phone.call("Call", "Hangup", path=path)
            invite = next(text for way, text in callee.messages if way == "received")
        assert "From: <sip:1001@" in invite
        assert "anonymous" not in invite.lower()
        since = len(one.phone.client.seen)
        with one.caller("cancel", {}):
            path = await incoming(one.phone, since)
            await one.phone.until("Telephony", "RingingCall", path)


async def test_a_phone_says_that_it_cannot_call_for_help(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> None:
    async with line(session_bus, kamailio, tmp_path) as one:
        kamailio.fail("REGISTER", 503)
        await one.phone.refused("Account", "Register", path=ACCOUNT)
        await one.phone.client.wait_for(
            lambda seen: "emergency-unreachable" in json.dumps(seen["body"]), "signal"
        )
        kamailio.mend("REGISTER")
        await one.phone.call("Account", "Register", path=ACCOUNT)
        await one.phone.until("Manager", "Problems", [])
