"""backup and restore: the whole store in a file, under a passphrase that never leaves this process.

What is said with lockd through the socket stands in daemon/backups.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from argparse import Namespace
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from struct import Struct
from typing import Any

from lockd.cli import ask
from lockd.cli.exits import OK, NotRunning, Usage
from lockd.cli.link import Lockd
from lockd.cli.output import Output
from lockd.cli.parser import COMPLETE_FILE, Parser, command
from lockd.cli.restored import held, told
from lockd.cli.session import on_bus
from lockd.dbus.names import MANAGER
from lockd.errors import Failure, InvalidField, NotFound, Occupied
from lockd.passphrase import HEADER_BYTES, LARGEST, SHORTEST, check_header, derive, new_header

WORD = "restore"
LENGTH = Struct(">I")
CUT = "lockd ended before everything was said; nothing was changed"
#: Seconds until lockd is back.
BACK_S = 60.0


def add_parser(subparsers: Any) -> None:
    """Add the two commands."""
    making = command(subparsers, "backup", "write everything that the lock keeps into one file, under a passphrase",
                     ("lockctl backup lock.backup", "pass lock-backup | lockctl backup lock.backup --stdin --force"),
                     f"Users, credentials, schedules, settings, phones and keys; not the log. At least {SHORTEST}"
                     " characters are asked for twice: without them nobody can open it, you neither.")
    _arguments(making)
    making.add_argument("--force", action="store_true", help="write over a file that is there")
    making.set_defaults(run=on_bus(backup))

    restoring = command(subparsers, "restore", "put a backup in the place of everything that the lock keeps",
                        ("lockctl restore lock.backup --check", "lockctl restore lock.backup"),
                        "It is verified as a whole, and what it would do is said, before anything is changed. Nothing"
                        " that was used up, locked out or revoked comes back by it. lockd begins anew with it at once.")
    _arguments(restoring)
    restoring.add_argument("--check", action="store_true", help="only say what is in it and what it would do;"
                           " where no lockd runs, what is in it")
    restoring.add_argument("--yes", metavar="WORD", help="the word that would be asked for")
    restoring.set_defaults(run=check_or_restore)


def _arguments(parser: Parser) -> None:
    file = parser.add_argument("file", type=Path, metavar="FILE")
    file.complete = COMPLETE_FILE  # type: ignore[attr-defined] # shtab's way
    parser.add_argument("--stdin", action="store_true", help="read the passphrase from a pipe, one line")


async def backup(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Manager.Backup."""
    if not args.force:
        _expect_free(args.file)
    fresh = _draft(args.file)
    try:
        passphrase = ask.new_secret("Passphrase of the backup: ", args.stdin, "--stdin", "passphrase")
        if len(passphrase) < SHORTEST:
            raise Usage(f"a passphrase has at least {SHORTEST} characters: some words, say; nothing was written")
        header = new_header()
        key = await asyncio.to_thread(derive, header, passphrase)
        data = await _talk(lockd, "Backup", header + key, lambda _answer: b"")
        _keep(data, fresh, args.file, args.force)
    finally:
        fresh.unlink(missing_ok=True)
    out.done(f"The backup is in {args.file}. Keep it, and its passphrase, away from the lock.", file=str(args.file),
             bytes=len(data))


def check_or_restore(args: Namespace) -> int:
    """With lockd; a check goes without it too, as a backup is kept where no lock is."""
    try:
        return on_bus(restore)(args)
    except NotRunning:
        if not args.check:
            raise
        return _check_alone(args, Output(args.json))


def _check_alone(args: Namespace, out: Output) -> int:
    """That the file is whole and this its passphrase."""
    from lockd.store.archive import Contents, unseal

    data, passphrase = _given(args)
    about = Contents.decode(unseal(derive(data[:HEADER_BYTES], passphrase), data)).about()
    if not out.as_json:
        for line in held(about, datetime.now()):
            out.say(line)
        out.say("There is no lockd here to tell what it would do.")
    out.done("The file is whole, and this is its passphrase.", restored=False, **about)
    return OK


