"""Watches a board in a process of its own, where umockdev stands between it and /sys: one JSON text a line."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

from lockd.reading import Reading
from lockd.settings import parse
from lockd.udev.supply import begin


def say(what: str, value: Any) -> None:
    print(json.dumps({what: value}), flush=True)


def supply(reading: Reading) -> None:
    say("reading", vars(reading))


async def main(config: str) -> None:
    """Until the standard input ends; each line on it asks for all."""
    loop = asyncio.get_running_loop()
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    say("root", os.environ["UMOCKDEV_DIR"])
    power = parse(config, "the test", simulate=True).power
    watcher = await begin(power, supply, lambda names: say("names", sorted(names)))
    while line := await lines.readline():
        command = line.decode().strip()
        if command == "read":
            watcher.read_all()
        else:
            watcher.take(parse(json.loads(command), "the test", simulate=True).power)
    await watcher.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
