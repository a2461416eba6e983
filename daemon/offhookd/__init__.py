# SPDX-License-Identifier: GPL-2.0-or-later
"""offhookd: a headless SIP telephone for the Linux desktop, driven over D-Bus."""

__version__ = "0.1.0"