def _given(args: Namespace) -> tuple[bytes, str]:
    """The file, and its passphrase."""
    data = _read(args.file)
    check_header(data)
    return data, ask.secret("Passphrase of the backup: ", args.stdin, "--stdin", "passphrase")


async def restore(lockd: Lockd, args: Namespace, out: Output) -> None:
    """Manager.Restore: once to look, and once more to do just that."""
    data, passphrase = _given(args)
    key = await asyncio.to_thread(derive, data[:HEADER_BYTES], passphrase)
    sent = key + LENGTH.pack(len(data)) + data
    found = await _talk(lockd, "Restore", sent, lambda _answer: b"")
    report = json.loads(found)
    if not out.as_json:
        for line in told(report, datetime.now()):
            out.say(line)
    if not args.check:
        ask.sure("This puts the backup in the place of all users, credentials and settings.", WORD, args.yes)
        await _do(lockd, sent, found)
    if args.check:
        out.done("This was only a check; nothing was changed.", restored=False, **report)
    else:
        out.done("Restored; lockd has begun anew.", restored=True, **report)


async def _do(lockd: Lockd, sent: bytes, found: bytes) -> None:
    """What was told, and nothing else; then wait until lockd is back."""
    news = lockd.nudges()
    try:
        await anext(news)
        same = await _talk(lockd, "Restore", sent, lambda answer: WORD.encode() if answer == found else b"")
        if same != found:
            raise Failure("the store has changed since the backup was looked at; nothing was changed, run it again")
        left = False
        async with asyncio.timeout(BACK_S):
            async for there in news:
                if left and there:
                    return
                left = left or not there
    except TimeoutError:
        raise Failure("the store was restored, but lockd is not back yet: see `lockctl doctor`") from None
    finally:
        await news.aclose()


async def _talk(lockd: Lockd, method: str, sent: bytes, answered: Callable[[bytes], bytes]) -> bytes:
    """Call the method with one end of a pair of sockets; what came out of ours. `answered`: what to say to that."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        talking = asyncio.create_task(_converse(ours, sent, answered))
        try:
            await lockd.call(MANAGER.name, method, theirs.fileno())
            theirs.close()  # what lockd had to say it has said
            return await talking
        finally:
            talking.cancel()
            await asyncio.wait({talking})


async def _converse(stream: socket.socket, sent: bytes, answered: Callable[[bytes], bytes]) -> bytes:
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_sendall(stream, sent)
        (size,) = LENGTH.unpack(await _take(stream, LENGTH.size))
        if size > LARGEST:
            raise Failure("lockd's answer makes no sense to this lockctl: are they of the same version?")
        answer = await _take(stream, size)
        if word := answered(answer):
            await loop.sock_sendall(stream, word)
    except OSError:
        raise Failure(CUT) from None
    with contextlib.suppress(OSError):  # lockd may have shut its end already
        stream.shutdown(socket.SHUT_WR)
    return answer


async def _take(stream: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = await asyncio.get_running_loop().sock_recv(stream, min(size - len(data), 1 << 18))
        if not part:
            raise Failure(CUT)
        data += part
    return bytes(data)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise NotFound(f"there is no file {path}; see `lockctl restore --help`") from None
    except OSError as fault:
        raise Failure(f"{path} cannot be read: {fault.strerror}") from None
    if len(data) > LARGEST:
        raise InvalidField(f"{path} is larger than any backup ({LARGEST >> 20} MiB)")
    return data


def _expect_free(path: Path) -> None:
    if path.exists():
        raise Occupied(f"{path} is there already; choose another name, or write over it with --force")


def _draft(path: Path) -> Path:
    """An empty file beside it, for its owner alone; so it is known that a backup can be kept before there is one."""
    fresh = path.with_name(path.name + ".new")
    try:
        fresh.unlink(missing_ok=True)
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except (OSError, ValueError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "that is no name of a file"
        raise Failure(f"{path} cannot be written: {why}") from None
    return fresh


def _keep(data: bytes, fresh: Path, path: Path, force: bool) -> None:
    """The file is there whole, and on the disk, or not at all."""
    try:
        with fresh.open("r+b") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if not force:
            _expect_free(path)
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as fault:
        raise Failure(f"{path} cannot be written: {fault.strerror}") from None
