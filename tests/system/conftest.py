# SPDX-License-Identifier: GPL-2.0-or-later
"""Foreign programs as fixtures; the logs of all of them with every failure."""

import shutil
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.support import processes
from tests.support.certificates import Certificates
from tests.support.dbus import PrivateBus, private_bus
from tests.support.kamailio import Kamailio

SYSTEM = Path(__file__).parent

NewDirectory = Callable[[str], Path]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if SYSTEM in item.path.parents:
            item.add_marker("system")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        report.sections += list(processes.logs())
    if report.when == "teardown":
        processes.forget_ended()
    return report


@pytest.fixture
def directory(tmp_path: Path) -> NewDirectory:
    """Makes the named directory of one foreign program."""

    def make(name: str) -> Path:
        made = tmp_path / name
        made.mkdir()
        return made

    return make


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def session_kamailio(
    tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[Kamailio]:
    _needs("kamailio")
    with Kamailio(tmp_path_factory.mktemp("kamailio"), certificates.server) as running:
        yield running


@pytest.fixture
def kamailio(session_kamailio: Kamailio) -> Iterator[Kamailio]:
    """A registrar without registrations and faults; build your own Kamailio to stop it."""
    yield session_kamailio
    session_kamailio.reset()


@pytest.fixture
def session_bus() -> Iterator[PrivateBus]:
    with private_bus() as bus:
        yield bus


@pytest.fixture
def needs_baresip() -> None:
    _needs("baresip")


@pytest.fixture
def needs_sipp() -> None:
    _needs("sipp")


def _needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
