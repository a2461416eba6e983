# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls whose engine dies: its successor ends the other half."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.daemon import DIRECT, Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.kamailio import Kamailio
from tests.support.line import account, configuration, incoming, registered
from tests.support.sipp import Sipp
from tests.system.conftest import NewDirectory

pytestmark = pytest.mark.usefixtures("needs_sipp")


async def lose_engine(phone: Phone, path: str) -> None:
    engine = await phone.get("Manager", "Engine")
    assert isinstance(engine, Mapping)
    os.kill(engine["pid"], signal.SIGKILL)
    await phone.until("Call", "State", "ended", path)


async def test_who_was_called_hears_that_the_call_is_over(
    session_bus: PrivateBus, directory: NewDirectory, tmp_path: Path
) -> None:
    with Sipp(directory("far"), "answer") as far:
        async with running_phone(session_bus, tmp_path, DIRECT) as phone:
            path = await phone.dial(far.contact)
            await phone.until("Call", "State", "active", path)
            await lose_engine(phone, path)
            result = await far.result()
    assert (result.exit_code, result.succeeded) == (0, 1), result.errors
    (bye,) = [text for _, text in far.messages if text.startswith("BYE")]
    assert "Reason: Q.850;cause=41" in bye


async def test_who_has_called_by_a_proxy_hears_that_the_call_is_over(
    session_bus: PrivateBus, directory: NewDirectory, tmp_path: Path, kamailio: Kamailio
) -> None:
    config = configuration(account(kamailio, "1001"))
    async with registered(session_bus, tmp_path, config) as phone:
        to = f"1001@{kamailio.address}:{kamailio.port}"
        with Sipp(directory("far"), "call_until_bye", user="1002", call=to) as far:
            path = await incoming(phone)
            await phone.call("Call", "Answer", path=path)
            await phone.until("Call", "State", "active", path)
            await lose_engine(phone, path)
            result = await far.result()
    assert (result.exit_code, result.succeeded) == (0, 1), result.errors
