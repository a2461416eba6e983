# SPDX-License-Identifier: GPL-2.0-or-later
"""The words of the command line, by topic; each module's `add` puts its verbs into the parser."""
