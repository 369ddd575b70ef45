"""code: codes granted from afar, made without a word to the lock."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime
from pathlib import Path
from typing import Any

from lockd.cli import ask, issuing, keyfile
from lockd.cli.copyable import copyable
from lockd.cli.link import Lockd
from lockd.cli.output import Output
from lockd.cli.parser import COMPLETE_FILE, Parser, command, group, whole
from lockd.cli.session import on_bus
from lockd.codes import MOST_ACCEPT, MOST_FRESH, Label, code_of
from lockd.dbus.names import CODES
from lockd.errors import NotFound

VOID = "void"


def add_parser(subparsers: Any) -> None:
    """Add `code` and its commands."""
    parser, commands = group(
        subparsers, "code", "codes for visitors, made without reaching the lock",
        ("lockctl code key", 'lockctl code new --when "tomorrow 08:00" --until 17:00'),
        "Whoever holds the issuing key can make them, on any machine. Without a command: the list.")
    parser.set_defaults(run=on_bus(show_list))
    listing = command(commands, "list", "which codes there may be, and which are in use", ("lockctl code list",))
    listing.set_defaults(run=on_bus(show_list))
    _add_new(commands)

    making = command(commands, "key", "make the issuing key, and keep it in a file",
                     ("lockctl code key", "lockctl code key --key ./front-door.json"),
                     "Codes made with the key before are void.")
    _key_option(making)
    making.add_argument("--yes", metavar="WORD", help="where there is one already: the word that would be asked for")
    making.set_defaults(run=on_bus(make_key))

    renewing = command(commands, "update", "bring the labels and the epoch in a key file up to date",
                       ("lockctl code update",), "Needed after label, revoke, remove and epoch.")
    _key_option(renewing)
    renewing.set_defaults(run=on_bus(update))
    _add_labels(commands)

    ending = command(commands, "epoch", "make every code there is void", ("lockctl code epoch --yes void",))
    ending.add_argument("--yes", metavar="WORD", help="the word that would be asked for")
    ending.set_defaults(run=on_bus(raise_epoch))


def _add_new(commands: Any) -> None:
    new = command(commands, "new", "make a code", (
        'lockctl code new --once --when "2026-12-24 08:00"',
        'lockctl code new --label visitor --when "tomorrow 08:00" --until 17:00',
        'lockctl code new --label cleaner --weekly "Mon 08:00-10:00"',
    ), "Needs the file with the issuing key, and no lockd. Times are local, and whole hours.")
    new.add_argument("--label", metavar="LABEL", help="for whom (default: the first label that fits)")
    new.add_argument("--when", metavar="TIME", help="when it begins (default: this hour)")
    kind = new.add_mutually_exclusive_group(required=True)
    kind.add_argument("--once", action="store_true", help="it opens once")
    kind.add_argument("--until", metavar="TIME", help="it opens again and again until then")
    kind.add_argument("--weekly", metavar="HOURS", help='it opens every week then, as "Mon 08:00-10:00"')
    _key_option(new)
    new.set_defaults(run=make)


def _add_labels(commands: Any) -> None:
    adding = command(commands, "label", "add or change a label: for whom codes are made, and how long they last", (
        "lockctl code label plumber --once --accept 6", "lockctl code label guest --span 1d-7d --accept 2",
        "lockctl code label cleaner --weekly 2,3 --accept 1",
    ), f"Each hour that a code of each length may wait for its first use is a window; there are {MOST_FRESH}.")
    adding.add_argument("label", metavar="LABEL")
    kind = adding.add_mutually_exclusive_group(required=True)
    kind.add_argument("--once", action="store_true", help="its codes open once")
    kind.add_argument("--span", metavar="LENGTHS", help="they open for so many hours or days: 1-12, or 1d-7d")
    kind.add_argument("--weekly", metavar="LENGTHS", help="they open every week for so many hours: 2,3,4")
    adding.add_argument("--accept", type=whole(1, MOST_ACCEPT), default=1, metavar="HOURS",
                        help="a code has to be used first within so many hours of its start (default: 1)")
    adding.set_defaults(run=on_bus(set_label))
    for name, method, text in (("revoke", "RevokeLabel", "make every code of a label void"),
                               ("remove", "RemoveLabel", "remove a label, and make its codes void")):
        one = command(commands, name, text, (f"lockctl code {name} cleaner",))
        one.add_argument("label", metavar="LABEL")
        one.set_defaults(run=on_bus(end_label), method=method)


def _key_option(parser: Parser) -> None:
    file = parser.add_argument("--key", type=Path, metavar="FILE",
                               help="the file with the issuing key (default: ~/.config/lockd/issuing-key.json)")
    file.complete = COMPLETE_FILE  # type: ignore[attr-defined] # shtab's way


def _file(args: Namespace) -> Path:
    return args.key or keyfile.default_file()


def make(args: Namespace) -> int:
    """A code, from the key file alone."""
    out, now = Output(args.json), datetime.now()
    key = keyfile.read_key(_file(args))
    if args.weekly:
        kind, (start, length) = "weekly", issuing.weekly(args.weekly, args.when, now)
    else:
        kind, (start, length) = "span" if args.until else "once", issuing.span(args.when, args.until, now)
    label, window = issuing.window(key, args.label, kind, start, length, now)
    code, text = code_of(key.key, window), issuing.sentence(label, window, now)
    if out.as_json:
        before = (start + label.waits(length)) * 3600
        out.document({"ok": True, "code": code, "label": label.name, "kind": kind, "start": start * 3600,
                      "end": window.end * 3600, "first_use_before": before, "text": text})
    else:
        out.say(issuing.aloud(code))
        out.say(text)
    return 0


async def show_list(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Labels, and the codes that go on."""
    labels = await lockd.call(CODES.name, "ListLabels")
    codes = await lockd.call(CODES.name, "ListOpen")
    epoch = await lockd.get(CODES.name, "Epoch")
    if out.as_json:
        out.document({"epoch": epoch, "labels": labels, "open": codes})
        return
    if not epoch:
        out.say(copyable("There is no issuing key. Make one: lockctl code key"))
        return
    now = datetime.now()
    kinds = {"once": "opens once", "span": "again and again", "weekly": "every week"}
    out.table(("Label", "Windows", "First use within", "Hours", "Code"),
              ((row["label"], row["windows"], f"{row['accept']} h", row["lengths"] or "-", kinds[row["kind"]])
               for row in labels))
    out.say(f"{sum(row['windows'] for row in labels)} of {MOST_FRESH} windows; epoch {epoch}.")
    for row in codes:
        begins, ends = (issuing.told(row[end] // 3600, now) for end in ("start", "end"))
        out.say(f"In use: {row['label']}, {kinds[row['kind']]}, from {begins} until {ends}.")


async def make_key(lockd: Lockd, args: Namespace, out: Output) -> None:
    """A new one; where it is to be kept is made sure of first."""
    file = _file(args)
    if await lockd.get(CODES.name, "Epoch"):
        ask.sure("There is an issuing key already: every code made with it is void then.", VOID, args.yes)
    keyfile.draft(file)
    key = bytes(await lockd.call(CODES.name, "CreateKey"))
    name, epoch, labels = await _of_now(lockd)
    keyfile.write_key(file, keyfile.Key(name, key, epoch, labels))
    out.done(f"The issuing key is in {file}. Whoever has this file can make codes for this lock.", file=str(file))


async def update(lockd: Lockd, args: Namespace, out: Output) -> None:
    """The file's labels and epoch."""
    file = _file(args)
    kept = keyfile.read_key(file)
    name, epoch, labels = await _of_now(lockd)
    if name != kept.name:
        raise NotFound(f"the key in {file} is not this lock's, or no longer: make a new one with `lockctl code key`")
    keyfile.write_key(file, kept.but(epoch=epoch, labels=labels))
    out.done(f"{file} is up to date: {issuing.offers(labels)}.", file=str(file))


async def _of_now(lockd: Lockd) -> tuple[str, int, tuple[Label, ...]]:
    rows = await lockd.call(CODES.name, "ListLabels")
    values = await lockd.get_all(CODES.name)
    return values["Key"], values["Epoch"], tuple(keyfile.label_of(row) for row in rows)


async def set_label(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Add or change one."""
    kind = "once" if args.once else "span" if args.span else "weekly"
    lengths = issuing.hours(args.span or args.weekly) if kind != "once" else ()
    await lockd.call(CODES.name, "SetLabel", args.label, kind, ",".join(map(str, lengths)), args.accept)
    out.done(copyable(f"The label {args.label} is set. Bring key files up to date: lockctl code update"))


async def end_label(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Its codes are void."""
    await lockd.call(CODES.name, args.method, args.label)
    more = "" if args.method == "RemoveLabel" else " To make new ones, first run: lockctl code update"
    out.done(copyable(f"Every code for {args.label} is void.{more}"))


async def raise_epoch(lockd: Lockd, args: Namespace, out: Output) -> None:
    """All codes are void."""
    ask.sure("Every code that was ever made is void then.", VOID, args.yes)
    await lockd.call(CODES.name, "RaiseEpoch")
    epoch = await lockd.get(CODES.name, "Epoch")
    text = f"Every code is void; it is epoch {epoch} now. To make new ones, first run: lockctl code update"
    out.done(copyable(text), epoch=epoch)
