"""BlueZ: there, running, of a version that is known, with an adapter, and with the settings that phones need."""

from __future__ import annotations

import re
from configparser import ConfigParser
from configparser import Error as NotIni

from lockd.cli.doctor.finding import Finding, ok, unchecked, warning
from lockd.cli.doctor.machine import CONFIG, CannotLook, Machine
from lockd.settings import PhoneSettings
from lockd.settings_rules import AUTO

#: What bluetoothd reads where lockd's drop-in is in force, and what it reads otherwise.
MERGED, PLAIN = "/run/lockd-bluetooth.conf", "/etc/bluetooth/main.conf"
#: Where an administrator takes the drop-in away.
MASK = "/etc/systemd/system/bluetooth.service.d/lockd.conf"
#: As in the file that the drop-in appends.
WANTED = (("General", "ReverseServiceDiscovery", "false"), ("GATT", "Channels", "1"))

#: The versions that lockd is made for; from INTERVALS on BlueZ takes from it how often it advertises.
OLDEST, NEWEST, INTERVALS = (5, 66), (5, 82), (5, 77)
PACE = ("MinAdvertisementInterval", "MaxAdvertisementInterval")


def phones(machine: Machine) -> Finding:
    """Whether they are wanted."""
    if _phone(machine).enabled:
        return ok("phones are let in")
    return ok(f"phones are off; enabled = true under [phone] in {CONFIG} lets them in")


def adapter(machine: Machine) -> Finding:
    """There is the one that is set, and it is switched on. Without it no phone can be used, and all else can."""
    phone = _phone(machine)
    found = [name for name in _adapters(machine) if phone.adapter in (AUTO, name)]
    if not found:
        missing = "there is no adapter" + (f" {phone.adapter}" if phone.adapter != AUTO else "")
        remedy = "see that config.txt has no dtoverlay=disable-bt, or plug one in"
        if phone.enabled:
            return warning(f"{missing}: no phone can come in", remedy)
        return unchecked(f"{missing}; only phones need one", remedy)
    blocked = [path for path in machine.glob("/sys/class/rfkill/rfkill*") if machine.text(path / "type") == "bluetooth"
               and "1" in (machine.text(path / "soft"), machine.text(path / "hard"))]  # fmt: skip
    if blocked:
        return warning(f"{found[0]} is switched off", "sudo rfkill unblock bluetooth")
    if _active(machine) and "Powered: no" in machine.run("bluetoothctl", "show"):
        return warning(f"{found[0]} is there, but has no power", "bluetoothctl power on; AutoEnable = true under"
                       f" [Policy] in {PLAIN} keeps it so")
    return ok(f"{found[0]} is there")


def running(machine: Machine) -> Finding | None:
    """bluetoothd is there and runs, as it does only where there is an adapter."""
    if not _adapters(machine):
        return None
    unit = machine.units.get("bluetooth", {})
    if unit.get("LoadState") != "loaded":
        return unchecked("BlueZ is not installed; only phones need it", "sudo apt install bluez")
    if unit.get("ActiveState") != "active":
        return warning("bluetoothd does not run", "sudo systemctl enable --now bluetooth")
    return ok("bluetoothd runs")


def version(machine: Machine) -> Finding | None:
    """One that lockd is made for, or a newer one."""
    if not _adapters(machine) or not _active(machine):
        return None
    told = re.search(r"bluetoothctl: (\d+)\.(\d+)", machine.run("bluetoothctl", "--version"))
    if told is None:
        return unchecked("bluetoothctl does not tell which BlueZ this is")
    major, minor = found = int(told[1]), int(told[2])
    name = f"BlueZ {major}.{minor}"
    if found < OLDEST:
        return warning(f"{name} is older than any that lockd is made for (5.66)", "upgrade to Debian 12 or newer")
    if found < INTERVALS and _phone(machine).enabled and not all(_in_force(machine).get("LE", each, fallback="")
                                                                 for each in PACE):  # fmt: skip
        return warning(f"{name} takes no advertising intervals from lockd: phones find the lock late",
                       f"put {PACE[0]} = 160 and {PACE[1]} = 400 (of 0.625 ms) under [LE] in {PLAIN}, then:"
                       " sudo systemctl restart bluetooth; or upgrade to Debian 13")
    return ok(f"{name}, newer than those that lockd is made for (5.82)" if found > NEWEST else name)


def settings(machine: Machine) -> Finding | None:
    """Those of lockd's drop-in are in force."""
    if not _adapters(machine) or not _active(machine):
        return None
    masked, found = machine.exists(MASK), _in_force(machine)
    missing = [f"{name} = {value}" for section, name, value in WANTED
               if found.get(section, name, fallback="").lower() != value]  # fmt: skip
    if missing:
        return warning(f"bluetoothd runs without {' and '.join(missing)}", (f"sudo rm {MASK}; " if masked else "") +
                       "sudo systemctl daemon-reload; sudo systemctl restart bluetooth")
    return ok("bluetoothd has the settings that phones need")


def _adapters(machine: Machine) -> list[str]:
    """By name; what has a colon is a connection."""
    return [path.name for path in machine.glob("/sys/class/bluetooth/hci*") if ":" not in path.name]


def _active(machine: Machine) -> bool:
    return machine.units.get("bluetooth", {}).get("ActiveState") == "active"


def _phone(machine: Machine) -> PhoneSettings:
    """As set; the usual ones where that cannot be known."""
    try:
        return machine.settings.phone
    except (CannotLook, PermissionError):
        return PhoneSettings()


def _in_force(machine: Machine) -> ConfigParser:
    """What bluetoothd reads."""
    return _ini(machine.read(MERGED if machine.exists(MERGED) and not machine.exists(MASK) else PLAIN))


def _ini(text: str) -> ConfigParser:
    """As GLib reads it: the last word counts. What is no settings file has none."""
    parser = ConfigParser(strict=False, interpolation=None, comment_prefixes=("#",), delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names keep their letters' case
    try:
        parser.read_string(text)
    except NotIni:
        return ConfigParser()
    return parser


CHECKS = (phones, adapter, running, version, settings)
