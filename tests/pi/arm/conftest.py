"""The emulated Pi with lockd installed: one that all scenarios share, as it takes minutes to start."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pi.arm.card import SIZE, card
from tests.pi.arm.raspberry import AT_REST, LOW_AT_REST, Raspberry
from tests.pi.conftest import FAILED, show
from tests.pi.host import digest
from tests.pi.keep import kept
from tests.pi.lock import Lock
from tests.pi.machine import overlay
from tests.pi.package import SETTINGS, configure, install, package

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.full)


@pytest.fixture(scope="session")
def installed() -> Path:
    """A disk with lockd installed on the emulated Pi itself."""
    empty, deb = card(), package()

    def build(folder: Path) -> None:
        disk = overlay(empty.disk, folder / "disk.qcow2", SIZE)
        with tempfile.TemporaryDirectory() as scratch:
            machine = Raspberry(empty, disk, Path(scratch))
            machine.provide(deb, SETTINGS)
            with machine:
                install(machine, deb)
                configure(machine)
                machine.shut_down()

    return kept("used-card", digest([SETTINGS, str(empty.disk), deb]), build) / "disk.qcow2"


@pytest.fixture(scope="package")
def _pi(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Raspberry]:
    folder = tmp_path_factory.mktemp("raspberry")
    with Raspberry(card(), overlay(installed, folder / "disk.qcow2"), folder) as machine:
        yield machine


@pytest.fixture
def pi(_pi: Raspberry, request: pytest.FixtureRequest) -> Iterator[Raspberry]:
    """With an empty store, a locked bolt and a closed door."""
    _pi.go_on()
    _pi.sh("systemctl stop lockd; rm -rf /var/lib/lockd/*; systemctl reset-failed lockd || true")
    _pi.wires.wire(high=AT_REST, low=LOW_AT_REST)
    Lock(_pi).start()
    yield _pi
    if request.node.stash.get(FAILED, False):
        show(_pi)
    _pi.hold()


@pytest.fixture
def own_pi(installed: Path, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Raspberry]:
    """Off as yet."""
    machine = Raspberry(card(), overlay(installed, tmp_path / "disk.qcow2"), tmp_path)
    yield machine
    if request.node.stash.get(FAILED, False):
        show(machine)
    machine.cut_power()
