"""What Diagnose says: of contacts that never change, of people, and of what is well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lockd.daemon.felt import UNOPENED, Felt
from lockd.daemon.finding import finding
from lockd.errors import Failure
from lockd.gpio.pins import Input, Pins
from lockd.settings import Pin, Settings, build, simulation
from lockd.words import Contact, Direction
from tests.daemon.inside import inside
from tests.daemon.process import until

LEVELS: dict[Contact, bool] = {
    "locked": True, "unlocked": False, "closed": True, "tamper": False, "inside": False, "spindle": False,
    "code": False, "hole": False,
}  # fmt: skip
BOTH: tuple[Direction, ...] = ("Unlocking", "Locking")
STRIKE = build({"bolt": {"kind": "strike", "forward": 17, "locked": 22}}, "a test")


def judged(
    *drives: Direction, settings: Settings | None = None, changed: tuple[Contact, ...] = (), **levels: bool
) -> dict[str, Any]:
    """Findings by part, after so much has happened."""
    felt = Felt(settings or simulation())
    for direction in drives:
        felt.driven(direction)
    for contact in changed:
        felt.changed(contact)
    return {each["part"]: each for each in felt.findings(LEVELS | levels)}  # type: ignore[operator]


def test_at_first_no_contact_is_judged_and_how_to_try_it_is_said() -> None:
    found = judged()
    assert {part: each["state"] for part, each in found.items()} == dict.fromkeys(
        ("bolt.locked", "bolt.unlocked", "door.contact", "tamper.contact", "inside.button", "spindle.contact",
         "ways.code", "ways.hole"),
        "unchecked",
    )
    assert all(each["ok"] and "since lockd started" in each["text"] and each["remedy"] for each in found.values())


@pytest.mark.parametrize(("drives", "state"), [
    ((), "unchecked"), (("Locking", "Locking"), "unchecked"), (("Unlocking",), "unchecked"), (BOTH, "fault"),
])  # fmt: skip
def test_a_bolt_contact_that_outlasts_a_throw_each_way_is_broken(drives: tuple[Direction, ...], state: str) -> None:
    found = judged(*drives, changed=("locked",))
    assert (found["bolt.locked"]["state"], found["bolt.unlocked"]["state"]) == ("ok", state)


def test_in_mid_throw_no_bolt_contact_is_judged() -> None:
    felt = Felt(simulation())
    for direction in BOTH:
        felt.driven(direction)
    states = {each["part"]: each["state"] for each in felt.findings(LEVELS | {"unlocked": True}, moving=True)}
    assert (states["bolt.locked"], states["bolt.unlocked"]) == ("unchecked", "unchecked")


def test_a_strike_locks_by_its_spring() -> None:
    assert judged("Unlocking", settings=STRIKE)["bolt.locked"]["state"] == "fault"
    assert judged(settings=STRIKE)["bolt.locked"]["state"] == "unchecked"


def test_both_bolt_contacts_on_at_once_are_a_fault_however_often_they_changed() -> None:
    found = judged(*BOTH, changed=("locked", "unlocked"), unlocked=True)["bolt.unlocked"]
    assert (found["state"], "at once" in found["text"]) == ("fault", True)


@pytest.mark.parametrize(("times", "state"), [(UNOPENED - 1, "unchecked"), (UNOPENED, "warning")])
def test_a_door_that_is_never_opened_after_unlocking_has_a_dead_contact(times: int, state: str) -> None:
    assert judged(*["Unlocking"] * times)["door.contact"]["state"] == state
    assert judged(*["Unlocking"] * times, changed=("closed",))["door.contact"]["state"] == "ok"


def test_a_button_that_is_pressed_from_the_start_is_told_and_one_that_was_felt_is_well() -> None:
    assert judged(inside=True)["inside.button"]["state"] == "warning"
    found = judged(inside=True, changed=("inside",))["inside.button"]
    assert (found["state"], found["text"]) == ("ok", "changed 1 time since lockd started, now on")


def test_what_is_not_wired_is_no_finding() -> None:
    assert list(judged(settings=STRIKE)) == ["bolt.locked"]


def test_what_is_well_needs_no_remedy() -> None:
    assert finding("a", "ok", "b", "c") == {"part": "a", "state": "ok", "ok": True, "text": "b", "remedy": ""}
    assert [finding("a", state, "b", "c")["ok"] for state in ("warning", "fault", "unchecked")] == [False, False, True]


async def test_the_daemon_counts_throws_contacts_and_people(tmp_path: Path) -> None:
    async with inside(tmp_path / "state") as lock:
        def states() -> dict[str, str]:
            return {each["part"]: each["state"] for each in lock.daemon.desk.diagnose()}

        before = states()
        assert (before["people"], before["bolt.locked"], before["door.contact"]) == ("fault", "unchecked", "unchecked")
        await lock.enrol("135790")
        await lock.ask("Unlock")
        assert {name: states()[name] for name in ("people", "bolt.locked", "bolt.unlocked")} == {
            "people": "ok", "bolt.locked": "ok", "bolt.unlocked": "ok",
        }  # fmt: skip


async def test_who_never_may_come_in_does_not_count(tmp_path: Path) -> None:
    async with inside(tmp_path / "state") as lock:
        await lock.enrol("135790", kind="NonAccessUser")
        (people,) = [each for each in lock.daemon.desk.diagnose() if each["part"] == "people"]
        assert (people["state"], people["text"]) == ("fault", "0 of 1 users can come in")


async def test_ways_that_were_never_proved_are_named_until_they_are(tmp_path: Path) -> None:
    async with inside(tmp_path / "state") as lock:
        def drill() -> dict[str, Any]:
            return next(each for each in lock.daemon.desk.diagnose() if each["part"] == "drill")

        names = [way["way"] for way in lock.daemon.desk.ways()]
        assert names
        assert (drill()["state"], drill()["text"]) == (
            "warning", f"not proved to work, or not for long: {', '.join(names)}",
        )  # fmt: skip
        ways = lock.daemon.pump.lock.parts.ways
        ways.prove(names, lock.daemon.clock.now())
        assert (drill()["state"], drill()["text"]) == ("ok", f"{len(names)}, none overdue")


async def test_a_lock_with_a_contact_and_a_lamp_that_cannot_be_claimed_opens_and_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true, broken = Pins.claim, {"bolt.unlocked", "panel.green"}

    def taken(pins: Pins, pin: Pin, kind: Any) -> Any:
        if pin.key in broken:
            raise Failure(f"{pin.key}: GPIO{pin.number}: GPIO busy")
        return true(pins, pin, kind)

    monkeypatch.setattr(Pins, "claim", taken)
    async with inside(tmp_path / "state") as lock:
        line = "contact: bolt.unlocked: GPIO24: GPIO busy"
        found = {each["part"]: each for each in lock.daemon.desk.diagnose()}
        assert line in lock.daemon.health.degraded()
        assert "panel: panel.green: GPIO20: GPIO busy" in lock.daemon.health.degraded()
        assert (found["bolt.unlocked"]["state"], "GPIO busy" in found["bolt.unlocked"]["text"]) == ("fault", True)
        assert (found["bolt.locked"]["state"], found["panel"]["state"]) == ("unchecked", "warning")
        await lock.enrol("135790")
        lock.press("135790#")
        await lock.until("Unlocked")
        broken.clear()
        await until(lambda: line not in lock.daemon.health.degraded())


async def test_a_keypad_whose_line_is_taken_is_named_and_every_other_way_in_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true, broken = Pins.claim, {"keypad.columns[2]"}

    def taken(pins: Pins, pin: Pin, kind: Any) -> Any:
        if pin.key in broken:
            raise Failure(f"{pin.key}: GPIO busy")
        return true(pins, pin, kind)

    monkeypatch.setattr(Pins, "claim", taken)
    async with inside(tmp_path / "state") as lock:
        line = "keypad: keypad.columns[2]: GPIO busy"
        await until(lambda: line in lock.daemon.health.degraded())
        found = {each["part"]: each for each in lock.daemon.desk.diagnose()}
        assert (found["keypad"]["state"], found["keypad"]["text"]) == ("fault", "keypad.columns[2]: GPIO busy")
        assert found["keypad"]["remedy"]
        assert line in lock.daemon.health.status()
        await lock.enrol("135790")
        await lock.ask("Unlock", "135790")
        await lock.until("Unlocked")
        broken.clear()
        await until(lambda: line not in lock.daemon.health.degraded())
        await lock.ask("Lock")
        lock.press("135790#")
        await lock.until("Unlocked")


async def test_a_line_for_outside_power_that_cannot_be_read_is_named_beside_what_feeds_the_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true, broken = Input.on.fget, {"power.usb_line"}  # type: ignore[attr-defined]

    def dead(line: Input) -> bool:
        if line.pin.key in broken:
            raise Failure(f"{line.pin.key}: gone")
        return bool(true(line))

    monkeypatch.setattr(Input, "on", property(dead))
    made = simulation()
    wired = made.but(power=made.power.but(usb_line=Pin(4, "high", "down", "power.usb_line")))
    async with inside(tmp_path / "state", settings=wired) as lock:
        line = "outside power: power.usb_line: gone"
        found = {each["part"]: each for each in lock.daemon.desk.diagnose()}
        assert found["outside power"]["state"] == "fault" != found["power"]["state"]
        assert line in lock.daemon.health.degraded()
        broken.clear()
        await until(lambda: line not in lock.daemon.health.degraded())


async def test_a_contact_that_dies_while_nothing_moves_is_unknown_named_and_learnt_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with inside(tmp_path / "state") as lock:
        daemon = lock.daemon

        def state() -> str:
            return str(daemon.pump.lock.properties(daemon.clock.now())["LockState"])

        def dead(line: Input) -> bool:
            raise Failure(f"{line.pin.key}: gone")

        before = daemon._inside_ago()
        with monkeypatch.context() as patch:
            patch.setattr(Input, "on", property(dead))
            daemon._look_round()
            await until(lambda: state() == "Unknown")
            assert "contact: bolt.locked: gone" in daemon.health.degraded()
            assert {each["part"]: each["state"] for each in daemon.desk.diagnose()}["bolt.locked"] == "fault"
        await until(lambda: not daemon.hardware.troubles())
        assert (state(), lock.bolt) == ("Locked", 0.0)
        assert daemon._inside_ago() == before, "nobody pressed the button"


async def test_while_the_locked_contact_cannot_be_claimed_nobody_says_where_the_bolt_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    true, broken = Pins.input, {"bolt.locked"}

    def taken(pins: Pins, pin: Pin) -> Input:
        if pin.key in broken:
            raise Failure("bolt.locked: taken")
        return true(pins, pin)

    monkeypatch.setattr(Pins, "input", taken)
    async with inside(tmp_path / "state") as lock:
        seen = lock.daemon.pump.lock.properties(lock.daemon.clock.now())
        assert (seen["LockState"], seen["Fault"]) == ("Unknown", "PositionUnknown")
        await lock.ask("Unlock")
        await lock.until("Unlocked")
        broken.clear()
        await until(lambda: not lock.daemon.hardware.contacts.troubles())
        await lock.ask("Lock")
        await lock.until("Locked")
