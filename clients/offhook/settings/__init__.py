# SPDX-License-Identifier: GPL-2.0-or-later
"""The user's configuration file, changed for its author: a key at a time, comments kept."""
