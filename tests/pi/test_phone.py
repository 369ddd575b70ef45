"""A phone that opens the lock over the radio, against the bluetoothd of Debian 13."""

from __future__ import annotations

from statistics import median

import pytest

from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.radio import CONTROLLERS, Radio

BACK_S = 5.0
#: The session is over at once; bluetoothd takes a link down two seconds after it is told to.
DOWN_S = 4.0
#: What lockd may have grown by from the 20th visit to the 100th; 20 KiB kept of each would be more.
LEAK_KIB = 1536


def test_a_phone_is_invited_enrolled_and_opens_and_the_log_names_its_user(
    pi: Machine, lock: Lock, radio: Radio
) -> None:
    shown, said = radio.enrol("Anna", "admin", "hci1")
    print(f"\n{shown}{said}")
    assert "█" in shown or "▀" in shown, "a QR code"
    assert "Enrolled: phone-Anna of Anna (admin)" in shown
    assert "Enrolled at Front door as admin" in said
    pi.door("forget")
    assert radio.lockctl("Anna", "hci1", "unlock") == "Unlocked.\n"
    assert pi.door("await_bolt", 0.0, 30.0)
    assert radio.lockctl("Anna", "hci1", "lock") == "Locked.\n"
    assert pi.door("await_bolt", 1.0, 30.0)
    record = lock.await_log(kind="LockOperation", phase="done", type="Unlock")
    assert (record["source"], record["detail"], record["user"]) == ("ProprietaryRemote", "ble", 1)
    told = pi.sh("lockctl log")
    print(told)
    assert "Anna" in told
    assert "Locked" in radio.lockctl("Anna", "hci1", "status")
    assert "Anna" in radio.lockctl("Anna", "hci1", "log")
    assert lock.verify()["ok"]
    ended = radio.phone("revoked", "Anna", "hci1")
    print(ended)
    assert ended["same"] == "REVOKED", "in the session that was open"
    assert ended["ended_s"] - ended["revoked_s"] < DOWN_S
    assert ended["next"] == "NOT_AUTHORISED"


@pytest.mark.full
def test_two_phones_at_once(pi: Machine, lock: Lock, radio: Radio) -> None:
    radio.enrol("Anna", "admin", "hci1")
    radio.enrol("Ben", "user", "hci2")
    said = radio.phone("together", "Anna", "hci1", "Ben", "hci2")
    print(f"\n{said}")
    assert said["said"] == ["done"] * 6
    assert {record.get("user") for record in lock.log() if record["kind"] == "LockOperation"} >= {1, 2}


@pytest.mark.full
def test_bluetoothd_dies_in_mid_session_and_the_adapter_goes_and_both_come_back(
    pi: Machine, lock: Lock, radio: Radio
) -> None:
    radio.enrol("Anna", "admin", "hci1")
    said = radio.phone("killed", "Anna", "hci1")
    print(f"\nbluetoothd: {said}")
    assert said["back_s"] < BACK_S
    assert said["next"] == "done"
    pi.sh("lockctl lock")
    said = radio.phone("unplugged", "Anna", "hci1", str(CONTROLLERS))
    print(f"adapter: {said}")
    assert said["back_s"] < BACK_S
    assert said["next"] == "done"


@pytest.mark.full
def test_a_hundred_times_at_the_door_without_a_miss(pi: Machine, lock: Lock, radio: Radio) -> None:
    radio.enrol("Anna", "admin", "hci1")
    said = radio.phone("rounds", "Anna", "hci1", "100", timeout_s=1200)
    print(f"\n100 rounds: connected and unlocked in {said['median_s']:.2f} s in the median, {said['longest_s']:.2f} s"
          f" at most; lockd's KiB and files, bluetoothd's KiB and files, every 20: {said['grown']}")  # fmt: skip
    assert said["misses"] == []
    settled, last = said["grown"][1], said["grown"][-1]
    assert last[1] == settled[1], "lockd's files"
    assert last[0] - settled[0] < LEAK_KIB
    assert lock.verify()["ok"]


@pytest.mark.full
def test_links_that_say_nothing_keep_nobody_out(pi: Machine, lock: Lock, radio: Radio) -> None:
    radio.enrol("Anna", "admin", "hci1")
    said = radio.phone("silent", "hci2", "hci3", "hci4", "Anna", "hci1")
    print(f"\n{said}")
    assert said["failed"] == []
    assert said["unlock"] == "done"
    assert said["left"] <= 1


@pytest.mark.full
def test_a_handshake_takes_six_round_trips_or_less(pi: Machine, lock: Lock, radio: Radio) -> None:
    """From its first write to ACCEPTED, the record on disk included."""
    radio.enrol("Anna", "admin", "hci1")
    said = radio.phone("speed", "Anna", "hci1", "21", timeout_s=900)
    accepted, echoed = median(said["accepted_ms"]), median(said["echoed_ms"])
    print(f"\nACCEPTED after {accepted:.0f} ms, a bare write and notification {echoed:.0f} ms, medians of"
          f" {len(said['accepted_ms'])} and {len(said['echoed_ms'])}: {accepted / echoed:.1f} round trips")
    assert accepted <= 6 * echoed
