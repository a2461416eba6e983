# SPDX-License-Identifier: GPL-2.0-or-later
from .reader import main

if __name__ == "__main__":
    main()
