# SPDX-License-Identifier: GPL-2.0-or-later
"""What the two processes import before anybody telephones."""

PROCESSES = {
    "daemon": """
import offhookd.main
from offhookd.lean import without
with without("ssl"):
    import asyncio
import offhookd.run, offhookd.sets
""",
    "engine": "import offhookd.engine.process, offhookd.engine.engine",
}
"""In the order in which each does; programs for `python -c`."""
