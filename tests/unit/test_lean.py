# SPDX-License-Identifier: GPL-2.0-or-later
"""Memory that large messages took, once they are gone."""

import subprocess
import sys

USE = """
from pathlib import Path
from offhookd.lean import give_large_blocks_back

def resident():
    text = Path("/proc/self/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) << 10

give_large_blocks_back()
once = b"h" * 20_000_000
del once
before = resident()
between = []
large = []
for _ in range(40):
    large.append(b"h" * 1_000_000)
    between.append(bytearray(1_000))
large.clear()
print(resident() - before)
"""


def test_it_goes_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", USE], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 10_000_000
