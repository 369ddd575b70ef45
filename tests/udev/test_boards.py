"""Boards as they are, through umockdev, libudev and pyudev: what is found, and what each event makes of it."""

from __future__ import annotations

import os
import shutil
import time
from itertools import pairwise

import pytest

from lockd.reading import Reading
from lockd.udev.events import REST_S
from tests.udev.board import Board

pytestmark = pytest.mark.skipif(not shutil.which("umockdev-run"), reason="umockdev is not installed (.ci/setup does)")


def told(board: Board) -> set[Reading]:
    """All that is told of a board until it has been read."""
    named = board.names()
    assert named == sorted(board.latest())
    return set(board.readings)


def test_a_pi_zero_with_an_ups_lite() -> None:
    with Board("ups-lite") as board:
        assert told(board) == {Reading("battery", "Battery", True, 57.0, 3.84625)}
        board.changes("battery", CAPACITY=56, VOLTAGE_NOW=3842500)
        assert board.reading("battery", percent=56.0).volts == 3.8425
        board.says("battery", CAPACITY=55)  # without an event: it is seen when it is asked for
        board.ask()
        assert board.reading("battery").percent == 55.0
        assert board.names() == ["battery"]


def test_a_pi_4_with_a_dilithium_hat_of_an_old_kernel_without_types() -> None:
    gauge, charger = "bq27510g3-0", "bq25890-charger"
    with Board("dilithium") as board:
        assert told(board) == {
            Reading(gauge, "Battery", True, 33.0, 4.099, True, watt_hours=4.13999),
            Reading(charger, "EmergencyUsb", True),
        }  # fmt: skip
        board.changes(charger, ONLINE=0, STATUS="Discharging", VOLTAGE_NOW=3904000)
        assert board.reading(charger) == Reading(charger, "EmergencyUsb", False)
        board.changes(gauge, STATUS="Discharging", CURRENT_NOW=-600000, CAPACITY=32)
        assert board.reading(gauge) == Reading(gauge, "Battery", True, 32.0, 4.099, watt_hours=4.13999)


def test_a_uconsole_that_is_plugged_in_and_whose_battery_is_taken_out() -> None:
    battery, usb = "axp20x-battery", "axp20x-usb"
    with Board("uconsole") as board:
        assert told(board) == {
            Reading(battery, "Battery", True, 41.0, 3.712), Reading(usb, "EmergencyUsb", False),
            Reading("axp22x-ac", "Mains", False),
        }  # fmt: skip
        board.changes(usb, PRESENT=1, ONLINE=1)
        assert board.reading(usb) == Reading(usb, "EmergencyUsb", True)
        board.changes(battery, STATUS="Charging")
        assert board.reading(battery).charging
        board.changes(battery, PRESENT=0, STATUS="Not charging", VOLTAGE_NOW=0, CAPACITY=100)
        assert board.reading(battery) == Reading(battery, "Battery", False, 100.0, 0.0)
        # Its percentage is no longer said: the one before is not taken for it.
        board.changes(battery, PRESENT=1, CAPACITY=None, VOLTAGE_NOW=3300000)
        assert board.reading(battery) == Reading(battery, "Battery", True, None, 3.3)


def test_a_rockpro64_whose_port_is_told_of_once_with_its_voltage() -> None:
    port = "tcpm-source-psy-4-0022"
    with Board("rockpro64") as board:
        assert told(board) == {
            Reading(port, "EmergencyUsb", False, None, 0.0), Reading("gpio-charger", "Mains", True)
        }  # fmt: skip
        board.changes(port, ONLINE=1, USB_TYPE="C [PD] PD_PPS", VOLTAGE_NOW=20000000, CURRENT_MAX=1500000)
        assert board.reading(port) == Reading(port, "EmergencyUsb", True, None, 20.0, negotiated=True)
        board.changes(port, ONLINE=1, USB_TYPE="[C] PD PD_PPS", VOLTAGE_NOW=20000000)
        assert board.reading(port) == Reading(port, "EmergencyUsb", True, None, 20.0)
        board.changes("gpio-charger", ONLINE=0)
        assert board.reading("gpio-charger") == Reading("gpio-charger", "Mains", False)


def test_a_pi_4_that_is_fed_over_its_network_cable() -> None:
    with Board("poe") as board:
        assert told(board) == {Reading("rpi-poe", "Mains", True)}


