# SPDX-License-Identifier: GPL-2.0-or-later
"""Telephone sets that are plugged in and out, with real pyudev on mock devices."""

import ctypes.util

import pytest

from tests.component import phone_in_use, usb_phones
from tests.support import umockdev

pytestmark = pytest.mark.skipif(
    not ctypes.util.find_library("umockdev"), reason="needs libumockdev0"
)


@pytest.mark.parametrize("story", usb_phones.STORIES)
async def test_phones_are_found(story: str) -> None:
    status, output = await umockdev.run("tests.component.usb_phones", story)
    assert status == 0, output


@pytest.mark.parametrize("story", phone_in_use.STORIES)
async def test_a_phone_is_used(story: str) -> None:
    status, output = await umockdev.run("tests.component.phone_in_use", story)
    assert status == 0, output
