"""What a backup makes of the store: all that was in it, but nothing that was used, taken away or shut since.

Where the store is the one that the backup was made of, and has gone on since (`goes_on`), it knows what became of
everything, and has the last word. Any other store (a new card) cannot know, so that whatever can be used up comes back
used up, and is to be given anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from typing import Any

from lockd.core.codes import FLOOR, GUESSES, USED
from lockd.core.codes import ROW as CODES
from lockd.core.credentials import SPENT, credential_of, use_key
from lockd.core.effects import Drop, Put, Write
from lockd.core.energy import ROW as ENERGY
from lockd.core.energy import SAMPLES
from lockd.core.ways import PROVED
from lockd.daemon.phone_book import LIST, PHONE
from lockd.daemon.phone_book import PREFIX as PHONES
from lockd.value import Value

Row = Mapping[str, Any]
Table = Mapping[str, Row]
Tables = Mapping[str, Table]

#: As `People.distrust` writes it: nobody knows when.
LOST = {"used": 0, "expires": 0}
#: The mode stays as it is: no file opens the door to everybody.
MODE, OPEN = "property:OperatingMode", "Passage"
#: Of what the door does and what feeds it, the store that saw it knows best.
SEEN = (ENERGY, SAMPLES, PROVED)
ONCE = ("DisposableUser", "ExpiringUser")
#: What may be another without a right being another.
NAMING = ("name", "unique_id", "creator", "modifier")


class Plan(Value):
    """`writes`: what makes the present store the restored one; the rest by users' indexes, for people: who comes back
    `disabled` as he was changed or removed since, who is `gone` as he came later, who has something that is
    `used_up` now; how many `phones`, `fingers` and `holidays` stay away, whether the issuing key was given up
    (`codes`), and the epoch that passes need from now on (0: as before)."""

    writes: tuple[Write, ...]
    disabled: tuple[int, ...]
    gone: tuple[int, ...]
    used_up: tuple[int, ...]
    phones: int
    fingers: int
    holidays: int
    codes: bool
    epoch: int


def plan(old: Tables, now: Tables, goes_on: bool) -> Plan:
    """`old`: the backup's rows; `now`: those of the store."""
    same: Tables = now if goes_on else {name: {} for name in now}
    credentials = {key: row for key, row in old["credential"].items() if _comes_back(key, row, same, goes_on)}
    away = [key.partition(":")[0] for key in old["credential"] if key not in credentials]
    unchanged = _unchanged(old, credentials, same)
    disabled = tuple(i for i in _indexes(old["user"]) if goes_on and str(i) not in unchanged)
    users = {key: {**row, "status": "OccupiedDisabled"} if int(key) in disabled else row
             for key, row in old["user"].items()}  # fmt: skip
    state, epoch = _state(old, now, credentials, goes_on)
    spent = {key: row for key, row in _spent(old, credentials, same, unchanged) if row is not None}
    there = same["schedule"]
    hours = {key: row for key, row in old["schedule"].items() if row.get("mode") != OPEN or row == there.get(key)}
    tables = {"user": users, "credential": credentials, "schedule": hours, "state": state | spent}
    had = old["state"]
    return Plan(
        tuple(_writes(tables, now)), disabled, tuple(i for i in _indexes(now["user"]) if str(i) not in users),
        tuple(sorted({_owner(key, credentials) for key in spent if key not in had and key not in same["state"]})),
        away.count("Phone"), away.count("Fingerprint"), len(old["schedule"]) - len(hours),
        not goes_on and CODES in had, epoch,
    )  # fmt: skip


def _comes_back(key: str, row: Row, same: Tables, goes_on: bool) -> bool:
    """A phone that was revoked stays so. Which finger a slot of the sensor holds by now, only a store that has gone on
    can know."""
    kind = row["kind"]
    if kind == "Fingerprint" or (kind == "Phone" and goes_on):
        return _alike(row, same["credential"].get(key))
    return True


def _alike(row: Row, other: Row | None) -> bool:
    """Whether it is the same right: who made it what it is does not matter."""
    return other is not None and _bare(row) == _bare(other)


def _bare(row: Row) -> Row:
    return {name: value for name, value in row.items() if name not in NAMING}


