# SPDX-License-Identifier: GPL-2.0-or-later
"""What the daemon and its engine say to each other over their socketpair.

One message is one line of JSON: ``{"is": "dial", "leg": 7, ...}``.  Both sides decode strictly:
a line that is too long, names an unknown message, lacks or adds a field, or holds a value of the
wrong type or size raises `ProtocolError`, and the receiver drops the line and says so.  Neither
side trusts the other: the engine parses what strangers send and may be taken over.

A *leg* is the engine's side of a call.  The daemon numbers the legs it dials upwards from 1, the
engine those that arrive downwards from -1, so that neither waits for the other and no number
clashes.  A number is never used twice in the life of one engine process.

Every command carries a ``request`` number and is answered by exactly one `Reply`, in any order.
Times are seconds unless the name says ``_ms`` or ``_us``; levels are dBFS.
"""

from .codec import *  # noqa: F403 - one vocabulary in several rooms
from .protocol_commands import *  # noqa: F403 - as above
from .protocol_errands import *  # noqa: F403 - as above
from .protocol_events import *  # noqa: F403 - as above
from .protocol_farewells import *  # noqa: F403 - as above
from .protocol_messages import *  # noqa: F403 - as above
from .protocol_presence import *  # noqa: F403 - as above
from .protocol_sound import *  # noqa: F403 - as above

VERSION = 1
"""Both sides state it in `Start` and in its reply; any difference ends the engine."""
