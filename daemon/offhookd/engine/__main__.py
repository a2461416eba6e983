# SPDX-License-Identifier: GPL-2.0-or-later
"""``python -m offhookd.engine --fd N``: the engine, with its daemon at the socket N."""

import sys

from .process import run


def main(arguments: list[str]) -> int:
    if len(arguments) != 2 or arguments[0] != "--fd" or not arguments[1].isdigit():  # noqa: PLR2004 - just that
        sys.stderr.write("This program is started by offhookd: python -m offhookd.engine --fd N\n")
        return 2
    return run(int(arguments[1]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
