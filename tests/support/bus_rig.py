# SPDX-License-Identifier: GPL-2.0-or-later
"""The generic D-Bus layer with a small phone on a bus of its own."""

from dataclasses import dataclass

from offhookd.bus.names import ROOT
from offhookd.bus.service import Service
from tests.support.dbus import (
    DBusReply,
    GlibClient,
    PrivateBus,
)
from tests.support.dbus_objects import (
    CALL_PATH,
    TELEPHONY,
    ShownAudio,
    ShownTelephony,
)
from tests.support.processes import PATIENCE_S

DIAL = "('sip:1@example.com', @a{sv} {})"
ERROR = "org.offhook.Phone1.Error."
DBUS_ERROR = "org.freedesktop.DBus.Error."
DAEMON = "org.freedesktop.DBus"
DAEMON_PATH = "/org/freedesktop/DBus"
RECOVERY_S = PATIENCE_S
MONITOR = "(objectpath '/', uint32 50)"


@dataclass
class Rig:
    bus: PrivateBus
    service: Service
    telephony: ShownTelephony
    audio: ShownAudio

    async def dial(self, client: GlibClient) -> None:
        reply = await client.call(ROOT, TELEPHONY, "Dial", DIAL)
        assert reply == DBusReply("", [CALL_PATH])
