# SPDX-License-Identifier: GPL-2.0-or-later
import pytest

from offhookd.engine.sip_info import DTMF, DTMF_RELAY, HOOK_FLASH, LONGEST_KEY_MS, Key, read_key


@pytest.mark.parametrize(
    ("kind", "body", "key"),
    [
        (DTMF_RELAY, b"Signal=5\r\nDuration=160\r\n", Key("5", 160)),
        (DTMF_RELAY, b"Signal= *\nDuration= 250", Key("*", 250)),
        (DTMF_RELAY, b"signal=a", Key("A", 0)),
        (DTMF_RELAY, b"Signal=11\r\n", Key("#", 0)),
        (DTMF_RELAY, b"Signal=16\r\n", Key("R", 0)),
        (DTMF_RELAY, b"Signal=1\r\nDuration=999999\r\n", Key("1", LONGEST_KEY_MS)),
        (DTMF, b"5", Key("5", 0)),
        (DTMF, b"#\r\n", Key("#", 0)),
        (DTMF, b"10", Key("*", 0)),
        (HOOK_FLASH, b"signal=hf\r\n", Key("R", 0)),
        (DTMF_RELAY, b"Signal=17\r\n", None),
        (DTMF_RELAY, b"Signal=\r\nDuration=160\r\n", None),
        (DTMF, b"55 66", None),
        (DTMF, b"\0", None),
    ],
)
def test_keys_in_the_ways_that_devices_write_them(
    kind: bytes, body: bytes, key: Key | None
) -> None:
    assert read_key(kind, body) == key
