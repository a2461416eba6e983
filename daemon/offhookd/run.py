# SPDX-License-Identifier: GPL-2.0-or-later
"""The daemon's way from start to stop in its surroundings."""

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from offhookd.app import Daemon
from offhookd.bus.errors import BusUnavailableError, NameTakenError
from offhookd.bus.objects import ObjectTree
from offhookd.bus.phone import Phone, PhoneTree
from offhookd.bus.service import Service as Bus
from offhookd.desktop.network import NetworkWatch
from offhookd.desktop.notify import ServiceManager
from offhookd.engine.launch import Launched
from offhookd.phone.errors import InvalidConfigError
from offhookd.phone.sets import SetControl
from offhookd.phone.values import AccountState

GET_A_BUS = "start offhookd from a login session, or with dbus-run-session"

logger = logging.getLogger(__name__)


class Run:
    """One life of the daemon in its surroundings: bus, service manager, network, signals."""

    def __init__(self, find_config: Callable[[], Sequence[Path]], engine: Launched | None) -> None:
        self._find_config = find_config
        self._engine = engine
        self._manager = ServiceManager.from_environment()
        self._stop = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def until_stopped(self) -> int:
        """Be the phone until a signal ends it; the exit status."""
        self._listen_for_the_end()
        daemon = Daemon(self._find_config, state_directory(), cache_directory(), self._engine)
        network = NetworkWatch(daemon.hint)
        bus = None
        try:
            bus = Bus()
            await self._serve(daemon, bus, network)
            await self._stop.wait()
        except BusUnavailableError as error:
            logger.error("%s; %s", error, GET_A_BUS)  # noqa: TRY400 - the sentence is the message
            return os.EX_UNAVAILABLE
        except NameTakenError as error:
            logger.error("%s", error)  # noqa: TRY400 - likewise
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

    async def _serve(self, daemon: Daemon, bus: Bus, network: NetworkWatch) -> None:
        """Start, and be on the bus as a whole phone; raises what `Bus` raises."""
        await bus.start()
        await daemon.start()
        sets = await daemon.plug_in()
        _show(daemon, sets, bus.tree)
        await bus.publish()
        network.start()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._spawn_reload, daemon)
        daemon.running()
        self._report(daemon)
        # What exists now stays; each look through it for garbage took 3 ms.
        gc.freeze()

    def _listen_for_the_end(self) -> None:
        """From the first moment: a start that is called off ends in good order, too."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)

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
        daemon.parts.accounts.default_changed.connect(lambda: self._manager.status(summary(daemon)))
        self._manager.status(summary(daemon))
        if interval_s := self._manager.watchdog_interval():
            task = asyncio.create_task(self._feed(daemon, interval_s), name="watchdog")
            self._tasks.add(task)

    async def _feed(self, daemon: Daemon, interval_s: float) -> None:
        """A daemon whose engine hangs is not alive; one whose engine restarts is."""
        while True:
            if daemon.parts.engine.alive:
                self._manager.watchdog()
            await asyncio.sleep(interval_s)


def _show(daemon: Daemon, sets: SetControl, tree: ObjectTree) -> None:
    """Put everything on the bus, and keep it true there."""
    parts = daemon.parts
    phone = Phone(
        service=daemon,
        switch=daemon,
        problems=parts.problems,
        accounts=parts.accounts,
        calls=parts.calls,
        conferences=parts.conferences,
        handovers=parts.handovers,
        audio=parts.audio,
        history=parts.history,
        messages=parts.messages,
        sets=sets,
        presence=parts.presence,
        directory=parts.directory,
        planner=parts.rules.planner,
        sound=parts.sounds.of_calls,
        desk=parts.desks.calls,
    )
    PhoneTree(tree, phone)


def summary(daemon: Daemon) -> str:
    """One line for ``systemctl status``."""
    accounts = list(daemon.parts.accounts)
    registered = sum(one.state is AccountState.REGISTERED for one in accounts)
    return f"{registered} of {len(accounts)} accounts registered"


def state_directory() -> Path:
    return _directory("XDG_STATE_HOME", ".local/state")


def cache_directory() -> Path:
    return _directory("XDG_CACHE_HOME", ".cache")


def _directory(variable: str, usual: str) -> Path:
    """Ours below a base directory of the XDG specification, which disregards relative ones."""
    base = os.environ.get(variable, "")
    return (Path(base) if base.startswith("/") else Path.home() / usual) / "offhook"
