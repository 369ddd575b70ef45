"""`lockctl simulate`: a whole lock to try, on this machine, with nothing at stake.

On a terminal it is the front panel, elsewhere a tour that tells what it does and checks it.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import shutil
import signal
import sys
import tempfile
from argparse import Namespace
from collections.abc import Coroutine, Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from lockd.cli.copyable import lockctl
from lockd.cli.exits import FAILURE, INTERRUPTED, OK, Usage
from lockd.cli.output import Output
from lockd.cli.parser import command
from lockd.cli.simulation.child import NotServing
from lockd.cli.simulation.place import Place, simulation_folder
from lockd.cli.simulation.world import running
from lockd.errors import Failure

if TYPE_CHECKING:
    from lockd.cli.panel.app import Panel

NO_TEXTUAL = "the panel needs textual (pip install 'lockd[simulation]'); without it: lockctl simulate --tour"

#: Told to end, we end within this even if something hangs: SIGALRM ends us, and the kernel our children.
LAST_RESORT_S = 15


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    parser = command(
        subparsers, "simulate", "try a simulated lock in this terminal",
        ("lockctl simulate", "lockctl simulate --fresh", "lockctl simulate --tour"),
        "Starts a private D-Bus and lockd with a modelled door, and shows them: as a full-screen panel on a terminal,"
        " else as a tour that says what it does, checks that it happened, and exits 1 if anything did not.",
    )  # fmt: skip
    parser.add_argument("--tour", action="store_true", help="play the tour, on a terminal too")
    parser.add_argument("--fresh", action="store_true", help="begin with an empty store, thrown away at the end")
    parser.add_argument("--state-dir", metavar="DIR", type=Path, help="keep lockd's state here")
    parser.add_argument("--keep", action="store_true", help="do not throw the state of --fresh or the tour away")
    parser.set_defaults(run=run)


def run(args: Namespace) -> int:
    """The exit status: 0, or 1 when the tour found that something did not happen as told."""
    if args.fresh and args.state_dir:
        raise Usage("--fresh makes a state folder of its own; give it or --state-dir, not both")
    is_tour = args.tour or args.json or not _is_watched()
    if is_tour and args.state_dir:
        raise Usage("the tour always begins with an empty store; leave --state-dir out")
    if not is_tour and importlib.util.find_spec("textual") is None:
        raise Failure(NO_TEXTUAL)
    out = Output(args.json)
    try:
        return asyncio.run(_until_told_to_end(_tour(args, out) if is_tour else _panel(args, out)))
    except NotServing as error:
        print(error.said, file=sys.stderr)
        raise


def _is_watched() -> bool:
    """Whether a person sits at a terminal: Textual reads the first stream and draws on the third."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


async def _panel(args: Namespace, out: Output) -> int:
    from lockd.cli.panel.app import Panel
    from lockd.cli.panel.link import BusLink

    place = Place(simulation_folder())
    with contextlib.ExitStack() as stack:
        if not place.take():
            out.say("A simulation runs already; this panel joins it.")
            return await _shown(Panel(BusLink(place.address), _second_terminal(place)))
        stack.callback(place.release)
        state = stack.enter_context(_thrown_away(args.keep, out)) if args.fresh else args.state_dir
        out.say("Starting the simulation ...")
        async with running(place, state) as world:
            return await _shown(Panel(BusLink(place.address), _second_terminal(place), world))


async def _tour(args: Namespace, out: Output) -> int:
    from lockd.cli.panel.link import BusLink
    from lockd.cli.tour.play import Tour

    place = Place(simulation_folder())
    with contextlib.ExitStack() as stack:
        if not place.take():
            out.say("A simulation runs already; the tour leaves it alone and makes its own.")
            place = Place(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lockd-tour-"))))
            place.take()
        stack.callback(place.release)
        state = stack.enter_context(_thrown_away(args.keep, out))
        out.say("A simulated lock, and what it does. Until the end, a second terminal can drive it too:")
        for line in _second_terminal(place).splitlines():
            out.say(line)
        async with running(place, state) as world:
            is_good = await Tour(BusLink(place.address), world, out).play()
    return OK if is_good else FAILURE


async def _shown(panel: Panel) -> int:
    """Until the person quits. Cancelled, it leaves the panel on the screen while the rest ends."""
    showing = asyncio.ensure_future(panel.run_async())
    await asyncio.wait((showing,))
    showing.result()
    return panel.return_code or OK


def _second_terminal(place: Place) -> str:
    """How to drive the same lock from elsewhere, in lines to copy."""
    bus = "" if place.folder == simulation_folder() else f"--bus {place.address} "
    return f"  {lockctl()} {bus}status\n  busctl --address={place.address} introspect org.lockd1 /org/lockd1"


@contextlib.contextmanager
def _thrown_away(keep: bool, out: Output) -> Iterator[Path]:
    """A state folder for one time. `keep`: it stays, and is named."""
    folder = Path(tempfile.mkdtemp(prefix="lockd-state-"))
    try:
        yield folder
    finally:
        if keep:
            out.say(f"The state is kept in {folder}.")
        else:
            shutil.rmtree(folder)


async def _until_told_to_end(doing: Coroutine[Any, Any, int]) -> int:
    """Run it; SIGTERM and a closed terminal end it in order, as Ctrl-C does."""
    task, loop = asyncio.ensure_future(doing), asyncio.get_running_loop()
    told: list[int] = []

    def end(number: int, frame: FrameType | None) -> None:
        told.append(number)
        signal.alarm(LAST_RESORT_S)
        loop.call_soon_threadsafe(task.cancel)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    try:
        return await task
    except asyncio.CancelledError:
        if signal.SIGHUP in told:  # Textual would wait for ever for a terminal that is gone
            os._exit(INTERRUPTED)
        raise KeyboardInterrupt from None
