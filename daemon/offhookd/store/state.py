# SPDX-License-Identifier: GPL-2.0-or-later
"""The user's choices in a small JSON file, replaced as a whole with every change.

A file of its own rather than a table beside the history: it is a few hundred bytes that a person
may read, mend or delete, and do-not-disturb must not be lost with a damaged or erased history.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

from offhookd.config.files import UnreadableError, read_bytes
from offhookd.phone.choices import (
    AccountChoices,
    AudioChoices,
    Availability,
    DeviceChoices,
    PhoneChoices,
)
from offhookd.phone.values import AccountId

log = logging.getLogger(__name__)

VERSION = 1
MAX_FILE_BYTES = 1_000_000

C = TypeVar("C", PhoneChoices, AccountChoices, AudioChoices, DeviceChoices)


class State:
    """Reads once, writes each change at once; neither ever raises.

    `on_problem` is told one sentence when choices cannot be kept, and "" when they can again.
    """

    def __init__(self, path: Path, on_problem: Callable[[str], None]) -> None:
        self._path = path
        self._on_problem = on_problem
        self._failing = False
        body = self._read()
        self._phone = _choices(PhoneChoices, body.get("phone"))
        self._audio = _choices(AudioChoices, body.get("audio"))
        self._accounts = {
            AccountId(name): _choices(AccountChoices, value)
            for name, value in _object(body.get("accounts")).items()
        }
        self._devices = {
            name: _choices(DeviceChoices, value)
            for name, value in _object(body.get("devices")).items()
        }

    @property
    def phone(self) -> PhoneChoices:
        return self._phone

    @phone.setter
    def phone(self, choices: PhoneChoices) -> None:
        if choices != self._phone:
            self._phone = choices
            self._write()

    @property
    def audio(self) -> AudioChoices:
        return self._audio

    @audio.setter
    def audio(self, choices: AudioChoices) -> None:
        if choices != self._audio:
            self._audio = choices
            self._write()

    def account(self, account: AccountId) -> AccountChoices:
        return self._accounts.get(account, AccountChoices())

    def set_account(self, account: AccountId, choices: AccountChoices) -> None:
        """Kept also while the account is not configured: it may come back."""
        if choices != self.account(account):
            self._accounts[account] = choices
            self._write()

    def device(self, device: str) -> DeviceChoices:
        """`device` is the stable USB identity, present or not."""
        return self._devices.get(device, DeviceChoices())

    def set_device(self, device: str, choices: DeviceChoices) -> None:
        if choices != self.device(device):
            self._devices[device] = choices
            self._write()

    def _read(self) -> Mapping[str, Any]:
        if not os.path.lexists(self._path):
            return {}
        try:
            text, _ = read_bytes(self._path, MAX_FILE_BYTES)
            body = json.loads(text)
        except UnreadableError as error:
            self._tell(f"The file of your settings {self._path} {error}.")
            return {}
        except (ValueError, RecursionError) as error:
            self._set_aside(str(error))
            return {}
        return _object(body)

    def _set_aside(self, why: str) -> None:
        aside = self._path.with_name(time.strftime(f"{self._path.name}.damaged-%Y%m%d-%H%M%S"))
        try:
            self._path.rename(aside)
        except OSError as error:
            log.debug("cannot rename %s: %s", self._path, error)
        self._tell(
            f"The settings in {self._path} were damaged ({why}): the file was kept as"
            f" {aside.name}; check availability, do-not-disturb and forwarding."
        )

    def _write(self) -> None:
        body = {
            "version": VERSION,
            "phone": asdict(self._phone),
            "audio": asdict(self._audio),
            "accounts": {name: asdict(choices) for name, choices in self._accounts.items()},
            "devices": {name: asdict(choices) for name, choices in self._devices.items()},
        }
        try:
            _replace(self._path, json.dumps(body, indent=1).encode() + b"\n")
        except OSError as error:
            self._failing = True
            self._tell(
                f"Settings cannot be kept in {self._path} ({error.strerror}) and last until the"
                " phone stops: make room on the disc or mend the permissions."
            )
        else:
            if self._failing:
                self._failing = False
                self._on_problem("")

    def _tell(self, sentence: str) -> None:
        log.warning("%s", sentence)
        self._on_problem(sentence)


def _replace(path: Path, content: bytes) -> None:
    """Old content or new, never a part of it, also after a power cut."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(fd, "wb") as file:  # noqa: PTH123 - a descriptor, for its mode
        file.write(content)
        file.flush()
        os.fdatasync(fd)
    new.replace(path)


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _choices(cls: type[C], value: object) -> C:
    """What of `value` fits; the default of everything else."""
    body, default = _object(value), cls()
    fitting = {
        item.name: _fit(body[item.name], getattr(default, item.name))
        for item in fields(cls)
        if item.name in body
    }
    return cls(**fitting)


def _fit(value: object, default: Any) -> Any:
    if isinstance(default, Availability):
        # A value of a later version counts as busy (D-Bus contract).
        known = {str(item): item for item in Availability}
        return known.get(str(value), Availability.BUSY)
    if default is None:
        return value if isinstance(value, bool) else None
    if isinstance(default, tuple):
        return tuple(name for name in value if _is_text(name)) if isinstance(value, list) else ()
    if isinstance(default, float):
        fits = isinstance(value, int | float) and 0 <= value <= 1
    elif isinstance(default, bool):
        fits = isinstance(value, bool)
    elif isinstance(default, int):
        fits = type(value) is int and 0 <= value < 2**32
    else:
        fits = _is_text(value)
    return type(default)(value) if fits else default


def _is_text(value: object) -> bool:
    """JSON can spell lone surrogates, which are no text and cannot cross the bus."""
    return isinstance(value, str) and value == value.encode(errors="replace").decode()
