# SPDX-License-Identifier: GPL-2.0-or-later
"""A D-Bus client by GLib, which shares no code with ours; run with the system's Python.

It takes calls as JSON lines and prints every message it receives, in the order of arrival.
``--objects`` adds what Gio.DBusObjectManagerClient makes of them.
"""

import json
import sys
import threading
from typing import Any

from gi.repository import Gio, GLib  # type: ignore[import-not-found]  # of the system's Python

NAME, ROOT = "org.offhook.Phone1", "/org/offhook/Phone1"
KINDS = {2: "reply", 3: "error", 4: "signal"}
FLAGS = (
    Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
)


telling = threading.Lock()


def tell(**fact: object) -> None:
    with telling:
        print(json.dumps(fact, default=str), flush=True)


def received(_connection: Any, message: Any, incoming: bool) -> Any:
    if incoming:
        body = message.get_body()
        tell(
            kind=KINDS.get(int(message.get_message_type()), "call"),
            serial=message.get_reply_serial(),
            error=message.get_error_name() or "",
            path=message.get_path() or "",
            interface=message.get_interface() or "",
            member=message.get_member() or "",
            signature=message.get_signature() or "",
            body=body.unpack() if body else [],
        )
    return message


def send(
    connection: Any,
    to: str,
    path: str,
    interface: str,
    member: str,
    arguments: str,
    *,
    reply: bool,
) -> None:
    message = Gio.DBusMessage.new_method_call(to, path, interface or None, member)
    if arguments:
        message.set_body(GLib.Variant.parse(None, arguments, None, None))
    if not reply:
        message.set_flags(Gio.DBusMessageFlags.NO_REPLY_EXPECTED)
    _, serial = connection.send_message(message, Gio.DBusSendMessageFlags.NONE)
    tell(kind="sent", serial=serial)


def watch_objects(connection: Any) -> Any:
    def added(_manager: Any, item: Any) -> None:
        names = sorted(
            one.get_info().name if one.get_info() else one.get_interface_name()
            for one in item.get_interfaces()
        )
        tell(kind="object-added", path=item.get_object_path(), interfaces=names)

    def removed(_manager: Any, item: Any) -> None:
        tell(kind="object-removed", path=item.get_object_path())

    flags = Gio.DBusObjectManagerClientFlags.DO_NOT_AUTO_START
    manager = Gio.DBusObjectManagerClient.new_sync(connection, flags, NAME, ROOT, None, None, None)
    manager.connect("object-added", added)
    manager.connect("object-removed", removed)
    for item in manager.get_objects():
        added(manager, item)
    return manager


def serve(connection: Any, loop: Any) -> None:
    try:
        for line in sys.stdin:
            send(connection, **json.loads(line))
    finally:
        GLib.idle_add(loop.quit)  # in the loop: it may not have begun


def main() -> None:
    connection = Gio.DBusConnection.new_for_address_sync(sys.argv[1], FLAGS, None, None)
    connection.add_filter(received)
    connection.call_sync(
        "org.freedesktop.DBus",
        "/org/freedesktop/DBus",
        "org.freedesktop.DBus",
        "AddMatch",
        GLib.Variant("(s)", (f"type='signal',sender='{NAME}'",)),
        None,
        Gio.DBusCallFlags.NONE,
        -1,
        None,
    )
    loop = GLib.MainLoop()
    manager = watch_objects(connection) if "--objects" in sys.argv else None
    tell(kind="ready", name=connection.get_unique_name())
    threading.Thread(target=serve, args=(connection, loop), daemon=True).start()
    loop.run()
    del manager


main()
