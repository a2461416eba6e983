# SPDX-License-Identifier: GPL-2.0-or-later
"""The ``accounts`` section: what each account's keys take, and how they depend on one another."""

import re
from typing import Any
from urllib.parse import unquote

from offhookd.config import calling, readers
from offhookd.config.passwords import check_passwords
from offhookd.config.presence import read_presence
from offhookd.config.problems import Report
from offhookd.config.readers import SectionReaders
from offhookd.config.schema import MAX_ACCOUNTS, AccountConfig, Mwi
from offhookd.config.sections import read_section
from offhookd.config.sip_uri import SipUri
from offhookd.config.tree import Entry, Table, kind
from offhookd.config.turn import read_turn
from offhookd.phone.dial_plan import NumberFormat
from offhookd.phone.forwarding import ForwardBy
from offhookd.phone.values import AcceptFrom, AccountId, DtmfSending, FlashMethod, Srtp, Transport

# Shorter, and a registrar answers 423 or bars the phone; longer, and a move is noticed too late.
REGISTER_SECONDS = (30, 86_400)

# 0 is off; above ten minutes no NAT router remembers (RFC 4787, REQ-5).
KEEPALIVE_SECONDS = (0, 600)

# Longer numbers inside a house are numbers of the public network.
LONGEST_EXTENSION = 8

# After this the caller has given up or the voice mail has him.
LONGEST_ANSWER_S = 60

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

KEYS: SectionReaders = {
    "uri": readers.aor,
    "enabled": readers.flag,
    "label": readers.text,
    "display_name": readers.text,
    "username": readers.text,
    "password": readers.secret,
    "password_file": readers.private_file,
    "password_command": readers.command,
    "registrar": readers.registrar,
    "proxy": readers.proxy,
    "transport": readers.choice(Transport),
    "register_seconds": readers.number(*REGISTER_SECONDS),
    "keepalive_seconds": readers.number(*KEEPALIVE_SECONDS),
    "srtp": readers.choice(Srtp, yes=Srtp.REQUIRED, no=Srtp.DISABLED),
    "codecs": readers.codecs,
    "ice": readers.flag,
    "stun": readers.server("stun"),
    "turn": readers.unread,
    "accept_from": readers.choice(AcceptFrom),
    "presence": readers.unread,
    "country": readers.country,
    "outside_prefix": calling.prefix,
    "extension_digits": readers.number(0, LONGEST_EXTENSION),
    "number_format": readers.choice(NumberFormat),
    "rewrite": calling.rewrites,
    "use_for": calling.parties,
    "hide_caller_id": readers.flag,
    "identity": calling.identity,
    "ring": calling.sound,
    "ring_group": readers.text,
    "call_waiting": readers.flag,
    "forward_by": readers.choice(ForwardBy),
    "auto_answer_seconds": readers.number(0, LONGEST_ANSWER_S),
    "voicemail": readers.target,
    "mwi": readers.choice(Mwi),
    "remote_control": readers.flag,
    "dtmf": readers.choice(DtmfSending),
    "flash": readers.choice(FlashMethod),
    "through": readers.text,
}


def read_accounts(table: Table, report: Report) -> dict[AccountId, AccountConfig]:
    """Those without a fault, in the order of `table`; the faults go to `report`."""
    found: dict[AccountId, AccountConfig] = {}
    for index, (name, entry) in enumerate(table.entries.items()):
        if index == MAX_ACCOUNTS:
            reason = f"is one account too many; the engine has room for {MAX_ACCOUNTS}"
            report.add(entry.file.path, entry.line, f"accounts.{name}", reason)
            break
        account = _read_account(name, entry, report)
        if account is not None:
            found[account.id] = account
    return found


def _read_account(name: str, entry: Entry, report: Report) -> AccountConfig | None:
    key = f"accounts.{name}"
    if not _ID.fullmatch(name):
        reason = "an account's name is 1 to 64 of A-Z, a-z, 0-9, _ and -"
        report.add(entry.file.path, entry.line, key, reason)
    if not isinstance(entry.node, Table):
        reason = f"must be a table of keys with at least uri, not {kind(entry.node)}"
        report.add(entry.file.path, entry.line, key, reason)
        return None
    values = read_section(key, entry.node, KEYS, report)
    check_passwords(key, entry.node, report)
    if "presence" in values:
        values["presence"] = read_presence(f"{key}.presence", values["presence"], report)
    if "turn" in values:
        values["turn"] = read_turn(f"{key}.turn", values["turn"], report)
        values["ice"] = values.get("ice", False) or values["turn"] is not None
    uri = values.pop("uri", None)
    if uri is None:
        if "uri" not in entry.node.entries:
            reason = "is missing; write uri: sip:1001@pbx.example.com"
            report.add(entry.file.path, entry.line, f"{key}.uri", reason)
        return None
    account = AccountConfig(id=AccountId(name), **(_defaults(name, uri) | values))
    if uri.scheme == "sips" and account.transport != Transport.TLS:
        where = entry.node.entries["transport"]
        reason = "must be tls, as uri begins with sips:"
        report.add(where.file.path, where.line, f"{key}.transport", reason)
    return account


def _defaults(name: str, uri: SipUri) -> dict[str, Any]:
    """What depends on other keys; everything else has its default in the dataclass."""
    return {
        "uri": str(uri),
        "label": name,
        "username": unquote(uri.user),
        "registrar": f"{uri.scheme}:{uri.server}",
        "transport": Transport.TLS if uri.scheme == "sips" else Transport.UDP,
    }
