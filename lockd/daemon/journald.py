"""The log: journald with structured fields where systemd runs us, else stderr."""

from __future__ import annotations

import logging
import os
import sys


def log_to_stderr() -> None:
    """From the first moment. Under systemd each line carries its priority in front."""
    handler = logging.StreamHandler(sys.stderr)
    if "JOURNAL_STREAM" in os.environ:
        handler.setFormatter(_Prefixed("%(message)s"))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)


def log_to_journal() -> None:
    """Once there is time for it: with the fields LOCKD_KIND, LOCKD_SEQ, LOCKD_SOURCE …"""
    if "JOURNAL_STREAM" not in os.environ:
        return
    from systemd.journal import JournalHandler

    root = logging.getLogger()
    root.handlers[:] = [JournalHandler(SYSLOG_IDENTIFIER="lockd")]


class _Prefixed(logging.Formatter):
    """journald's own way to read a priority from stderr (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        level = {"CRITICAL": 2, "ERROR": 3, "WARNING": 4, "INFO": 6}.get(record.levelname, 7)
        return f"<{level}>{super().format(record)}"
