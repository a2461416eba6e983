# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a configuration file was left as it is."""

from offhook.errors import OffhookError


class UnchangedError(OffhookError):
    """Nothing was written; the message is one sentence for a person."""

    def __init__(self, message: str) -> None:
        super().__init__("", message)
