# SPDX-License-Identifier: GPL-2.0-or-later
"""The ``desk_phones`` section: telephones that make calls for us, each with the keys of its way."""

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from offhookd.config import readers
from offhookd.config.passwords import check_passwords
from offhookd.config.problems import Report, shown
from offhookd.config.readers import Reader, SectionReaders, UnfitError, text
from offhookd.config.schema import AccountConfig, DeskPhoneConfig
from offhookd.config.sections import read_section
from offhookd.config.sip_uri import MAX_PORT
from offhookd.config.tree import Entry, Table, kind
from offhookd.phone.desk import AutoAnswerHeader, DeskWay
from offhookd.phone.desk_calls import HERE
from offhookd.phone.values import AccountId

MOST_DESK_PHONES = 16
RING_SECONDS = (5, 120)
MOST_VARIABLES = 16

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HOST = re.compile(r"[A-Za-z0-9.:_-]{1,253}")
_CHANNEL = re.compile(r"[A-Za-z0-9]{1,16}/[A-Za-z0-9@:._+*#/-]{1,80}")
_CONTEXT = re.compile(r"[A-Za-z0-9_-]{1,80}")
_VARIABLE = re.compile(r"_{0,2}[A-Za-z][A-Za-z0-9_]{0,79}(\([A-Za-z0-9,_-]{1,80}\))?")

_EXTENSION = re.compile(r"[0-9*#+]{1,40}")

_SPLITTING = frozenset(',"\\')

SIP_TECHNOLOGIES = ("PJSIP", "SIP")
"""Of Asterisk's channels: those to which a header can be given on the way."""


def _matching(pattern: re.Pattern[str], wanted: str) -> Reader[str]:
    def read(entry: Entry) -> str:
        found = text(entry)
        if not pattern.fullmatch(found):
            raise UnfitError(f"must be {wanted}, not {shown(found)}")
        return found

    return read


def _variables(entry: Entry) -> Mapping[str, str]:
    if not isinstance(entry.node, Table):
        raise UnfitError(f"must be a table such as COLOUR: red, not {kind(entry.node)}")
    if len(entry.node.entries) > MOST_VARIABLES:
        raise UnfitError(f"has more than {MOST_VARIABLES} entries")
    found = {}
    for name, value in entry.node.entries.items():
        if not _VARIABLE.fullmatch(name):
            raise UnfitError(f"{shown(name)} is no name of a channel variable")
        found[name] = text(value)
        if _SPLITTING.intersection(found[name]):
            raise UnfitError(
                f"{name} has a comma, a quote or a backslash, where Asterisk splits it"
            )
    return MappingProxyType(found)


def _phone(entry: Entry) -> str:
    return str(readers.aor(entry))


OWN = "\0"
"""What `follow: true` is until the rest of the telephone has been read."""


def _follow(entry: Entry) -> str:
    """A number or address; `OWN` for true."""
    try:
        return OWN if readers.flag(entry) else ""
    except UnfitError:
        return readers.target(entry)


_EVERY: SectionReaders = {
    "account": text,
    "follow": _follow,
    "auto_answer": readers.choice(AutoAnswerHeader, no=AutoAnswerHeader.NONE),
    "ring_seconds": readers.number(*RING_SECONDS),
}
KEYS: Mapping[DeskWay, SectionReaders] = {
    DeskWay.ASTERISK: {
        **_EVERY,
        "host": _matching(_HOST, "a name or address such as pbx.example.com"),
        "port": readers.number(1, MAX_PORT),
        "tls": readers.flag,
        "ca_file": readers.file,
        "username": text,
        "password": readers.secret,
        "password_file": readers.private_file,
        "password_command": readers.command,
        "channel": _matching(_CHANNEL, "a channel such as PJSIP/1001"),
        "context": _matching(_CONTEXT, "a context of the dial plan such as from-internal"),
        "priority": readers.number(1, 999),
        "caller_id": text,
        "variables": _variables,
    },
    DeskWay.REFER: {"account": text, "follow": _follow, "phone": _phone},
    DeskWay.CALL: {**_EVERY, "phone": _phone},
}
REQUIRED: Mapping[DeskWay, tuple[str, ...]] = {
    DeskWay.ASTERISK: ("host", "username", "channel", "context"),
    DeskWay.REFER: ("phone", "account"),
    DeskWay.CALL: ("phone", "account"),
}


def read_desk_phones(
    table: Table, accounts: Mapping[AccountId, AccountConfig], report: Report
) -> Mapping[str, DeskPhoneConfig]:
    """Those without a fault; the faults go to `report`."""
    found: dict[str, DeskPhoneConfig] = {}
    for index, (name, entry) in enumerate(table.entries.items()):
        if phone := _read_phone(name, entry, report, room=index < MOST_DESK_PHONES):
            found[name] = phone
            _check_account(phone, entry, accounts, report)
    return MappingProxyType(found)


