"""From a command to lockd and back: what every command that speaks D-Bus shares."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Awaitable, Callable

from lockd.cli.connect import connected
from lockd.cli.link import Lockd
from lockd.cli.output import Output
from lockd.errors import Failure

#: A command: lockd, what was typed, where to answer; gives the exit status, None for done.
Handler = Callable[[Lockd, Namespace, Output], Awaitable[int | None]]


def on_bus(handler: Handler) -> Callable[[Namespace], int]:
    """The handler as `args.run`: with a connection around it."""

    async def session(args: Namespace) -> int:
        async with connected(args.bus) as lockd:
            try:
                return await handler(lockd, args, Output(args.json)) or 0
            except (KeyError, TypeError) as fault:
                text = f"lockd's answer makes no sense to this lockctl ({fault!r}): are they of the same version?"
                raise Failure(text) from fault

    return lambda args: asyncio.run(session(args))
