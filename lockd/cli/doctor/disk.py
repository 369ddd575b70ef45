"""The disk that keeps the store: room, health, and the journal beside it."""

from __future__ import annotations

import os
import re

from lockd.cli.doctor.finding import Finding, fault, ok, warning
from lockd.cli.doctor.machine import STATE, Machine

MIB = 1024 * 1024
#: The store of a year of a busy door takes some 25 MiB.
LITTLE, TOO_LITTLE = 200 * MIB, 32 * MIB
#: eMMC tells how much of its life is used in tenths: 9 is 80 to 90 %, 11 more than all.
WORN = 9
HEX = re.compile(r"0x[0-9a-fA-F]+")


def room(machine: Machine) -> Finding | None:
    """For records, which are written before the bolt moves."""
    try:
        space = machine.space(STATE)
    except FileNotFoundError:
        return None
    free = space.f_bavail * space.f_frsize
    if free <= TOO_LITTLE or (space.f_files and not space.f_favail):
        return fault(f"the disk is full: {free // MIB} MiB are free", "delete what is not needed: sudo apt clean; sudo"
                     " journalctl --vacuum-size=50M")
    if free <= LITTLE:
        return warning(f"only {free // MIB} MiB are free", "delete what is not needed: sudo apt clean")
    return ok(f"{free // MIB} MiB are free")


def writable(machine: Machine) -> Finding | None:
    """Not read-only, as the kernel makes it after an error."""
    try:
        flags = machine.space(STATE).f_flag
    except FileNotFoundError:
        return None
    if flags & os.ST_RDONLY:
        return fault(f"the file system of {STATE} is read-only", "see why: journalctl -k | grep -i -e ext4 -e mmc;"
                     " then check it (fsck) or replace the card, and reboot")
    return ok("it can be written")


def errors(machine: Machine) -> Finding | None:
    """What ext4 has counted since the last fsck."""
    counts = {path.parent.name: machine.text(path) for path in machine.glob("/sys/fs/ext4/*/errors_count")}
    bad = [f"{count} on {name}" for name, count in counts.items() if count not in ("", "0")]
    if bad:
        return fault(f"the file system has found errors: {', '.join(bad)}", "back the store up; then have it checked at"
                     " boot: add fsck.mode=force to cmdline.txt, or replace the card")
    return ok("the file system has found no errors") if counts else None


def wear(machine: Machine) -> Finding | None:
    """eMMC alone tells; SD cards do not."""
    told = {path.parent.parent.name: HEX.findall(machine.text(path))
            for path in machine.glob("/sys/block/mmcblk*/device/life_time")}  # fmt: skip
    used = {name: max(int(each, 16) for each in tenths) for name, tenths in told.items() if tenths}
    worn = [name for name, tenths in used.items() if tenths >= WORN]
    if worn:
        return warning(f"{', '.join(worn)} has used up most of its life", "back the store up, and replace it")
    return ok("it has most of its life before it") if used else None


def journal(machine: Machine) -> Finding:
    """Whether lockd's messages are kept; the audit trail always is."""
    if machine.exists("/var/log/journal"):
        return ok("messages are kept over a reboot")
    return ok("messages (journalctl -u lockd) are gone after a reboot; the audit trail stays")


CHECKS = (room, writable, errors, wear, journal)
