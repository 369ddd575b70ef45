"""user export, user import: everybody as a CSV file without secrets, and back. Nobody is ever removed."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from lockd.cli.exits import FOUND_FAULTS, OK, Usage
from lockd.cli.link import Lockd
from lockd.cli.output import Output
from lockd.cli.parser import COMPLETE_FILE, command
from lockd.cli.people import User, called, counted, credentials, everybody, free_place, name_fault
from lockd.cli.session import on_bus
from lockd.cli.sheet import NO_ID, Row, rows, sheet
from lockd.cli.timetable import Timetable, room, tables, type_with, write
from lockd.dbus.names import USERS
from lockd.errors import Failure, LockdError
from lockd.value import Value


class Step(Value):
    """One user to be added (`user` None) or changed: the fields and hours that are not so yet."""

    row: Row
    user: User | None
    there: Timetable
    fields: dict[str, Any]
    hours: Timetable

    @property
    def nothing(self) -> bool:
        """Whether all is as it should be."""
        return self.user is not None and not self.fields and self.hours == Timetable()


def add_commands(commands: Any) -> None:
    """Add `export` and `import` to `user`."""
    out = command(commands, "export", "everybody as a CSV file, without secrets",
                  ("lockctl user export users.csv", "lockctl user export | column -ts,"))
    out.add_argument("file", metavar="FILE", nargs="?", help="where to (default: standard output)")
    out.set_defaults(run=on_bus(export))
    taking = command(commands, "import", "add and change users by a CSV file",
                     ("lockctl user import users.csv --check", "lockctl user import users.csv"),
                     "Users are known again by unique_id, else by name, and by the index where that says too little. An"
                     " empty cell leaves things as they are; nobody is removed. The columns are those that lockctl user"
                     " export writes.")
    file = taking.add_argument("file", metavar="FILE", help="the file, or - for standard input")
    file.complete = COMPLETE_FILE  # type: ignore[attr-defined] # shtab's way
    taking.add_argument("--check", action="store_true", help="only say what would be done")
    taking.set_defaults(run=on_bus(take))


async def export(lockd: Lockd, args: Namespace, out: Output) -> None:
    """To a file that only its owner may read, or to standard output."""
    users = await everybody(lockd)
    there = await tables(lockd)
    people = ((user, there.get(user["index"], Timetable())) for user in users)
    text = sheet(people, {user["index"]: credentials(user) for user in users})
    if args.file is None:
        out.stream.write(text)
        return
    try:
        with os.fdopen(os.open(args.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as fault:
        raise Failure(f"{args.file} cannot be written: {fault.strerror}") from None
    out.done(f"{args.file} holds {counted(len(users))}.", file=args.file, users=len(users))


async def take(lockd: Lockd, args: Namespace, out: Output) -> int:
    """Plan all of it, then do it; with a fault nothing is done."""
    found, faults = rows(_text(args.file), datetime.now())
    users = await everybody(lockd)
    matched, more = _matched(found, users)
    most = await lockd.get(USERS.name, "NumberOfTotalUsersSupported")
    new, taken = sum(user is None for _, user in matched), sum(user["index"] <= most for user in users)
    full = [f"no room for {counted(new, 'new user')}: {taken} of {most} places are taken"] if new + taken > most else []
    steps, odd = await _steps(lockd, matched)
    faults += more + await _hour_faults(lockd, found) + odd + full
    if faults:
        _tell_faults(faults, args.file, out)
        return FOUND_FAULTS
    if not args.check:
        await _do(lockd, [step for step in steps if not step.nothing], users)
    _tell(steps, args.check, out)
    return OK


def _text(file: str) -> str:
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return data.decode("utf-8")
    except OSError as fault:
        raise Usage(f"{file} cannot be read: {fault.strerror}") from None
    except UnicodeDecodeError:
        raise Usage(f"{file} is not UTF-8 text: save it as “CSV UTF-8”") from None


def _matched(found: Iterable[Row], users: Sequence[User]) -> tuple[list[tuple[Row, User | None]], list[str]]:
    """Each row with the user whom it means (None: a new one), and what is wrong with that."""
    matched: list[tuple[Row, User | None]] = []
    faults = []
    taken: dict[tuple[str, object], int] = {}
    for row in found:
        unique = row.fields.get("unique_id")
        by_id = [user for user in users if unique is not None and user.get("unique_id", NO_ID) == unique]
        by_name = _named(row, users)
        if not by_id and len(by_name) > 1:
            faults.append(f"line {row.line}: several users are called “{row.name}”: give the index of one")
        elif by_id and by_name and by_id[0] not in by_name:
            faults.append(f"line {row.line}: “{row.name}” is user {by_name[0]['index']}, and unique_id {unique} is"
                          f" user {by_id[0]['index']}")
        user = next(iter(by_id or by_name), None)
        if user is None:
            faults += [f"line {row.line}: name: {fault}" for fault in _new_faults(row)]
        marks = {("name", (row.name, row.index)), ("unique_id", unique), ("user", user["index"] if user else None)}
        again = sorted({taken[mark] for mark in marks if mark[1] is not None and mark in taken})
        if again:
            faults.append(f"line {row.line}: it is the same user as in line {again[0]}")
        taken.update(dict.fromkeys(marks, row.line))
        matched.append((row, user))
    return matched, faults


def _named(row: Row, users: Iterable[User]) -> list[User]:
    """Those of this name. Of several the index says which one; it alone knows somebody who has no name again."""
    alike = [user for user in users if user.get("name", "") == row.name]
    there = [user for user in alike if user["index"] == row.index]
    return there if there or not row.name else alike


def _new_faults(row: Row) -> list[str]:
    """What keeps somebody new from the name that he is to get."""
    if not row.name:
        return [f"it is missing, and user {row.index}, if there is one, has a name"]
    return [fault] if (fault := name_fault(row.name)) else []


async def _hour_faults(lockd: Lockd, found: Iterable[Row]) -> list[str]:
    most = {"when": await room(lockd, "WeekDay"), "dates": await room(lockd, "YearDay")}
    given = ((row.line, name, len(hours or ())) for row in found
             for name, hours in (("when", row.weekly), ("dates", row.yearly)))  # fmt: skip
    return [f"line {line}: {name}: these are {count}, and a user has room for {most[name]}"
            for line, name, count in given if count > most[name]]  # fmt: skip


async def _steps(lockd: Lockd, matched: Iterable[tuple[Row, User | None]]) -> tuple[list[Step], list[str]]:
    """What is to be done, and whose hours do not go with his type."""
    steps, faults = [], []
    there = await tables(lockd)
    for row, user in matched:
        try:
            steps.append(_step(row, user, there.get(user["index"], Timetable()) if user else Timetable()))
        except Usage as fault:
            faults.append(f"line {row.line}: {fault}")
    return steps, faults


def _step(row: Row, user: User | None, there: Timetable) -> Step:
    weekly = row.weekly if row.weekly and set(row.weekly) != set(there.weekly.values()) else ()
    yearly = row.yearly if row.yearly and set(row.yearly) != set(there.yearly.values()) else ()
    hours = Timetable(dict(enumerate(weekly, 1)), dict(enumerate(yearly, 1)))
    wished = dict(row.fields)
    if "type" not in wished and hours != Timetable():
        wished["type"] = type_with(user or {"index": 0, "name": row.name},
                                   Timetable(hours.weekly or there.weekly, hours.yearly or there.yearly))  # fmt: skip
    fields = {name: value for name, value in wished.items() if user is None or user.get(name) != value}
    return Step(row, user, there, fields, hours)


async def _do(lockd: Lockd, steps: Sequence[Step], users: Sequence[User]) -> None:
    """In the order of the file; a refusal names the line that it met."""
    taken = {int(user["index"]) for user in users}
    most = await lockd.get(USERS.name, "NumberOfTotalUsersSupported")
    for step in steps:
        try:
            index = step.user["index"] if step.user else free_place(taken, most, "users")
            taken.add(index)
            if step.user is None:
                await lockd.call(USERS.name, "SetUser", "Add", index, step.fields)
            await write(lockd, index, step.there, step.hours, replaces=True)
            if step.user is not None and step.fields:
                await lockd.call(USERS.name, "SetUser", "Modify", index, step.fields)
        except LockdError as error:
            text = f"line {step.row.line}: {error}; what stands before it is done: mend it and run it again"
            raise type(error)(text, error.detail) from None


def _tell_faults(faults: Sequence[str], file: str, out: Output) -> None:
    if out.as_json:
        out.document({"ok": False, "file": file, "faults": faults})
    for fault in faults:
        out.say(fault)
    out.say(f"{file}: {len(faults)} {'fault' if len(faults) == 1 else 'faults'}; nothing was changed.")


def _tell(steps: Sequence[Step], check: bool, out: Output) -> None:
    added = [step.row.name for step in steps if step.user is None]
    changed = [step for step in steps if step.user is not None and not step.nothing]
    same = len(steps) - len(added) - len(changed)
    if out.as_json:
        out.document({"ok": True, "check": check, "added": added, "changed": [_who(step) for step in changed],
                      "unchanged": same})  # fmt: skip
        return
    for name in added:
        out.say(f"{name}: {'would be added' if check else 'added'}, without a PIN")
    for step in changed:
        out.say(f"{_who(step)}: {_what(step)} {'would change' if check else 'changed'}")
    out.say(f"{len(added)} added, {len(changed)} changed, {same} as they were"
            f"{'; this was only a check.' if check else '.'}")  # fmt: skip


def _who(step: Step) -> str:
    return step.row.name or called(step.user or {"index": step.row.index})


def _what(step: Step) -> str:
    hours = [name for name, given in (("when", step.hours.weekly), ("dates", step.hours.yearly)) if given]
    return ", ".join([*step.fields, *hours])
