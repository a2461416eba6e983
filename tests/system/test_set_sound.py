# SPDX-License-Identifier: GPL-2.0-or-later
"""The sound of a call is where its set is, on both sound servers."""

import ctypes.util

import pytest

from tests.support import umockdev
from tests.support.sound import NATURES
from tests.system import sets_in_calls

pytestmark = [
    pytest.mark.usefixtures("needs_sipp"),
    pytest.mark.skipif(not ctypes.util.find_library("umockdev"), reason="needs libumockdev0"),
]


@pytest.mark.parametrize("nature", NATURES)
@pytest.mark.parametrize("story", sets_in_calls.STORIES)
async def test_the_sound_follows_the_set(nature: str, story: str) -> None:
    status, output = await umockdev.run("tests.system.sets_in_calls", nature, story)
    assert status == 0, output
