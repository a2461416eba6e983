# SPDX-License-Identifier: GPL-2.0-or-later
"""The phone with accounts at a real registrar, from its configuration to its end."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from offhookd.bus.names import BUS_NAME, ROOT
from tests.support.daemon import Phone, running_phone
from tests.support.dbus import PrivateBus
from tests.support.kamailio import Kamailio, password

ACCOUNT = f"{ROOT}/accounts/work"

Keys = dict[str, Any]

SILENT: Keys = {"backend": "silent"}


def account(
    server: Kamailio, user: str, transport: str = "udp", host: str = "", **keys: Any
) -> Keys:
    """Keys of an account of `user` at the server, called by its address or as `host`."""
    port = server.tls_port if transport == "tls" else server.port
    return {
        "uri": f"sip:{user}@{host or server.address}:{port}",
        "password": password(user),
        "transport": transport,
        **keys,
    }


def configuration(
    accounts: Mapping[str, Keys] | Keys, *, ca_file: Path | None = None, audio: Keys = SILENT
) -> str:
    """The file; a single account is called "work".  JSON, which is YAML."""
    named = {"work": accounts} if "uri" in accounts else accounts
    sip = {"bind": "127.0.0.1"} | ({"ca_file": str(ca_file)} if ca_file else {})
    return json.dumps({"accounts": named, "sip": sip, "audio": audio}, indent=1)


@asynccontextmanager
async def line(
    bus: PrivateBus, directory: Path, config: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Phone]:
    """A running phone that is stopped in order at the end of the block."""
    async with running_phone(bus, directory, config, environment) as phone:
        yield phone
        if phone.daemon.process:
            assert await phone.daemon.stop() == 0, phone.daemon.log


@asynccontextmanager
async def registered(
    bus: PrivateBus, directory: Path, config: str, environment: Mapping[str, str] | None = None
) -> AsyncIterator[Phone]:
    """A `line` once every account of it is registered."""
    async with line(bus, directory, config, environment) as phone:
        for name in json.loads(config)["accounts"]:
            await phone.until("Account", "State", "registered", f"{ROOT}/accounts/{name}")
        yield phone


async def incoming(phone: Phone, since: int = 0) -> str:
    """Wait for a call that comes in; its path.  `since`: a position in `client.seen`."""

    def is_incoming(message: dict[str, Any]) -> bool:
        if message["member"] != "InterfacesAdded":
            return False
        call = message["body"][1].get(f"{BUS_NAME}.Call", {})
        return bool(call.get("Direction") == "incoming")

    seen = await phone.client.wait_for(is_incoming, "signal", since=since)
    return str(seen["body"][0])


def sip_port(server: Kamailio, user: str = "1001") -> int:
    """Where the user's phone listens, as it told the registrar."""
    (contact,) = server.contacts(user)
    return port_of(contact)


def port_of(contact: str) -> int:
    """Of a URI, in a header or not."""
    found = re.search(r"@[^:>]+:(\d+)", contact)
    assert found, contact
    return int(found[1])
