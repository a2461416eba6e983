# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong with sound, each as one sentence for a person."""


class AudioError(Exception):
    """Sound cannot do what was asked; the message says what, where, and what to do."""


class ServerLostError(AudioError):
    """The connection to the sound server is gone, with everything that hung on it."""
