"""Radios that keep to no rules.

Each says which line of lockd is its defence; where it is BlueZ's, that is said. That such a line is missed when it is
gone is shown in memory: for wire/ by tests/wire/test_attacks.py, for ble/ by tests/ble.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.pi.lock import Lock
from tests.pi.machine import Machine
from tests.pi.radio import Radio
from tests.pi.trace import Trace

PIN = "135790"
#: What lockd may grow by.
LEAK_KIB = 4096
#: Errors of the handshake and of frames, and what they become when there were ten within a minute.
HANDSHAKE, FRAMING, MANY = "0x80", "0x84", "0x82"
#: No room, or not under this tag.
BUSY = "0x81"
#: The attribute protocol's own: BlueZ answers, lockd never hears of it.
NOT_READ, NOT_WRITTEN, NOT_THERE, OFFSET, QUEUE_FULL, TOO_LONG = "0x02", "0x03", "0x06", "0x07", "0x09", "0x0d"


@pytest.fixture
def still(pi: Machine, radio: Radio) -> Iterator[None]:
    """The bolt does not move in all of this."""
    pi.door("forget")
    yield
    assert Trace(pi).still


def unlocked(lock: Lock) -> int:
    """How often somebody has drawn the bolt."""
    return sum(each.get("type") == "Unlock" and each.get("phase") == "done" for each in lock.log())


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
        # Defence: ble/gatt.py: "Flags": Variant("as", [flag])
        "read RX": NOT_READ, "read TX": NOT_THERE, "write TX": NOT_THERE, "write INFO": NOT_WRITTEN,
        # Defence: ble/gatt.py: if offset > len(self._info):
        "INFO from the middle": "done", "INFO beyond its end": OFFSET,
        # Defence: BlueZ's own queue.
        "prepared without end": TOO_LONG, "prepared again and again": QUEUE_FULL,
        "prepared, and dropped": "done", "executed, nothing prepared": "done",
        # Defence: as for an unlock in clear: bluetoothd hands on what nobody offered.
        "a write command": "done",
    }.items():  # fmt: skip
        how, ended = found.pop(name)
        assert how in (code, MANY if code in (HANDSHAKE, FRAMING) else code), name
        # Defence: ble/service.py: self._send_away(device)
        assert ended == (code in (HANDSHAKE, FRAMING) or name == "a write command"), name
    assert found == {}
    glued = radio.phone("long_write", "hci2", program="attacks")
    assert glued["answered"]
    assert glued["longest"] <= 20, "no notification is longer than its MTU holds"
    assert lock.verify()["ok"]


@pytest.mark.full
def test_a_recorded_session_opens_nothing(pi: Machine, lock: Lock, radio: Radio) -> None:
    # Defence: wire/session.py: ephemeral = KeyPair(self._lock.random(KEY))
    radio.enrol("Anna", "admin", "hci1")
    before = unlocked(lock)
    said = radio.phone("replay", "Anna", "hci2", "hci1", program="attacks")
    print(f"\n{said}")
    assert said["replayed"] == [[HANDSHAKE, True], [HANDSHAKE, True]]
    assert unlocked(lock) == before + 1, "by the phone itself"
    # Defence: wire/framing.py: if value[1] != self.tag:
    # Defence: wire/noise.py: return self._aead.encrypt(self._nonce(), plain, bound)
    said = radio.phone("listen", "Anna", "hci1", "hci3", program="attacks")
    print(said)
    assert said["heard"] >= 2
    assert len(said["words"]) >= 3, "or there was nothing to be overheard"
    assert said["plain"] == []
    # Defence: ble/service.py: other.speaks_as(written.value) for other in self._sessions.values()
    assert said["injected"] == BUSY
    assert said["still"] == "done"


@pytest.mark.full
@pytest.mark.usefixtures("still")
def test_a_session_holds_at_every_mtu(pi: Machine, lock: Lock, radio: Radio) -> None:
    # Defence: wire/framing.py: step = max(FLOOR, min(mtu - ATT_HEAD, CEILING)) - 2
    radio.enrol("Anna", "admin", "hci1")
    sizes = ("0", "5", "64", "247", "65535")
    found = radio.phone("mtus", "Anna", "hci1", *sizes, program="attacks", timeout_s=600)["mtus"]
    for size, (mtu, first, longest, grown, then, at_last) in found.items():
        print(f"\nMTU {size}, so {mtu}: notifications of up to {longest} bytes; of 517 then: {at_last}", end="")
        assert (first, grown, then) == ("done", "done", "done"), size
        assert 20 <= longest <= min(mtu - 3, 244)
        assert longest > 20 or mtu == 23
        # BlueZ answers, but agrees only once.
        assert at_last > longest if size == "0" else at_last == longest


@pytest.mark.full
def test_a_flood_of_writes_holds_up_neither_keypad_nor_memory(pi: Machine, lock: Lock, radio: Radio) -> None:
    # A session that does not get on ends, whatever is written.
    # Defence: wire/framing.py: self.deadline = at + REASSEMBLY_S
    radio.enrol("Anna", "admin", "hci1")
    lock.enrol(PIN)
    radio.sh("systemd-run -q --unit=flood --collect -p StandardOutput=file:/run/radio/flood -E PYTHONPATH -E HOME"
             " python3 /run/rig/attacks.py flood hci2 15")  # fmt: skip
    lock.press(f"{PIN}#")
    assert pi.door("await_bolt", 0.0, 30.0)
    assert radio.lockctl("Anna", "hci1", "lock") == "Locked.\n"
    said = json.loads(pi.sh("while systemctl is-active -q flood; do sleep 0.5; done; cat /run/radio/flood", 120))
    print(f"\n{said}")
    assert said["after"][0] - said["before"][0] < LEAK_KIB
    assert said["after"][1] <= said["before"][1] + 1, "lockd's files"
    assert lock.verify()["ok"]


@pytest.mark.full
def test_who_reads_no_answer_costs_nothing(pi: Machine, lock: Lock, radio: Radio) -> None:
    # Nothing that was notified is kept.
    # Defence: wire/session.py: if self._spent:
    radio.enrol("Anna", "admin", "hci1")
    radio.enrol("Ben", "admin", "hci2")
    said = radio.phone("unread", "Ben", "hci2", "Anna", "hci1", "200", program="attacks", timeout_s=600)
    print(f"\n{said}")
    assert said["beside"] == "done"
    assert said["ended"], "it is sent away after 256 messages"
    assert said["after"][0] - said["before"][0] < LEAK_KIB


@pytest.mark.full
@pytest.mark.usefixtures("still")
def test_the_lock_pairs_with_nobody_and_hears_nobody_but_bluez(pi: Machine, lock: Lock, radio: Radio) -> None:
    # Defence: ble/adapter.py: pairable = Variant("b", False)
    before = told(pi, "bluetooth", "No agent available")
    said = radio.phone("pairing", "hci3", program="attacks")
    print(f"\n{said}")
    assert said["status"] != 0
    assert said["keys"] == ""
    assert told(pi, "bluetooth", "No agent available") == before, "it did not come so far that anybody was asked"
    # Defence: ble/adapter.py: if not self._owner or message.sender != self._owner:
    before = told(pi, "lockd", "called WriteValue, which is for BlueZ alone")
    write = "/org/lockd1/ble/service/rx org.bluez.GattCharacteristic1 WriteValue aya{sv} 3 192 7 1 1 device o /a"
    refused = []
    for name in pi.sh(f"busctl list --unique --no-legend | awk '$2 == {lock.pid} {{print $1}}'").split():
        done = pi.run("busctl", "call", name, *write.split(), check=False)
        refused.append(done.err.strip())
        assert done.status != 0, name
    print(refused)
    assert told(pi, "lockd", "called WriteValue, which is for BlueZ alone") == before + 1


def told(pi: Machine, unit: str, text: str) -> int:
    """How often this stands in the unit's journal."""
    return int(pi.sh(f"journalctl -b -u {unit} | grep -cF '{text}' || true"))
