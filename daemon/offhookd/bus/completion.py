# SPDX-License-Identifier: GPL-2.0-or-later
"""From the core's `done` callbacks to something a method of D-Bus can await."""

import asyncio
from collections.abc import Callable

from offhookd.phone.errors import PhoneError
from offhookd.phone.ports import Done


def completion(start: Callable[[Done], None]) -> asyncio.Future[None]:
    """Run `start`, and hand over what it reports through the `Done` that it is given."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def done(error: PhoneError | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    start(done)
    return future
