"""The keypad's lockout as the panel works it out from the log."""

from __future__ import annotations

from lockd.cli.panel.lockout import KeypadLockout

ALARM = {"kind": "DoorLockAlarm", "alarm": "WrongCodeEntryLimit", "source": "Keypad", "time": 1_000_000_000}
UNLOCK = {"kind": "LockOperation", "source": "Keypad", "credentials": [("PIN", 1)], "time": 1_100_000_000}


def lockout(now: float) -> KeypadLockout:
    made = KeypadLockout(lambda: now)
    made.seen({"UserCodeTemporaryDisableTime": 60})
    return made


def test_it_lasts_as_long_as_the_setting_says() -> None:
    made = lockout(1010.5)
    made.hear(ALARM)
    assert made.remaining() == 50


def test_it_ends() -> None:
    made = lockout(1060.0)
    made.hear(ALARM)
    assert made.remaining() == 0


def test_a_second_one_is_twice_as_long() -> None:
    made = lockout(1000.0)
    made.hear({**ALARM, "time": 900_000_000})
    made.hear(ALARM)
    assert made.remaining() == 120


def test_a_right_pin_begins_the_doubling_anew() -> None:
    made = lockout(1200.0)
    for event in (ALARM, UNLOCK, {**ALARM, "time": 1_200_000_000}):
        made.hear(event)
    assert made.remaining() == 60


def test_those_of_other_sources_do_not_count() -> None:
    made = lockout(1000.0)
    made.hear({**ALARM, "source": "Remote"})
    assert made.remaining() == 0
