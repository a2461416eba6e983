# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook doctor``: everything a telephone needs, looked at one by one, with the remedies.

It examines the machine and the configuration itself, so that it is of use without a daemon too,
and adds what a running daemon knows.
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import asdict

from offhookd.config.load import load, search, user_file
from offhookd.config.problems import ConfigError
from offhookd.config.schema import Config

from .examine_machine import bus_and_daemon, devices, service, sound
from .examine_servers import account
from .finding import Finding, Verdict, fail, ok
from .output import Colour, clean, paint, print_json

COLOURS = {Verdict.OK: Colour.GREEN, Verdict.WARN: Colour.YELLOW, Verdict.FAIL: Colour.RED}


def run(options: argparse.Namespace) -> int:
    findings = asyncio.run(_examined())
    if options.json:
        print_json([asdict(one) for one in findings])
    else:
        _show(findings)
    return 1 if any(one.verdict is Verdict.FAIL for one in findings) else 0


async def _examined() -> list[Finding]:
    config, about = _configuration()
    parts: list[Sequence[Finding]] = [
        await bus_and_daemon(),
        await asyncio.to_thread(service),
        about,
        *await asyncio.gather(*(account(one, config.sip) for one in config.accounts.values())),
        await asyncio.to_thread(sound, config.audio.backend),
        devices(),
    ]
    return [finding for part in parts for finding in part]


def _configuration() -> tuple[Config, list[Finding]]:
    """Of the usual files; a broken one is as good as none."""
    subject = "configuration"
    paths = search()
    try:
        config = load(paths)
    except ConfigError as error:
        remedy = "correct the line; offhook config check looks again"
        return Config(), [fail(subject, str(one), remedy) for one in error.problems]
    if not config.accounts:
        return config, [fail(subject, f"no account is in {user_file()}", "offhook account add")]
    names = ", ".join(config.accounts)
    return config, [ok(subject, f"{' and '.join(map(str, paths))}: {names}")]


def _show(findings: Sequence[Finding]) -> None:
    width = max(len(one.subject) for one in findings)
    for one in findings:
        verdict = paint(f"{one.verdict:<4}", COLOURS[one.verdict])
        print(f"{verdict}  {one.subject:<{width}}  {clean(one.text)}")
        if one.remedy:
            print(f"{'':<{width + 6}}  -> {clean(one.remedy)}")
