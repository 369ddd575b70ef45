"""What the commands of `lockctl ble` do."""

from __future__ import annotations

import asyncio
import functools
import sys
import time
from argparse import Namespace
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from lockd.cli import ask, inviting, passes
from lockd.cli.copyable import copyable
from lockd.cli.exits import Usage
from lockd.cli.log import outcomes
from lockd.cli.output import Output
from lockd.cli.sentences import is_news, sentences
from lockd.cli.when import told
from lockd.cli.wording import DOORS, STATES
from lockd.errors import Failure, LockdError
from lockd.phone import guests, reach
from lockd.phone.bluetooth import Bluetooth
from lockd.phone.client import Client
from lockd.phone.keys import Book, Known, new_keys
from lockd.phone.keys import text as as_text
from lockd.phone.refusals import Unreachable
from lockd.phone.shelf import Shelf
from lockd.phone.transport import Radio

Done = TypeVar("Done")
Deed = Callable[["Phone", Namespace, Output], Coroutine[Any, Any, None]]

UNTOLD = ("The lock does not know yet: give the command again near it, or have another phone that it knows carry the"
          " list there (--text)")  # fmt: skip
PAGE = 32  #: entries that one LOG_READ may ask for
HEED_S = 60.0  #: a session ends after 120, and waits for up to 20 at a time


class Phone:
    """This machine's radio, and its book."""

    def __init__(self, radio: Radio, shelf: Shelf) -> None:
        self.radio, self.shelf = radio, shelf

    async def ask(self, name: str | None, work: Callable[[Client], Awaitable[Done]]) -> Done:
        """Do the work in a session with the lock of that name; where it was is kept."""
        lock = self.shelf.load().find(name)
        found, done = await reach.at_lock(self.radio, lock, work)
        self.note(lock, address=found.address)
        return done

    def note(self, lock: Known, **news: Any) -> None:
        """What is known of it now."""
        if lock.but(**news) != lock:
            self.shelf.change(lambda book: book.put(book.find(lock.name).but(**news)))


def run(name: str, args: Namespace) -> int:
    """One command, by its name below `ble`."""
    phone, out = Phone(Bluetooth(getattr(args, "adapter", None)), Shelf()), Output(args.json)
    try:
        asyncio.run(DEEDS[name](phone, args, out))
    except (KeyError, TypeError) as fault:
        text = f"the lock's answer makes no sense to this lockctl ({fault!r}): are they of the same version?"
        raise Failure(text) from fault
    return 0


async def show_list(phone: Phone, args: Namespace, out: Output) -> None:
    """The locks."""
    locks = phone.shelf.load().locks
    rows = [{"name": lock.name, "role": lock.role, "address": lock.address, "default": lock is locks[0]}
            for lock in locks]  # fmt: skip
    if out.as_json:
        out.document(rows)
    elif not rows:
        out.say(copyable("This machine knows no lock. Enrol it, with an invitation: lockctl ble enrol URI"))
    else:
        out.table(("Lock", "Role", "Address", ""), (
            (row["name"], row["role"], row["address"] or "-", "default" if row["default"] else "") for row in rows
        ), wraps="Lock")


async def scan(phone: Phone, args: Namespace, out: Output) -> None:
    """Who is heard."""
    seen = await phone.radio.scan(args.seconds)
    if out.as_json:
        out.document([{name: getattr(each, name) for name in each._fields} for each in seen])
    elif not seen:
        out.say("No lock was heard. Go nearer, or look longer with --for 20.")
    else:
        out.table(("Address", "Name", "Signal", ""), (
            (each.address, each.name, f"{each.rssi} dBm", "invites" if each.enrolling else "") for each in seen
        ), wraps="Name")


async def enrol(phone: Phone, args: Namespace, out: Output) -> None:
    """Use an invitation. It is good only once: so the name, and that keys can be kept, are made sure of first."""
    offer, keys = reach.invitation(_uri(args)), new_keys()
    name = args.name or phone.shelf.load().name_for(offer.lock_key, offer.name)

    def try_out(book: Book) -> Book:
        book.add(Known(name, offer.lock_key, keys, ""))
        return book

    phone.shelf.change(try_out)
    lock = await reach.enrol(phone.radio, offer, keys, name, args.label or "")
    phone.shelf.change(lambda book: book.add(lock))
    out.done(copyable(f"Enrolled at {name} as {lock.role}. Open it: lockctl ble unlock"), lock=name, role=lock.role)


