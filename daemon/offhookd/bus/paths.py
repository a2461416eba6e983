# SPDX-License-Identifier: GPL-2.0-or-later
"""Object paths of the phone's things, and back."""

import re

from offhookd.phone.accounts import Accounts
from offhookd.phone.buttons import DeviceId
from offhookd.phone.call import Call
from offhookd.phone.calls import Calls
from offhookd.phone.errors import InvalidArgumentError
from offhookd.phone.values import AccountId, CallId
from offhookd.phone.watch import WatchId

from .names import ROOT, path_element

NOTHING = "/"
_CALLS = f"{ROOT}/calls/c"
_CALL = re.compile(f"{_CALLS}([1-9][0-9]{{0,18}})")
_WATCHES = f"{ROOT}/presence/p"
_WATCH = re.compile(f"{_WATCHES}([1-9][0-9]{{0,18}})")


def account_path(account: AccountId) -> str:
    return f"{ROOT}/accounts/{path_element(account)}"


def call_path(call: CallId) -> str:
    return f"{_CALLS}{call}"


def call_id(path: str) -> CallId:
    """The call that `path` names; `InvalidArgumentError` when it is no path of a call."""
    match = _CALL.fullmatch(path)
    if match is None:
        raise InvalidArgumentError(f"{path:.100} is not the path of a call")
    return CallId(int(match[1]))


def watch_path(watch: WatchId) -> str:
    return f"{_WATCHES}{watch}"


def watch_id(path: str) -> WatchId:
    """The watch that `path` names; `InvalidArgumentError` when it is no path of one."""
    match = _WATCH.fullmatch(path)
    if match is None:
        raise InvalidArgumentError(f"{path:.100} is not the path of a watched address")
    return WatchId(int(match[1]))


def call_at(path: str, calls: Calls) -> Call:
    """The call whose object `path` is; `InvalidArgumentError` when there is none."""
    call = calls.get(call_id(path))
    if call is None:
        raise InvalidArgumentError(f"The call {path} is gone")
    return call


def conference_path(number: int) -> str:
    """ "/" for no conference."""
    return f"{ROOT}/conferences/n{number}" if number else NOTHING


def device_path(device: DeviceId) -> str:
    """ "0b0e:0305:00A1" is devices/usb_0b0e_0305_00A1."""
    return f"{ROOT}/devices/" + "_".join(["usb", *map(_part, device.split(":"))])


def _part(text: str) -> str:
    """Escaped as by `path_element`, but for a digit in front: it is not the first character."""
    return path_element(f"x{text}")[1:]


def subject_path(subject: str) -> str:
    """Where the subject of a `Problem` ("accounts/work") is on the bus."""
    kind, _, name = subject.partition("/")
    if kind == "devices":
        return device_path(DeviceId(name))
    return f"{ROOT}/{kind}/{path_element(name)}" if name else NOTHING


def account_at(path: str, accounts: Accounts) -> AccountId:
    """The account whose object `path` is; `InvalidArgumentError` when there is none."""
    for account in accounts:
        if account_path(account.id) == path:
            return account.id
    raise InvalidArgumentError(f"{path:.100} is not the path of an account")
