# SPDX-License-Identifier: GPL-2.0-or-later
"""Programs and pages of the user's at the moments of a call."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.support.daemon import DIRECT, Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.party import STRANGER, Party
from tests.support.processes import PATIENCE_S, free_port, until
from tests.support.raw_sip import SDP, Dialog

RINGING = 180

PROGRAM = """#!/usr/bin/python3
import json, os, sys
facts = {name: value for name, value in os.environ.items() if name.startswith("OFFHOOK_")}
with open(sys.argv[1], "a") as out:
    out.write(json.dumps({"arguments": sys.argv[2:], **facts}) + "\\n")
"""


def program(path: Path, text: str = PROGRAM) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


@asynccontextmanager
async def ringing(
    bus: PrivateBus, directory: Path, config: str
) -> AsyncIterator[tuple[Phone, str]]:
    """A daemon that a stranger calls, and the path of his call."""
    port = free_port()
    direct = DIRECT.replace("bind: 127.0.0.1", f"bind: 127.0.0.1, port: {port}")
    environment = {"PATH": f"{directory}:/usr/bin:/bin"}
    async with running_phone(bus, directory, direct + config, environment) as phone:
        with Party(STRANGER, port) as party:
            party.raw.send(party.raw.request("INVITE", Dialog(), party.contact_line, SDP))
            await party.hears(RINGING)
            yield phone, str(await phone.get("Telephony", "RingingCall"))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


async def test_a_program_is_told_of_every_moment(session_bus: PrivateBus, tmp_path: Path) -> None:
    run, out = program(tmp_path / "run"), tmp_path / "out"
    config = f"hooks: {{ringing: {run} {out} 'a b', ended: {run} {out}}}\n"
    async with ringing(session_bus, tmp_path, config) as (phone, path):
        await until(lambda: lines(out), PATIENCE_S, "the program to run")
        await phone.call("Call", "Hangup", path=path)
        await until(lambda: len(lines(out)) > 1, PATIENCE_S, "the program to run again")
    first, second = lines(out)
    assert first["arguments"] == ["a b"]
    assert (first["OFFHOOK_EVENT"], second["OFFHOOK_EVENT"]) == ("ringing", "ended")
    assert first["OFFHOOK_PEER_URI"] == "sip:peer@127.0.0.1"
    assert first["OFFHOOK_PEER_NUMBER"] == "peer@127.0.0.1"
    assert second["OFFHOOK_END_REASON"] == "declined"
    assert path.endswith(f"c{first['OFFHOOK_CALL']}")


async def test_a_program_that_fails_is_a_problem(session_bus: PrivateBus, tmp_path: Path) -> None:
    run = program(tmp_path / "run", "#!/bin/sh\necho the CRM is down >&2\nexit 3\n")
    config = f"hooks: {{ringing: {run}, ended: {tmp_path}/missing}}\n"
    async with ringing(session_bus, tmp_path, config) as (phone, path):
        wanted = f"hooks.ringing: {run} failed with status 3: the CRM is down"
        await phone.until("Manager", "State", "degraded")
        assert [text for _, _, text in await problems(phone)] == [wanted]
        await phone.call("Call", "Hangup", path=path)
        await phone.client.wait_for(
            lambda seen: (
                seen["member"] == "PropertiesChanged"
                and "No such file" in str(seen["body"][1].get("Problems", ""))
            ),
            "signal",
        )


async def test_a_program_that_hangs_is_ended(session_bus: PrivateBus, tmp_path: Path) -> None:
    run = program(tmp_path / "run", "#!/bin/sh\nsleep 60\n")
    config = f"hooks: {{ringing: {run}, timeout_seconds: 1}}\n"
    async with ringing(session_bus, tmp_path, config) as (phone, _):
        await phone.until("Manager", "State", "degraded")
        ((_, _, text),) = await problems(phone)
        assert text.endswith("took longer than 1 s and was ended")


async def test_only_a_listed_site_opens_without_a_click(
    session_bus: PrivateBus, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    program(tmp_path / "xdg-open", PROGRAM.replace("sys.argv[1]", repr(str(out))))
    pop = "screen_pop: {{url: 'https://{host}/?n={{number}}', sites: [crm.example]}}\n"
    page = "https://{}/?n=peer%40127.0.0.1"
    async with ringing(session_bus, tmp_path, pop.format(host="other.example")) as (phone, path):
        caller = await phone.get("Call", "Caller", path)
        assert caller == {"screen-pop": page.format("other.example")}
    assert lines(out) == []
    async with ringing(session_bus, tmp_path, pop.format(host="crm.example")):
        await until(lambda: lines(out), PATIENCE_S, "the page to open")


async def problems(phone: Phone) -> list[list[str]]:
    found: list[list[str]] = await phone.get("Manager", "Problems")  # type: ignore[assignment]
    return found