def _uri(args: Namespace) -> str:
    if args.uri:
        return str(args.uri)
    if not args.stdin:
        raise Usage("give the invitation (lkp:1?k=…) in quotes, or pipe it in and give --stdin")
    return sys.stdin.readline() if sys.stdin is not None else ""


async def prefer(phone: Phone, args: Namespace, out: Output) -> None:
    """The default one."""
    phone.shelf.change(lambda book: book.prefer(args.lock))
    out.done(f"{args.lock} is the default lock.")


async def forget(phone: Phone, args: Namespace, out: Output) -> None:
    """With its key."""
    lock = phone.shelf.load().find(args.lock)
    ask.sure(f"The key to {lock.name} cannot be had again: it takes a new invitation.", "forget", args.yes)
    phone.shelf.change(lambda book: book.but(locks=tuple(each for each in book.locks if each.key != lock.key)))
    out.done(f"{lock.name} is forgotten. The lock still knows the key: have it revoked there.")


async def unlock(phone: Phone, args: Namespace, out: Output) -> None:
    """Draw the bolt."""
    await _move(phone, args, out, "UNLOCK", "Unlocked.")


async def lock(phone: Phone, args: Namespace, out: Output) -> None:
    """Throw it."""
    await _move(phone, args, out, "LOCK", "Locked.")


async def _move(phone: Phone, args: Namespace, out: Output, command: str, text: str) -> None:
    wanted = args.pin or args.pin_stdin
    fields = {"pin": ask.pin("PIN: ", args.pin_stdin, "--pin-stdin")} if wanted else {}

    def granted() -> None:
        if out.terminal:
            out.say("Granted; the bolt is on its way.")

    answer = await phone.ask(args.lock, lambda client: client.command(command, fields, granted))
    out.done(text, LockState=answer.get("lock", "Unknown"))


async def status(phone: Phone, args: Namespace, out: Output) -> None:
    """What STATUS says."""
    said = await phone.ask(args.lock, lambda client: client.command("STATUS"))
    lock = phone.shelf.load().find(args.lock)
    phone.note(lock, epoch=max(lock.epoch, said.get("epoch", 0)))
    if out.as_json:
        out.document(dict(said))
        return
    battery = f"{said['battery']} %" if "battery" in said else "not known"
    for label, value in (
        ("Lock", STATES.get(said["lock"], said["lock"])), ("Bolt", _calm(said, "motion", "Idle")),
        ("Fault", _calm(said, "fault", "None")), ("Door", DOORS.get(said.get("door", ""), said.get("door", ""))),
        ("Mode", said.get("mode", "")), ("Battery", f"{battery} ({said.get('level', 'Unknown')})"),
        ("Clock", said.get("time", "")),
    ):  # fmt: skip
        if value:
            out.say(f"{label:<9}{value}")


def _calm(said: Mapping[str, Any], name: str, usual: str) -> str:
    value = said.get(name, usual)
    return "" if value == usual else str(value)


async def log(phone: Phone, args: Namespace, out: Output) -> None:
    """The newest entries, and what comes after them if wanted."""
    last = None
    while args.follow:
        last = await phone.ask(args.lock, functools.partial(_heed, last, args.max, out))
    events, who = await phone.ask(args.lock, lambda client: _told(client, args.max))
    shown = events if out.as_json else outcomes(events)
    if out.as_json:
        out.document(shown)
    elif not shown:
        out.say("Nothing happened yet.")
    else:
        now = datetime.now()
        rows = zip(shown, sentences(shown, who), strict=True)
        out.table(("When", "No", "What"), ((told(event["time"], now), event["seq"], text) for event, text in rows))


async def _heed(last: int | None, most: int, out: Output, client: Client) -> int:
    """Tell what comes after number `last` (None: the newest `most` first), for as long as one session is good
    for; where the next one goes on."""
    until = time.monotonic() + HEED_S
    if last is None:
        events, who = await _told(client, most)
        _tell(events if out.as_json else outcomes(events), who, out)
        last = events[-1]["seq"] if events else 0
    else:
        who = await _names(client)
    while True:
        events = await _page(client, {"from": last + 1, "max": PAGE, "wait": True})
        _tell(events if out.as_json else [event for event in events if is_news(event)], who, out)
        last = events[-1]["seq"] if events else last
        if time.monotonic() >= until:
            return last


