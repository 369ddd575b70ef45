"""A small Raspberry Pi in a folder, on which all is well; each test breaks one thing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from lockd import RELEASED
from lockd.cli.doctor.chip import Chip
from lockd.cli.doctor.examine import PARTS, examine
from lockd.cli.doctor.finding import Finding
from lockd.cli.doctor.machine import Machine

CONFIG = """
[bolt]
forward = 17
backward = { pin = 4, active = "low" }
locked = 22
unlocked = 23
[door]
contact = 24
[inside]
button = 18
[spindle]
contact = 15
[keypad]
kind = "matrix"
rows = [5, 6, 13, 19]
columns = [12, 16, 20]
"""
LINES = (17, 4, 22, 23, 24, 18, 15, 5, 6, 13, 19, 12, 16, 20)

FILES = {
    "/etc/passwd": "root:x:0:0::/root:/bin/sh\nlockd:x:900:901::/:/bin/false\nanna:x:1000:1000::/:/bin/sh\n",
    "/etc/group": "root:x:0:\nlockd:x:901:\nlockd-admin:x:902:\ngpio:x:903:lockd\nanna:x:1000:\n",
    "/etc/lockd/lockd.toml": CONFIG,
    "/etc/lockd/lockd.key": "sealed",
    "/run/credstore.encrypted/lockd.key": "sealed",
    "/var/lib/lockd/lockd.keys": "sealed",
    "/dev/gpiochip0": "",
    "/proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "/boot/firmware/config.txt": "[all]\ngpio=17=op,dl\ngpio=4=op,dh\ndtparam=audio=on\n",
    "/sys/module/pinctrl_bcm2835/parameters/persist_gpio_outputs": "N\n",
    "/run/systemd/timesync/synchronized": "",
    "/sys/class/rtc/rtc0/hctosys": "1\n",
    "/etc/timezone": "Europe/Berlin\n",
    "/sys/class/bluetooth/hci0/type": "primary\n",
    "/sys/class/rfkill/rfkill0/type": "bluetooth\n",
    "/sys/class/rfkill/rfkill0/soft": "0\n",
    "/sys/class/rfkill/rfkill0/hard": "0\n",
    "/run/lockd-bluetooth.conf": "[General]\nReverseServiceDiscovery = false\n[GATT]\nChannels = 1\n",
    "/sys/class/power_supply/ups/type": "Battery\n",
    "/sys/class/power_supply/ups/capacity": "97\n",
    "/sys/class/power_supply/usb/type": "USB\n",
    "/sys/class/power_supply/usb/online": "1\n",
    "/sys/class/hwmon/hwmon0/name": "rpi_volt\n",
    "/sys/class/hwmon/hwmon0/in0_lcrit_alarm": "0\n",
    "/sys/fs/ext4/mmcblk0p2/errors_count": "0\n",
    "/sys/block/mmcblk0/device/life_time": "0x01 0x02\n",
    "/var/log/journal/one/system.journal": "",
}
#: User, group and mode of what is not root's, 0644.
OWNERS = {
    "/var/lib/lockd": (900, 901, 0o700),
    "/dev/gpiochip0": (0, 903, 0o660),
}
#: Both of its version and of its adapter.
BLUETOOTHCTL = "bluetoothctl: 5.82\nController 00:00:5E:00:53:01 (public)\n\tPowered: yes\n"
UNITS = {
    "lockd": {"LoadState": "loaded", "UnitFileState": "enabled", "ActiveState": "active", "Result": "success",
              "ExecMainStatus": "0", "NRestarts": "0", "StatusText": "a PIN works"},
    "lockd-key": {"LoadState": "loaded", "ActiveState": "active"},
    "bluetooth": {"LoadState": "loaded", "ActiveState": "active"},
    "polkit": {"LoadState": "loaded", "ActiveState": "active"},
}  # fmt: skip


class Pi(Machine):
    """`label`, `users`: what its chip says. `shut`: what only root may look into. `printed`: what commands print."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, 0, (0,))
        self.files(FILES)
        self.owners = dict(OWNERS)
        self.states = {name: dict(unit) for name, unit in UNITS.items()}
        self.label, self.users = "pinctrl-bcm2711", dict.fromkeys(LINES, "lg")
        self.shut: tuple[str, ...] = ()
        self.printed = {"bluetoothctl": BLUETOOTHCTL}
        self.seconds = RELEASED / 1e6 + 86_400
        self.free_mib, self.flags = 9000, 0

    def files(self, files: dict[str, str]) -> None:
        """Put there, whole."""
        for path, text in files.items():
            self.at(path).parent.mkdir(parents=True, exist_ok=True)
            self.at(path).write_text(text)

    def remove(self, path: str) -> None:
        """File or folder."""
        shutil.rmtree(self.at(path)) if self.at(path).is_dir() else self.at(path).unlink()

    def asked_by(self, uid: int, *gids: int) -> None:
        """Somebody who is not root."""
        self.uid, self.gids = uid, gids

    def look(self, part: str, check: str) -> Finding | None:
        """What one check finds; None if it has nothing to say."""
        return next((each for each in examine(part, self) if each.check == check), None)

    def wrong(self) -> list[Finding]:
        """Everything but what is well."""
        return [each for part in PARTS for each in examine(part, self) if each.state != "ok"]

    # What a Machine asks of the system -----------------------------------------------------------

    def _refuse(self, path: str) -> None:
        if self.uid != 0 and path.startswith(self.shut):
            raise PermissionError(13, "Permission denied", path)

    def read(self, path: str) -> str:
        self._refuse(path)
        return super().read(path)

    def stat(self, path: str) -> os.stat_result:
        self._refuse(path)
        about = list(super().stat(path))
        uid, gid, mode = self.owners.get(path, (0, 0, 0o644))
        about[0], about[4], about[5] = about[0] & ~0o7777 | mode, uid, gid
        return os.stat_result(about)

    def space(self, path: str) -> os.statvfs_result:
        self.at(path).stat()
        size, files = 4096, 1000
        return os.statvfs_result((size, size, 1 << 22, 0, self.free_mib * 256, files, files, files, self.flags, 255))

    def now(self) -> float:
        return self.seconds

    def run(self, *command: str) -> str:
        if command[0] != "systemctl":
            return self.printed.get(command[0], "")
        blocks: Sequence[str] = [
            "\n".join([f"Id={name}.service", *(f"{key}={value}" for key, value in unit.items())])
            for name, unit in self.states.items()
        ]
        return "\n\n".join(blocks) + "\n" if blocks else ""

    def chip(self, device: str) -> Chip:
        self._refuse(device)
        return Chip(self.label, self.users)
