# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line ``offhook``.

Each verb is a module that is loaded when it is used: a command that a key binding or a script
runs should answer before anybody waits.
"""
