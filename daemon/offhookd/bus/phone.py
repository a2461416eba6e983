# SPDX-License-Identifier: GPL-2.0-or-later
"""The whole phone as a tree of objects: what exists, and which changes each interface shows."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """All that is shown: the parts of the running phone, by their ports where they have one."""

    service: Service
    switch: AccountSwitch
    problems: Problems
    accounts: Accounts
    calls: Calls
    conferences: Conferences
    handovers: Handovers
    audio: AudioControl
    history: CallHistory
    messages: Messages
    sets: SetControl
    presence: PresenceDesk
    directory: Directory
    planner: Planner
    sound: CallSound
    desk: DeskCalls


class PhoneTree:
    """Fills `tree` with the `phone` and keeps it true."""

    def __init__(self, tree: ObjectTree, phone: Phone) -> None:
        self._tree = tree
        self._phone = phone
        calls, accounts, planner = phone.calls, phone.accounts, phone.planner
        self._manager = ManagerInterface(phone.service, phone.problems, phone.presence.availability)
        self._telephony = TelephonyInterface(
            calls, accounts, phone.switch, phone.history, planner, phone.conferences, phone.desk
        )
        self._sound = AudioInterface(phone.audio, calls)
        self._history = HistoryInterface(phone.history, planner.spellings)
        self._contacts = ContactsInterface(phone.directory, phone.presence.watches)
        self._messages = MessagesInterface(phone.messages, accounts, planner)
        self._call_interfaces: dict[Call, tuple[CallInterface, CallMediaInterface]] = {}
        self._account_interfaces: dict[Account, AccountInterface] = {}
        self._set_interfaces: dict[DeviceId, DeviceInterface] = {}
        tree.add(
            ROOT,
            self._manager,
            self._telephony,
            self._sound,
            self._history,
            self._contacts,
            self._messages,
        )
        self._follow_phone(phone)
        self._follow_accounts(accounts)
        self._follow_calls(calls)
        ConferenceObjects(tree, phone.conferences, calls)
        self._follow_sets(phone.sets)
        self._follow_watches(phone.presence)

    def _follow_phone(self, phone: Phone) -> None:
        phone.service.changed.connect(self._manager.changed)
        phone.problems.changed.connect(self._manager.changed)
        phone.presence.availability.changed.connect(self._manager.changed)
        phone.audio.changed.connect(self._sound.changed)
        phone.directory.changed.connect(self._contacts.changed)

    def _follow_accounts(self, accounts: Accounts) -> None:
        accounts.added.connect(self._account_added)
        accounts.changed.connect(lambda account: self._account_interfaces[account].changed())
        accounts.removed.connect(self._account_removed)
        self._phone.switch.wishes.changed.connect(self._account_altered)
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
        interface = self._set_interfaces[device.id] = DeviceInterface(device, self._phone.sets)
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
        interface = AccountInterface(account, self._phone.switch, self._phone.planner)
        self._account_interfaces[account] = interface
        self._tree.add(account_path(account.id), interface)

    def _account_altered(self, account_id: AccountId) -> None:
        if account := self._phone.accounts.get(account_id):
            self._account_interfaces[account].changed()

    def _account_removed(self, account: Account) -> None:
        del self._account_interfaces[account]
        self._tree.remove(account_path(account.id))

    def _call_appeared(self, call: Call) -> None:
        phone = self._phone
        complete = phone.planner.complete_text
        shown = (
            CallInterface(call, phone.calls, phone.sound, phone.handovers, complete),
            CallMediaInterface(call, phone.audio),
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
