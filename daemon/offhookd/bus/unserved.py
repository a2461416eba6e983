# SPDX-License-Identifier: GPL-2.0-or-later
"""Interfaces of the contract that are shown, so that clients find them, and not served yet.

Their properties have the values of "nothing there"; their methods answer Error.NotSupported.
"""

from .exported import Exported


class MessagesInterface(Exported):
    interface = "org.offhook.Phone1.Messages"
