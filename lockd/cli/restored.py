"""What a backup holds and what restoring it does, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from lockd.cli.copyable import copyable


def told(report: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """Lines about lockd's report (daemon/backups.py)."""
    yield from held(report, now)
    yield from _done(report)


def held(report: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """Lines about what is in it, of which the file alone tells (store/archive.py)."""
    made = datetime.fromtimestamp(report["made"])
    ahead = ", which is still to come by this clock" if made > now else ""
    where = f"on {report['host']} by lockd {report['version']}"
    yield f"Made {where}, {made:%Y-%m-%d %H:%M}{ahead}, after record {report['record']}."
    counts = (_many(report[what], what) for what in ("users", "credentials", "schedules"))
    yield f"It holds {', '.join(counts)}, and the settings."
    if report["damaged"]:
        yield f"{_many(report['damaged'], 'rows')} could not be read when it was made: no part of it."


def _done(report: Mapping[str, Any]) -> Iterator[str]:
    if report["goes_on"]:
        yield "It was made of this store. What was used up or revoked since stays so."
    else:
        yield ("It was made of another store, or of this one before it was begun anew. Who was removed or disabled and"
               " which phones were revoked since then is not known here: look at those who come back.")
    yield from map(copyable, _who(report))
    yield from map(copyable, _what(report))
    yield "The log, the operating mode, lockouts and the clock stay as they are."


def _who(report: Mapping[str, Any]) -> Iterator[str]:
    if report["gone"]:
        yield f"Not in it, and gone then: {_list(report['gone'])}."
    if report["disabled"]:
        yield (f"Changed or removed since, and disabled then: {_list(report['disabled'])}. Whom you trust, enable"
               " again: `lockctl user set NAME --enable`.")
    if report["used_up"]:
        yield (f"Used up then, as it may have been used since: what is limited in uses of {_list(report['used_up'])}."
               " Set it anew: `lockctl pin set NAME --uses 3`, or of who may come in once or for a time `lockctl user"
               " set NAME --enable`.")


def _what(report: Mapping[str, Any]) -> Iterator[str]:
    if report["phones_away"]:
        yield f"Phones that were revoked since stay away ({report['phones_away']})."
    if report["fingers_away"]:
        yield f"Fingers are to be taught anew ({report['fingers_away']}): `lockctl finger add NAME`."
    if report["holidays_away"]:
        yield f"Holidays in Passage mode stay away ({report['holidays_away']}): set them anew if need be."
    if report["codes_given_up"]:
        yield "Codes granted from afar are void, as they may have been used since. A new key: `lockctl code key`."
    if report["pass_epoch"]:
        yield f"Guest passes of phones are void for the same reason; new ones take `--epoch {report['pass_epoch']}`."


def _many(count: int, what: str) -> str:
    return f"{count} {what[:-1] if count == 1 else what}"


def _list(names: list[str]) -> str:
    most = 20
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
