"""From a driver's text to a reading; whatever the text is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockd.reading import Reading
from lockd.settings import Match, PowerSettings
from lockd.udev.sysfs import Device, number, port_feeds, reading_of

USUAL = PowerSettings()


def device(name: str = "it", subsystem: str = "power_supply", **said: str) -> Device:
    properties = {f"POWER_SUPPLY_{key}": text for key, text in said.items()}
    return Device(subsystem, name, f"/devices/chip/{subsystem}/{name}", properties | {"POWER_SUPPLY_NAME": name})


def battery(**said: str) -> Reading | None:
    return reading_of(device(TYPE="Battery", **said), USUAL)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("0", 0.0), ("-1721000", -1721000.0), ("+5", 5.0), ("1536", 1536.0), (None, None), ("", None), ("five", None),
     ("1e3", None), ("3.7", None), ("nan", None), (" 7", None), ("7\n", None), ("٣", None), ("1" * 16, None)],
)  # fmt: skip
def test_a_number_is_a_whole_one_of_sane_length(text: str | None, meant: float | None) -> None:
    assert number(text) == meant


@pytest.mark.parametrize(
    ("said", "reading"),
    [
        ({"CAPACITY": "57", "VOLTAGE_NOW": "3846250"}, {"percent": 57.0, "volts": 3.84625}),
        ({"VOLTAGE_NOW": "3846250"}, {"volts": 3.84625}),
        ({"VOLTAGE_NOW": "n/a", "VOLTAGE_AVG": "3700000"}, {"volts": 3.7}),
        ({"POWER_NOW": "2000000", "CURRENT_NOW": "-500000"}, {"volts": 4.0}),
        ({"POWER_NOW": "0", "CURRENT_NOW": "0"}, {}),
        ({"ENERGY_NOW": "10", "ENERGY_FULL": "40"}, {"percent": 25.0, "watt_hours": 1e-05}),
        ({"CHARGE_NOW": "30", "CHARGE_FULL": "40"}, {"percent": 75.0}),
        ({"CHARGE_NOW": "30", "CHARGE_FULL": "0"}, {}),
        ({"STATUS": "Charging"}, {"charging": True}),
        ({"STATUS": "Not charging"}, {}),
        ({"PRESENT": "0", "CAPACITY": "100"}, {"present": False, "percent": 100.0}),
        ({"ONLINE": "0"}, {"present": False}),
        ({"PRESENT": "1", "ONLINE": "0"}, {}),
        # A gauge of one byte, asked for two: judged later, but told.
        ({"CAPACITY": "1536", "VOLTAGE_NOW": "65535000"}, {"percent": 1536.0, "volts": 65.535}),
        ({"CAPACITY": "0x1F", "VOLTAGE_NOW": "99999999999999999999"}, {}),
    ],
)
def test_what_a_battery_says(said: dict[str, str], reading: dict[str, Any]) -> None:
    assert battery(**said) == Reading("it", "Battery", True).but(**reading)


@pytest.mark.parametrize(
    ("said", "present", "volts"),
    [
        ({"ONLINE": "1", "VOLTAGE_NOW": "5048000"}, True, 5.048),
        ({"ONLINE": "2", "VOLTAGE_NOW": "-4900000"}, True, -4.9),
        ({"ONLINE": "0", "PRESENT": "1"}, False, None),
        ({"PRESENT": "1"}, True, None),
        ({}, False, None),
    ],
)
def test_what_outside_power_says(said: dict[str, str], present: bool, volts: float | None) -> None:
    assert reading_of(device(TYPE="USB", **said), USUAL) == Reading("it", "EmergencyUsb", present, None, volts)
    assert reading_of(device(TYPE="Mains", **said), USUAL) == Reading("it", "Mains", present, None, volts)


@pytest.mark.parametrize(
    ("said", "asked_for"),
    [
        ({"TYPE": "USB", "USB_TYPE": "C [PD] PD_PPS"}, True),
        ({"TYPE": "USB", "USB_TYPE": "C PD [PD_PPS]"}, True),
        ({"TYPE": "USB", "USB_TYPE": "[C] PD PD_PPS"}, False),
        ({"TYPE": "USB_PD"}, True),
        ({"TYPE": "USB_PD_DRP"}, True),
        ({"TYPE": "USB_C"}, False),
        ({"TYPE": "USB"}, False),
    ],
)
def test_volts_that_a_charger_has_asked_for_are_told_from_raw_ones(said: dict[str, str], asked_for: bool) -> None:
    reading = reading_of(device(ONLINE="1", VOLTAGE_NOW="20000000", **said), USUAL)
    assert reading == Reading("it", "EmergencyUsb", True, None, 20.0, negotiated=asked_for)


def test_what_was_agreed_before_is_not_what_is_agreed_now() -> None:
    before = device(TYPE="USB", ONLINE="1", USB_TYPE="C [PD]")
    after = device(TYPE="USB", ONLINE="1", VOLTAGE_NOW="20000000").after(before)
    assert reading_of(after, USUAL) == Reading("it", "EmergencyUsb", True, None, 20.0)


@pytest.mark.parametrize(
    ("said", "watts"),
    [
        ({"POWER_NOW": "7500000"}, 7.5),
        ({"VOLTAGE_NOW": "5000000", "CURRENT_NOW": "-1500000"}, 7.5),
        ({"CURRENT_NOW": "1500000"}, None),
        ({"VOLTAGE_NOW": "5000000"}, None),
    ],
)
def test_what_a_plug_gives_is_measured_or_unknown(said: dict[str, str], watts: float | None) -> None:
    reading = reading_of(device(TYPE="USB", ONLINE="1", **said), USUAL)
    assert reading is not None
    assert reading.watts == watts


@pytest.mark.parametrize(
    ("said", "watt_hours"),
    [
        ({"ENERGY_NOW": "12500000"}, 12.5),
        ({"CHARGE_NOW": "2000000", "VOLTAGE_NOW": "4000000"}, 8.0),
        ({"CHARGE_NOW": "2000000"}, None),
        ({"CAPACITY": "50"}, None),
    ],
)
def test_what_a_battery_holds_is_measured_or_unknown(said: dict[str, str], watt_hours: float | None) -> None:
    reading = battery(**said)
    assert reading is not None
    assert reading.watt_hours == watt_hours


def test_a_charger_that_says_the_system_s_voltage_says_none_of_the_plug_s() -> None:
    for name in ("bq25890-charger", "bq25890-charger-0"):
        charger = device(name, TYPE="USB", ONLINE="1", VOLTAGE_NOW="3704000")
        assert reading_of(charger, USUAL) == Reading(name, "EmergencyUsb", True)


def test_the_battery_that_counts_is_the_one_that_is_set() -> None:
    for wanted, counts in (("auto", True), ("it", True), ("other", False), ("none", False)):
        assert (reading_of(device(TYPE="Battery"), PowerSettings(battery=wanted)) is not None) == counts
        assert reading_of(device(TYPE="USB"), PowerSettings(battery=wanted)) is not None


def test_a_port_feeds_when_it_takes_power_from_a_partner() -> None:
    assert port_feeds(True, "source [sink]")
    assert port_feeds(True, "[sink]")
    assert not port_feeds(False, "source [sink]")
    assert not port_feeds(True, "[source] sink")
    assert not port_feeds(True, "")
    port = Device("typec", "port0", "/devices/chip/typec/port0", {"DEVTYPE": "typec_port"}, feeds=True)
    assert reading_of(port, USUAL) == Reading("port0", "EmergencyUsb", True)
    assert reading_of(port.but(feeds=False), USUAL) == Reading("port0", "EmergencyUsb", False)


def test_a_usb_device_is_a_supply_by_rule_only() -> None:
    phone = Device("usb", "1-1", "/devices/usb1/1-1", {"DEVTYPE": "usb_device", "PRODUCT": "5ac/12a8/1403"})
    assert reading_of(phone, USUAL) is None
    rule = Match((("PRODUCT", "5ac/*"),), "Wireless")
    assert reading_of(phone, PowerSettings(supplies=(rule,))) == Reading("1-1", "Wireless", True)


def test_a_chip_that_cannot_be_read_is_still_what_it_was_without_its_numbers() -> None:
    before = device(TYPE="Battery", SCOPE="Device", CAPACITY="50", STATUS="Charging")
    mouse = before.but(properties=before.properties | {"ID_MODEL": "mouse"})
    after = Device("power_supply", "it", mouse.path, {}).after(mouse)
    assert after.properties == {
        "POWER_SUPPLY_NAME": "it", "POWER_SUPPLY_TYPE": "Battery", "POWER_SUPPLY_SCOPE": "Device", "ID_MODEL": "mouse"
    }  # fmt: skip
    assert after.after(None) == after


NAMES = st.sampled_from(
    ["TYPE", "SCOPE", "ONLINE", "PRESENT", "STATUS", "CAPACITY", "VOLTAGE_NOW", "POWER_NOW", "CURRENT_NOW",
     "ENERGY_NOW", "ENERGY_FULL"]
)  # fmt: skip
TEXTS = st.one_of(st.text(max_size=5), st.integers().map(str), st.sampled_from(["Battery", "USB", "Mains"]))


@settings(max_examples=30)
@given(st.dictionaries(NAMES, TEXTS, max_size=6))
def test_no_text_of_a_driver_s_breaks_anything(said: dict[str, str]) -> None:
    reading = reading_of(device(**said), USUAL)
    for value in (reading.percent, reading.volts) if reading else ():
        assert value is None or abs(value) < 1e16
