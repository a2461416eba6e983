# SPDX-License-Identifier: GPL-2.0-or-later
"""Sets that come and go, also in the middle of a call."""

from tests.vm.caller import Caller
from tests.vm.phones import HEADSET, OTHER, UsbPhone
from tests.vm.stages import LOUDSPEAKERS
from tests.vm.telephone import SERVICE, Telephone
from tests.vm.test_calls import IDLE, LIFTED, PUT_DOWN, RINGS, TALKS, answer, wait_for_sound

RECORDING = "/tmp/loudspeakers"


def test_a_set_that_is_plugged_in_is_found_with_its_sound(serving: Telephone) -> None:
    UsbPhone(serving.guest, HEADSET).plug()
    one = serving.wait_for_set(HEADSET)
    assert HEADSET.card in one["CaptureEndpoint"]
    assert HEADSET.card in one["PlaybackEndpoint"]


def test_a_set_that_was_there_before_the_daemon(plugged: Telephone, headset: UsbPhone) -> None:
    plugged.systemctl("restart", SERVICE)
    plugged.wait_for_set(HEADSET)
    headset.wait_for_lamps(IDLE)
    answer(plugged, headset)


def listen_to_the_loudspeakers(telephone: Telephone) -> None:
    """And to them alone: WirePlumber would move the recorder to the sink of a set that comes."""
    telephone.guest.shell(
        "systemd-run --user --quiet --unit=listener"
        f" parecord --raw --property=node.dont-reconnect=true"
        f" --device={LOUDSPEAKERS}.monitor {RECORDING};"
        f" until test -s {RECORDING}; do sleep 0.2; done"
    )


def test_a_set_that_is_pulled_out_takes_its_call_along(
    plugged: Telephone, headset: UsbPhone
) -> None:
    answer(plugged, headset)
    wait_for_sound(plugged, headset)
    listen_to_the_loudspeakers(plugged)
    headset.unplug()
    plugged.wait(lambda: "audio-interrupted" in plugged.problems, lambda: "the trouble to be told")
    assert plugged.set(HEADSET) == {}
    assert [call["State"] for call in plugged.calls] == ["active"]
    assert plugged.sinks_in_use == []

    headset.plug()
    plugged.wait_for_set(HEADSET)
    headset.wait_for_lamps(TALKS)
    wait_for_sound(plugged, headset)
    plugged.systemctl("stop", "listener")
    plugged.guest.shell(f"cmp {RECORDING} <(head -c $(stat -c %s {RECORDING}) /dev/zero)")


def test_two_sets_ring_and_the_one_that_is_lifted_has_the_call(
    plugged: Telephone, headset: UsbPhone
) -> None:
    other = UsbPhone(plugged.guest, OTHER)
    other.plug()
    plugged.wait_for_set(OTHER)
    Caller(plugged.guest).call()
    headset.wait_for_lamps(RINGS)
    other.wait_for_lamps(RINGS)
    other.report(LIFTED)
    plugged.wait_for_calls("active")
    headset.wait_for_lamps(IDLE)
    other.wait_for_lamps(TALKS)
    wait_for_sound(plugged, other)
    assert [OTHER.card in one for one in plugged.sinks_in_use] == [True]
    assert headset.take_peak() == 0
    other.report(PUT_DOWN)
    plugged.wait_for_calls()


def test_a_machine_that_slept_takes_a_set_and_a_call(serving: Telephone) -> None:
    """It goes to sleep without a set: the virtual controller refuses to sleep with one."""
    serving.guest.sleep_and_wake()
    serving.wait(lambda: "the machine woke up" in serving.journal, lambda: "the waking")
    headset = UsbPhone(serving.guest, HEADSET)
    headset.plug()
    serving.wait_for_set(HEADSET)
    answer(serving, headset)
    wait_for_sound(serving, headset)
