# SPDX-License-Identifier: GPL-2.0-or-later
"""Telephone sets that are plugged in and out, with real pyudev on mock devices."""

import ctypes.util

import pytest

from tests.component.usb_phones import STORIES
from tests.support import umockdev

pytestmark = pytest.mark.skipif(
    not ctypes.util.find_library("umockdev"), reason="needs libumockdev0"
)


@pytest.mark.parametrize("story", STORIES)
async def test_phones_are_found(story: str) -> None:
    status, output = await umockdev.run("tests.component.usb_phones", story)
    assert status == 0, output
