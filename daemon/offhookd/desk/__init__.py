# SPDX-License-Identifier: GPL-2.0-or-later
"""Exchanges that make calls with a desk phone."""
