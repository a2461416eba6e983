# SPDX-License-Identifier: GPL-2.0-or-later
"""What ``offhook doctor`` makes of telephone sets, certificates and routers."""

import ipaddress
import time
from dataclasses import replace
from pathlib import Path

import pytest

from offhook.cli import examine_servers
from offhook.cli.examine_machine import devices
from offhook.cli.examine_servers import _lifetime, _password, _way
from offhook.cli.finding import Verdict
from offhookd.config.schema import AccountConfig
from offhookd.phone.values import AccountId

WORK = AccountConfig(
    id=AccountId("work"),
    uri="sip:1001@pbx.example.com",
    username="1001",
    label="work",
    registrar="sip:pbx.example.com",
)
HANDSET = bytes.fromhex("050b0905a101050b09201500250175019501810295078101c0")
"""A hook switch in one bit, and seven bits of padding."""


def plug_in(directory: Path, name: str, descriptor: bytes) -> None:
    device = directory / name / "device"
    device.mkdir(parents=True)
    (device / "report_descriptor").write_bytes(descriptor)
    (device / "uevent").write_text("DRIVER=hid-generic\nHID_NAME=Acme Handset\n")


def test_a_set_may_be_opened_or_the_rule_is_named(tmp_path: Path) -> None:
    plug_in(tmp_path / "sys", "hidraw0", HANDSET)
    plug_in(tmp_path / "sys", "hidraw1", HANDSET)
    plug_in(tmp_path / "sys", "hidraw2", b"\x05\x01\x09\x02\xa1\x01\xc0")
    (tmp_path / "hidraw0").touch()
    good, bad = devices(tmp_path / "sys", tmp_path)
    assert (good.verdict, good.text) == (Verdict.OK, f"Acme Handset at {tmp_path}/hidraw0")
    assert bad.verdict is Verdict.FAIL
    assert "70-offhook.rules" in bad.remedy


def test_without_sets_nothing_is_wrong(tmp_path: Path) -> None:
    (finding,) = devices(tmp_path, tmp_path)
    assert finding.verdict is Verdict.OK


@pytest.mark.parametrize(("days", "verdict"), [(13, Verdict.WARN), (15, Verdict.OK)])
def test_a_certificate_that_ends_soon_is_told(days: int, verdict: Verdict) -> None:
    end = time.strftime("%b %d %H:%M:%S %Y GMT", time.gmtime(time.time() + days * 86_400))
    (finding,) = _lifetime("work server", {"notAfter": end})
    assert finding.verdict is verdict


@pytest.mark.parametrize(
    ("here", "there", "keepalive_s", "verdict"),
    [
        ("192.168.1.5", "9.9.9.9", 0, Verdict.WARN),
        ("192.168.1.5", "9.9.9.9", 25, Verdict.OK),
        ("192.168.1.5", "192.168.1.1", 0, Verdict.OK),
        ("8.8.8.8", "9.9.9.9", 0, Verdict.OK),
    ],
)
def test_a_router_that_may_forget_is_told(
    monkeypatch: pytest.MonkeyPatch, here: str, there: str, keepalive_s: int, verdict: Verdict
) -> None:
    monkeypatch.setattr(examine_servers, "_own_address", lambda _: ipaddress.ip_address(here))
    config = replace(WORK, keepalive_seconds=keepalive_s)
    assert _way(config, f"{there}:5060").verdict is verdict


@pytest.mark.parametrize(
    ("command", "verdict", "said"),
    [
        (("sh", "-c", "echo pw"), Verdict.OK, "printed by sh"),
        (("sh", "-c", "echo locked >&2; exit 1"), Verdict.FAIL, "locked"),
        (("/nowhere/pass",), Verdict.FAIL, "cannot be started"),
    ],
)
async def test_the_program_that_prints_a_password_is_tried(
    command: tuple[str, ...], verdict: Verdict, said: str
) -> None:
    (finding,) = await _password(replace(WORK, password_command=command))
    assert finding.verdict is verdict
    assert said in finding.text
    assert "pw" not in finding.text.split()
