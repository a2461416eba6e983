# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole phone as a tree of objects: what exists, and which changes each interface shows."""

from functools import partial

from offhookd.phone.account import Account
from offhookd.phone.accounts import Accounts
from offhookd.phone.buttons import DeviceId, Press
from offhookd.phone.call import Call
from offhookd.phone.call_sound import CallSound
from offhookd.phone.calls import Calls
from offhookd.phone.conference import Conferences
from offhookd.phone.contacts import Directory
from offhookd.phone.desk_calls import DeskCalls
from offhookd.phone.handovers import Handovers
from offhookd.phone.messages import Messages
from offhookd.phone.planner import Planner
from offhookd.phone.problems import Problems
from offhookd.phone.service import AccountSwitch, AudioControl, CallHistory, PresenceDesk, Service
from offhookd.phone.sets import SetControl, TelephoneSet
from offhookd.phone.values import AccountId
from offhookd.phone.watch import Watch

from .account import AccountInterface
from .audio import AudioInterface
from .call import CallInterface, CallMediaInterface
from .conference import ConferenceObjects
from .contacts import ContactsInterface
from .device import DeviceInterface
from .history import HistoryInterface
from .manager import ManagerInterface
from .messages import MessagesInterface
from .names import ROOT
from .objects import ObjectTree
from .paths import account_path, call_path, device_path, watch_path
from .presence import PresenceInterface
from .telephony import TelephonyInterface


class PhoneTree:
    """Fills `tree` with the phone and keeps it true."""

    def __init__(
        self,
        tree: ObjectTree,
        service: Service,
        switch: AccountSwitch,
        problems: Problems,
        accounts: Accounts,
        calls: Calls,
        conferences: Conferences,
        handovers: Handovers,
        audio: AudioControl,
        history: CallHistory,
        messages: Messages,
        sets: SetControl,
        presence: PresenceDesk,
        directory: Directory,
        planner: Planner,
        sound: CallSound,
        desk: DeskCalls,
    ) -> None:
        self._tree = tree
        self._switch = switch
        self._planner = planner
        self._call_sound = sound
        self._calls = calls
        self._handovers = handovers
        self._audio = audio
        self._manager = ManagerInterface(service, problems, presence.availability)
        self._telephony = TelephonyInterface(
            calls, accounts, switch, history, planner, conferences, desk
        )
        self._sound = AudioInterface(audio, calls)
        self._history = HistoryInterface(history, planner.spellings)
        contacts = ContactsInterface(directory, presence.watches)
        self._messages = MessagesInterface(messages, accounts, planner)
        self._call_interfaces: dict[Call, tuple[CallInterface, CallMediaInterface]] = {}
        self._account_interfaces: dict[Account, AccountInterface] = {}
        self._set_interfaces: dict[DeviceId, DeviceInterface] = {}
        tree.add(
            ROOT,
            self._manager,
            self._telephony,
            self._sound,
            self._history,
            contacts,
            self._messages,
        )
        service.changed.connect(self._manager.changed)
        problems.changed.connect(self._manager.changed)
        presence.availability.changed.connect(self._manager.changed)
        audio.changed.connect(self._sound.changed)
        directory.changed.connect(contacts.changed)
        self._follow_accounts(accounts)
        self._follow_calls(calls)
        ConferenceObjects(tree, conferences, calls)
        self._follow_sets(sets)
        self._follow_watches(presence)

    def _follow_accounts(self, accounts: Accounts) -> None:
        accounts.added.connect(self._account_added)
        accounts.changed.connect(lambda account: self._account_interfaces[account].changed())
        accounts.removed.connect(self._account_removed)
        self._switch.wishes.changed.connect(partial(self._account_altered, accounts))
        accounts.default_changed.connect(self._telephony.changed)
        for account in accounts:
            self._account_added(account)

    def _follow_calls(self, calls: Calls) -> None:
        calls.appeared.connect(self._call_appeared)
        calls.added.connect(self._history.row_added)
        calls.changed.connect(self._call_changed)
        calls.removed.connect(self._call_removed)
        calls.focus_changed.connect(self._telephony.changed)
        for call in calls:
            self._call_appeared(call)

    def _follow_sets(self, sets: SetControl) -> None:
        self._sets = sets
        sets.added.connect(self._set_added)
        sets.changed.connect(self._set_changed)
        sets.removed.connect(self._set_removed)
        sets.pressed.connect(self._set_pressed)
        for device in sets:
            self._set_added(device)

    def _follow_watches(self, presence: PresenceDesk) -> None:
        def added(watch: Watch) -> None:
            interface = shown[watch] = PresenceInterface(watch, presence.pickup)
            self._tree.add(watch_path(watch.id), interface)

        def changed(watch: Watch) -> None:
            shown[watch].changed()

        def removed(watch: Watch) -> None:
            del shown[watch]
            self._tree.remove(watch_path(watch.id))

        shown: dict[Watch, PresenceInterface] = {}
        watches = presence.watches
        for watch in watches:
            added(watch)
        watches.added.connect(added)
        watches.changed.connect(changed)
        watches.removed.connect(removed)

    def _set_added(self, device: TelephoneSet) -> None:
        interface = self._set_interfaces[device.id] = DeviceInterface(device, self._sets)
        self._tree.add(device_path(device.id), interface)
        self._sound.changed()

    def _set_changed(self, device: TelephoneSet) -> None:
        if interface := self._set_interfaces.get(device.id):
            interface.changed()

    def _set_removed(self, device: TelephoneSet) -> None:
        if self._set_interfaces.pop(device.id, None):
            self._tree.remove(device_path(device.id))
            self._sound.changed()

    def _set_pressed(self, press: Press, handled: bool) -> None:
        if interface := self._set_interfaces.get(press.device):
            interface.pressed(press, handled)

    def _account_added(self, account: Account) -> None:
        interface = AccountInterface(account, self._switch, self._planner)
        self._account_interfaces[account] = interface
        self._tree.add(account_path(account.id), interface)

    def _account_altered(self, accounts: Accounts, account_id: AccountId) -> None:
        if account := accounts.get(account_id):
            self._account_interfaces[account].changed()

    def _account_removed(self, account: Account) -> None:
        del self._account_interfaces[account]
        self._tree.remove(account_path(account.id))

    def _call_appeared(self, call: Call) -> None:
        shown = (
            CallInterface(
                call, self._calls, self._call_sound, self._handovers, self._planner.complete_text
            ),
            CallMediaInterface(call, self._audio),
        )
        self._call_interfaces[call] = shown
        self._tree.add(call_path(call.id), *shown)
        self._telephony.changed()

    def _call_changed(self, call: Call) -> None:
        for interface in self._call_interfaces[call]:
            interface.changed()
        self._history.changed()

    def _call_removed(self, call: Call) -> None:
        del self._call_interfaces[call]
        self._tree.remove(call_path(call.id))
        self._telephony.changed()
