"""What systemd is told: READY, STATUS, WATCHDOG, RELOADING, STOPPING. Silent without systemd."""

from __future__ import annotations

import logging
import os
import time

log = logging.getLogger("lockd.notify")


def _send(message: str) -> None:
    """Who has stopped listening is no reason to stop locking."""
    if "NOTIFY_SOCKET" not in os.environ:
        return
    from systemd.daemon import notify

    try:
        notify(message)
    except OSError as fault:
        log.debug("nobody reads NOTIFY_SOCKET: %s", fault)


def ready(status: str) -> None:
    """A PIN works from here on."""
    _send(f"READY=1\nSTATUS={status}")


def status(text: str) -> None:
    """One line for `systemctl status`."""
    _send(f"STATUS={text}")


def alive() -> None:
    """The self-check passed."""
    _send("WATCHDOG=1")


def reloading() -> None:
    """lockd.toml is being read again; `ready` ends it."""
    _send(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")


def stopping() -> None:
    """On the way out."""
    _send("STOPPING=1")


def watchdog_s() -> float | None:
    """Seconds between two signs of life: half of what systemd allows; None: it expects none."""
    usec = os.environ.get("WATCHDOG_USEC", "")
    mine = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(usec) / 2e6 if usec.isdigit() and int(usec) and mine else None
