# SPDX-License-Identifier: GPL-2.0-or-later
"""Objects of the contract with no phone behind them: they show what a test puts in."""

import asyncio
from collections.abc import Callable, Mapping

from offhookd.bus.clients import Caller
from offhookd.bus.exported import Exported, method, setter
from offhookd.bus.names import ROOT
from offhookd.bus.objects import ObjectTree
from offhookd.phone.errors import PhoneError

CALL_PATH = f"{ROOT}/calls/c1"
CALL = "org.offhook.Phone1.Call"
MEDIA = "org.offhook.Phone1.CallMedia"
TELEPHONY = "org.offhook.Phone1.Telephony"
AUDIO = "org.offhook.Phone1.Audio"


class ShownCall(Exported):
    interface = CALL

    def __init__(self) -> None:
        self.shown: dict[str, object] = {"Id": 1, "State": "dialing", "Actions": ["Hangup"]}

    def values(self) -> Mapping[str, object]:
        return self.shown

    def show(self, **values: object) -> None:
        self.shown.update(values)
        self.changed()

    @method("Hangup")
    def hangup(self) -> None:
        self.show(State="ended")

    @method("Hold")
    async def hold(self) -> None:
        await asyncio.sleep(0)
        self.show(LocalHold=True)

    @method("Transfer")
    async def transfer(self, target: str) -> None:
        await asyncio.Event().wait()

    @setter("Muted")
    def set_muted(self, muted: bool) -> None:
        self.show(Muted=muted)


class ShownMedia(Exported):
    interface = MEDIA

    def __init__(self) -> None:
        self.shown: dict[str, object] = {"Codec": "G722", "PacketsSent": 1}

    def values(self) -> Mapping[str, object]:
        return self.shown


class ShownTelephony(Exported):
    """Dial adds a call; `dialled` keeps what it was given; `failure` makes it fail."""

    interface = TELEPHONY

    def __init__(self, tree: ObjectTree) -> None:
        self.call = ShownCall()
        self.dialled: list[tuple[str, dict[str, object]]] = []
        self.failure: Exception | None = None
        self._all = tree

    def values(self) -> Mapping[str, object]:
        return {"Calls": [CALL_PATH] if self.call.path else []}

    @method("Dial")
    def dial(self, target: str, options: dict[str, object]) -> str:
        self.dialled.append((target, options))
        if self.failure:
            raise self.failure
        self._all.add(CALL_PATH, self.call, ShownMedia())
        self.changed()
        return CALL_PATH

    @method("HangupAll")
    async def hangup_all(self) -> None:
        if self.failure:
            raise self.failure
        self._all.remove(CALL_PATH)
        self.changed()


class ShownAudio(Exported):
    """MonitorLevels sends one signal to its caller alone and waits for it to leave."""

    interface = AUDIO

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self.undo: Callable[[], None] | None = None

    def values(self) -> Mapping[str, object]:
        return {"Active": ("mic", "speaker", "speaker"), "CaptureVolume": 1}

    @method("MonitorLevels", wants_caller=True)
    def monitor_levels(self, caller: Caller, call: str, interval_ms: int) -> None:
        if interval_ms == 0:
            raise PhoneError("nothing to stop")
        self.undo = caller.on_left(self.left.set)
        self.emit("Levels", call, -20, -30.5, to=caller.name)
