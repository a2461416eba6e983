# SPDX-License-Identifier: GPL-2.0-or-later
"""org.offhook.Phone1.Presence, and the watching of org.offhook.Phone1.Contacts."""

from collections.abc import Callable, Mapping

from offhookd.phone.call import Call
from offhookd.phone.dialogs import INITIATOR, RECIPIENT, RemoteDialog
from offhookd.phone.values import Direction
from offhookd.phone.watch import Watch
from offhookd.phone.watches import Watches

from .clients import Caller
from .exported import Exported, method
from .paths import call_path, watch_id, watch_path

_DIRECTIONS = {INITIATOR: Direction.OUTGOING, RECIPIENT: Direction.INCOMING}


class PresenceInterface(Exported):
    interface = "org.offhook.Phone1.Presence"

    def __init__(self, watch: Watch, pickup: Callable[[Watch], Call]) -> None:
        self._watch = watch
        self._pickup = pickup

    def values(self) -> Mapping[str, object]:
        watch = self._watch
        return {
            "Uri": watch.uri,
            "Label": watch.label,
            "State": watch.state,
            "Dialog": watch.dialog,
            "Note": watch.note,
            "Subscription": watch.subscription,
            "SubscriptionText": watch.text,
            "DeskPhone": watch.desk_phone,
            "Dialogs": [_dialog(one) for one in watch.dialogs],
        }

    @method("Pickup")
    def pickup(self) -> str:
        return call_path(self._pickup(self._watch).id)


def _dialog(one: RemoteDialog) -> tuple[str, str, str, str]:
    return one.shown, _DIRECTIONS.get(one.direction, ""), one.remote_uri, one.remote_name


class Watching(Exported):
    """Watch and Unwatch."""

    def __init__(self, watches: Watches) -> None:
        self._watches = watches
        self._following: dict[str, Callable[[], None]] = {}

    @method("Watch", wants_caller=True)
    def watch(self, caller: Caller, uri: str, persistent: bool) -> str:
        watch = self._watches.watch(uri, caller.name, persistent=persistent)
        if not persistent and caller.name not in self._following:
            self._following[caller.name] = caller.on_left(lambda: self._left(caller.name))
        return watch_path(watch.id)

    @method("Unwatch", wants_caller=True)
    def unwatch(self, caller: Caller, path: str) -> None:
        self._watches.unwatch(self._watches.get(watch_id(path)), caller.name)

    def _left(self, client: str) -> None:
        self._following.pop(client, None)
        self._watches.client_left(client)
