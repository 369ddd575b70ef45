"""Every check of the machine: what it says of what is well, and of each thing that can be wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lockd.cli.doctor import bluetooth
from lockd.cli.doctor.examine import PARTS, examine
from lockd.cli.doctor.machine import Machine
from lockd.settings import wired as named
from lockd.value import Value
from tests.cli.doctor.pi import CONFIG, LINES, Pi

TOML, CHIP, BOOT = "/etc/lockd/lockd.toml", "/dev/gpiochip0", "/boot/firmware/config.txt"
MODULES, KEEPS = "/sys/module", "parameters/persist_gpio_outputs"
ROOT = Path(__file__).parents[3]


class Case(Value):
    """`breaks` a Pi; then the check says `state`, with `words` in its text or remedy."""

    check: str
    state: str
    words: str
    breaks: Callable[[Pi], object]


def unit(name: str, **properties: str) -> Callable[[Pi], object]:
    return lambda pi: pi.states[name].update(properties)


def put(path: str, text: str) -> Callable[[Pi], object]:
    return lambda pi: pi.files({path: text})


def gone(*paths: str) -> Callable[[Pi], object]:
    return lambda pi: [pi.remove(path) for path in paths]


def owned(path: str, uid: int, gid: int, mode: int) -> Callable[[Pi], object]:
    return lambda pi: pi.owners.update({path: (uid, gid, mode)})


def having(**values: Any) -> Callable[[Pi], object]:
    return lambda pi: vars(pi).update(values)


def printing(command: str, text: str) -> Callable[[Pi], object]:
    return lambda pi: pi.printed.update({command: text})


def bluez(version: str) -> Callable[[Pi], object]:
    return printing("bluetoothctl", f"bluetoothctl: {version}\n")


PHONES = put(TOML, f"{CONFIG}[phone]\nenabled = true\n")


def wired(old: str, new: str) -> Callable[[Pi], object]:
    assert old in CONFIG
    return put(TOML, CONFIG.replace(old, new))


#: By what doctor calls them. The keypad of the example is there beside each.
READERS = {
    "the keypad": "[hid]\ndevice = '04d9:1203'", "the Wiegand reader": "[wiegand]\ndata0 = 10\ndata1 = 9",
    "the card reader": "[nfc]\nport = '/dev/ttyAMA0'",
    "the fingerprint sensor": "[fingerprint]\nport = '/dev/ttyAMA0'\ntouch = 15",
    "phones": "[phone]\nenabled = true",
}  # fmt: skip
BY_HAND = {"the mechanical key": "key = true", "the mechanical code": "code = 15", "the emergency hole": "hole = 15"}
BOLT = "[bolt]\nforward = 17\nbackward = 27\nlocked = 22\n"


def both(*breaks: Callable[[Pi], object]) -> Callable[[Pi], object]:
    return lambda pi: [each(pi) for each in breaks]


def stopped(**properties: str) -> Callable[[Pi], object]:
    return unit("lockd", ActiveState="failed", **properties)


CASES = (
    Case("service: installed", "fault", "apt install", unit("lockd", LoadState="not-found")),
    Case("service: installed", "fault", "unmask", unit("lockd", LoadState="masked")),
    Case("service: installed", "unchecked", "systemd does not answer", having(states={})),
    Case("service: enabled", "fault", "systemctl enable lockd", unit("lockd", UnitFileState="disabled")),
    Case("service: running", "fault", "lockctl config check", stopped(Result="exit-code", ExecMainStatus="78")),
    Case("service: running", "fault", "command line", stopped(Result="exit-code", ExecMainStatus="64")),
    Case("service: running", "fault", "status 1 (exit-code)", stopped(Result="exit-code", ExecMainStatus="1")),
    Case("service: running", "fault", "the watchdog ended it", stopped(Result="watchdog")),
    Case("service: running", "fault", "it was killed", stopped(Result="signal")),
    Case("service: running", "fault", "systemctl start lockd", unit("lockd", ActiveState="inactive")),
    Case("service: running", "fault", "it is starting", unit("lockd", ActiveState="activating")),
    Case("service: running", "ok", "a PIN works", unit("lockd", ActiveState="reloading")),
    Case("service: restarts", "warning", "again once", unit("lockd", NRestarts="1")),
    Case("service: restarts", "warning", "again 3 times", unit("lockd", NRestarts="3")),
    Case("service: polkit", "warning", "apt install polkitd", unit("polkit", LoadState="not-found")),
    Case("service: groups", "warning", "sudo adduser anna lockd", lambda pi: pi.asked_by(1000, 1000)),
    Case("service: groups", "warning", "log out", both(
        put("/etc/group", "lockd:x:901:anna\n"), lambda pi: pi.asked_by(1000, 1000))),
    Case("service: groups", "ok", "in the group lockd", lambda pi: pi.asked_by(1000, 1000, 901)),
    Case("settings: file", "fault", "examples/lockd.toml", gone(TOML)),
    Case("settings: file", "fault", "(and 1 more)", put(TOML, "[bolt]\nforward = 17\n")),
    Case("settings: file", "fault", "not TOML", put(TOML, "[bolt\n")),
    Case("settings: advice", "warning", "GPIO 8", wired("forward = 17", "forward = 8")),
    Case("settings: rights", "fault", "chmod 644", owned(TOML, 0, 0, 0o666)),
    Case("settings: rights", "fault", "chown root", owned(TOML, 1000, 0, 0o644)),
    Case("settings: rights", "fault", "service may not read", owned(TOML, 0, 0, 0o600)),
    Case("settings: rights", "ok", "only root", owned(TOML, 0, 901, 0o640)),
    Case("settings: wiring", "warning", "[door] contact", wired("[door]\ncontact = 24\n", "")),
    Case("settings: wiring", "warning", "modelled door", put(TOML, CONFIG + '[gpio]\nbackend = "mock"\n')),
    Case("settings: wiring", "ok", "not wired: tamper switch, buzzer", having()),
    Case("pins: chip", "fault", "is this a Pi?", gone(CHIP)),
    Case("pins: chip", "fault", "is this a Pi?", having(label="pcf8574")),
    Case("pins: chip", "fault", 'chip = "auto"', put(TOML, CONFIG + "[gpio]\nchip = 4\n")),
    Case("pins: chip", "fault", "may not open", owned(CHIP, 0, 0, 0o600)),
    Case("pins: chip", "fault", "may not open", put("/etc/group", "gpio:x:903:\n")),
    Case("pins: driver", "fault", "pcf8574", both(having(label="pcf8574"), put(TOML, CONFIG + "[gpio]\nchip = 0\n"))),
    Case("pins: claimed", "fault", "GPIO 22 (bolt.locked) by “spi0 CS0”", lambda pi: pi.users.update({22: "spi0 CS0"})),
    Case("pins: claimed", "fault", "by “lg”", unit("lockd", ActiveState="inactive")),
    Case("pins: claimed", "warning", "GPIO 17", lambda pi: pi.users.pop(17)),
    Case("pins: claimed", "ok", "are free", both(stopped(), lambda pi: pi.users.clear())),
    Case("pins: claimed", "unchecked", "anna may not look at", both(
        having(shut=(CHIP,)), lambda pi: pi.asked_by(1000, 1000))),
    Case("pins: shared", "fault", "GPIO 18 (inside.button) to I2S", put(BOOT, "[pi4]\ndtparam = i2s=on\n")),
    Case("pins: shared", "fault", "GPIO 10 (wiegand.data0) to SPI", both(
        put(BOOT, "dtparam=spi=on\n"), wired("[keypad]", "[wiegand]\ndata0 = 10\ndata1 = 9\n[keypad]"))),
    Case("pins: shared", "fault", "to 1-Wire", put(BOOT, "dtoverlay=w1-gpio,gpiopin=24\n")),
    Case("pins: shared", "fault", "to the serial port", put(BOOT, "enable_uart=1 # for the console\n")),
    Case("pins: shared", "ok", BOOT, put(BOOT, "dtparam=spi=on,i2c_arm=on\ndtparam=i2s=off\n[none]\nenable_uart=1\n")),
    Case("pins: shared", "unchecked", "config.txt", gone(BOOT)),
    Case("pins: at boot", "warning", "lockctl config boot | sudo tee -a /boot", put(BOOT, "dtparam=audio=on\n")),
    Case("pins: at boot", "warning", "GPIO 4 (bolt.backward)", put(BOOT, "gpio=17,4=op,dl\n")),
    Case("pins: at boot", "warning", "GPIO 17 (bolt.forward)", put(BOOT, "[pi3]\ngpio=17=op,dl\n")),
    Case("pins: at boot", "warning", "GPIO 17 (bolt.forward)", put(
        BOOT, "gpio=4,16-27=op,dl\ngpio=4=dh\ngpio=17=ip\n")),
    Case("pins: at boot", "ok", "keeps the motor off", put(BOOT, "gpio=4,16-27=op,dl\n[pi4]\n[all]\ngpio=4=dh,op\n")),
    Case("pins: at boot", "ok", "keeps the motor off", both(
        gone(BOOT), put("/boot/config.txt", "gpio=17=op,dl\ngpio=4=op,dh\n"))),
    Case("pins: let go", "warning", "dtparam=strict_gpiod", put(f"{MODULES}/pinctrl_bcm2835/{KEEPS}", "Y\n")),
    Case("pins: let go", "warning", "runs on until", both(
        having(label="pinctrl-rp1"), put(f"{MODULES}/pinctrl_rp1/{KEEPS}", "Y\n"))),
    Case("pins: let go", "ok", "stops at once", both(
        having(label="pinctrl-rp1"), put(f"{MODULES}/pinctrl_bcm2835/{KEEPS}", "Y\n"),
        put(f"{MODULES}/pinctrl_rp1/{KEEPS}", "N\n"))),
    Case("store: folder", "fault", "systemd-tmpfiles", gone("/var/lib/lockd")),
    Case("store: folder", "fault", "belongs to root", owned("/var/lib/lockd", 0, 0, 0o700)),
    Case("store: folder", "fault", "chmod 700", owned("/var/lib/lockd", 900, 901, 0o750)),
    Case("store: key", "fault", "credential.secret", gone("/run/credstore.encrypted")),
    Case("store: key", "fault", "journalctl -u lockd-key -b", both(
        gone("/run/credstore.encrypted"), unit("lockd-key", ActiveState="failed", Result="timeout"))),
    Case("store: key", "fault", "put back", gone("/etc/lockd/lockd.key")),
    Case("store: key", "ok", "no store yet", gone("/etc/lockd/lockd.key", "/var/lib/lockd/lockd.keys")),
    Case("store: key", "ok", "who has the disk has the key", both(
        gone("/etc/lockd/lockd.key"), put("/var/lib/lockd/key", "k"), owned("/var/lib/lockd/key", 900, 901, 0o600))),
    Case("store: key", "fault", "chmod 600", both(
        gone("/etc/lockd/lockd.key"), put("/var/lib/lockd/key", "k"), owned("/var/lib/lockd/key", 900, 901, 0o640))),
    Case("store: key", "fault", "/media/key is missing", put(TOML, CONFIG + '[store]\nkey = "/media/key"\n')),
    Case("store: key", "fault", "seals the store is missing", both(
        put(TOML, CONFIG + '[store]\nkey = "credential"\n'), gone("/etc/lockd/lockd.key"))),
    Case("store: key", "unchecked", "sudo lockctl doctor", both(
        having(shut=("/run/credstore.encrypted",)), lambda pi: pi.asked_by(1000, 1000))),
    Case("clock: date", "fault", "which is past", having(seconds=1_700_000_000.0)),
    Case("clock: source", "ok", "by a battery; NTP has not", gone("/run/systemd/timesync")),
    Case("clock: source", "ok", "wait for the network", gone("/sys/class/rtc")),
    Case("clock: source", "warning", "neither NTP", gone("/run/systemd/timesync", "/sys/class/rtc")),
    Case("clock: source", "warning", "hwclock", both(
        gone("/run/systemd/timesync"), put("/sys/class/rtc/rtc0/hctosys", "0\n"))),
    Case("clock: source", "warning", "that lockd does not know", both(
        gone("/run/systemd/timesync", "/sys/class/rtc"), printing("timedatectl", "yes\n"))),
    Case("clock: zone", "ok", "UTC, as none is set", gone("/etc/timezone")),
    Case("clock: zone", "ok", "Asia/Tokyo",
         lambda pi: pi.at("/etc/localtime").symlink_to("/usr/share/zoneinfo/Asia/Tokyo")),
    Case("bluetooth: running", "unchecked", "only phones", unit("bluetooth", LoadState="not-found")),
    Case("bluetooth: running", "warning", "enable --now", unit("bluetooth", ActiveState="inactive")),
    Case("bluetooth: adapter", "unchecked", "disable-bt", gone("/sys/class/bluetooth")),
    Case("bluetooth: adapter", "warning", "rfkill unblock", put("/sys/class/rfkill/rfkill0/soft", "1\n")),
    Case("bluetooth: adapter", "warning", "has no power", printing("bluetoothctl", "Controller\n\tPowered: no\n")),
    Case("bluetooth: adapter", "warning", "there is no adapter:", both(PHONES, gone("/sys/class/bluetooth"))),
    Case("bluetooth: adapter", "warning", "no adapter hci7", put(
        TOML, f'{CONFIG}[phone]\nenabled = true\nadapter = "hci7"\n')),
    Case("bluetooth: phones", "ok", "are let in", PHONES),
    Case("bluetooth: phones", "ok", "enabled = true under [phone]", lambda pi: None),
    Case("bluetooth: version", "warning", "older than any", bluez("5.55")),
    Case("bluetooth: version", "warning", "MinAdvertisementInterval = 160", both(PHONES, bluez("5.66"))),
    Case("bluetooth: version", "ok", "BlueZ 5.66", both(PHONES, bluez("5.66"), put(
        "/run/lockd-bluetooth.conf", "[LE]\nMinAdvertisementInterval = 160\nMaxAdvertisementInterval = 400\n"))),
    Case("bluetooth: version", "ok", "BlueZ 5.66", bluez("5.66")),
    Case("bluetooth: version", "ok", "BlueZ 5.77", both(PHONES, bluez("5.77"))),
    Case("bluetooth: version", "ok", "newer than those", bluez("5.83")),
    Case("bluetooth: version", "unchecked", "does not tell", printing("bluetoothctl", "")),
    Case("bluetooth: settings", "warning", "Channels = 1", put(
        "/run/lockd-bluetooth.conf", "[GATT]\nChannels = 1\nChannels = 3\n[General]\nReverseServiceDiscovery=FALSE\n")),
    Case("bluetooth: settings", "warning", "restart bluetooth", gone("/run/lockd-bluetooth.conf")),
    Case("bluetooth: settings", "warning", "without", put("/run/lockd-bluetooth.conf", "no settings\n")),
    Case("bluetooth: settings", "warning", "sudo rm", put("/etc/systemd/system/bluetooth.service.d/lockd.conf", "")),
    Case("power: battery", "warning", "20 %: low", put("/sys/class/power_supply/ups/capacity", "20\n")),
    Case("power: battery", "fault", "nearly empty", put("/sys/class/power_supply/ups/capacity", "9\n")),
    Case("power: battery", "ok", "ups without a level", gone("/sys/class/power_supply/ups/capacity")),
    Case("power: battery", "unchecked", "no battery", put("/sys/class/power_supply/ups/scope", "Device\n")),
    Case("power: mains", "warning", "plugged in", put("/sys/class/power_supply/usb/online", "0\n")),
    Case("power: voltage", "fault", "stronger supply", put("/sys/class/hwmon/hwmon0/in0_lcrit_alarm", "1\n")),
    Case("disk: room", "warning", "only 200 MiB", having(free_mib=200)),
    Case("disk: room", "fault", "is full", having(free_mib=3)),
    Case("disk: writable", "fault", "read-only", having(flags=os.ST_RDONLY)),
    Case("disk: errors", "fault", "7 on mmcblk0p2", put("/sys/fs/ext4/mmcblk0p2/errors_count", "7\n")),
    Case("disk: wear", "warning", "mmcblk0", put("/sys/block/mmcblk0/device/life_time", "0x02 0x0b\n")),
    Case("disk: journal", "ok", "gone after a reboot", gone("/var/log/journal")),
    Case("ways: independent", "warning", "one way in, the keypad", wired("[spindle]\ncontact = 15\n", "")),
    Case("ways: independent", "warning", "only D-Bus", put(TOML, BOLT)),
    Case("ways: independent", "warning", "one way in, the card reader", put(
        TOML, f"{BOLT}[hid]\ndevice = '08ff:0009'\nkind = 'card'\n")),
    *(Case("ways: independent", "warning", f"one way in, {name}", put(TOML, f"{BOLT}{reader}\n"))
      for name, reader in READERS.items()),
    *(Case("ways: independent", "warning", f"the keypad and {name} all need power", wired(
        "[spindle]\ncontact = 15\n", f"{reader}\n")) for name, reader in READERS.items() if name != "the keypad"),
    *(Case("ways: independent", "ok", f"the keypad and {name} let you in", wired(
        "[spindle]\ncontact = 15\n", f"[ways]\n{line}\n")) for name, line in BY_HAND.items()),
)  # fmt: skip


def test_on_a_pi_where_all_is_well_every_check_says_so(pi: Pi) -> None:
    assert pi.wrong() == []
    checks = {f"{part}: {check.__name__.replace('_', ' ')}" for part, checks in PARTS.items() for check in checks}
    said = {f"{each.part}: {each.check}" for part in PARTS for each in examine(part, pi)}
    assert checks - said == {"settings: advice"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.check}: {case.words}")
def test_what_is_wrong_is_found_and_told_with_what_to_do(pi: Pi, case: Case) -> None:
    case.breaks(pi)
    found = pi.look(*case.check.split(": "))
    assert found is not None
    assert (found.state, case.words in f"{found.text} {found.remedy}") == (case.state, True), found
    assert found.remedy or found.ok
    assert "\n" not in found.text + found.remedy
    assert str(pi.root) not in found.text + found.remedy


def test_every_check_that_can_fail_is_shown_to_fail() -> None:
    shown = {case.check for case in CASES if case.state in ("warning", "fault")}
    checks = {f"{part}: {check.__name__.replace('_', ' ')}" for part, checks in PARTS.items() for check in checks}
    assert checks - shown == {"clock: zone", "disk: journal", "bluetooth: phones"}


@pytest.mark.parametrize("path", [
    "/sys/class/hwmon", "/sys/fs/ext4", "/sys/block", "/sys/class/power_supply/usb", MODULES,
])  # fmt: skip
def test_what_a_machine_does_not_have_is_no_finding(pi: Pi, path: str) -> None:
    before = [each for part in PARTS for each in examine(part, pi)]
    pi.remove(path)
    assert len([each for part in PARTS for each in examine(part, pi)]) == len(before) - 1
    assert pi.wrong() == []


def test_without_an_adapter_nothing_more_is_said_of_bluetooth(pi: Pi) -> None:
    pi.remove("/sys/class/bluetooth")
    pi.states["bluetooth"]["ActiveState"] = "inactive"
    assert [each.check for each in examine("bluetooth", pi)] == ["phones", "adapter"]


def test_what_is_no_pi_has_neither_a_header_nor_a_config_txt(pi: Pi) -> None:
    pi.remove("/proc/device-tree/model")
    assert [each.check for each in examine("pins", pi)] == ["chip", "claimed"]


def test_a_modelled_door_has_no_pins(pi: Pi) -> None:
    pi.files({TOML: CONFIG + '[gpio]\nbackend = "mock"\n'})
    assert list(examine("pins", pi)) == []


def test_faulty_settings_keep_no_other_check_from_looking(pi: Pi) -> None:
    pi.files({TOML: "[bolt"})
    states = {f"{each.part}: {each.check}": each.state for each in pi.wrong()}
    assert states.pop("settings: file") == "fault"
    assert set(states.values()) == {"unchecked"}
    assert {check.partition(":")[0] for check in states} == {"settings", "pins", "store", "clock", "power", "ways"}


def test_a_file_that_cannot_be_read_is_told_and_no_traceback(pi: Pi, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Machine, path: str) -> str:
        raise OSError(61, "No data available", path)

    monkeypatch.setattr(Pi, "read", broken)
    found = pi.look("power", "battery")
    assert found is not None
    assert (found.state, "No data available" in found.text) == ("unchecked", True)


def test_the_lines_of_the_test_are_those_that_are_wired(pi: Pi) -> None:
    assert sorted(pin.number for pin in named(pi.settings)) == sorted(LINES)


def test_bluetooths_settings_are_those_of_the_drop_in() -> None:
    ours = bluetooth._ini((ROOT / "systemd/bluetooth.conf").read_text())
    assert {(section, name, value) for section in ours.sections() for name, value in ours.items(section)} == {
        *bluetooth.WANTED
    }


def test_paths_are_those_that_lockd_itself_goes_by() -> None:
    from lockd.cli.doctor import chip, clock, pins, store
    from lockd.daemon.clock import NTP_DONE, RTC_USED
    from lockd.gpio.chip import GET_CHIPINFO, LABELS
    from lockd.store.keys import CREDENTIAL

    assert (pins.LABELS, chip.CHIP_INFO) == (LABELS, GET_CHIPINFO)
    assert (clock.NTP_DONE, f"{clock.RTC}/hctosys") == (NTP_DONE, RTC_USED)
    assert store.HANDED.endswith(f"/{CREDENTIAL}")


def test_nothing_of_the_machine_is_changed(pi: Pi) -> None:
    def tree() -> dict[Path, tuple[int, bytes]]:
        return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in pi.root.rglob("*") if path.is_file()}

    before = tree()
    assert pi.wrong() == []
    assert tree() == before


def test_no_secret_is_told(pi: Pi) -> None:
    secret = "c0ffee" * 8
    places = ("/etc/lockd/lockd.key", "/var/lib/lockd/lockd.keys", "/run/credstore.encrypted/lockd.key")
    pi.files(dict.fromkeys(places, secret))
    said = [each for part in PARTS for each in examine(part, pi)]
    assert "c0ffee" not in repr(said)
