# SPDX-License-Identifier: GPL-2.0-or-later
"""What the command line refuses by itself."""

from offhook.errors import OffhookError


class RefusedError(OffhookError):
    """A command was not done; the message is one sentence for a person."""

    def __init__(self, message: str) -> None:
        super().__init__("", message)
