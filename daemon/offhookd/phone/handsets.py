# SPDX-License-Identifier: GPL-2.0-or-later
"""All telephone sets that are plugged in: they follow the calls and show the truth on their lamps.

A set that is disabled is not plugged in as far as this module goes.
"""

from .buttons import DeviceId, Lamps, Press
from .call import Call
from .events import Signal
from .handset import Handset
from .handset_desk import Desk, Surroundings, parked, usable
from .handset_keys import Keys
from .handset_table import Stage
from .values import CallId, Direction


class Handsets:
    """`speaking_changed`: the sound of calls and tones belongs to another set now."""

    def __init__(self, around: Surroundings) -> None:
        self.speaking_changed: Signal[[]] = Signal()
        self._around = around
        self._calls = around.calls
        self._desk = Desk(around.calls)
        self._handsets: dict[DeviceId, Handset] = {}
        self._keys: dict[DeviceId, Keys] = {}
        self._shown: dict[DeviceId, Lamps] = {}
        self._spoke: DeviceId | None = None
        self._message_waiting = False
        self._heirs: dict[CallId, DeviceId] = {}
        """Calls that belong to a set as soon as they are on hold, as those before them were."""
        self._desk.changed.connect(self._follow)
        self._calls.added.connect(self._added)
        self._calls.changed.connect(self._changed)
        self._calls.focus_changed.connect(self._follow)

    # ------------------------------------------------------------ what happens

    def plugged(
        self, device: DeviceId, *, cradle: bool = False, hook_rejects: bool = False
    ) -> None:
        """A set is there and its lamps can be written; all of them are dark.

        `cradle`: its hook is the switch under a handset, not a button.  `hook_rejects`: going
        on-hook once more refuses a ringing call (sets without another key for it).
        """
        self._forget(device)
        handset = Handset(device, self._desk, self._around, cradle=cradle)
        self._handsets[device] = self._desk.sets[device] = handset
        self._keys[device] = Keys(handset, self._desk, self._around, hook_rejects=hook_rejects)
        self._follow()

    def unplugged(self, device: DeviceId) -> None:
        """It is gone, or not ours any more.  Its calls stay, and are its own when it comes back
        before another set has taken them."""
        self._forget(device)
        self._follow()

    def pressed(self, press: Press) -> None:
        """Never raises; what is not plugged in is not heard."""
        if keys := self._keys.get(press.device):
            keys.pressed(press)
            self._follow()

    def assign(self, call: Call, device: DeviceId | None) -> None:
        """The sound of `call` goes through `device` from now on, though nobody lifted it there."""
        if usable(call) and self._desk.owner(call) != device:
            self._desk.give(call, device)
            self._follow()

    def look(self) -> None:
        """Something around the sets changed that they show."""
        self._follow()

    def messages_waiting(self, waiting: bool) -> None:
        self._message_waiting = waiting
        self._follow()

    # ------------------------------------------------------------ looking

    def lamps(self, device: DeviceId) -> Lamps:
        """What a set that is plugged in must show now."""
        return self._handsets[device].lamps(message_waiting=self._message_waiting)

    def stage(self, device: DeviceId) -> Stage:
        return self._handsets[device].stage

    def has(self, device: DeviceId) -> bool:
        return device in self._handsets

    def call(self, device: DeviceId) -> Call | None:
        """The call in the ear of a set that is plugged in."""
        return self._handsets[device].call

    def digits(self, device: DeviceId) -> str:
        """Keyed in so far."""
        return self._handsets[device].digits

    def owner(self, call: Call) -> DeviceId | None:
        """The set that answered or dialled `call`, as far as it is plugged in."""
        return self._desk.owner(call)

    @property
    def speaking(self) -> DeviceId | None:
        """The set that the sound of calls and tones belongs to; None when no set asks for it."""
        call = self._calls.focus
        talking = call is not None and usable(call)
        if call is not None and talking and not parked(call):
            return self._desk.owner(call)
        waiting = [one for one in self._handsets.values() if one.off_hook and one.call is None]
        if waiting:
            return max(waiting, key=lambda one: (one.talks, one.since_us)).device
        return self._desk.owner(call) if call is not None and talking else None

    # ------------------------------------------------------------ the calls

    def _added(self, call: Call) -> None:
        if call.direction is Direction.OUTGOING and self._desk.placing is not None:
            self._desk.give(call, self._desk.placing)
        elif call.replaces is not None:
            self._inherit(call, self._calls.get(call.replaces))

    def _inherit(self, call: Call, before: Call | None) -> None:
        """`call` goes on with what `before` was, on the same set."""
        owner = self._desk.owner(before) if before else None
        if before and owner and parked(before) and call.direction is Direction.INCOMING:
            self._heirs[call.id] = owner  # a set that is on-hook must not pick it up
        elif owner:
            self._desk.give(call, owner)

    def _changed(self, call: Call) -> None:
        if parked(call) and (heir := self._heirs.pop(call.id, None)):
            self._desk.give(call, heir)
        if not call.up or call.ending:
            self._over(call)
        self._follow()

    def _over(self, call: Call) -> None:
        owner = self._desk.owner(call)
        self._desk.forget(call)
        self._heirs.pop(call.id, None)
        if owner is not None:
            self._handsets[owner].over(call)

    # ------------------------------------------------------------ how it is done

    def _forget(self, device: DeviceId) -> None:
        if handset := self._handsets.pop(device, None):
            del self._desk.sets[device], self._keys[device]
            self._shown.pop(device, None)
            handset.unplugged()

    def _follow(self) -> None:
        """Let the sets see what the calls are, and show it."""
        self._join()
        for device in self._handsets:
            lamps = self.lamps(device)
            if self._shown.get(device) != lamps:
                self._shown[device] = lamps
                self._around.sets.show(device, lamps)
        if self.speaking != self._spoke:
            self._spoke = self.speaking
            self.speaking_changed()

    def _join(self) -> None:
        """Somebody resumed, swapped or placed a call that belongs to a set, or brought it back."""
        call = self._calls.focus
        if call is not None and usable(call) and not parked(call):
            owner = self._desk.owner(call)
            if owner is not None and self._handsets[owner].call is not call:
                self._handsets[owner].joined(call)
        for device, handset in self._handsets.items():
            live = [own for own in self._desk.calls_of(device) if not parked(own)]
            if live and handset.call is None:
                handset.joined(live[-1])
