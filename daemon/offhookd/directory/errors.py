# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong with a source."""


class SourceError(Exception):
    """The address book cannot be read; the text says where, why, and what to do."""
