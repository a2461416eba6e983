# SPDX-License-Identifier: GPL-2.0-or-later
"""Telephone sets on USB: what they are, say and show."""
