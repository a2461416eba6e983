# SPDX-License-Identifier: GPL-2.0-or-later
"""The files that start the daemon, as systemd itself reads them."""

import configparser
import os
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
XML = ROOT / "daemon/offhookd/bus/org.offhook.Phone1.xml"


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit as installed, with programs that exist."""
    text = (ROOT / "systemd/offhookd.service").read_text(encoding="utf-8")
    (tmp_path / "offhookd").symlink_to("/bin/true")
    path = tmp_path / "offhookd.service"
    path.write_text(text.replace("@BINDIR@", str(tmp_path)), encoding="utf-8")
    return path


def test_systemd_finds_no_fault_in_the_unit(unit: Path, tmp_path: Path) -> None:
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    verdict = subprocess.run(
        ["systemd-analyze", "--user", "verify", unit],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_RUNTIME_DIR": str(runtime)},
    )
    assert (verdict.returncode, verdict.stdout + verdict.stderr) == (0, "")


def test_unit_activation_and_contract_name_the_same_service(unit: Path) -> None:
    activation = configparser.ConfigParser()
    activation.read(ROOT / "systemd/org.offhook.Phone1.service", encoding="utf-8")
    service = activation["D-BUS Service"]
    unit_text = unit.read_text(encoding="utf-8")
    assert service["SystemdService"] == unit.name
    assert f"BusName={service['Name']}\n" in unit_text
    assert f'interface name="{service["Name"]}.Manager"' in XML.read_text(encoding="utf-8")
