"""Guest passes as people name them: `lockctl ble pass`, as far as it needs no radio."""

from __future__ import annotations

import re
from argparse import Namespace
from datetime import datetime
from typing import Any

from lockd.cli.copyable import copyable
from lockd.cli.exits import Usage
from lockd.cli.issuing import DAYS, instant
from lockd.cli.output import Output
from lockd.errors import NotFound
from lockd.phone import guests
from lockd.phone.guests import GRANTABLE, Pass, Terms, Window
from lockd.phone.keys import Book, Made, text
from lockd.phone.shelf import Shelf

EVERY_DAY = 127
UNTOLD = ("The lock has not heard of it from here: run lockctl ble pass revoke NAME near it again, or have a phone that"
          " it knows carry the list there (--text).")  # fmt: skip


def key(shelf: Shelf, args: Namespace, out: Output) -> None:
    """The guest's key, made at the first time."""
    guest = shelf.change(guests.with_guest_keys).guest
    if guest is None:
        raise NotFound("there are no keys for passes")
    out.done(text(guest.public), key=text(guest.public))


def create(shelf: Shelf, args: Namespace, out: Output) -> None:
    """A pass, as text."""
    terms, signed = _terms(args), b""

    def with_pass(book: Book) -> Book:
        nonlocal signed
        lock, signed = guests.make(book.find(args.lock), args.key, args.guest, terms)
        return book.put(lock)

    shelf.change(with_pass)
    out.done(text(signed), **{"pass": text(signed)})


def add(shelf: Shelf, args: Namespace, out: Output) -> None:
    """A pass from somebody else."""
    name = args.name or shelf.load().name_for(guests.read(args.given).lock, "")
    shelf.change(lambda book: guests.accept(book, args.given, name))
    out.done(f"The pass is kept: lockctl ble unlock '{name}' shows it.", lock=name)


def show(shelf: Shelf, args: Namespace, out: Output) -> None:
    """One pass, or all that were made here."""
    if args.given:
        given = guests.read(args.given)
        out.document(_facts(given)) if out.as_json else out.say(sentence(given))
        return
    lock = shelf.load().find(args.lock)
    told = lock.told >= lock.listed
    rows: list[dict[str, Any]] = [
        {"guest": each.whose, "expires": each.expires, "state": _state(each), "number": each.id.hex(), "told": told}
        for each in lock.made
    ]
    if out.as_json:
        out.document(rows)
    elif not rows:
        out.say("No pass was made here for this lock.")
    else:
        out.table(("Guest", "Until", "Number", "State"), (
            (row["guest"], _told(row["expires"]), row["number"], row["state"]) for row in rows
        ), wraps="Guest")
        if not told and any(row["state"] == "revoked" for row in rows):
            out.say(copyable(UNTOLD))


def revoked(shelf: Shelf, args: Namespace, now: float) -> bytes:
    """The signed list that makes a guest's passes void. `now`: seconds since 1970."""
    signed = b""

    def with_list(book: Book) -> Book:
        nonlocal signed
        lock, signed = guests.revoke(book.find(args.lock), args.guest, now)
        return book.put(lock)

    shelf.change(with_list)
    return signed


def _terms(args: Namespace) -> Terms:
    now = datetime.now()
    begins = int(instant(args.begins, now).timestamp()) if args.begins else int(now.timestamp())
    ends = int(_end(args.until, now).timestamp())
    if ends <= now.timestamp():
        raise Usage(f"the pass would be over already: --until {args.until} is in the past")
    rights = GRANTABLE if args.all else ("UNLOCK",)
    return Terms(begins, ends, args.uses, rights, tuple(map(window, args.hours)), args.epoch)


def _end(given: str, now: datetime) -> datetime:
    """A day ends at its end."""
    day = given.strip().lower()
    if re.fullmatch(r"today|tomorrow|\d{4}-\d\d-\d\d", day):
        given = "23:59" if day == "today" else f"{day} 23:59"
    return instant(given, now)


def window(given: str) -> Window:
    """`Mon-Fri 08:00-17:00`, `Sat,Sun 10:00-12:00` or `08:00-17:00`."""
    found = re.fullmatch(r"(?:([A-Za-z,-]+) +)?(\d{1,2}):(\d\d) *- *(\d{1,2}):(\d\d)", given.strip())
    if found is None:
        raise Usage(f"“{given}” are no hours: say them as Mon-Fri 08:00-17:00")
    start, end = (int(found[n]) * 60 + int(found[n + 1]) for n in (2, 4))
    if max(start, end) > 1440 or any(int(found[n]) > 59 for n in (3, 5)):
        raise Usage(f"“{given}”: a day has 24 hours of 60 minutes")
    return Window(_days(found[1]) if found[1] else EVERY_DAY, start % 1440, end % 1440)


def _days(given: str) -> int:
    """Sunday 1 … Saturday 64, added."""
    found = 0
    for part in given.split(","):
        first, _, last = part.partition("-")
        at, until = _day(first), _day(last or first)
        for number in range(at, at + (until - at) % 7 + 1):
            found |= 1 << (number + 1) % 7
    return found


def _day(given: str) -> int:
    names = [n for n, day in enumerate(DAYS) if len(given) >= 2 and day.lower().startswith(given.lower())]
    if len(names) != 1:
        raise Usage(f"“{given}” is no day of the week: say it as Mon or Monday")
    return names[0]


def sentence(given: Pass) -> str:
    """What a pass allows, in a line."""
    often = f"{given.uses} times " if given.uses > 1 else "once " if given.uses else ""
    hours = f", only {'; '.join(map(_hours, given.windows))}" if given.windows else ""
    rights = ", ".join(right.lower() for right in given.rights)
    return f"Allows {rights} {often}from {_told(given.not_before)} until {_told(given.expires)}{hours}."


def _hours(each: Window) -> str:
    days = [DAYS[(bit - 1) % 7][:3] for bit in (*range(1, 7), 0) if each.days >> bit & 1]
    when = "daily" if len(days) == 7 else ",".join(days)
    return f"{when} {each.start // 60:02}:{each.start % 60:02}-{each.end // 60:02}:{each.end % 60:02}"


def _state(made: Made) -> str:
    if made.revoked:
        return "revoked"
    return "expired" if made.expires <= datetime.now().timestamp() else "valid"


def _told(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}"


def _facts(given: Pass) -> dict[str, Any]:
    return {
        "lock": text(given.lock), "id": text(given.id), "holder": text(given.holder), "not_before": given.not_before,
        "expires": given.expires, "uses": given.uses, "rights": list(given.rights), "epoch": given.epoch,
        "windows": [[each.days, each.start, each.end] for each in given.windows],
    }  # fmt: skip
