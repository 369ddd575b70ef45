"""The GPIO chip and the header's lines: there, open to the service, free, and quiet at boot."""

from __future__ import annotations

from lockd.cli.doctor.boot import Boot, read_boot
from lockd.cli.doctor.finding import Finding, fault, ok, warning
from lockd.cli.doctor.machine import SERVICE_USER, CannotLook, Machine
from lockd.header import STRICT, boot_state
from lockd.settings import AUTO, Pin, wired
from lockd.settings_checks import ACTUATORS

#: What lgpio calls itself.
LOCKDS = "lg"
READ_WRITE = 0o6
#: The header's chip on Pi Zero to 3, on Pi 4, and on Pi 5.
LABELS = ("pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1")
#: What the header's driver is told of lines that nobody holds any more, by the module that it is: Y, and they stay as
#: they were. https://github.com/raspberrypi/linux/pull/6150
KEEPS = "/sys/module/pinctrl_{}/parameters/persist_gpio_outputs"
AUTO_FINDS = 'say chip = "auto" in lockd.toml, [gpio]; then: sudo systemctl restart lockd'


def chip(machine: Machine) -> Finding | None:
    """It is there, and the service's user may open it."""
    gpio = machine.settings.gpio
    if gpio.backend != "lgpio":
        return None
    device = _device(machine)
    if not device and gpio.chip == AUTO:
        return fault("no GPIO chip here has the header's lines", "is this a Pi? See gpiodetect (package gpiod)")
    if not device:
        return fault(f"there is no /dev/gpiochip{gpio.chip}", AUTO_FINDS)
    owner = machine.owner(device)
    by_group = owner.group in machine.groups_of(SERVICE_USER) and owner.mode >> 3 & READ_WRITE == READ_WRITE
    if by_group or owner.mode & READ_WRITE == READ_WRITE:
        return ok(f"{device} is there for the service")
    return fault(f"the service's user {SERVICE_USER} may not open {device} ({owner.user}:{owner.group},"
                 f" {owner.mode:04o})", "sudo udevadm trigger --subsystem-match=gpio; sudo adduser lockd gpio")


def driver(machine: Machine) -> Finding | None:
    """It is the chip that has the header's lines, and no expander."""
    device = _device(machine)
    if not device or not machine.model:
        return None
    label = machine.chip(device).label
    if label in LABELS:
        return ok(f"{device} has the header's lines ({label})")
    return fault(f"{device} is {label}, which does not have the header's lines", AUTO_FINDS)


def claimed(machine: Machine) -> Finding | None:
    """Nobody else holds a line of lockd's, and lockd holds its own while it runs."""
    device = _device(machine)
    if not device:
        return None
    users, runs = machine.chip(device).users, machine.lockd_runs
    own = wired(machine.settings)
    taken = [f"{_named(pin)} by “{users[pin.number]}”" for pin in own
             if pin.number in users and not (runs and users[pin.number] == LOCKDS)]  # fmt: skip
    if taken:
        return fault(f"held by somebody else: {', '.join(taken)}", "end that program or driver, or wire other lines;"
                     " then: sudo systemctl restart lockd")
    left = [_named(pin) for pin in own if pin.number not in users]
    if runs and left:
        return warning(f"lockd runs without {', '.join(left)}", "was lockd.toml changed? sudo systemctl restart lockd")
    return ok(f"lockd holds its {len(own)} lines" if runs else f"its {len(own)} lines are free")


def shared(machine: Machine) -> Finding | None:
    """config.txt gives no line of lockd's to a bus."""
    boot = _boot(machine)
    if boot is None:
        return None
    clashes = [f"{_named(pin)} to {boot.buses[pin.number]}" for pin in wired(machine.settings)
               if pin.number in boot.buses]  # fmt: skip
    if clashes:
        return fault(f"{boot.path} gives {', '.join(clashes)}", "switch that off there and reboot, or wire other"
                     " lines")
    return ok(f"{boot.path} gives none of them to a bus")


def at_boot(machine: Machine) -> Finding | None:
    """config.txt keeps the motor off from power-on until lockd starts."""
    boot = _boot(machine)
    if boot is None:
        return None
    motor = [pin for pin in wired(machine.settings) if pin.key in ACTUATORS]
    loose = [pin for pin in motor if not set(boot_state(pin).split(",")) <= boot.lines.get(pin.number, frozenset())]
    if loose:
        return warning(f"{boot.path} does not keep {', '.join(map(_named, loose))} off from power-on until lockd"
                       " starts", f"lockctl config boot | sudo tee -a {boot.path}")
    return ok("the firmware keeps the motor off until lockd starts")


def let_go(machine: Machine) -> Finding | None:
    """The kernel stops the motor when lockd is killed, and does not wait for somebody to do so."""
    device = _device(machine)
    if not device or not machine.model:
        return None
    driver = "rp1" if machine.chip(device).label == "pinctrl-rp1" else "bcm2835"
    keeps = machine.read(KEEPS.format(driver))
    if keeps == "Y":
        return warning("a motor that runs when lockd is killed runs on until systemd has it driven off, about a second",
                       f"have {STRICT} in config.txt, as lockctl config boot prints it, and reboot")
    return ok("a motor that runs when lockd is killed stops at once") if keeps else None


def _device(machine: Machine) -> str:
    """The chip's that lockd takes; "" if there is none, or none is wanted. PermissionError if that may
    not be known."""
    gpio = machine.settings.gpio
    if gpio.backend != "lgpio":
        return ""
    if gpio.chip != AUTO:
        device = f"/dev/gpiochip{gpio.chip}"
        return device if machine.exists(device) else ""
    there = [f"/dev/{path.name}" for path in machine.glob("/dev/gpiochip*")]
    return next((device for device in there if machine.chip(device).label in LABELS), "")


def _boot(machine: Machine) -> Boot | None:
    """None on what is no Raspberry Pi."""
    if machine.settings.gpio.backend != "lgpio" or not machine.model:
        return None
    boot = read_boot(machine)
    if boot is None:
        raise CannotLook("neither /boot/firmware/config.txt nor /boot/config.txt is there")
    return boot


def _named(pin: Pin) -> str:
    return f"GPIO {pin.number} ({pin.key})"


CHECKS = (chip, driver, claimed, shared, at_boot, let_go)
