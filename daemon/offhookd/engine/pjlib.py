# SPDX-License-Identifier: GPL-2.0-or-later
"""The C library under the `pjsua2` binding, for the few things the binding does not offer.

Every use of it can be switched off: a symbol that is missing, or a structure that turns out to be
laid out otherwise than pjproject 2.15's, raises `PjlibError`, and its user reports a fault instead
of going on.  Everything here runs in the thread that owns the SIP stack.
"""

import ctypes
import functools
from collections.abc import Callable, Mapping
from typing import Any

PJ_SUCCESS = 0
PJ_EPENDING = 70002
PJ_ERESOLVE = 70018

_POOL_BYTES = 512
_LIST_HEAD_POINTERS = 8
"""More than the two that are used, so that no reading of the rest leaves the array."""

_MESSAGE_BYTES = 80  # PJ_ERR_MSG_SIZE


class PjlibError(Exception):
    """The library lacks something or refused; the message is one sentence for a person."""


class Str(ctypes.Structure):
    """`pj_str_t`: not terminated, not owned."""

    _fields_ = (("ptr", ctypes.c_void_p), ("slen", ctypes.c_ssize_t))
    kept: object = None

    def value(self) -> bytes:
        return ctypes.string_at(self.ptr, self.slen) if self.ptr and self.slen > 0 else b""


def string(data: bytes) -> Str:
    """A `pj_str_t` of `data`, which it keeps alive."""
    kept = ctypes.create_string_buffer(data)
    made = Str(ctypes.addressof(kept), len(data))
    made.kept = kept
    return made


class HostInfo(ctypes.Structure):
    """`pjsip_host_info`: a host and port to find, and over what."""

    _fields_ = (
        ("flag", ctypes.c_uint),
        ("type", ctypes.c_int),
        ("host", Str),
        ("port", ctypes.c_int),
    )


@functools.cache
def _library() -> ctypes.PyDLL:
    from pjsua2 import _pjsua2  # noqa: PLC0415 - 10 MB, and only the engine child has use for it

    # PyDLL: the calls are short, and giving up the interpreter lock around each would let the
    # audio thread in between two halves of one step.
    return ctypes.PyDLL(_pjsua2.__file__)


@functools.cache
def function(name: str, result: Any, *arguments: Any) -> Callable[..., Any]:
    """The exported C function `name` with its types.  Raises `PjlibError` when there is none."""
    try:
        found = getattr(_library(), name)
    except AttributeError:
        raise PjlibError(f"this pjsua2 module does not export {name}") from None
    found.restype = result
    found.argtypes = arguments
    return found  # type: ignore[no-any-return]  # ctypes types a function as Any


def check(what: str, status: int) -> None:
    """Raise `PjlibError` with the library's own words unless `status` is `PJ_SUCCESS`."""
    if status != PJ_SUCCESS:
        raise PjlibError(f"{what} failed: {describe(status)}")


def describe(status: int) -> str:
    """What the library calls the error `status`."""
    text = ctypes.create_string_buffer(_MESSAGE_BYTES)
    # pj_strerror returns a pj_str_t by value, which a caller that does not look may ignore.
    arguments = (ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t)
    function("pj_strerror", Str, *arguments)(status, text, len(text))
    return text.value.decode("utf-8", "replace") or f"status {status}"


def endpoint() -> int:
    """Address of the `pjsip_endpoint`; only between libInit and libDestroy."""
    found = function("pjsua_get_pjsip_endpt", ctypes.c_void_p)()
    if not found:
        raise PjlibError("the SIP stack has not been started")
    return int(found)


def new_pool(name: bytes) -> int:
    """A memory pool of the endpoint, for `release_pool`."""
    create = function(
        "pjsip_endpt_create_pool",
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_size_t,
    )
    pool = create(endpoint(), name, _POOL_BYTES, _POOL_BYTES)
    if not pool:
        raise PjlibError("the SIP stack has no memory left")
    return int(pool)


def release_pool(pool: int) -> None:
    release = function("pjsip_endpt_release_pool", None, ctypes.c_void_p, ctypes.c_void_p)
    release(endpoint(), pool)


def header_list(pool: int, headers: Mapping[str, str]) -> ctypes.Array[Any]:
    """A list of headers for pjsip, living in `pool`.

    Of the list's head only the two links are used, which come first in every `pj_list`.
    """
    pointer = ctypes.c_void_p
    create = function("pjsip_generic_string_hdr_create", pointer, pointer, pointer, pointer)
    insert_before = function("pj_list_insert_before", None, pointer, pointer)
    head = (pointer * _LIST_HEAD_POINTERS)()
    head[0] = head[1] = ctypes.addressof(head)
    for name, value in headers.items():
        texts = string(name.encode()), string(value.encode())
        header = create(pool, *(ctypes.byref(text) for text in texts))
        insert_before(ctypes.addressof(head), header)
    return head