def _indexes(users: Table) -> list[int]:
    return sorted(map(int, users))


def _unchanged(old: Tables, credentials: Table, same: Tables) -> set[str]:
    """Whose rights are in the store as they were, so that nobody has taken one from him since."""
    alike = {key for key, row in old["user"].items() if _alike(row, same["user"].get(key))}
    alike -= {str(row["user"]) for key, row in credentials.items() if not _alike(row, same["credential"].get(key))}
    hours, others = old["schedule"].items(), same["schedule"].items()
    return alike - {str(row["user"]) for key, row in (*hours, *others)
                    if old["schedule"].get(key) != same["schedule"].get(key)}  # fmt: skip


def _spent(old: Tables, credentials: Table, same: Tables, unchanged: Set[str]) -> Iterator[tuple[str, Row | None]]:
    """What was used up then or since; and all of it where nobody can know. None: it is left."""
    for key, row in old["user"].items():
        known = row["type"] not in ONCE or key in unchanged
        yield from _used(f"{SPENT}{key}", known, old, same)
    for key, row in credentials.items():
        credential, known = credential_of(row), _alike(row, same["credential"].get(key))
        for number in range(1, credential.terms.uses + 1):
            yield from _used(use_key(credential, number), known, old, same)


def _used(key: str, known: bool, old: Tables, same: Tables) -> Iterator[tuple[str, Row | None]]:
    yield key, same["state"].get(key) or old["state"].get(key) or (None if known else LOST)


def _owner(key: str, credentials: Table) -> int:
    """Whose row of uses it is."""
    kind, _, index = key.removeprefix(SPENT).partition(":")
    return int(credentials[f"{kind}:{index.partition(':')[0]}"]["user"]) if index else int(kind)


def _state(old: Tables, now: Tables, credentials: Table, goes_on: bool) -> tuple[dict[str, Row], int]:
    """Everything else in the table `state`, and the epoch of passes if it is raised."""
    had, has = old["state"], now["state"]
    first, then = (has, had) if goes_on else (had, has)
    state: dict[str, Row] = {key: row for key, row in had.items() if key.startswith("property:")}
    state.pop(MODE, None)
    elsewhere = ("property:", SPENT, PHONES, *SEEN, USED)
    state |= {key: row for key, row in has.items() if key == MODE or not key.startswith(elsewhere)}
    if not goes_on:
        state.pop(CODES, None)
    state |= {key: row for key, row in had.items() if key not in has and key.startswith(("lockout:", GUESSES))}
    state |= _starting(first, SEEN) or _starting(then, SEEN)
    state |= _codes(had, has, goes_on)
    phones = _phones(_starting(first, (PHONES,)), credentials)
    if goes_on or not phones:
        return state | phones, 0
    kept = phones.get(LIST, {})
    epoch = kept.get("epoch", 0) + 1
    return state | phones | {LIST: {**kept, "epoch": epoch}}, epoch


def _starting(rows: Table, prefixes: tuple[str, ...]) -> dict[str, Row]:
    return {key: row for key, row in rows.items() if key.startswith(prefixes)}


def _codes(had: Table, has: Table, goes_on: bool) -> dict[str, Row]:
    """The issuing key and what was used of it stay as they are now; where that is not known they are given up."""
    if goes_on:
        return _starting(has, (USED,))
    floor = max(rows[FLOOR]["hour"] for rows in (had, has, {FLOOR: {"hour": 0}}) if FLOOR in rows)
    return {FLOOR: {"hour": floor}} if floor else {}


def _phones(rows: dict[str, Row], credentials: Table) -> dict[str, Row]:
    """Without those whose credential stays away."""
    known = {row["digest"] for row in credentials.values() if row["kind"] == "Phone"}
    return {key: row for key, row in rows.items() if not key.startswith(PHONE) or row["digest"] in known}


def _writes(wanted: Tables, now: Tables) -> Iterator[Write]:
    for table, rows in now.items():
        yield from (Drop(table, key) for key in rows if key not in wanted[table])
        yield from (Put(table, key, row) for key, row in wanted[table].items() if rows.get(key) != row)
