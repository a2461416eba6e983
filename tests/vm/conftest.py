# SPDX-License-Identifier: GPL-2.0-or-later
"""A guest for each test, as it was at one of its saved moments."""

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.vm import stages
from tests.vm.channel import CommandError
from tests.vm.debian import USER
from tests.vm.phones import HEADSET, UsbPhone
from tests.vm.telephone import Telephone

STATE_OF_THE_GUEST = (
    "dmesg | tail -n 20; cat /proc/asound/cards; ps axf -o pid,stat,time,args | tail -n 40;"
    f" journalctl _UID=$(id -u {USER}) -n 40 --no-pager"
)
_JOURNAL = pytest.StashKey[Telephone]()


@pytest.fixture(scope="session")
def serving_state() -> Path:
    return stages.serving()


@pytest.fixture(scope="session")
def plugged_state() -> Path:
    return stages.plugged()


@pytest.fixture
def serving(serving_state: Path, request: pytest.FixtureRequest) -> Iterator[Telephone]:
    """The daemon runs, and no telephone set is plugged in."""
    with stages.resumed(serving_state) as guest:
        request.node.stash[_JOURNAL] = Telephone(guest)
        yield request.node.stash[_JOURNAL]


@pytest.fixture
def plugged(plugged_state: Path, request: pytest.FixtureRequest) -> Iterator[Telephone]:
    """The daemon runs, and HEADSET is plugged in and ready."""
    with stages.resumed(plugged_state) as guest:
        request.node.stash[_JOURNAL] = Telephone(guest)
        yield request.node.stash[_JOURNAL]


@pytest.fixture
def headset(plugged: Telephone) -> UsbPhone:
    return UsbPhone(plugged.guest, HEADSET)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With what the daemon wrote, while its guest is still there."""
    report = yield
    telephone = item.stash.get(_JOURNAL, None)
    if report.failed and call.when == "call" and telephone:
        try:
            report.sections.append(("the daemon's journal", telephone.journal))
            report.sections.append(("the guest", telephone.guest.shell(STATE_OF_THE_GUEST, "root")))
        except (CommandError, OSError) as error:
            report.sections.append(("the guest", str(error)))
    return report
