# SPDX-License-Identifier: GPL-2.0-or-later
"""Option tags of the header Supported (RFC 3261, 20.37) beyond those that the SIP stack has."""

import ctypes
from typing import Any

from . import pjlib
from .pjlib import PjlibError

FROM_CHANGE = b"from-change"
"""Who sees it may change From during a call (RFC 4916, 4.1)."""

_KNOWN = b"100rel"
"""A tag that stands in no other header."""

_HEADER_TYPES = range(64)
"""More than the stack knows."""

_Pointer = ctypes.c_void_p


def support(tag: bytes) -> None:
    """Let every call say `tag`, and take it where it is required.  Raises `PjlibError`."""
    add = pjlib.function(
        "pjsip_endpt_add_capability",
        *(ctypes.c_int, _Pointer, _Pointer, ctypes.c_int, _Pointer, ctypes.c_uint, _Pointer),
    )
    status = add(pjlib.endpoint(), None, _type_of_supported(), None, 1, _at(pjlib.string(tag)))
    pjlib.check(f"Announcing {tag.decode()}", status)


def _type_of_supported() -> int:
    """The stack's number of that header, which is not the same in each of its versions."""
    has = pjlib.function(
        "pjsip_endpt_has_capability",
        *(ctypes.c_int, _Pointer, ctypes.c_int, _Pointer, _Pointer),
    )
    tag = pjlib.string(_KNOWN)
    for number in _HEADER_TYPES:
        if has(pjlib.endpoint(), number, _at(tag), _at(tag)):
            return number
    raise PjlibError("This pjsua2 module tells nobody what it supports")


def _at(text: pjlib.Str) -> Any:
    return ctypes.byref(text)
