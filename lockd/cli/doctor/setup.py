"""lockd.toml: there, right, safe, and what it leaves out."""

from __future__ import annotations

from lockd.cli.doctor.finding import Finding, fault, ok, warning
from lockd.cli.doctor.machine import CONFIG, SERVICE_USER, Machine
from lockd.errors import ConfigurationError
from lockd.settings import advise, load
from lockd.value import Value

EXAMPLE = "/usr/share/doc/lockd/examples/lockd.toml"
OTHERS_READ, GROUP_READ, WRITE = 0o004, 0o040, 0o022


class Part(Value):
    """Something that may be wired, by a key that names its pin."""

    name: str
    key: str


PARTS = (
    Part("keypad", "keypad.kind"), Part("door contact", "door.contact"), Part("second bolt contact", "bolt.unlocked"),
    Part("inside button", "inside.button"), Part("tamper switch", "tamper.contact"),
    Part("buzzer", "panel.buzzer"), Part("green lamp", "panel.green"), Part("red lamp", "panel.red"),
)  # fmt: skip


def file(machine: Machine) -> Finding:
    """It says what lockd takes."""
    if not machine.exists(CONFIG):
        return fault(f"there is no {CONFIG}", f"copy {EXAMPLE} there, and say how the lock is wired")
    machine.read(CONFIG)  # whether we may
    try:
        load(machine.at(CONFIG))
    except ConfigurationError as error:
        count = len(error.faults)
        more = f" (and {count - 1} more)" if count > 1 else ""
        remedy = "lockctl config check lists them all; then: sudo systemctl restart lockd"
        return fault(f"{_here(error.faults[0], machine)}{more}", remedy)
    return ok(f"{CONFIG} is right")


def advice(machine: Machine) -> Finding | None:
    """What works, but had better be wired otherwise."""
    lines = advise(machine.settings)
    return warning("; ".join(lines), "wire them to other lines, and say so in lockd.toml") if lines else None


def rights(machine: Machine) -> Finding | None:
    """Only root writes it, and the service reads it."""
    if not machine.exists(CONFIG):
        return None
    owner = machine.owner(CONFIG)
    if owner.user != "root" or owner.mode & WRITE:
        return fault(f"others than root may change {CONFIG} ({owner.user}, {owner.mode:04o})",
                     f"sudo chown root:root {CONFIG} && sudo chmod 644 {CONFIG}")
    by_group = owner.mode & GROUP_READ and owner.group in machine.groups_of(SERVICE_USER)
    if not (owner.mode & OTHERS_READ or by_group):
        return fault(f"the service may not read {CONFIG} ({owner.user}:{owner.group}, {owner.mode:04o})",
                     f"sudo chmod 644 {CONFIG}")
    return ok("only root may change it")


def wiring(machine: Machine) -> Finding:
    """What there is, and what there is not."""
    from lockd.settings import describe

    usual = {row.path: row.value == row.default for row in describe(machine.settings)}
    missing = [part.name for part in PARTS if usual[part.key]]
    if machine.settings.gpio.backend == "mock":
        return warning('gpio.backend is "mock": a modelled door is driven, and no real one', 'set it to "lgpio"')
    if "door contact" in missing:
        return warning("no door contact is wired, so lockd may throw the bolt while the door is open",
                       "wire one and name it in lockd.toml: [door] contact")
    return ok(f"not wired: {', '.join(missing)}" if missing else "everything is wired")


def _here(text: str, machine: Machine) -> str:
    return text.replace(str(machine.at(CONFIG)), CONFIG)


CHECKS = (file, advice, rights, wiring)
