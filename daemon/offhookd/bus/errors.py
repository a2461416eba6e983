# SPDX-License-Identifier: GPL-2.0-or-later
"""Errors as D-Bus names: the one place where an exception becomes what a client sees."""

import logging

from offhookd.phone.errors import PhoneError

from .names import BUS_NAME

_LOGGER = logging.getLogger(__name__)
_STANDARD = "org.freedesktop.DBus.Error."
_OURS = f"{BUS_NAME}.Error."

LONGEST_TEXT = 1_000
"""Sentences quote what the client sent, which may be megabytes."""


class BusUnavailableError(Exception):
    """There is no session bus to connect to, or it went away; the message says where."""


class NameTakenError(Exception):
    """Another program owns the bus name; the message says which."""


class RefusedError(Exception):
    """A call that D-Bus itself rules out, under its standard error `name`."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = _STANDARD + name


def unknown_object(path: str) -> RefusedError:
    return RefusedError("UnknownObject", f"there is no object {path}")


def unknown_interface(path: str, interface: str) -> RefusedError:
    return RefusedError("UnknownInterface", f"{path} has no interface {interface}")


def unknown_method(interface: str, member: str) -> RefusedError:
    return RefusedError("UnknownMethod", f"{interface} has no method {member}")


def unknown_property(interface: str, name: str) -> RefusedError:
    return RefusedError("UnknownProperty", f"{interface} has no property {name}")


def read_only(interface: str, name: str) -> RefusedError:
    return RefusedError("PropertyReadOnly", f"{interface}.{name} cannot be set")


def invalid_args(text: str) -> RefusedError:
    return RefusedError("InvalidArgs", text)


def as_reply(error: Exception, doing: str) -> tuple[str, str]:
    """Name and sentence to answer with; an error nobody planned is logged, not shown."""
    match error:
        case RefusedError():
            return error.name, _shortened(str(error))
        case PhoneError():
            return _OURS + error.name, _shortened(str(error))
        case _:
            _LOGGER.error("internal error in %s", _shortened(doing), exc_info=error)
            return f"{_OURS}Failed", "internal error, see the log of offhookd"


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."
