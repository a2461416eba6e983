# SPDX-License-Identifier: GPL-2.0-or-later
"""Max-Forwards of an INVITE that goes on from another one (RFC 3261, 8.1.1.6).

The stack copies the header into each new request from a list of its own and offers no way to
choose the value, so the list is changed while the request is made.
"""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

from . import pjlib
from .pjlib import PjlibError
from .refusal import Refused
from .sip_headers import MAX_FORWARDS

NAME = b"Max-Forwards"
MOST_DEFAULTS = 16
"""Headers in the list; the stack has two."""


class _Header(ctypes.Structure):
    """`pjsip_max_fwd_hdr`."""

    _fields_ = (
        ("previous", ctypes.c_void_p),
        ("next", ctypes.c_void_p),
        ("type", ctypes.c_int),
        ("name", pjlib.Str),
        ("short_name", pjlib.Str),
        ("methods", ctypes.c_void_p),
        ("value", ctypes.c_uint),
    )


@contextmanager
def passing(value: int) -> Iterator[None]:
    """An INVITE that is made in here may pass `value` servers.  Raises `Refused` when that cannot
    be said: a call that goes in circles would never end."""
    if value == MAX_FORWARDS:
        yield
        return
    try:
        header = _find()
    except PjlibError as error:
        raise Refused(f"A call cannot be sent on by this phone: {error}.") from None
    header.value = value
    try:
        yield
    finally:
        header.value = MAX_FORWARDS


def _find() -> _Header:
    headers = pjlib.function("pjsip_endpt_get_request_headers", ctypes.c_void_p, ctypes.c_void_p)
    head = int(headers(pjlib.endpoint()))
    header = _Header.from_address(head)
    for _ in range(MOST_DEFAULTS):
        if header.next in (None, head):
            break
        header = _Header.from_address(header.next)
        if header.name.value() == NAME and header.value == MAX_FORWARDS:
            return header
    raise PjlibError("this pjsua2 module does not keep Max-Forwards where it is looked for")
