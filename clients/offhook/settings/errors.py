# SPDX-License-Identifier: GPL-2.0-or-later
"""Why a configuration file was left as it is."""

from offhook.errors import OffhookError


class UnchangedError(OffhookError):
    """Nothing was written; the message is one sentence for a person."""

    def __init__(self, message: str) -> None:
        super().__init__("", message)


class MistakenError(UnchangedError):
    """The daemon would not take it: `key` at `line` has a mistake, for that reason."""

    def __init__(self, place: str, line: int, key: str, reason: str) -> None:
        super().__init__(f"{place}:{line}: {key}: {reason}")
        self.line = line
        self.key = key
        self.reason = reason
