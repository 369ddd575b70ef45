"""What systemd is told: READY, STATUS, WATCHDOG, RELOADING, STOPPING. Silent without systemd.

The protocol is one datagram (sd_notify(3)): a library for it would come before READY.
"""

from __future__ import annotations

import logging
import os
import socket
import time

log = logging.getLogger("lockd.notify")


def _send(message: str) -> None:
    """Who has stopped listening is no reason to stop locking."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.connect(f"\0{address[1:]}" if address.startswith("@") else address)
            systemd.sendall(message.encode())
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
