# SPDX-License-Identifier: GPL-2.0-or-later
"""What the D-Bus library is kept from."""

from importlib import import_module
from typing import Any

import pytest

from offhookd.bus import bus

_next: Any = import_module("dbus_next")


@pytest.mark.skipif(bus._library is not _next, reason="the other library bounds its cache")
def test_what_clients_send_is_not_remembered_for_ever() -> None:
    for length in range(2 * bus.MOST_SIGNATURES):
        _next.SignatureTree._get("y" * (length % 200) + "s" * (length // 200))
    assert len(_next.SignatureTree._cache) <= bus.MOST_SIGNATURES
    assert _next.SignatureTree._get("a{sv}").types[0].signature == "a{sv}"
