"""Machines for scenarios. `pi`: the one that all share, with lockd begun anew. `own_pi`: one of the
scenario's own, to cut from its power. What a scenario that fails leaves on the console is shown."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from tests.pi import host
from tests.pi.lock import Lock
from tests.pi.machine import Machine, overlay
from tests.pi.package import installed
from tests.pi.radio import Radio

FAILED = pytest.StashKey[bool]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A scenario is one by where it lies."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.pi)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


@pytest.fixture(autouse=True)
def _nothing_left() -> None:
    """In place of every other test's: the machine that scenarios share outlives the first of them."""


@pytest.fixture(scope="session")
def installed_disk() -> Path:
    host.need_programs()
    return installed()


@pytest.fixture(scope="session")
def _shared(installed_disk: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Machine]]:
    """The shared machine; a fresh one in place of one that has gone."""
    running: list[Machine] = []

    def machine() -> Machine:
        if running and running[-1].on:
            return running[-1]
        folder = tmp_path_factory.mktemp("pi")
        running.append(Machine(overlay(installed_disk, folder / "disk.qcow2"), folder))
        running[-1].power_on()
        return running[-1]

    yield machine
    for one in running:
        one.cut_power()


@pytest.fixture
def pi(_shared: Callable[[], Machine], request: pytest.FixtureRequest) -> Iterator[Machine]:
    machine = _shared()
    machine.go_on()
    Lock(machine).begin_anew()
    yield machine
    if request.node.stash.get(FAILED, False):
        show(machine)
        machine.cut_power()  # whatever was wrong with it, the next scenario shall not have it
    machine.hold()


@pytest.fixture
def own_pi(installed_disk: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Machine]:
    """Off as yet."""
    machine = Machine(overlay(installed_disk, tmp_path / "disk.qcow2"), tmp_path)
    yield machine
    if request.node.stash.get(FAILED, False):
        show(machine)
    machine.cut_power()


@pytest.fixture
def lock(request: pytest.FixtureRequest) -> Lock:
    """lockd in the scenario's machine."""
    name = "pi" if "pi" in request.fixturenames else "own_pi"
    return Lock(request.getfixturevalue(name))


@pytest.fixture
def radio(pi: Machine, lock: Lock) -> Iterator[Radio]:
    """Phones can come to the lock in the shared machine, by way of bluetoothd."""
    radio = Radio(pi, lock)
    try:
        radio.begin()
        yield radio
    finally:
        if pi.on:
            radio.end()


def show(machine: Machine) -> None:
    """What it said, for whoever reads of the failure."""
    print("\n".join(["The console's last lines:", *machine.console().splitlines()[-20:]]))
    if machine.on:
        try:
            print(machine.sh("systemctl status lockd --no-pager -n 40 || true"))
        except host.RigError as fault:
            print(fault)
