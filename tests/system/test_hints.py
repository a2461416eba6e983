# SPDX-License-Identifier: GPL-2.0-or-later
"""An exchange in the manner of Asterisk, played by SIPp: hints, dialogs, ends, pickup."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.daemon import Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.party import Party
from tests.support.processes import PATIENCE_S, until
from tests.support.sipp import Sipp
from tests.system.conftest import NewDirectory, _needs

RING_CALL_ID = "ring-1@exchange"


@asynccontextmanager
async def watching(
    bus: PrivateBus, directory: Path, exchange: Sipp, presence: Mapping[str, object]
) -> AsyncIterator[tuple[Phone, str]]:
    """A phone without a registrar that watches the exchange's only user; the Presence object."""
    account = {
        "uri": "sip:me@127.0.0.1",
        "registrar": "none",
        "accept_from": "anyone",
        "presence": dict(presence),
    }
    config = {
        "accounts": {"work": account},
        "sip": {"bind": "127.0.0.1"},
        "audio": {"backend": "silent"},
    }
    async with running_phone(bus, directory, json.dumps(config)) as phone:
        (path,) = await phone.call("Contacts", "Watch", f"('{exchange.contact}', false)")
        yield phone, path
        assert phone.daemon.process
        await phone.daemon.stop()


def history(phone: Phone, path: str, *names: str) -> list[tuple[object, ...]]:
    """What the properties went through, as far as they were announced."""
    now: dict[str, object] = {}
    found: list[tuple[object, ...]] = []
    for message in phone.client.signals("PropertiesChanged"):
        if message["path"] == path:
            now |= message["body"][1]
            state = tuple(now.get(name) for name in names)
            if not found or found[-1] != state:
                found.append(state)
    return found


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        ("rejected", "ended by the other side: rejected"),
        ("noresource", "ended by the other side: noresource"),
        ("giveup;retry-after=90", "ended by the other side: giveup"),
    ],
)
async def test_the_hints_of_asterisk_are_understood_and_the_end_is_told(
    session_bus: PrivateBus, directory: NewDirectory, reason: str, text: str
) -> None:
    _needs("sipp")
    with Sipp(directory("exchange"), "hints", keys={"reason": reason}) as exchange:
        keys = {"subscribe": ["presence"]}
        async with watching(session_bus, directory("phone"), exchange, keys) as (phone, path):
            result = await exchange.result()
            assert (result.exit_code, result.failed) == (0, 0), result.errors
            await phone.until("Presence", "Subscription", "terminated", path)
            assert await phone.get("Presence", "SubscriptionText", path) == text
            seen = history(phone, path, "State", "Dialog")
            steps = [
                ("available", "idle"),
                ("busy", "ringing"),
                ("busy", "confirmed"),
                ("busy", "held"),
                ("available", "idle"),
                ("offline", "idle"),
                ("unknown", "unknown"),
            ]
            assert [step for step in seen if None not in step] == steps


async def test_changes_of_dialogs_are_followed_and_a_missed_one_is_made_good(
    session_bus: PrivateBus, directory: NewDirectory
) -> None:
    _needs("sipp")
    with Party("127.0.0.1") as ann:
        words = {"ring_call_id": RING_CALL_ID, "caller_uri": ann.contact}
        with Sipp(directory("exchange"), "dialogs", keys=words) as exchange:
            keys = {"subscribe": ["dialog"]}
            async with watching(session_bus, directory("phone"), exchange, keys) as (phone, path):
                result = await exchange.result()
                assert (result.exit_code, result.failed) == (0, 0), result.errors
                await phone.until("Presence", "Dialog", "ringing", path)
                steps = ["idle", "ringing", "confirmed", "held", "idle", "confirmed", "ringing"]
                seen = [step for (step,) in history(phone, path, "Dialog") if step]
                assert seen == steps
                # Taking it over goes to the caller, whose dialog it replaces (RFC 3891).
                await phone.call("Presence", "Pickup", path=path)
                invite = await ann.hears("INVITE")
                replaces = f"Replaces: {RING_CALL_ID};to-tag=near;from-tag=far;early-only\r\n"
                assert replaces.encode() in invite


async def test_the_exchanges_feature_code_takes_a_call_over(
    session_bus: PrivateBus, directory: NewDirectory
) -> None:
    _needs("sipp")
    with Party("127.0.0.1") as ann:
        words = {"ring_call_id": RING_CALL_ID, "caller_uri": ann.contact}
        with Sipp(directory("exchange"), "dialogs", user="1002", keys=words) as exchange:
            code = f"sip:*8{{extension}}@127.0.0.1:{ann.raw.port}"
            keys = {"subscribe": ["dialog"], "pickup": code}
            async with watching(session_bus, directory("phone"), exchange, keys) as (phone, path):
                await until(
                    lambda: ("ringing",) in history(phone, path, "Dialog"), PATIENCE_S, "ringing"
                )
                await exchange.result()
                await phone.until("Presence", "Dialog", "ringing", path)
                await phone.call("Presence", "Pickup", path=path)
                assert (await ann.hears("INVITE")).startswith(b"INVITE sip:*81002@127.0.0.1")