def test_a_usb_c_port_that_measures_nothing_beside_a_phone_and_a_mouse() -> None:
    port = Reading("port0", "EmergencyUsb", False)
    with Board("wusb3801") as board:
        assert told(board) == {port}
        partner = board.sysfs("port0") / "port0-partner"
        path = f"{board.path('port0')}/port0-partner"
        partner.mkdir()
        board.event("add", path, {"SUBSYSTEM": "typec", "DEVTYPE": "typec_partner"})
        assert board.reading("port0") == port.but(present=True)
        (board.sysfs("port0") / "power_role").write_text("[source] sink\n")  # now the lock feeds the other
        board.event("change", board.path("port0"), {"DEVTYPE": "typec_port", "TYPEC_PORT": "port0"})
        assert board.reading("port0") == port
        (board.sysfs("port0") / "power_role").write_text("source [sink]\n")
        board.event("change", board.path("port0"), {"DEVTYPE": "typec_port", "TYPEC_PORT": "port0"})
        assert board.reading("port0") == port.but(present=True)
        partner.rmdir()
        board.event("remove", path, {"SUBSYSTEM": "typec", "DEVTYPE": "typec_partner"})
        assert board.reading("port0") == port


def test_rules_make_a_supply_of_anything_also_while_it_runs() -> None:
    rule = '[power]\nsupplies = [{ match = { PRODUCT = "5ac/*" }, source = "Wireless" }]\n'
    with Board("wusb3801", rule) as board:
        assert board.names() == ["1-1", "port0"]
        assert board.latest()["1-1"] == Reading("1-1", "Wireless", True)
        path = board.path("1-1")
        shutil.rmtree(board.sysfs("1-1"))
        (board.root / "sys/bus/usb/devices/1-1").unlink()
        board.event("remove", path, {"DEVTYPE": "usb_device", "PRODUCT": "5ac/12a8/1403"})
        assert board.reading("1-1") == Reading("1-1", "Wireless", False)
        assert board.names() == ["port0"]
        board.configure('[power]\nsupplies = [{ match = { DEVTYPE = "typec_port" }, source = "Generator" }]\n')
        assert board.reading("port0").source == "Generator"


def test_a_board_that_comes_and_goes() -> None:
    with Board("ups-lite") as board:
        board.names()
        path, link = board.path("battery"), board.root / "sys/class/power_supply/battery"
        folder, aside = board.sysfs("battery"), board.root / "aside"
        target = os.readlink(link)
        folder.rename(aside)
        link.unlink()
        board.event("remove", path, {"POWER_SUPPLY_NAME": "battery"})
        assert board.reading("battery") == Reading("battery", "Battery", False)
        assert board.names() == []
        aside.rename(folder)
        link.symlink_to(target)
        board.event("add", path, board.properties("battery"))
        assert board.reading("battery").percent == 57.0
        assert board.names() == ["battery"]


def test_a_driver_that_cannot_read_its_chip_leaves_a_battery_without_numbers() -> None:
    with Board("ups-lite") as board:
        board.names()
        (board.sysfs("battery") / "uevent").write_text("")
        board.ask()
        assert board.reading("battery") == Reading("battery", "Battery", True)
        assert board.names() == ["battery"]


def test_text_that_is_none_spoils_only_itself() -> None:
    with Board("ups-lite") as board:
        board.names()
        uevent = board.sysfs("battery") / "uevent"
        odd = uevent.read_bytes() + b"POWER_SUPPLY_SERIAL_NUMBER=\xff\xfe\n"
        uevent.write_bytes(odd.replace(b"CAPACITY=57", b"CAPACITY=61"))
        board.ask()
        assert board.reading("battery").percent == 61.0
        path, seqnum = board.path("battery").encode(), b"\0SUBSYSTEM=power_supply\0SEQNUM=9\0"
        for junk in (b"", b"junk", b"change@\0\0", b"libudev\0" + bytes(40), b"change@/devices\0ACTION=change\0" * 50):
            board.send(junk)
        said = b"POWER_SUPPLY_NAME=battery\0POWER_SUPPLY_SERIAL_NUMBER=\xff\0POWER_SUPPLY_CAPACITY=60\0"
        board.send(b"change@" + path + b"\0ACTION=change\0DEVPATH=" + path + seqnum + said)
        assert board.reading("battery", percent=60.0)


def test_hundreds_of_events_are_few_readings_and_the_last_is_told() -> None:
    with Board("uconsole") as board:
        board.names()
        board.forget()
        path = board.path("axp20x-usb")
        said = board.properties("axp20x-usb")
        begun = time.monotonic()
        for n in range(500):
            board.event("change", path, said | {"POWER_SUPPLY_ONLINE": str(n % 2)})
        board.event("change", path, said | {"POWER_SUPPLY_ONLINE": "1", "POWER_SUPPLY_VOLTAGE_NOW": "5000000"})
        board.reading("axp20x-usb", volts=5.0)
        seconds = time.monotonic() - begun
        readings = [reading for reading in board.readings if reading.name == "axp20x-usb"]
        assert len(readings) < 2 * (seconds / REST_S + 2), "told faster than it may be"
        changes = sum(one.present != other.present for one, other in pairwise(readings))
        assert changes > 3, "that it flapped does not show"
