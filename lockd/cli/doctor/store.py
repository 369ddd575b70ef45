"""The state folder and the key that seals what is in it. Their contents are never read."""

from __future__ import annotations

from lockd.cli.doctor.finding import Finding, fault, ok
from lockd.cli.doctor.machine import SERVICE_USER, STATE, Machine

CREDENTIAL = "/etc/lockd/lockd.key"
HANDED = "/run/credstore.encrypted/lockd.key"
SECRET = "/var/lib/systemd/credential.secret"
RING = f"{STATE}/lockd.keys"
BACK_UP = "back up, all of it together:"


def folder(machine: Machine) -> Finding:
    """It is the service's alone."""
    try:
        owner = machine.owner(STATE)
    except FileNotFoundError:
        return fault(f"there is no {STATE}", "sudo systemd-tmpfiles --create lockd.conf")
    if owner.user != SERVICE_USER:
        return fault(f"{STATE} belongs to {owner.user}", f"sudo chown -R {SERVICE_USER}:{SERVICE_USER} {STATE}")
    if owner.mode & 0o077:
        return fault(f"{STATE} is open to others ({owner.mode:04o})", f"sudo chmod 700 {STATE}")
    return ok(f"{STATE} is the service's alone")


def key(machine: Machine) -> Finding:
    """The one that the settings ask for is there, and nobody else can read it."""
    source = machine.settings.store.key
    if source.startswith("/"):
        return _file(machine, source)
    if machine.exists(CREDENTIAL):
        return _credential(machine)
    if source == "auto" and machine.exists(f"{STATE}/key"):
        return _file(machine, f"{STATE}/key")
    if source == "auto" and not machine.exists(RING):
        return ok("there is no store yet; lockd makes it with its key")
    return fault("the key that seals the store is missing, so it cannot be read",
                 f"put back {CREDENTIAL} with {SECRET}" + (f", or {STATE}/key" if source == "auto" else ""))


def _credential(machine: Machine) -> Finding:
    """lockd-key.service hands it on only if this machine can decrypt it."""
    if machine.exists(HANDED):
        return ok(f"{CREDENTIAL}, which only this machine can open; {BACK_UP} {STATE}, /etc/lockd and {SECRET}")
    unit = machine.units.get("lockd-key", {})
    if unit.get("ActiveState") != "active":
        return fault(f"lockd-key.service did not hand {CREDENTIAL} on ({unit.get('Result') or 'not there'})",
                     "see why: journalctl -u lockd-key -b; then: sudo systemctl restart lockd-key lockd")
    return fault(f"{CREDENTIAL} is there, but this machine cannot open it",
                 f"put back the {SECRET} that belongs to it; then: sudo systemctl restart lockd-key lockd")


def _file(machine: Machine, path: str) -> Finding:
    try:
        owner = machine.owner(path)
    except FileNotFoundError:
        return fault(f"the key file {path} is missing, so the store cannot be read", "put it back, or set store.key")
    if owner.user != SERVICE_USER or owner.mode & 0o077:
        return fault(f"lockd does not take the key file {path}: {owner.user}, {owner.mode:04o}",
                     f"sudo chown {SERVICE_USER} {path} && sudo chmod 600 {path}")
    return ok(f"{path}, a file: who has the disk has the key; {BACK_UP} {STATE}, /etc/lockd and that file")


CHECKS = (folder, key)
