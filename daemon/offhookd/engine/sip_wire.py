# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends SIP messages that we wrote ourselves over the stack's own transports.

So they leave from the account's port or connection like everything else, and the far end's NAT
binding, TLS session and socket filter are the ones that exist already.
"""

import ctypes
from collections.abc import Callable
from typing import Any

from . import pjlib
from .sip_headers import name_addr

_SELECTOR_BYTES = 64
"""More than a `pjsip_tpselector` has (24); the library fills and reads it."""

_OnSent = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_ssize_t)


class Wire:
    """`failed(token)` is called, perhaps from within `send`, when a message could not leave."""

    def __init__(self, failed: Callable[[int], None]) -> None:
        self._failed = failed
        self._on_sent = _OnSent(self._sent)

    def send(self, account: int, next_hop: str, data: bytes, token: int) -> None:
        """Send `data` to where the URI `next_hop` leads; `account` is pjsua's number.

        Raises `PjlibError`.
        """
        pointer = ctypes.c_void_p
        send = pjlib.function(
            "pjsip_endpt_send_raw_to_uri",
            ctypes.c_int,
            *(pointer, pointer, pointer, ctypes.c_char_p, ctypes.c_size_t, pointer, _OnSent),
        )
        selector = self._selector(account)
        uri = pjlib.string(next_hop.encode())
        where = ctypes.byref(uri), ctypes.byref(selector)
        status = send(pjlib.endpoint(), *where, data, len(data), token, self._on_sent)
        pjlib.check("Sending a request", status)

    @staticmethod
    def contact(account: int, next_hop: str) -> str:
        """The URI by which the far end reaches `account`.  Raises `PjlibError`."""
        pointer = ctypes.c_void_p
        create = pjlib.function(
            "pjsua_acc_create_uac_contact", ctypes.c_int, pointer, pointer, ctypes.c_int, pointer
        )
        found, uri = pjlib.Str(), pjlib.string(next_hop.encode())
        pool = pjlib.new_pool(b"offhook-contact")
        try:
            status = create(pool, ctypes.byref(found), account, ctypes.byref(uri))
            pjlib.check("Finding our own address", status)
            return name_addr(found.value().decode("utf-8", "replace"))[1]
        finally:
            pjlib.release_pool(pool)

    @staticmethod
    def _selector(account: int) -> "ctypes.Array[Any]":
        selector = ctypes.create_string_buffer(_SELECTOR_BYTES)
        fill = pjlib.function("pjsua_init_tpselector", None, ctypes.c_int, ctypes.c_void_p)
        fill(account, ctypes.byref(selector))
        return selector

    def _sent(self, token: int | None, _tdata: int, sent: int) -> None:
        if token and sent <= 0:
            self._failed(token)
