"""Radios that keep to no rules. Each says which line of lockd is its defence; where it is BlueZ's, that is said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.radio import Radio
from tests.pi.trace import Trace

PIN = "135790"
#: Errors of the handshake and of frames, and what they become when there were ten within a minute.
HANDSHAKE, FRAMING, MANY = "0x80", "0x84", "0x82"
#: The attribute protocol's own: BlueZ answers, lockd never hears of it.
NOT_READ, NOT_WRITTEN, OFFSET, QUEUE_FULL, TOO_LONG = "0x02", "0x03", "0x07", "0x09", "0x0d"


@pytest.fixture
def still(pi: Machine) -> Iterator[None]:
    """The bolt does not move in all of this."""
    pi.door("forget")
    yield
    assert Trace(pi).still


@pytest.mark.full
@pytest.mark.usefixtures("still")
def test_nonsense_is_answered_with_an_error_and_the_end(pi: Machine, lock: Lock, radio: Radio) -> None:
    radio.enrol("Anna", "admin", "hci1")
    found = radio.phone("tries", "hci2", program="attacks", timeout_s=600)["tries"]
    print("\n" + "\n".join(f"{name}: {how}, link ended: {ended}" for name, (how, ended) in found.items()))
    for name, code in {
        # Defence: wire/framing.py: if not HEAD <= len(value) <= MAX_VALUE:
        "nothing": FRAMING, "one byte": FRAMING, "two bytes": FRAMING, "513 bytes": TOO_LONG,
        # Defence: wire/framing.py: if self._kind not in self._kinds or not 0 < self._length <= MAX_MESSAGE:
        "512 bytes": FRAMING, "a length of 65535": FRAMING,
        # Defence: wire/framing.py: if bool(flags & FIRST) == (self.deadline is not None):
        "the end of a message": FRAMING, "two first frames": FRAMING,
        # Defence: wire/framing.py: if flags & COUNTER != self._count & COUNTER:
        "a gap": FRAMING,
        # Defence: wire/framing.py: if offset:
        "at an offset": FRAMING,
        # Defence: wire/session.py: raise HandshakeError(f"a message of type {message.kind} out of turn")
        "unlock in clear": HANDSHAKE, "message 3 first": HANDSHAKE,
        # Defence: wire/noise.py: raise HandshakeError("a public key of low order") from None
        "a key of low order": HANDSHAKE,
        # Defence: wire/noise.py: raise HandshakeError("a message that is altered, out of turn or not for us") from None
        "a key of chance": HANDSHAKE,
        # Defence: ble/gatt.py: each characteristic has one flag; BlueZ refuses the rest.
        "read RX": NOT_READ, "read TX": NOT_READ, "write TX": NOT_WRITTEN, "write INFO": NOT_WRITTEN,
        # Defence: ble/gatt.py: if offset > len(self._info):
        "INFO from the middle": "done", "INFO beyond its end": OFFSET,
        # Defence: BlueZ's own queue.
        "prepared without end": QUEUE_FULL, "prepared, and dropped": "done", "executed, nothing prepared": "done",
        "a write command": "done",
    }.items():  # fmt: skip
        how, ended = found.pop(name)
        assert how in (code, MANY if code in (HANDSHAKE, FRAMING) else code), name
        # Defence: ble/service.py: self._send_away(device)
        assert ended == (code in (HANDSHAKE, FRAMING)), name
    assert found == {}
    glued = radio.phone("long_write", "hci2", program="attacks")
    assert glued["answered"]
    assert glued["longest"] <= 20, "no notification is longer than its MTU holds"
    assert lock.verify()["ok"]


@pytest.mark.full
def test_a_recorded_session_opens_nothing(pi: Machine, lock: Lock, radio: Radio) -> None:
    # Defence: wire/session.py: ephemeral = KeyPair(self._lock.random(KEY))
    radio.enrol("Anna", "admin", "hci1")
    said = radio.phone("replay", "Anna", "hci2", "hci1", program="attacks")
    print(f"\n{said}")
    assert [how for how, _ in said["replayed"]] == [HANDSHAKE, HANDSHAKE]
    assert all(ended for _, ended in said["replayed"])
    assert len([each for each in lock.log() if each.get("type") == "Unlock" and each.get("phase") == "done"]) == 1
    # Defence: wire/framing.py: if value[1] != self.tag: and the sealing of all that is said
    said = radio.phone("listen", "Anna", "hci1", "hci3", program="attacks")
    print(said)
    assert said["heard"] >= 2
    assert said["plain"] == []
    assert said["still"] == "done"


@pytest.mark.full
@pytest.mark.usefixtures("still")
def test_a_session_holds_at_every_mtu(pi: Machine, lock: Lock, radio: Radio) -> None:
    # Defence: wire/framing.py: step = max(FLOOR, min(mtu - ATT_HEAD, CEILING)) - 2
    radio.enrol("Anna", "admin", "hci1")
    sizes = ("0", "5", "23", "24", "64", "185", "247", "517", "65535")
    found = radio.phone("mtus", "Anna", "hci1", *sizes, program="attacks", timeout_s=600)["mtus"]
    for size, (mtu, longest, *how) in found.items():
        print(f"MTU {size}, so {mtu}: notifications of up to {longest} bytes, {how}")
        assert (how[0], how[2]) == ("done", "done"), size
        assert longest <= min(mtu - 3, 244)


@pytest.mark.full
def test_who_begins_and_says_no_more_keeps_nobody_out(pi: Machine, lock: Lock, radio: Radio) -> None:
    # Defence: wire/limits.py: leaves = next((each for each, since in self._unverified.items() ...
    # and wire/end.py: self._idle = at + HANDSHAKE_S
    radio.enrol("Anna", "admin", "hci1")
    said = radio.phone("holders", "Anna", "hci1", "hci2", "hci3", "hci4", program="attacks")
    print(f"\n{said}")
    assert said["unlock"] == "done"
    assert said["ended"] == [True, True, True]


@pytest.mark.full
def test_a_flood_of_writes_holds_up_neither_keypad_nor_memory(pi: Machine, lock: Lock, radio: Radio) -> None:
    # Defence: wire/end.py: late = self.tick(at)  -- a session that does not get on ends, whatever is written
    radio.enrol("Anna", "admin", "hci1")
    lock.enrol(PIN)
    radio.sh("systemd-run -q --unit=flood --collect -p StandardOutput=file:/run/radio/flood -E PYTHONPATH -E HOME"
             " python3 /run/rig/attacks.py flood hci2 30")  # fmt: skip
    lock.press(f"{PIN}#")
    assert pi.door("await_bolt", 0.0, 30.0)
    assert radio.lockctl("Anna", "hci1", "lock") == "Locked.\n"
    print(pi.sh("while systemctl is-active -q flood; do sleep 0.5; done; cat /run/radio/flood", 120))
    assert lock.verify()["ok"]


@pytest.mark.full
def test_who_reads_no_answer_costs_nothing(pi: Machine, lock: Lock, radio: Radio) -> None:
    # Defence: wire/session.py: if self._spent:  -- and lockd keeps nothing that was notified
    radio.enrol("Anna", "admin", "hci1")
    radio.enrol("Ben", "admin", "hci2")
    said = radio.phone("unread", "Ben", "hci2", "hci1", "100", program="attacks", timeout_s=600)
    print(f"\n{said}")
    assert said["beside"] == "done"
    assert said["after"][0] - said["before"][0] < 4096, "KiB of lockd"


@pytest.mark.full
@pytest.mark.usefixtures("still")
def test_the_lock_pairs_with_nobody_and_hears_nobody_but_bluez(pi: Machine, lock: Lock, radio: Radio) -> None:
    # Defence: ble/adapter.py: pairable = Variant("b", False)
    radio.enrol("Anna", "admin", "hci1")
    said = radio.phone("pairing", "hci3", program="attacks")
    print(f"\n{said}")
    assert said["status"] != 0
    assert said["keys"] == ""
    # Defence: ble/adapter.py: if not self._owner or message.sender != self._owner:
    write = "/org/lockd1/ble/service/rx org.bluez.GattCharacteristic1 WriteValue aya{sv} 3 192 7 1 1 device o /a"
    for name in pi.sh(f"busctl list --unique --no-legend | awk '$2 == {lock.pid} {{print $1}}'").split():
        refused = pi.run("busctl", "call", name, *write.split(), check=False)
        print(name, refused.err.strip())
        assert refused.status != 0
        assert "only BlueZ may call this" in refused.err or "UnknownObject" in refused.err or "No such" in refused.err
