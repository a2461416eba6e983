# SPDX-License-Identifier: GPL-2.0-or-later
"""Accounts: which there are, and how they come and go."""

from typing import Any

from .common import actions, add_verb

TRANSPORTS = ("udp", "tcp", "tls")


def add(verbs: Any) -> None:
    accounts = add_verb(verbs, "accounts", "accounts", "list, register, choose or switch accounts")
    acts = actions(accounts)
    for name, text in {
        "register": "register now, instead of at the next attempt",
        "enable": "use an account; it stays so",
        "disable": "unregister an account; it stays so",
        "default": "dial on an account when no other is named; it stays so",
    }.items():
        act = acts.add_parser(name, help=text, description=text)
        act.add_argument("id", metavar="ACCOUNT", help="its name in the configuration")
    _add_and_remove(acts)
    account = add_verb(verbs, "account", "account", "add or remove an account, password and all")
    _add_and_remove(account.add_subparsers(dest="act", metavar="ACTION", required=True))


def _add_and_remove(acts: Any) -> None:
    text = "write it into the configuration, keep its password in the keyring, and register"
    add = acts.add_parser("add", help=text, description=f"{text}; asks for what is not given")
    add.set_defaults(module="account")
    add.add_argument("id", nargs="?", default="", metavar="NEW", help="its name here, such as work")
    add.add_argument("--uri", default="", metavar="URI", help="sip:user@server")
    add.add_argument("--transport", choices=TRANSPORTS, default="", help="default: udp")
    add.add_argument("--username", default="", metavar="TEXT", help="that goes with the password")
    add.add_argument("--display-name", default="", metavar="TEXT", help="what the called see")
    add.add_argument(
        "--registrar", default="", metavar="URI", help='default: the server of --uri; "none": none'
    )
    add.add_argument("--proxy", default="", metavar="URI", help="outbound proxy")
    which = add.add_mutually_exclusive_group()
    which.add_argument(
        "--password-stdin", action="store_true", help="read the password from standard input"
    )
    which.add_argument(
        "--password-command", default="", metavar="COMMAND", help="a program that prints it"
    )
    text = "take it out of the configuration and the keyring"
    remove = acts.add_parser("remove", help=text, description=text)
    remove.set_defaults(module="account")
    remove.add_argument("id", metavar="ACCOUNT", help="its name in the configuration")
