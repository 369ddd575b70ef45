"""config access: what systemd and udev have to let lockd touch, for the readers that lockd.toml names."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lockd.cli.output import Output

if TYPE_CHECKING:
    from lockd.settings import Settings

DROP_IN = "/etc/systemd/system/lockd.service.d/readers.conf"
RULES = "/etc/udev/rules.d/61-lockd-readers.rules"

THEN = "sudo systemctl daemon-reload; sudo udevadm control --reload; sudo udevadm trigger; sudo systemctl restart lockd"

#: How the path of a device begins, the kernel's classes that it may be of (/proc/devices), and the group that may
#: open it. The first that fits counts.
CLASSES = (
    ("/dev/i2c-", ("i2c",), "i2c"),
    ("/dev/ttyUSB", ("ttyUSB",), "dialout"),
    ("/dev/ttyACM", ("ttyACM",), "dialout"),
    ("/dev/serial/", ("ttyUSB", "ttyACM"), "dialout"),
    ("/dev/", ("ttyAMA", "ttyS"), "dialout"),
)


def access(args: Namespace) -> int:
    """The files, each under its name."""
    from lockd.settings import load

    out = Output(args.json)
    settings = load(args.file)
    every = {DROP_IN: list(drop_in(settings)), RULES: list(rules(settings))}
    files = {path: lines for path, lines in every.items() if lines}
    if out.as_json:
        out.document({"files": files})
        return 0
    for path, lines in files.items():
        out.say(f"# {path}")
        for line in lines:
            out.say(line)
        out.say("")
    out.say(f"# then: {THEN}" if files else "# nothing: no reader in there is on a port")
    return 0


def drop_in(settings: Settings) -> Iterator[str]:
    """What the service may touch besides the GPIO chips."""
    ports = [port for port in (settings.nfc.port, settings.fingerprint.port) if port]
    found = [next(each for each in CLASSES if port.startswith(each[0])) for port in ports]
    kinds = [kind for _, kinds, _ in found for kind in kinds]
    groups = [group for *_, group in found]
    if settings.hid.device:
        kinds.append("input")
        groups += ["input"] if settings.hid.device.startswith("/") else []  # else it is lockd's own, by a rule
    if kinds:
        yield "[Service]"
        yield from (f"DeviceAllow=char-{kind} rw" for kind in dict.fromkeys(kinds))
    if groups:
        yield f"SupplementaryGroups={' '.join(dict.fromkeys(groups))}"


def rules(settings: Settings) -> Iterator[str]:
    """A keypad that is named by what it is belongs to lockd alone: nobody else may read what is typed there."""
    vendor, colon, product = settings.hid.device.partition(":")
    if colon and not vendor.startswith("/"):
        yield (
            f'SUBSYSTEM=="input", KERNEL=="event*", ATTRS{{id/vendor}}=="{vendor}", ATTRS{{id/product}}=="{product}",'
            ' OWNER="lockd", GROUP="root", MODE="0600"'
        )
