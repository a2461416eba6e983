# SPDX-License-Identifier: GPL-2.0-or-later
"""Who may use a telephone set: whoever sits at the screen, by the installed udev rule."""

from tests.vm.debian import USER
from tests.vm.phones import HEADSET, UsbPhone
from tests.vm.telephone import Telephone

VT_ACTIVATE, VT_WAITACTIVE = 0x5606, 0x5607  # linux/vt.h


def switch_screen(telephone: Telephone, number: int) -> None:
    """As Ctrl-Alt-Fn does: the user's session is on the first one."""
    program = (
        "import fcntl; screen = open('/dev/tty0', 'wb', 0);"
        f" [fcntl.ioctl(screen, one, {number}) for one in ({VT_ACTIVATE}, {VT_WAITACTIVE})]"
    )
    telephone.guest.run("python3", "-c", program, user="root")
    active = "yes" if number == 1 else "no"
    telephone.wait(
        lambda: (
            f"Active={active}"
            in telephone.guest.shell(
                f"loginctl show-session $(loginctl list-sessions --no-legend | awk '/ {USER} / "
                "{print $1; exit}') --property=Active"
            )
        ),
        lambda: f"the user's session to be active: {active}",
    )


def access(telephone: Telephone) -> str:
    """The access lists of all raw nodes."""
    return telephone.guest.shell("getfacl --absolute-names --omit-header /dev/hidraw*")


def test_the_user_at_the_screen_may_use_the_set_and_nobody_else(plugged: Telephone) -> None:
    lines = [line for line in access(plugged).splitlines() if line]
    assert f"user:{USER}:rw-" in lines
    assert "other::---" in lines
    status, said = plugged.guest.attempt("bash", "-c", "exec 3<> /dev/hidraw0", user="daemon")
    assert status, said


def test_a_set_waits_for_the_permission_and_says_so(serving: Telephone) -> None:
    switch_screen(serving, 2)
    phone = UsbPhone(serving.guest, HEADSET)
    phone.plug()
    serving.wait_for_set(HEADSET, "no-permission")
    assert f"user:{USER}" not in access(serving)
    assert phone.lamps == []
    assert HEADSET.name in serving.problems["device-permission"]
    assert "run: sudo " in serving.problems["device-permission"]

    switch_screen(serving, 1)
    serving.wait_for_set(HEADSET)
    assert "device-permission" not in serving.problems
    phone.wait_for_lamps("02 00 00")


def test_the_command_of_the_problem_mends_it(serving: Telephone) -> None:
    switch_screen(serving, 2)
    UsbPhone(serving.guest, HEADSET).plug()
    serving.wait_for_set(HEADSET, "no-permission")
    command = serving.problems["device-permission"].partition("run: sudo ")[2]
    serving.guest.shell(command, user="root")
    serving.wait_for_set(HEADSET, sound=False)  # the sound card still belongs to the screen
