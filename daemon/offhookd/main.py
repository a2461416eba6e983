# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhookd``: the daemon's command line, and its way from start to stop."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from offhookd import __version__
from offhookd.app import Daemon
from offhookd.config.check import check
from offhookd.config.load import search
from offhookd.desktop.journal import setup_logging
from offhookd.desktop.network import NetworkWatch
from offhookd.desktop.notify import ServiceManager
from offhookd.phone.errors import InvalidConfigError
from offhookd.phone.values import AccountState

logger = logging.getLogger(__name__)


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(
        prog="offhookd",
        description="The phone of the Linux desktop: a headless SIP softphone on D-Bus.",
    )
    result.add_argument(
        "--config", type=Path, metavar="FILE", help="read FILE instead of the usual places"
    )
    result.add_argument(
        "--check", action="store_true", help="say what is wrong with the configuration and exit"
    )
    result.add_argument("--version", action="version", version=f"offhookd {__version__}")
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    paths = search(options.config)
    if options.check:
        return check(paths, sys.stdout)
    setup_logging("info")
    return asyncio.run(Run(paths).until_stopped())


class Run:
    """One life of the daemon in its surroundings: bus, service manager, network, signals."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._manager = ServiceManager.from_environment()
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def until_stopped(self) -> int:
        """Be the phone until a signal ends it; the exit status."""
        daemon = Daemon(self._paths, state_directory())
        # Imported while the engine, which the line above started, loads its own library.
        from offhookd.bus.errors import BusUnavailableError, NameTakenError  # noqa: PLC0415
        from offhookd.bus.phone import PhoneTree  # noqa: PLC0415
        from offhookd.bus.service import Service as Bus  # noqa: PLC0415

        network = NetworkWatch(daemon.hint)
        bus = None
        try:
            bus = Bus()
            await bus.start()
            await daemon.start()
            PhoneTree(
                bus.tree,
                daemon,
                daemon,
                daemon.problems,
                daemon.accounts,
                daemon.calls,
                daemon.audio,
                daemon.history,
            )
            await bus.publish()
            network.start()
            self._follow_signals(daemon)
            daemon.running()
            self._report(daemon)
            await self._stop.wait()
        except (BusUnavailableError, NameTakenError) as error:
            logger.error("%s", error)  # noqa: TRY400 - the sentence is the message
            return os.EX_UNAVAILABLE
        finally:
            self._manager.stopping()
            network.stop()
            for task in self._tasks:
                task.cancel()
            await daemon.stop()
            if bus:
                await bus.stop()
        return os.EX_OK

    def _follow_signals(self, daemon: Daemon) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._spawn_reload, daemon)

    def _spawn_reload(self, daemon: Daemon) -> None:
        task = asyncio.create_task(self._reload(daemon), name="reload")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reload(self, daemon: Daemon) -> None:
        self._manager.reloading()
        try:
            await daemon.reload()
        except InvalidConfigError as error:
            self._manager.status(f"The configuration is not applied: {error}")
        finally:
            self._manager.ready()

    def _report(self, daemon: Daemon) -> None:
        """Tell the service manager that we serve, and go on telling that we live."""
        self._manager.ready()
        daemon.accounts.default_changed.connect(lambda: self._manager.status(summary(daemon)))
        self._manager.status(summary(daemon))
        if interval_s := self._manager.watchdog_interval():
            task = asyncio.create_task(self._feed(daemon, interval_s), name="watchdog")
            self._tasks.add(task)

    async def _feed(self, daemon: Daemon, interval_s: float) -> None:
        """A daemon whose engine hangs is not alive; one whose engine restarts is."""
        while True:
            if daemon.engine.alive:
                self._manager.watchdog()
            await asyncio.sleep(interval_s)


def summary(daemon: Daemon) -> str:
    """One line for ``systemctl status``."""
    accounts = list(daemon.accounts)
    registered = sum(one.state is AccountState.REGISTERED for one in accounts)
    return f"{registered} of {len(accounts)} accounts registered"


def state_directory() -> Path:
    base = os.environ.get("XDG_STATE_HOME", "")
    home = Path(base) if base.startswith("/") else Path.home() / ".local" / "state"
    return home / "offhook"


if __name__ == "__main__":
    sys.exit(main())
