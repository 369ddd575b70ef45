"""BlueZ: there, running, with an adapter, and with the two settings that phones need."""

from __future__ import annotations

from configparser import ConfigParser
from configparser import Error as NotIni

from lockd.cli.doctor.finding import Finding, ok, unchecked, warning
from lockd.cli.doctor.machine import Machine

#: What bluetoothd reads where lockd's drop-in is in force, and what it reads otherwise.
MERGED, PLAIN = "/run/lockd-bluetooth.conf", "/etc/bluetooth/main.conf"
#: Where an administrator takes the drop-in away.
MASK = "/etc/systemd/system/bluetooth.service.d/lockd.conf"
#: As in the file that the drop-in appends.
WANTED = (("General", "ReverseServiceDiscovery", "false"), ("GATT", "Channels", "1"))


def adapter(machine: Machine) -> Finding:
    """There is one, and it is switched on. Without it no phone can be used, and all else can."""
    found = _adapters(machine)
    if not found:
        return unchecked("there is no adapter; only phones need one", "see that config.txt has no dtoverlay=disable-bt,"
                         " or plug one in")
    blocked = [path for path in machine.glob("/sys/class/rfkill/rfkill*") if machine.text(path / "type") == "bluetooth"
               and "1" in (machine.text(path / "soft"), machine.text(path / "hard"))]  # fmt: skip
    if blocked:
        return warning(f"{found[0]} is switched off", "sudo rfkill unblock bluetooth")
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


def settings(machine: Machine) -> Finding | None:
    """Those of lockd's drop-in are in force."""
    if not _adapters(machine) or machine.units.get("bluetooth", {}).get("ActiveState") != "active":
        return None
    masked = machine.exists(MASK)
    found = _ini(machine.read(MERGED if machine.exists(MERGED) and not masked else PLAIN))
    missing = [f"{name} = {value}" for section, name, value in WANTED
               if found.get(section, name, fallback="").lower() != value]  # fmt: skip
    if missing:
        return warning(f"bluetoothd runs without {' and '.join(missing)}", (f"sudo rm {MASK}; " if masked else "") +
                       "sudo systemctl daemon-reload; sudo systemctl restart bluetooth")
    return ok("bluetoothd has the settings that phones need")


def _adapters(machine: Machine) -> list[str]:
    """By name; what has a colon is a connection."""
    return [path.name for path in machine.glob("/sys/class/bluetooth/hci*") if ":" not in path.name]


def _ini(text: str) -> ConfigParser:
    """As GLib reads it: the last word counts. What is no settings file has none."""
    parser = ConfigParser(strict=False, interpolation=None, comment_prefixes=("#",), delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names keep their letters' case
    try:
        parser.read_string(text)
    except NotIni:
        return ConfigParser()
    return parser


CHECKS = (adapter, running, settings)