def _tell(events: Sequence[Mapping[str, Any]], who: Mapping[int, str], out: Output) -> None:
    """One line an entry."""
    if out.as_json:
        for event in events:
            out.document(event)
        return
    now = datetime.now()
    for event, text in zip(events, sentences(events, who), strict=True):
        out.say(f"{told(event['time'], now):<22} {text}")


async def _told(client: Client, most: int) -> tuple[list[Mapping[str, Any]], dict[int, str]]:
    """The newest `most` entries, as many as the lock puts into each answer, and the users' names."""
    newest = (await client.command("LOG_READ", {"from": 1, "max": 1}))["last"]
    events: list[Mapping[str, Any]] = []
    at = max(1, newest - most + 1)
    while at <= newest:
        page = await _page(client, {"from": at, "max": min(PAGE, newest - at + 1)})
        if not page:
            break
        events += page
        at = page[-1]["seq"] + 1
    return events, await _names(client)


async def _page(client: Client, fields: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What LOG_READ gives, without what only makes it longer."""
    events = (await client.command("LOG_READ", fields))["events"]
    return [{name: value for name, value in event.items() if name != "pad"} for event in events]


async def _names(client: Client) -> dict[int, str]:
    """By index; empty if this phone may not know them."""
    found: dict[int, str] = {}
    at = 1
    try:
        while at:
            page = await client.command("USERS", {"op": "list", "index": at})
            found.update({user["index"]: user["name"] for user in page["users"] if user.get("name")})
            at = page["next"] if page["next"] > at else 0
    except LockdError:
        return found
    return found


async def invite(phone: Phone, args: Namespace, out: Output) -> None:
    """An invitation by way of the lock."""
    fields = {"role": args.role} if args.user is None else {"role": args.role, "user": args.user}
    uri = (await phone.ask(args.lock, lambda client: client.command("INVITE", fields)))["uri"]
    if out.as_json:
        out.document({"ok": True, "uri": uri})
    else:
        inviting.show(uri, out, args.no_qr)


async def pass_revoke(phone: Phone, args: Namespace, out: Output) -> None:
    """Note it first: a list that did not reach the lock goes with the next one."""
    if bool(args.guest) == args.all or (args.text and args.all):
        raise Usage("say whose passes are void, or --all")
    if args.all:
        await _revoke_all(phone, args, out)
        return
    signed = passes.revoked(phone.shelf, args, datetime.now().timestamp())
    if args.text:
        out.done(as_text(signed), list=as_text(signed))
        return
    try:
        await phone.ask(args.lock, lambda client: client.command("REVLIST", {"list": signed}))
    except Unreachable as fault:
        raise Unreachable(f"{fault}. {UNTOLD}") from None
    lock = phone.shelf.load().find(args.lock)
    phone.note(lock, told=lock.listed)
    out.done(f"The passes of {args.guest} are void.")


async def _revoke_all(phone: Phone, args: Namespace, out: Output) -> None:
    """The lock says which epoch it has, and gets the next one."""
    lock = phone.shelf.load().find(args.lock)
    ask.sure("Every guest needs a new pass then, from whomever he had his.", "void", args.yes)

    async def raised(client: Client) -> Known:
        said = await client.command("STATUS")
        changed, signed = guests.revoke_all(lock, said.get("epoch", 0), datetime.now().timestamp())
        await client.command("REVLIST", {"list": signed})
        return changed

    changed = await phone.ask(args.lock, raised)
    phone.note(lock, made=(), listed=changed.listed, told=changed.listed, epoch=changed.epoch)
    out.done(f"Every pass for {lock.name} is void.")


async def carry(phone: Phone, args: Namespace, out: Output) -> None:
    """A list that somebody else has signed."""
    lock, signed = guests.carried(phone.shelf.load(), args.given)
    await phone.ask(lock.name, lambda client: client.command("REVLIST", {"list": signed}))
    out.done(f"{lock.name} has the list.", lock=lock.name)


def _here(deed: Callable[[Shelf, Namespace, Output], None]) -> Deed:
    """A command that needs no radio."""

    async def done(phone: Phone, args: Namespace, out: Output) -> None:
        deed(phone.shelf, args, out)

    return done


DEEDS: dict[str, Deed] = {
    "list": show_list, "scan": scan, "enrol": enrol, "default": prefer, "forget": forget, "unlock": unlock,
    "lock": lock, "status": status, "log": log, "invite": invite, "pass key": _here(passes.key),
    "pass create": _here(passes.create), "pass add": _here(passes.add), "pass show": _here(passes.show),
    "pass revoke": pass_revoke, "pass carry": carry,
}  # fmt: skip
