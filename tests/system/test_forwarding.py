# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that the phone forwards by calling itself, between phones we did not write.

baresip calls through Kamailio; whoever it is sent on to speaks with a tone of its own.
"""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.support.baresip import Baresip
from tests.support.daemon import Phone
from tests.support.dbus import PrivateBus
from tests.support.kamailio import Kamailio, password
from tests.support.line import ACCOUNT, account, configuration, incoming, registered
from tests.support.processes import PATIENCE_S, until
from tests.support.tones import level_at
from tests.support.voice_peer import VoicePeer
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_baresip", "needs_sipp")

CALLER, CALLER_HZ = "100", 600
CALLEE, CALLEE_HZ = "200", 900
AUDIBLE_DBFS = -25.0
WINDOW_S = 0.5
ANNOUNCEMENT_S = 15.0
"""Longer than anything here takes."""


def hears(phone: Baresip, hz: int) -> Callable[[], bool]:
    def heard() -> bool:
        samples, rate = phone.lately(WINDOW_S)
        return bool(samples) and level_at(samples, rate, hz) > AUDIBLE_DBFS

    return heard


@pytest.fixture
async def phone(
    session_bus: PrivateBus, tmp_path: Path, kamailio: Kamailio
) -> AsyncIterator[Phone]:
    """User 1001, who calls for others."""
    config = json.loads(configuration(account(kamailio, "1001", forward_by="call")))
    async with registered(session_bus, tmp_path, json.dumps(config)) as made:
        yield made


@pytest.fixture
async def caller(kamailio: Kamailio, directory: NewDirectory) -> AsyncIterator[Baresip]:
    registrar = f"127.0.0.1:{kamailio.port}"
    with Baresip(
        directory("caller"),
        CALLER,
        registrar=registrar,
        password=password(CALLER),
        tone_hz=CALLER_HZ,
    ) as made:
        await made.registered()
        yield made


async def forward(phone: Phone, target: str) -> None:
    await phone.set("Account", "ForwardAlways", f"<'{target}'>", ACCOUNT)


async def test_two_strangers_talk_through_the_phone(
    phone: Phone, caller: Baresip, kamailio: Kamailio, directory: NewDirectory
) -> None:
    registrar = f"127.0.0.1:{kamailio.port}"
    with Baresip(
        directory("callee"),
        CALLEE,
        registrar=registrar,
        password=password(CALLEE),
        tone_hz=CALLEE_HZ,
    ) as callee:
        await callee.registered()
        await forward(phone, CALLEE)
        since = len(phone.client.seen)
        caller.dial(f"sip:1001@127.0.0.1:{kamailio.port}")
        path = await incoming(phone, since)
        await callee.told("CALL_ESTABLISHED")
        await caller.told("CALL_ESTABLISHED")
        await until(hears(caller, CALLEE_HZ), PATIENCE_S, "the callee at the caller")
        await until(hears(callee, CALLER_HZ), PATIENCE_S, "the caller at the callee")
        caller.send_dtmf("42#")
        await until(lambda: callee.digits == "42#", PATIENCE_S, "digits at the callee")
        second = str(await phone.get("Call", "ConnectedTo", path))
        caller.hang_up()
        await callee.told("CALL_CLOSED")
        await phone.until("Call", "State", "ended", second)
        assert await phone.get("Call", "EndReason", path) == "forwarded"


async def test_an_announcement_is_heard_before_anybody_answers(
    phone: Phone, caller: Baresip, kamailio: Kamailio, directory: NewDirectory
) -> None:
    with VoicePeer(
        directory("callee"), CALLEE_HZ, scenario="early_media", duration_s=ANNOUNCEMENT_S
    ) as callee:
        await forward(phone, callee.contact)
        since = len(phone.client.seen)
        caller.dial(f"sip:1001@127.0.0.1:{kamailio.port}")
        path = await incoming(phone, since)
        await until(hears(caller, CALLEE_HZ), PATIENCE_S, "the announcement at the caller")
        assert await phone.get("Call", "State", path) == "incoming"
        assert await phone.get("Call", "AnsweredAt", path) == 0
        caller.hang_up()
        await phone.until("Call", "State", "ended", path)
