"""Many readings become few, the last is never lost, and flapping shows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lockd.reading import Reading
from lockd.udev.burst import Burst


def usb(present: bool, volts: float | None = None) -> Reading:
    return Reading("usb", "EmergencyUsb", present, None, volts)


def test_the_last_of_each_supply_is_told_and_nothing_twice() -> None:
    burst = Burst()
    battery = Reading("battery", "Battery", True, 40.0)
    for reading in (usb(False), battery, battery.but(percent=39.0), usb(True, 5.0)):
        burst.add(reading)
    assert burst.take() == (usb(True, 5.0), battery.but(percent=39.0))
    assert burst.take() == ()


def test_what_came_and_went_between_is_told_too() -> None:
    burst = Burst()
    burst.add(usb(True))
    assert burst.take() == (usb(True),)
    for reading in (usb(True), usb(False), usb(True), usb(False), usb(True, 5.0)):
        burst.add(reading)
    assert burst.take() == (usb(False), usb(True, 5.0))


@given(st.lists(st.lists(st.booleans())))
def test_of_each_burst_two_at_most_and_the_last_is_the_truth(bursts: list[list[bool]]) -> None:
    burst = Burst()
    told: list[bool] = []
    for presences in bursts:
        for present in presences:
            burst.add(usb(present))
        taken = [reading.present for reading in burst.take()]
        assert len(taken) <= 2
        assert taken[-1:] == presences[-1:]
        if told and any(present != told[-1] for present in presences):
            assert any(present != told[-1] for present in taken)
        told += taken
