"""What every test is held to: it is repeatable, and leaves no task, thread or process behind."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import os
import pkgutil
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile("explore", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

#: How long a thread that was told to end may take over it.
GRACE_S = 2.0


#: Tests that take long: their figures are worth reading though they passed.
HEAVY = ("pi", "deb", "slow")
#: Where processors share the tests, those of each of these come one after the other: they have bounds in time, or
#: a machine or a recording that is made once.
TOGETHER = ("tests/pi/arm/", "tests/package/test_build.py", "tests/power/", "tests/slow/")
#: The longest come first, so that the short ones fill what is left. The first of the virtual Pi's files builds its
#: disk; meanwhile the other processors have what needs none.
FIRST = ("tests/pi/test_backup.py", "tests/slow/", "tests/power/", "tests/package/test_build.py", "tests/pi/")


def pytest_configure() -> None:
    """Has Ctrl-C mean here what it means at a terminal: a shell's background commands, and all that they start,
    ignore it, and so would each lockctl that a test ends by it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """By where they lie. pytest-xdist's own marks do nothing here: 3.8 puts them where pytest 9.2 looks no more."""
    from xdist.scheduler import LoadScopeScheduling

    class Sharing(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return shared_by(nodeid)

    config.option.loadscopereorder = False
    return Sharing(config, log)


def shared_by(nodeid: str) -> str:
    """What goes to one processor as a whole: a folder, a file of scenarios on the virtual Pi, or this test alone."""
    file = nodeid.partition("::")[0]
    alone = file if file.startswith("tests/pi/") else nodeid
    return next((place for place in TOGETHER if file.startswith(place)), alone)


def turn(item: pytest.Item) -> int:
    """When its kind's turn comes."""
    return next((place for place, kind in enumerate(FIRST) if item.nodeid.startswith(kind)), len(FIRST))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put them in order. Where coverage has a bar, what counts: the core and the protocol by their own plain tests,
    not by what a random sequence or a whole lockd happens to run."""
    items.sort(key=turn)
    if config.getoption("cov_source", None) != [True]:
        return
    import_late_parts()
    for item in items:
        if not is_plain_test_of_the_core(item):
            item.add_marker(pytest.mark.no_cover)


def import_late_parts() -> None:
    """What the core imports when it is first used may first be used where nothing counts."""
    for name in ("lockd.core", "lockd.wire"):
        package = importlib.import_module(name)
        for module in pkgutil.iter_modules(package.__path__, f"{name}."):
            importlib.import_module(module.name)


def is_plain_test_of_the_core(item: pytest.Item) -> bool:
    """Or of the protocol."""
    folder = item.path.relative_to(Path(__file__).parent).parts[0]
    return folder in ("core", "wire") and not hypothesis.is_hypothesis_test(getattr(item, "obj", None))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What they printed, where it was not shown as it came."""
    for report in terminalreporter.getreports("passed"):
        if report.capstdout and any(mark in report.keywords for mark in HEAVY):
            terminalreporter.write_sep("-", report.nodeid)
            terminalreporter.write(report.capstdout)


def children() -> dict[int, str]:
    """The processes below this one that nobody has waited for, with their names."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return {}
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = path.read_text().partition(" (")[2].rpartition(") ")
        except (FileNotFoundError, ProcessLookupError):  # it has ended meanwhile, and was not ours
            continue
        if int(rest.split()[1]) == os.getpid():
            found[int(path.parent.name)] = name
    return found


def is_coroutine(test: object) -> bool:
    """Whether the test runs in an event loop, with hypothesis around it or without."""
    return inspect.iscoroutinefunction(getattr(getattr(test, "hypothesis", None), "inner_test", test))


@pytest.fixture
async def _no_task_left() -> AsyncIterator[None]:
    """Made before the test's own asynchronous fixtures, so that it looks after their end."""
    yield
    await asyncio.sleep(0)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        pytest.fail(f"tasks left behind: {', '.join(map(repr, left))}")


@pytest.fixture(autouse=True)
def _environment_kept() -> Iterator[None]:
    """What a test leaves there, every program would inherit that a later test starts."""
    before = dict(os.environ)
    yield
    after = dict(os.environ)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if left := changed - {"PYTEST_CURRENT_TEST"}:
        pytest.fail(f"variables left changed: {', '.join(sorted(left))}")


@pytest.fixture(autouse=True)
def _nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    threads, processes = set(threading.enumerate()), children()
    if is_coroutine(request.function):
        request.getfixturevalue("_no_task_left")
    yield
    threads_left = set(threading.enumerate()) - threads
    for thread in threads_left:
        thread.join(GRACE_S)
    names = [thread.name for thread in threads_left if thread.is_alive()]
    if names:
        pytest.fail(f"threads left behind: {', '.join(names)}")
    left = {pid: name for pid, name in children().items() if pid not in processes}
    if left:
        pytest.fail(f"processes left behind: {', '.join(f'{name} ({pid})' for pid, name in left.items())}")
