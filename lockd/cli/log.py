"""log: what happened, and the proof that nothing was taken out of it."""

from __future__ import annotations

import contextlib
from argparse import ArgumentTypeError, Namespace
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lockd.cli.exits import FOUND_FAULTS
from lockd.cli.link import Lockd
from lockd.cli.output import Output
from lockd.cli.parser import command, group, whole
from lockd.cli.people import names
from lockd.cli.sentences import is_grant, is_news, sentences
from lockd.cli.session import on_bus
from lockd.cli.when import moment, told
from lockd.dbus.names import LOG

Event = Mapping[str, Any]

#: How many the newest are without --since and --max; how many one Read asks for.
NEWEST, PAGE = 30, 500


def add_parser(subparsers: Any) -> None:
    """Add `log` and `log verify`."""
    examples = ("lockctl log", "lockctl log --since 2h", "lockctl log --since 2026-11-01 --json",
                "lockctl log --follow", "lockctl log verify")
    parser, commands = group(subparsers, "log", "what happened", examples, f"Without options: the newest {NEWEST}. An"
                             " operation is one line; with --all also its record from before the bolt moved, and"
                             " lockd's own bookkeeping.")
    parser.add_argument("--follow", action="store_true", help="go on telling what happens, until Ctrl-C")
    parser.add_argument("--since", type=_moment, metavar="TIME",
                        help="2026-11-01, '2026-11-01 14:30', 14:30, 2h, 30min, today, yesterday")
    parser.add_argument("--max", type=whole(0), metavar="COUNT", help="only the newest COUNT entries; 0: all")
    parser.add_argument("--all", action="store_true", help="every record (--json: always)")
    parser.set_defaults(run=on_bus(show))
    verify = command(commands, "verify", "prove that no entry was changed, added or removed", ("lockctl log verify",),
                     "Exit status 2 if something is wrong.")
    verify.set_defaults(run=on_bus(prove))


async def show(lockd: Lockd, args: Namespace, out: Output) -> None:
    """The newest entries, and what comes after them if wanted."""
    most = args.max if args.max is not None else 0 if args.since else NEWEST
    events = await _newest(lockd, args.since, most, args.all or out.as_json)
    if args.follow:
        await _follow(lockd, args, out, events)
    elif out.as_json:
        out.document(events)
    elif not events:
        out.say("Nothing happened" + (" since then." if args.since else " yet."))
    else:
        who, now = await names(lockd), datetime.now()
        rows = zip(events, sentences(events, who), strict=True)
        out.table(("When", "No", "What"), ((told(event["time"], now), event["seq"], text) for event, text in rows))


async def _newest(lockd: Lockd, since: datetime | None, most: int, every: bool) -> list[Event]:
    """The newest `most` (0: all) entries since then, oldest first, read backwards page by page. A
    clock that was set back makes single entries look old, so only a whole page of such ends it."""
    found: list[Event] = []
    upper = await lockd.get(LOG.name, "LastSequence")
    earliest = int(since.timestamp() * 1e6) if since else 0
    while upper > 0:
        first = max(1, upper - PAGE + 1)
        page = await lockd.call(LOG.name, "Read", first, upper - first + 1)
        found = [event for event in page if event["seq"] <= upper] + found
        shown = _since(earliest, found, every)
        if (most and len(shown) >= most) or all(event["time"] < earliest for event in page):
            break
        upper = first - 1
    shown = _since(earliest, found, every)
    return shown[-most:] if most else shown


def _since(earliest: int, events: Sequence[Event], every: bool) -> list[Event]:
    return [event for event in (events if every else outcomes(events)) if event["time"] >= earliest]


def outcomes(events: Sequence[Event]) -> list[Event]:
    """Without bookkeeping, and without the records of grants whose outcome is there too."""
    closed = {event["grant"] for event in events if "grant" in event}
    return [event for event in events if is_news(event) or (is_grant(event) and event["seq"] not in closed)]


async def _follow(lockd: Lockd, args: Namespace, out: Output, events: Sequence[Event]) -> None:
    """One line an entry. Any signal of lockd is a reason to read on, so that entries that are not
    signalled come too."""
    last = await _tell(lockd, events, out) or await lockd.get(LOG.name, "LastSequence")
    async with contextlib.aclosing(lockd.nudges()) as changes:
        async for here in changes:
            while here and (page := await lockd.call(LOG.name, "Read", last + 1, PAGE)):
                every = args.all or out.as_json
                await _tell(lockd, page if every else [e for e in page if is_news(e)], out)
                last = page[-1]["seq"]


async def _tell(lockd: Lockd, events: Sequence[Event], out: Output) -> int:
    """Print them; gives the last one's number, 0 if there was none."""
    if out.as_json:
        for event in events:
            out.document(event)
    elif events:
        now = datetime.now()
        for event, text in zip(events, sentences(events, await names(lockd)), strict=True):
            out.say(f"{told(event['time'], now):<22} {text}")
    return int(events[-1]["seq"]) if events else 0


async def prove(lockd: Lockd, args: Namespace, out: Output) -> int:
    """Log.Verify."""
    report = await lockd.call(LOG.name, "Verify")
    if out.as_json:
        out.document(report)
    elif report["ok"]:
        out.say(f"The log is whole: entries {report['first']} to {report['last']}.")
    else:
        where = f" at entry {report['bad']}" if report.get("bad") else ""
        out.say(f"The log is NOT whole{where}: {report['reason']}. Entries around it may have been changed;"
                " keep a copy of the state folder before anything else.")
    return 0 if report["ok"] else FOUND_FAULTS


def _moment(text: str) -> datetime:
    try:
        return moment(text, datetime.now())
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is not a time; write 2026-11-01, 14:30, 2h or yesterday") from None
