"""Phones on the radio: sessions, limits, fragments, and calls that come from nobody's radio."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from dbus_next.signature import Variant

from lockd.ble import names, service
from lockd.ble.service import now
from lockd.dbus.connection import Connection
from lockd.errors import CallError
from lockd.wire import results
from tests.ble.conftest import Desk, running
from tests.daemon.process import until
from tests.fakes.bluez import FakeBluez
from tests.fakes.bus import PrivateBus


@pytest.fixture
async def air(desk: Desk, radio: FakeBluez) -> FakeBluez:
    await until(lambda: desk.service.advertising)
    return radio


@pytest.mark.parametrize("mtu", [23, 24, 185, 247, 517])
async def test_whatever_the_mtu_nothing_is_cut(desk: Desk, air: FakeBluez, mtu: int) -> None:
    desk.fields = {"long": "x" * 1500}
    phone = desk.phone(air)
    await phone.connect(mtu=mtu)
    assert await phone.open("STATUS") == (results.COMPLETE, desk.fields)


async def test_what_is_longer_than_the_mtu_holds_is_cut(desk: Desk, air: FakeBluez) -> None:
    """The control: this bluetoothd does cut."""
    line = air.connect(23)
    await line.subscribe()
    desk.service._adapter.notify(bytes(21))
    async with asyncio.timeout(5):
        assert await line.notifications.get() == bytes(20)


async def test_every_frame_reaches_all_and_concerns_one(desk: Desk, air: FakeBluez) -> None:
    one, other = desk.phone(air), desk.phone(air)
    await one.connect(number=1)
    await other.connect(number=2)
    assert (await one.open("STATUS"))[0] == (await other.open("LOCK"))[0] == results.COMPLETE
    assert (await one.ask("UNLOCK"))[0] == (await other.ask("STATUS"))[0] == results.COMPLETE
    assert desk.commands == ["STATUS", "LOCK", "UNLOCK", "STATUS"]
    assert len(desk.service.sessions) == 2


@pytest.mark.parametrize("value", [
    b"\x01\x00\x30" + bytes(48),  # its answer would be that the handshake is over
    b"\x10\x00\x28" + bytes(40),
    b"\x01\xff\xff" + bytes(9),
], ids=["message 1", "data", "nonsense"])  # fmt: skip
async def test_who_comes_with_the_tag_of_another_ends_nothing_of_his(
    desk: Desk, air: FakeBluez, value: bytes
) -> None:
    # Defence: lockd/ble/service.py: other.speaks_as(written.value) for other in self._sessions.values()
    phone = desk.phone(air)
    await phone.connect(number=1)
    await phone.open("STATUS")
    mallory = air.connect(number=2)
    error = await mallory.write(bytes((0xC0, phone._session._frames.tag or 0)) + value)
    await until(lambda: mallory.gone)
    assert phone.line.notifications.empty(), "whatever it is, the phone would take it for its own"
    assert (await phone.ask("STATUS"))[0] == results.COMPLETE
    assert error == results.TOO_MANY_SESSIONS
    assert desk.ends == []


async def test_a_disconnected_phone_leaves_nothing(desk: Desk, air: FakeBluez) -> None:
    # Defence: lockd/ble/service.py: session.close(results.TIMEOUT, now())
    phone = desk.phone(air)
    await phone.connect()
    await phone.open("STATUS")
    session = next(iter(desk.service.sessions.values()))
    phone.leave()
    await until(lambda: not desk.service.sessions)
    assert session.closed


async def test_a_phone_may_begin_anew_over_the_link_that_it_has(desk: Desk, air: FakeBluez) -> None:
    phone = desk.phone(air)
    await phone.connect()
    await phone.open("STATUS")
    before = next(iter(desk.service.sessions.values()))
    for _ in range(3):
        await phone.begin_anew()
        assert (await phone.open("STATUS"))[0] == results.COMPLETE
    assert before.closed
    assert len(desk.service.sessions) == 1


async def test_an_unknown_phone_is_told_so_and_sent_away(desk: Desk, air: FakeBluez) -> None:
    phone = desk.phone(air, known=False)
    await phone.connect()
    assert await phone.open("STATUS") == (results.NOT_AUTHORISED, {})
    await phone.gone()
    assert desk.ends == [results.NOT_AUTHORISED]
    assert not desk.commands


@pytest.mark.parametrize(("value", "offset", "error"), [
    (bytes(20), 0, results.BAD_FRAMING),
    (b"\xc0\x07\x01\x00\x30" + bytes(48), 7, results.BAD_FRAMING),
    (b"\xc0\x07\x01\x00\x30" + bytes(48), 0, results.BAD_HANDSHAKE),
    (b"\xc0\x07\x10\x00\x20" + bytes(32), 0, results.BAD_HANDSHAKE),
    (b"\xc0\x07\x01\xff\xff" + bytes(48), 0, results.BAD_FRAMING),
    (bytes(513), 0, results.BAD_FRAMING),
])  # fmt: skip
async def test_nonsense_is_an_att_error_and_the_end(
    desk: Desk, air: FakeBluez, value: bytes, offset: int, error: int
) -> None:
    # Defence: lockd/ble/gatt.py: raise att_error(code)
    line = air.connect()
    assert await line.write(value, offset) == error
    await until(lambda: line.gone)
    assert desk.ends == [error]


async def test_a_fourth_connection_has_to_wait(desk: Desk, air: FakeBluez) -> None:
    # Defence: lockd/ble/service.py: return results.TOO_MANY_SESSIONS
    for number in (1, 2, 3):
        phone = desk.phone(air)
        await phone.connect(number=number)
        await phone.open("STATUS")
    fourth = air.connect(number=4)
    assert await fourth.write(b"\xc0\x07\x01\x00\x30" + bytes(48)) == results.TOO_MANY_SESSIONS
    await until(lambda: fourth.gone)
    assert len(desk.service.sessions) == 3


async def test_who_says_nothing_more_is_sent_away(
    desk: Desk, air: FakeBluez, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Defence: lockd/ble/service.py: self._carry_out(device, session, session.tick(at))
    line = air.connect()
    assert await line.write(b"\x80\x07\x01\x00\x30" + bytes(10)) == 0  # the first of several frames
    later = now() + 6
    monkeypatch.setattr(service, "now", lambda: later)
    desk.service._tick()
    await until(lambda: line.gone)
    assert desk.ends == [results.BAD_FRAMING]


async def after(seconds: float, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    later = service.now() + seconds
    monkeypatch.setattr(service, "now", lambda: later)
    desk.service._tick()


async def test_of_those_who_do_not_verify_the_youngest_stays(
    desk: Desk, air: FakeBluez, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Defence: lockd/ble/service.py: for device in self._connections.overdue(at):
    lines = [air.connect(number=number) for number in (1, 2, 3)]
    for tag, line in enumerate(lines):
        assert await line.write(bytes((0x80, tag)) + b"\x01\x00\x30" + bytes(10)) == 0
    await after(2.0, desk, monkeypatch)
    await until(lambda: [line.gone for line in lines] == [True, True, False])


async def test_of_those_who_never_say_a_word_one_may_stay(
    desk: Desk, air: FakeBluez, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Defence: lockd/ble/adapter.py: self._listener.came(path)
    # Defence: lockd/ble/service.py: self._connections.arrived(device, now())
    yes = Variant("b", True)
    keyboard, sensor = air.connect(number=8, Paired=yes), air.connect(number=9)
    air.changed(sensor.device, names.DEVICE, ServicesResolved=yes)  # as after a connection from here
    strangers = [air.connect(number=number) for number in (1, 2, 3)]
    phone = desk.phone(air)
    await phone.connect(number=4)
    assert (await phone.open("STATUS"))[0] == results.COMPLETE
    await after(11.0, desk, monkeypatch)
    await until(lambda: strangers[0].gone and strangers[1].gone)
    assert not any(line.gone for line in (strangers[2], keyboard, sensor))
    assert (await phone.ask("STATUS"))[0] == results.COMPLETE


async def test_who_was_there_before_lockd_is_counted(private_bus: PrivateBus, radio: FakeBluez) -> None:
    radio.connect(number=1)
    radio.connect(number=2)
    async with running(Desk(private_bus.address)) as desk:
        await until(lambda: desk.service.advertising)
        assert len(desk.service._connections._silent) == 2


async def test_while_the_radio_sleeps_nobody_stays(desk: Desk, air: FakeBluez) -> None:
    phone = desk.phone(air)
    await phone.connect()
    await phone.open("STATUS")
    desk.service.advertise(None)
    assert await phone.next() == (-results.LOW_POWER, {})
    await phone.gone()


async def test_info_is_read_from_anywhere_in_it(desk: Desk, air: FakeBluez) -> None:
    line = air.connect()
    whole = await line.read_info()
    assert await line.read_info(5) == whole[5:]
    assert await line.read_info(len(whole)) == b""
    with pytest.raises(CallError) as caught:
        await line.read_info(len(whole) + 1)
    assert caught.value.name == names.INVALID_OFFSET


WRONG: list[tuple[str, str, str, str, tuple[Any, ...], str]] = [
    (names.RX_PATH, names.CHARACTERISTIC, "ReadValue", "a{sv}", ({},), "org.bluez.Error.NotSupported"),
    (names.TX_PATH, names.CHARACTERISTIC, "WriteValue", "aya{sv}", (b"", {}), "org.bluez.Error.NotSupported"),
    (names.RX_PATH, names.CHARACTERISTIC, "WriteValue", "aya{sv}", (b"", {}), names.BAD_ARGUMENTS),
    (names.RX_PATH, names.CHARACTERISTIC, "WriteValue", "ay", (b"",), names.BAD_ARGUMENTS),
    (names.RX_PATH, names.CHARACTERISTIC, "AcquireWrite", "a{sv}", ({},), names.NO_METHOD),
    (names.RX_PATH, names.CHARACTERISTIC, "StartNotify", "", (), "org.bluez.Error.NotSupported"),
    ("/", names.OBJECTS, "GetManagedObjects", "", (), names.NO_METHOD),
    ("/", names.PROPERTIES, "GetAll", "s", (names.ADVERTISEMENT,), names.BAD_ARGUMENTS),
    (names.ADVERTISEMENT_PATH, names.PROPERTIES, "Get", "ss", (names.ADVERTISEMENT, "Appearance"), names.NO_PROPERTY),
    (names.TX_PATH, names.PROPERTIES, "Set", "ssv", (names.CHARACTERISTIC, "Value", Variant("ay", b"")), names.DENIED),
]


@pytest.mark.parametrize(("path", "interface", "member", "signature", "body", "error"), WRONG)
async def test_calls_that_make_no_sense_are_answered(
    desk: Desk, air: FakeBluez, path: str, interface: str, member: str, signature: str, body: tuple[Any, ...],
    error: str,
) -> None:  # fmt: skip
    with pytest.raises(CallError) as caught:
        await air.call(path, interface, member, signature, *body)
    assert caught.value.name == error


async def test_an_optional_property_is_answered(desk: Desk, air: FakeBluez) -> None:
    get = (names.ADVERTISEMENT_PATH, names.PROPERTIES, "Get", "ss", names.ADVERTISEMENT)
    assert [(await air.call(*get, name))[0].signature for name in ("TxPower", "Duration", "Type")] == ["n", "q", "s"]


async def test_a_stop_of_notifications_is_heard(desk: Desk, air: FakeBluez) -> None:
    await air.call(names.TX_PATH, names.CHARACTERISTIC, "StartNotify", "")
    get = (names.TX_PATH, names.PROPERTIES, "Get", "ss", names.CHARACTERISTIC, "Notifying")
    assert (await air.call(*get))[0].value is True
    await air.call(names.TX_PATH, names.CHARACTERISTIC, "StopNotify", "")
    assert (await air.call(*get))[0].value is False


async def test_another_client_of_the_bus_is_refused_each_of_them(
    desk: Desk, air: FakeBluez, private_bus: PrivateBus
) -> None:
    # Defence: lockd/ble/adapter.py: if not self._owner or message.sender != self._owner:
    mallory = await Connection.open(private_bus.address, lambda *_: None)
    device = {"device": Variant("o", "/org/bluez/hci0/dev_01"), "mtu": Variant("q", 247)}
    calls: list[tuple[str, str, str, str, tuple[Any, ...]]] = [
        (names.APPLICATION_PATH, names.OBJECTS, "GetManagedObjects", "", ()),
        (names.RX_PATH, names.CHARACTERISTIC, "WriteValue", "aya{sv}", (b"\xc0", device)),
        (names.INFO_PATH, names.CHARACTERISTIC, "ReadValue", "a{sv}", (device,)),
        (names.TX_PATH, names.CHARACTERISTIC, "StartNotify", "", ()),
        (names.ADVERTISEMENT_PATH, names.ADVERTISEMENT, "Release", "", ()),
    ]
    own, air._link = air._link, mallory
    try:
        for path, interface, member, signature, body in calls:
            with pytest.raises(CallError) as caught:
                await air.call(path, interface, member, signature, *body)
            assert caught.value.name == names.DENIED
    finally:
        air._link = own
        mallory.close()
    assert not desk.service.sessions
    assert desk.service.advertising
