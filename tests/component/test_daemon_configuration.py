# SPDX-License-Identifier: GPL-2.0-or-later
"""Configurations that are used, changed and refused while the daemon runs."""

from collections.abc import Mapping
from pathlib import Path

from offhookd.bus.names import ROOT
from tests.support.cli import CommandLine
from tests.support.daemon import DIRECT, Phone, RunningDaemon, running_phone
from tests.support.dbus import PrivateBus
from tests.support.far_end import ACCOUNT, FarEnd, connected

BROKEN = """
accounts:
  direct:
    uri: ada
    transprt: udp
audio: {backend: silent}
"""


DIRECTLY = ("--registrar", "none", "--transport", "udp")


async def test_a_broken_configuration_is_a_problem_and_can_be_mended(
    session_bus: PrivateBus, tmp_path: Path
) -> None:
    async with running_phone(session_bus, tmp_path, BROKEN) as phone:
        assert await phone.get("Manager", "State") == "degraded"
        problems = await phone.get("Manager", "Problems")
        assert isinstance(problems, list)
        assert "offhook.yaml:5: accounts.direct.transprt" in problems[0][2]
        assert "did you mean transport" in problems[0][2]
        (listed,) = await phone.call("Manager", "Validate")
        assert {problem[1] for problem in listed} == {4, 5}
        phone.daemon.write_config(DIRECT)
        await phone.call("Manager", "Reload")
        await phone.until("Account", "State", "registered", ACCOUNT)
        assert await phone.get("Manager", "Problems") == []
        assert await phone.get("Manager", "State") == "running"


async def test_a_reload_that_fails_changes_nothing(phone: Phone, far: FarEnd) -> None:
    path, _ = await connected(phone, far)
    phone.daemon.write_config(BROKEN)
    name, sentence = await phone.refused("Manager", "Reload")
    assert name == "InvalidConfig"
    assert ":5: accounts.direct.transprt:" in sentence
    assert await phone.get("Call", "State", path) == "active"
    assert await phone.get("Account", "State", ACCOUNT) == "registered"
    assert await phone.get("Manager", "Generation") == 1


async def test_a_reload_keeps_the_calls_of_accounts_that_stay(phone: Phone, far: FarEnd) -> None:
    path, _ = await connected(phone, far)
    more = "  more:\n    uri: sip:bob@127.0.0.1\n    registrar: none\n"
    phone.daemon.write_config(DIRECT.replace("sip: {", f"{more}sip: {{"))
    await phone.call("Manager", "Reload")
    await phone.until("Account", "State", "registered", f"{ROOT}/accounts/more")
    assert await phone.get("Call", "State", path) == "active"
    assert await phone.get("Manager", "Generation") == 2


async def test_no_account_is_no_error(session_bus: PrivateBus, tmp_path: Path) -> None:
    async with running_phone(session_bus, tmp_path, "audio: {backend: silent}\n") as phone:
        assert await phone.get("Manager", "State") == "running"
        name, sentence = await phone.refused("Telephony", "Dial", "('1001', @a{sv} {})")
        assert name == "NoAccount"
        assert "offhook.yaml" in sentence


async def test_other_settings_of_the_stack_take_effect_with_the_reload(
    phone: Phone, far: FarEnd
) -> None:
    path, _ = await connected(phone, far)
    before = await phone.get("Manager", "Engine")
    assert isinstance(before, Mapping)
    phone.daemon.write_config(DIRECT.replace("silent}", "silent}\ntones: {country: fr}"))
    await phone.call("Manager", "Reload")
    assert await phone.get("Call", "State", path) == "active"
    await phone.call("Call", "Hangup", path=path)
    await phone.client.wait_for(lambda one: one["member"] == "InterfacesRemoved", "signal")
    await phone.client.wait_for(
        lambda one: (
            one["member"] == "PropertiesChanged"
            and one["body"][1].get("Engine", {}).get("pid", before["pid"]) != before["pid"]
        ),
        "signal",
    )
    await phone.until("Account", "State", "registered", ACCOUNT)
    await phone.until("Manager", "Problems", [])
    assert "was ended by" not in phone.daemon.log


async def test_a_changed_account_keeps_its_calls_over_a_reload(phone: Phone, far: FarEnd) -> None:
    path, _ = await connected(phone, far)
    phone.daemon.write_config(DIRECT.replace("uri: sip:ada", "display_name: Ada\n    uri: sip:eda"))
    await phone.call("Manager", "Reload")
    await phone.until("Account", "State", "registered", ACCOUNT)
    assert await phone.get("Account", "Uri", ACCOUNT) == "sip:eda@127.0.0.1"
    assert await phone.get("Call", "State", path) == "active"
    await connected(phone, far)


async def test_a_removed_account_ends_its_calls_and_nothing_else(phone: Phone, far: FarEnd) -> None:
    path, leg = await connected(phone, far)
    phone.daemon.write_config("audio: {backend: silent}\nsip: {bind: 127.0.0.1}\n")
    await phone.call("Manager", "Reload")
    await phone.until("Call", "State", "ended", path)
    assert (await far.state(leg, "ended")).cause == "remote"
    phone.daemon.write_config(DIRECT)
    await phone.call("Manager", "Reload")
    await phone.until("Account", "State", "registered", ACCOUNT)
    await connected(phone, far)
    assert "Traceback" not in phone.daemon.log


async def test_a_reload_that_fails_is_a_problem_until_one_succeeds(phone: Phone) -> None:
    phone.daemon.write_config(BROKEN)
    assert (await phone.refused("Manager", "Reload"))[0] == "InvalidConfig"
    problems = await phone.get("Manager", "Problems")
    assert isinstance(problems, list)
    assert [problem[0] for problem in problems] == ["config-invalid"]
    assert "transprt" in problems[0][2]
    phone.daemon.write_config(DIRECT)
    await phone.call("Manager", "Reload")
    assert await phone.get("Manager", "Problems") == []


async def test_the_first_account_is_used_by_a_phone_that_began_without_a_file(
    session_bus: PrivateBus, tmp_path: Path
) -> None:
    daemon = RunningDaemon(session_bus, tmp_path, "")
    daemon.config_file.unlink()
    daemon.options = ()
    daemon.environment["XDG_CONFIG_HOME"] = str(tmp_path / "xdg")
    offhook = CommandLine(session_bus.address, daemon.environment)
    try:
        await daemon.start()
        added = await offhook("account", "add", "lab", "--uri", "sip:a@127.0.0.1", *DIRECTLY)
        assert (added.status, added.err) == (0, "")
        assert "lab is registered as sip:a@127.0.0.1" in added.out
    finally:
        daemon.close()
