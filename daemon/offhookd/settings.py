# SPDX-License-Identifier: GPL-2.0-or-later
"""What the configuration means on this machine."""

import logging
import os
from pathlib import Path

from offhookd import __version__
from offhookd.config.schema import Config
from offhookd.engine import protocol as p

CERTIFICATE_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/ssl/ca-bundle.pem",  # openSUSE
)
"""Where the distributions keep them; importing ssl only to ask would cost 4 ms of the start."""


def set_log_level(config: Config) -> None:
    logging.getLogger("offhookd").setLevel(config.log.level.upper())


def start_command(config: Config) -> p.Start:
    """How the engine is started under `config`."""
    return p.Start(
        version=p.VERSION,
        bind=config.sip.bind,
        port=config.sip.port,
        user_agent=f"offhook/{__version__}",
        ca_file=str(config.sip.ca_file or system_certificates()),
        log_level=logging.getLevelNamesMapping()[config.log.level.upper()],
        country=country_of(config),
    )


def country_of(config: Config) -> str:
    return config.tones.country or country_of_locale()


def system_certificates() -> str:
    """The certificates that this machine trusts, as a file; "" when it has none."""
    for path in CERTIFICATE_FILES:
        if Path(path).is_file():
            return path
    return ""


def country_of_locale() -> str:
    """The country of the user's language setting ("de_AT.UTF-8" -> "at"), or ""."""
    for name in ("LC_ALL", "LC_TELEPHONE", "LANG"):
        territory = os.environ.get(name, "").partition(".")[0].partition("_")[2]
        if territory:
            return territory[:2].lower()
    return ""
