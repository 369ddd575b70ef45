"""phone: which phones may come in, asked of lockd."""

from __future__ import annotations

import asyncio
import contextlib
import re
from argparse import Namespace
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lockd.cli import inviting
from lockd.cli.copyable import copyable
from lockd.cli.link import Lockd
from lockd.cli.output import Output
from lockd.cli.parser import command, group
from lockd.cli.people import everybody, find, names
from lockd.cli.session import on_bus
from lockd.cli.when import told
from lockd.dbus.names import MANAGER
from lockd.dbus.names import PHONES as PHONES_API
from lockd.errors import Failure, LockdError, NotFound

PHONES = PHONES_API.name
#: List's rows hold id, label, role (s), user (u), created (t, seconds since 1970) and connected (b).
Row = Mapping[str, Any]
ROLES = ("owner", "admin", "user")
#: Who has opened with a pass; he has no label.
GUEST = "guest"
#: So many digits of an id are enough for people.
SHORT = 12
HEX = re.compile("[0-9a-f]{1,64}")
#: How lockd's line begins that says why no phone can come.
TROUBLE = "phones: "


def add_parser(subparsers: Any) -> None:
    """Add `phone` and its commands."""
    parser, commands = group(subparsers, "phone", "which phones may come in", (
        "lockctl phone invite --name Anna", "lockctl phone list",
    ), "Without a command: the list.")
    parser.set_defaults(run=on_bus(show_list))
    command(commands, "list", "every phone", ("lockctl phone list --json",)).set_defaults(run=on_bus(show_list))

    inviting_ = command(commands, "invite", "let one more phone in, with a QR code", (
        "lockctl phone invite --name Anna", "lockctl phone invite --user Anna --role admin",
    ), "Waits until the phone has enrolled; Ctrl-C takes the invitation back. With --json, as with --no-wait, it"
       " stays open for two minutes. The first owner is invited from inside: press the inside button just before.")
    who = inviting_.add_mutually_exclusive_group()
    who.add_argument("--user", metavar="USER", help="whose phone it is: index or name of a user that there is")
    who.add_argument("--name", metavar="NAME", help="name of the new user whose phone it is")
    inviting_.add_argument("--role", choices=ROLES, metavar="ROLE", default="user",
                           help="what the phone may do: owner (everything), admin (people, not the settings), user"
                           " (open and lock; default)")
    inviting_.add_argument("--no-qr", action="store_true", help="only the text, no QR code")
    inviting_.add_argument("--no-wait", action="store_true", help="end at once, with the invitation open")
    inviting_.set_defaults(run=on_bus(invite))

    revoking = command(commands, "revoke", "let a phone in no more", ("lockctl phone revoke 3f2a",),
                       "A session of that phone ends within a second. A guest is barred, as by lockctl phone bar.")
    revoking.add_argument("phone", metavar="PHONE", help="its id (or how it begins), or its label")
    revoking.set_defaults(run=on_bus(revoke))

    barring = command(commands, "bar", "let a guest in no more, or by one pass, be it used yet or not", (
        "lockctl phone bar KEY", "lockctl phone bar PASS",
    ), "A key bars the guest, whatever pass he shows; a pass, or its number, bars that one alone.")
    barring.add_argument("guest", metavar="GUEST", help="his key, the pass he was given, or its number as lockctl ble"
                         " pass show tells it")
    barring.set_defaults(run=on_bus(bar))
    command(commands, "barred", "every guest and pass that is barred",
            ("lockctl phone barred",)).set_defaults(run=on_bus(show_barred))
    sparing = command(commands, "unbar", "let a guest or a pass that was barred by mistake hold again",
                      ("lockctl phone unbar 3f2a",), "What a list or the epoch made void stays so.")
    sparing.add_argument("guest", metavar="GUEST", help="the id, or how it begins, that lockctl phone barred tells, or"
                         " what it was barred by")
    sparing.set_defaults(run=on_bus(unbar))


async def show_list(lockd: Lockd, args: Namespace, out: Output) -> None:
    """A table of all phones."""
    phones = await lockd.call(PHONES, "List")
    if out.as_json:
        out.document(phones)
    elif not phones:
        out.say(copyable("No phone yet. Invite one: lockctl phone invite"))
    else:
        who, now = await names(lockd), datetime.now()
        out.table(("Id", "Label", "Role", "User", "Enrolled", ""), (
            (row["id"], row["label"] or "-", row["role"], _owner(row, who), told(row["created"] * 1_000_000, now),
             "connected" if row["connected"] else "") for row in phones
        ), wraps="Label")


