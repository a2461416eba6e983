# SPDX-License-Identifier: GPL-2.0-or-later
"""Other programs that have a device open."""

import asyncio
from pathlib import Path

from offhookd.devices.rivals import rivals


async def test_another_program_is_named_and_we_are_not(tmp_path: Path) -> None:
    node = tmp_path / "hidraw0"
    node.touch()
    with node.open() as stream:
        assert await asyncio.to_thread(rivals, str(node)) == ()
        child = await asyncio.create_subprocess_exec("sleep", "60", stdin=stream)
        assert await asyncio.to_thread(rivals, str(node)) == ("sleep",)
        child.kill()
        await child.wait()
        assert await asyncio.to_thread(rivals, str(node)) == ()
