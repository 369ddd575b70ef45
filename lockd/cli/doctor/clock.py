"""Whether the machine's clock can be known to be right, as timed codes need it."""

from __future__ import annotations

import os
import time

from lockd import RELEASED
from lockd.cli.doctor.finding import Finding, fault, ok, warning
from lockd.cli.doctor.machine import Machine

NTP_DONE = "/run/systemd/timesync/synchronized"
RTC = "/sys/class/rtc/rtc0"
ZONEINFO = "zoneinfo/"


def date(machine: Machine) -> Finding:
    """Not before lockd itself was made."""
    now = machine.now()
    shown = time.strftime("%Y-%m-%d %H:%M", time.localtime(now))
    if now * 1_000_000 < RELEASED:
        return fault(f"it says {shown}, which is past", "let NTP set it, or: lockctl time set 'YYYY-MM-DD HH:MM'")
    return ok(f"it says {shown}")


def source(machine: Machine) -> Finding:
    """NTP set it in this boot, or a battery keeps it."""
    kept = machine.read(f"{RTC}/hctosys") == "1"
    if machine.exists(NTP_DONE):
        return ok("set by NTP, and kept by a battery" if kept else
                  "set by NTP; no battery keeps it, so after a power cut timed codes wait for the network")
    if kept:
        return ok("kept by a battery; NTP has not set it since the boot")
    if machine.run("timedatectl", "show", "--property=NTPSynchronized", "--value").strip() == "yes":
        return warning("an NTP client set it that lockd does not know", "use systemd-timesyncd, or: lockctl time set")
    if machine.exists(RTC):
        return warning("there is a battery-backed clock, but the kernel does not take the time from it, nor has NTP"
                       " set it", "set it: sudo hwclock --systohc, then reboot")
    return warning("neither NTP nor a battery-backed clock has set it: timed codes are refused",
                   "sudo timedatectl set-ntp true, add a battery-backed clock, or: lockctl time set")


def zone(machine: Machine) -> Finding:
    """Times in the log and of schedules are local ones."""
    own = machine.settings.time.zone
    if own:
        return ok(f"{own}, by lockd.toml")
    link = machine.at("/etc/localtime")
    name = os.readlink(link).rpartition(ZONEINFO)[2] if link.is_symlink() else machine.read("/etc/timezone")
    return ok(name or "UTC, as none is set")


CHECKS = (date, source, zone)
