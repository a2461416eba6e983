# SPDX-License-Identifier: GPL-2.0-or-later
"""``offhook doctor`` on this machine: bus, daemon, service, sound server, telephone sets."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from offhook.aio import Phone
from offhook.bus import Bus
from offhook.errors import NoDaemonError, OffhookError
from offhook.objects import BUS_NAME
from offhookd.devices.controls import controls
from offhookd.devices.descriptor import parse
from offhookd.devices.items import DescriptorError

from .finding import Finding, fail, ok, warn

UNIT = "offhookd.service"
NO_SYSTEMD = "let your session start offhookd"
START, START_HERE = f"systemctl --user start {UNIT}", "start it: offhookd"
SYSTEMCTL_LIMIT_S = 5.0
DUMMY = "auto_null"
"""What PulseAudio and PipeWire play to where there is nothing to play on."""

HIDRAW = Path("/sys/class/hidraw")
DEVICES = Path("/dev")
UDEV_RULE = (
    "sudo install -m 644 ~/.local/share/offhook/70-offhook.rules /etc/udev/rules.d/ &&"
    " sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=hidraw"
)


async def bus_and_daemon() -> list[Finding]:
    """Never starts the daemon: whether it runs is a finding."""
    try:
        async with Bus() as bus:
            served = await bus.ask("NameHasOwner", "s", BUS_NAME)
    except NoDaemonError as error:
        return [fail("session bus", error.message, error.remedy)]
    found = [ok("session bus", "answers")]
    if not served:
        remedy = START if _has_service_manager() else START_HERE
        return [*found, fail("daemon", "offhookd does not run", remedy)]
    try:
        async with Phone() as phone:
            return [*found, *_told(phone)]
    except OffhookError as error:
        remedy = f"systemctl --user restart {UNIT}; journalctl --user -u offhookd tells why"
        return [*found, fail("daemon", error.message, remedy)]


def _told(phone: Phone) -> Iterator[Finding]:
    """What the daemon knows: its problems, and how each account is registered."""
    yield ok("daemon", f"offhookd {phone.version}, {phone.state}")
    for code, path, text in phone.problems:
        if not path.rpartition("/")[0].endswith("/accounts"):
            yield warn("daemon", f"{code}: {text}", "docs/problems.md")
    for account in phone.accounts:
        subject = f"{account.id} registration"
        if account.state in ("registered", "disabled"):
            yield ok(subject, account.state)
            continue
        texts = [text for _, path, text in phone.problems if path == account.path]
        said = f"{account.state}: {texts[0] if texts else account.state_text}"
        yield fail(subject, said, f"offhook accounts register {account.id} tries again at once")


def _has_service_manager() -> bool:
    """Whether systemd serves this user, by the socket of its own."""
    return Path(os.environ.get("XDG_RUNTIME_DIR", ""), "systemd", "private").exists()


def service() -> list[Finding]:
    """The unit of the user's service manager."""
    try:
        done = subprocess.run(
            ["systemctl", "--user", "show", "-P", "UnitFileState", UNIT],
            check=False,
            capture_output=True,
            text=True,
            timeout=SYSTEMCTL_LIMIT_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return [warn("service", "no systemd here", NO_SYSTEMD)]
    state = done.stdout.strip()
    if done.returncode:
        return [warn("service", "no service manager runs for you", NO_SYSTEMD)]
    if state == "enabled":
        return [ok("service", f"{UNIT} starts with your session")]
    if not state:
        return [warn("service", f"{UNIT} is not installed", "make install")]
    return [warn("service", f"{UNIT} is {state}", f"systemctl --user enable {UNIT}")]


def sound(backend: str) -> list[Finding]:
    """The sound server and its choice of devices; blocks until that answers."""
    if backend == "silent":
        return [ok("sound", "switched off by audio: {backend: silent}")]
    import pulsectl  # noqa: PLC0415 - for this verb only

    try:
        with pulsectl.Pulse("offhook doctor") as pulse:
            server = pulse.server_info()
            loudspeakers = {one.name: bool(one.mute) for one in pulse.sink_list()}
            microphones = {
                one.name: bool(one.mute)
                for one in pulse.source_list()
                if not one.monitor_of_sink_name
            }
    except pulsectl.PulseError:
        remedy = "systemctl --user start pipewire-pulse, or pulseaudio"
        return [fail("sound", "no PulseAudio or PipeWire answers", remedy)]
    loudspeakers.pop(DUMMY, None)
    return [
        ok("sound", f"{server.server_name} answers"),
        _default("loudspeaker", "playback", loudspeakers, server.default_sink_name),
        _default("microphone", "capture", microphones, server.default_source_name),
    ]


def _default(what: str, path: str, muted: Mapping[str, bool], chosen: str) -> Finding:
    """The sound server's choice; `muted` are the devices that there are."""
    if not muted:
        return fail(what, "there is none", f"plug in a {what} or headset")
    if chosen not in muted:
        remedy = f"offhook audio use {path} {next(iter(muted))}"
        return warn(what, f"the sound server's choice, {chosen or 'nothing'}, is none", remedy)
    if muted[chosen]:
        return warn(what, f"{chosen} is muted for all programs", "unmute it in the sound settings")
    return ok(what, chosen)


def devices(hidraw: Path = HIDRAW, devices: Path = DEVICES) -> list[Finding]:
    """USB telephone sets, and whether this user may open them."""
    nodes = [node for node in sorted(hidraw.glob("*")) if _is_telephone(node)]
    found = [_device(node, devices / node.name) for node in nodes]
    return found or [ok("telephone sets", "none is plugged in")]


def _is_telephone(node: Path) -> bool:
    try:
        return "hook" in controls(parse((node / "device/report_descriptor").read_bytes())).inputs
    except (OSError, DescriptorError):
        return False


def _device(node: Path, path: Path) -> Finding:
    facts = (node / "device/uevent").read_text().splitlines()
    name = next((line.partition("=")[2] for line in facts if line.startswith("HID_NAME=")), "")
    if os.access(path, os.R_OK | os.W_OK):
        return ok("telephone sets", f"{name} at {path}")
    return fail("telephone sets", f"you may not open {name} at {path}", UDEV_RULE)