async def invite(lockd: Lockd, args: Namespace, out: Output) -> None:
    """An invitation, and who came."""
    options: dict[str, Any] = {"role": args.role}
    if args.user is not None:
        options["user"] = find(await everybody(lockd), args.user)["index"]
    if args.name is not None:
        options["name"] = args.name
    before = {row["id"] for row in await lockd.call(PHONES, "List")}
    uri, number = await lockd.call(PHONES, "CreateInvite", options)
    advice = await _in_the_way(lockd)
    if out.as_json:
        out.document({"ok": True, "uri": uri, "id": number, "advice": advice})
        return
    inviting.show(uri, out, args.no_qr, advice)
    if not args.no_wait:
        came = await _who_comes(lockd, number, before)
        owner = _owner(came, await names(lockd))
        out.say(f"Enrolled: {came['label']} of {owner} ({came['role']}), id {came['id']}.")


async def _in_the_way(lockd: Lockd) -> list[str]:
    """Why no phone can come at the moment, if so: the invitation runs out meanwhile."""
    lines = await lockd.get(MANAGER.name, "Degraded")
    return [f"No phone can come now: {line.removeprefix(TROUBLE)}. See: sudo lockctl doctor bluetooth"
            for line in lines if line.startswith(TROUBLE)]  # fmt: skip


async def _who_comes(lockd: Lockd, number: str, before: set[str]) -> Row:
    """The phone that uses the invitation, which is taken back if none does or nobody waits any more."""
    try:
        async with asyncio.timeout(inviting.LASTS_S):
            return await _new_phone(lockd, before)
    except TimeoutError:
        raise Failure("no phone has enrolled within two minutes; nothing was changed") from None
    except BaseException:
        with contextlib.suppress(LockdError):
            await lockd.call(PHONES, "CancelInvite", number)
        raise


async def _new_phone(lockd: Lockd, before: set[str]) -> Row:
    async with contextlib.aclosing(lockd.nudges()) as changes:
        async for here in changes:
            if not here:
                break
            for row in await lockd.call(PHONES, "List"):
                if row["id"] not in before and row["role"] != GUEST:
                    found: Row = row
                    return found
    raise Failure("lockd went away, and with it the invitation")


async def revoke(lockd: Lockd, args: Namespace, out: Output) -> None:
    """One phone."""
    row = _one(await lockd.call(PHONES, "List"), args.phone)
    await lockd.call(PHONES, "Revoke", row["id"])
    out.done(f"Revoked: {row['label'] or row['role']} (id {row['id']}).", id=row["id"])


async def bar(lockd: Lockd, args: Namespace, out: Output) -> None:
    """A guest, or one pass."""
    from lockd.phone import guests  # with the protocol's libraries, which are slow to import

    number = guests.named(args.guest).hex()
    await lockd.call(PHONES, "Bar", number)
    text = f"Barred: {_kind(number)} {number[:SHORT]} opens nothing any more. To undo it: lockctl phone unbar"
    out.done(copyable(f"{text} {number[:SHORT]}"), id=number)


async def show_barred(lockd: Lockd, args: Namespace, out: Output) -> None:
    """A table of all that is barred."""
    rows = await lockd.call(PHONES, "ListBarred")
    if out.as_json:
        out.document(rows)
    elif not rows:
        out.say("Nobody is barred.")
    else:
        out.table(("Id", "What"), ((row["id"], row["kind"]) for row in rows), wraps="What")


async def unbar(lockd: Lockd, args: Namespace, out: Output) -> None:
    """By the beginning of its id, or by what a person has in hand."""
    from lockd.phone import guests

    wanted = args.guest if HEX.fullmatch(args.guest) else guests.named(args.guest).hex()
    rows = await lockd.call(PHONES, "ListBarred")
    found = [row for row in rows if row["id"].startswith(wanted)]
    number = _only(found, args.guest, "barred guest or pass", "barred")["id"]
    await lockd.call(PHONES, "Unbar", number)
    out.done(f"{_kind(number).capitalize()} {number[:SHORT]} is barred no more.", id=number)


def _kind(number: str) -> str:
    return "the guest" if len(number) == 64 else "the pass"


def _one(phones: Any, wanted: str) -> Row:
    """By the beginning of its id, or its label; NotFound says why not."""
    exact = [row for row in phones if row["id"] == wanted]
    near = [
        row for row in phones
        if wanted and (row["id"].startswith(wanted) or row["label"].casefold() == wanted.casefold())
    ]  # fmt: skip
    return _only(exact or near, wanted, "phone", "list")


def _only(found: Any, wanted: str, what: str, where: str) -> Row:
    if len(found) != 1:
        fault = "more than one" if found else "no"
        raise NotFound(f"there is {fault} {what} “{wanted}”: `lockctl phone {where}` shows all")
    one: Row = found[0]
    return one


def _owner(row: Row, who: Mapping[int, str]) -> str:
    user = row.get("user", 0)
    return who.get(user) or (f"user {user}" if user else "nobody")
