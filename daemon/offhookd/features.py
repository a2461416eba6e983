# SPDX-License-Identifier: GPL-2.0-or-later
"""What this version does for its user; see `Manager.Features` in the contract."""

FEATURES = (
    "accounts",
    "conference",
    "desk-phones",
    "directory",
    "dtmf",
    "early-media",
    "hid",
    "history",
    "hold",
    "hooks",
    "ice",
    "messages",
    "mwi",
    "presence",
    "recording",
    "redirect",
    "srtp",
    "stun",
    "tls",
    "transfer",
    "turn",
)
