"""Codes granted from afar: what the lock and whoever issues them compute alike, with no word between them.

A code stands for one window: a label, what kind of code it is, the hour it starts and how long it lasts.
The lock has never heard of it; it knows every window that could be valid now, makes their codes, and
compares. So that they are few, a code has to be used first within some hours of its start, and the
lengths are those that its label allows. Hours are whole hours since 1970, in UTC.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from typing import Literal

from lockd.value import Value

CodeKind = Literal["once", "span", "weekly"]

DIGITS = 9
HOUR_US = 3_600_000_000
DAY, WEEK = 24, 168
#: Windows that may be waiting for their first use at a time, and those that had it and go on; together 64.
MOST_FRESH, MOST_KEPT = 56, 8
MOST = MOST_FRESH + MOST_KEPT
#: Hours from its start within which a code has to be used first.
MOST_ACCEPT = DAY
#: The longest window; a weekly one lasts no longer than a day, for a year.
LONGEST = {"once": 0, "span": 28 * DAY, "weekly": DAY}
WEEKS = 52
NAME = r"[a-z0-9][a-z0-9-]{0,23}"
NAME_WORDS = "1 to 24 small letters, digits and hyphens"

#: Wrong codes within a day and an hour; then none is looked at until some are older, whatever the lockout allows.
MOST_GUESSES = 1000
#: The chance of the likeliest code: the 2^31 truncated values fall on 10^9 codes, some of them three times.
LIKELIEST = -(-(2**31) // 10**DIGITS) / 2**31


class Label(Value):
    """What codes of one name may be. `lengths`: hours, ascending; of a one-time code there are none.
    `accept`: hours from its start within which a code has to be used first. `number`: a new one makes
    all codes from before void."""

    name: str
    kind: CodeKind
    lengths: tuple[int, ...]
    accept: int
    number: int

    def waits(self, length: int) -> int:
        """For how many hours a code of this length may wait for its first use."""
        return min(self.accept, length or self.accept)

    @property
    def windows(self) -> int:
        """How many of its windows wait for their first use at any time."""
        return sum(map(self.waits, self.lengths or (0,)))

    def allows(self, window: Window) -> bool:
        """Whether a code of this window is one of its own, as the label is now."""
        return (window.label, window.number, window.kind) == (self.name, self.number, self.kind) and (
            window.length in (self.lengths or (0,))
        )


class Window(Value):
    """What one code stands for. `start`: the hour; `length`: hours, 0 for a one-time code."""

    epoch: int
    label: str
    number: int
    kind: CodeKind
    start: int
    length: int

    @property
    def key(self) -> str:
        """All of it in one word, as it is kept, and as its code is made of it."""
        return f"{self.epoch}:{self.label}:{self.number}:{self.kind}:{self.start}:{self.length}"

    @property
    def end(self) -> int:
        """The hour in which it is over for ever."""
        if self.kind == "weekly":
            return self.start + (WEEKS - 1) * WEEK + self.length
        return self.start + (self.length or MOST_ACCEPT)

    def covers(self, hour: int) -> bool:
        """Whether it is open in this hour, once it was used first."""
        since = hour - self.start
        if self.kind == "weekly":
            return since >= 0 and hour < self.end and since % WEEK < self.length
        return since >= 0 and hour < self.end


def read_key(key: str) -> Window:
    """`Window.key` back to what it says."""
    epoch, label, number, kind, start, length = key.split(":")
    return Window(int(epoch), label, int(number), kind, int(start), int(length))  # type: ignore[arg-type]


def fresh(label: Label, epoch: int, hour: int) -> Iterator[Window]:
    """The windows of a label that may be used first in this hour."""
    for length in label.lengths or (0,):
        for start in range(hour - label.waits(length) + 1, hour + 1):
            yield Window(epoch, label.name, label.number, label.kind, start, length)


def windows_of(labels: Iterable[Label]) -> int:
    """How many windows these labels keep waiting at a time."""
    return sum(label.windows for label in labels)


def code_of(key: bytes, window: Window) -> str:
    """The nine digits."""
    mac = hmac.digest(key, f"lockd code 1:{window.key}".encode(), "sha256")
    return f"{truncated(mac) % 10**DIGITS:0{DIGITS}}"


def truncated(mac: bytes) -> int:
    """31 bits of a MAC, as https://www.rfc-editor.org/rfc/rfc4226#section-5.3 takes them."""
    at = mac[-1] & 0xF
    return int.from_bytes(mac[at : at + 4], "big") & 0x7FFF_FFFF


#: The labels that a new issuing key begins with: 48 of the 56 windows.
FIRST = (
    Label("once", "once", (), 12, 1),
    Label("visitor", "span", tuple(range(1, 11)), 2, 2),
    Label("guest", "span", tuple(DAY * days for days in range(1, 8)), 2, 3),
    Label("cleaner", "weekly", (2, 3, 4), 1, 4),
)