def check_through(
    accounts: Table, configs: Mapping[AccountId, AccountConfig], known: Table, report: Report
) -> None:
    """That accounts dial through desk phones that there are."""
    for name, config in configs.items():
        if config.through != HERE and config.through not in known.entries:
            node = accounts.entries[name].node
            entry = node.entries["through"] if isinstance(node, Table) else accounts.entries[name]
            reason = f"there is no {shown(config.through)} among desk_phones"
            report.add(entry.file.path, entry.line, f"accounts.{name}.through", reason)


def _read_phone(name: str, entry: Entry, report: Report, *, room: bool) -> DeskPhoneConfig | None:
    key = f"desk_phones.{name}"

    def wrong(reason: str) -> None:
        report.add(entry.file.path, entry.line, key, reason)

    if not room:
        wrong(f"is one desk phone too many; {MOST_DESK_PHONES} are allowed")
    elif not _ID.fullmatch(name) or name == HERE:
        wrong(f"a desk phone's name is 1 to 64 of A-Z, a-z, 0-9, _ and -, and not {HERE}")
    elif not isinstance(entry.node, Table):
        wrong(f"must be a table of keys with at least way, not {kind(entry.node)}")
    elif "way" not in entry.node.entries:
        wrong(f"must have way: one of {', '.join(DeskWay)}")
    elif found := _way(key, entry.node, report):
        return _read_way(name, key, found, entry, report)
    return None


def _way(key: str, table: Table, report: Report) -> DeskWay | None:
    only = Table({"way": table.entries["way"]})
    found: DeskWay | None = read_section(key, only, {"way": readers.choice(DeskWay)}, report).get(
        "way"
    )
    return found


def _read_way(
    name: str, key: str, way: DeskWay, entry: Entry, report: Report
) -> DeskPhoneConfig | None:
    table = entry.node if isinstance(entry.node, Table) else Table()
    rest = Table({one: value for one, value in table.entries.items() if one != "way"})
    values: dict[str, Any] = read_section(key, rest, KEYS[way], report)
    check_passwords(key, rest, report)
    missing = [one for one in REQUIRED[way] if one not in rest.entries]
    for one in missing:
        report.add(entry.file.path, entry.line, f"{key}.{one}", f"is missing for way: {way}")
    if missing or any(one not in values for one in REQUIRED[way]):
        return None
    phone = DeskPhoneConfig(id=name, way=way, **values)
    for one, reason in (
        ("auto_answer", _cannot_answer(phone)),
        ("follow", _cannot_follow(phone)),
    ):
        if reason:
            where = table.entries[one]
            report.add(where.file.path, where.line, f"{key}.{one}", reason)
    return replace(phone, follow=_own_address(phone)) if phone.follow == OWN else phone


def _cannot_answer(phone: DeskPhoneConfig) -> str:
    """Why the phone cannot be asked to pick up by itself; "" when it can."""
    if phone.auto_answer is AutoAnswerHeader.NONE:
        return ""
    technology = phone.channel.partition("/")[0].upper()
    if phone.way is DeskWay.ASTERISK and technology not in SIP_TECHNOLOGIES:
        return f"is known for {' and '.join(SIP_TECHNOLOGIES)} channels only; use variables"
    return ""


def _cannot_follow(phone: DeskPhoneConfig) -> str:
    """Why nobody can be asked what the phone does; "" when somebody can."""
    if phone.follow and not phone.account:
        return "needs account: the one whose server is asked"
    if phone.follow == OWN and not _own_address(phone):
        return f"takes a number or address here: {shown(phone.channel)} does not tell it"
    return ""


def _own_address(phone: DeskPhoneConfig) -> str:
    """What the rest says of its address: a SIP channel is named after its extension."""
    if phone.phone:
        return phone.phone
    technology, _, rest = phone.channel.partition("/")
    if technology.upper() not in SIP_TECHNOLOGIES or not _EXTENSION.fullmatch(rest):
        return ""
    return rest


def _check_account(
    phone: DeskPhoneConfig,
    entry: Entry,
    accounts: Mapping[AccountId, AccountConfig],
    report: Report,
) -> None:
    if phone.account and AccountId(phone.account) not in accounts and isinstance(entry.node, Table):
        where = entry.node.entries["account"]
        reason = f"there is no account {shown(phone.account)}"
        report.add(where.file.path, where.line, f"desk_phones.{phone.id}.account", reason)
