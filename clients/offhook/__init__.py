# SPDX-License-Identifier: GPL-2.0-or-later
"""Client of the offhook daemon: the asyncio library (`offhook.aio`) and the command line."""
