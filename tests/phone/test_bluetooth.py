"""The real radio, with bleak's classes replaced: what is asked of them, and what their errors become."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

bleak = pytest.importorskip("bleak")
from bleak.exc import BleakDBusError, BleakDeviceNotFoundError, BleakError  # noqa: E402

from lockd.phone.bluetooth import CAUSES, Bluetooth, Connection  # noqa: E402
from lockd.phone.refusals import Refused, Unreachable  # noqa: E402
from lockd.wire.uuids import ENROLMENT, INFO, RX, SERVICE, TX  # noqa: E402

UNKNOWN = "org.freedesktop.DBus.Error.ServiceUnknown"


class Client:
    """As bleak.BleakClient. `fails`: method -> what it raises."""

    fails: dict[str, BaseException] = {}  # noqa: RUF012 - each test gives its own
    room: int | None = 20

    def __init__(
        self, address: str, gone: Callable[[Any], None], timeout: float, bluez: Mapping[str, Any] | None = None
    ) -> None:
        self.address, self.gone, self.timeout, self.bluez = address, gone, timeout, bluez
        self.written: list[tuple[str, bytes, bool]] = []
        self.hear: Callable[[Any, bytearray], None] = lambda _, value: None
        self.open = False
        clients.append(self)

    @property
    def services(self) -> Any:
        rx = None if self.room is None else SimpleNamespace(max_write_without_response_size=self.room)
        return SimpleNamespace(get_characteristic=lambda uuid: rx if uuid == RX else None)

    def _try(self, name: str) -> None:
        if name in self.fails:
            raise self.fails[name]

    async def connect(self) -> None:
        self._try("connect")
        self.open = True

    async def disconnect(self) -> None:
        self.open = False
        self._try("disconnect")

    async def start_notify(self, uuid: str, hear: Callable[[Any, bytearray], None]) -> None:
        self._try("start_notify")
        assert uuid == TX
        self.hear = hear

    async def read_gatt_char(self, uuid: str) -> bytearray:
        self._try("read_gatt_char")
        return bytearray(b"info") if uuid == INFO else bytearray()

    async def write_gatt_char(self, uuid: str, data: bytes, response: bool) -> None:
        self._try("write_gatt_char")
        self.written.append((uuid, data, response))


clients: list[Client] = []


@pytest.fixture(autouse=True)
def radio(monkeypatch: pytest.MonkeyPatch) -> None:
    clients.clear()
    monkeypatch.setattr(Client, "fails", {})
    monkeypatch.setattr(Client, "room", 20)
    monkeypatch.setattr("bleak.BleakClient", Client)


def soon() -> float:
    return asyncio.get_running_loop().time() + 60


async def test_a_connection_reads_writes_hears_and_ends() -> None:
    async with Bluetooth().connected("AA:BB") as line:
        client = clients[0]
        assert (client.address, line.mtu, await line.info()) == ("AA:BB", 23, b"info")
        await line.write(b"frame")
        assert client.written == [(RX, b"frame", True)]
        client.hear(None, bytearray(b"one"))
        client.hear(None, bytearray(b"two"))
        assert [await line.notified(soon()), await line.notified(soon())] == [b"one", b"two"]
        assert await line.notified(0.0) is None
    assert not client.open


async def test_what_had_come_before_the_end_is_still_heard() -> None:
    async with Bluetooth().connected("AA:BB") as line:
        clients[0].hear(None, bytearray(b"last word"))
        clients[0].gone(clients[0])
        assert await line.notified(0.0) == b"last word"
        for _ in range(2):
            with pytest.raises(Unreachable, match="went away"):
                await line.notified(soon())


class Old(Client):
    """As of bleak 0.22."""

    def __init__(self, address: str, gone: Callable[[Any], None], *, timeout: float, **kwargs: Any) -> None:
        super().__init__(address, gone, timeout, kwargs)


@pytest.mark.parametrize("kind", [Client, Old])
async def test_the_adapter_is_the_one_that_was_chosen(kind: type[Client], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    async def discover(seconds: float, **named: Any) -> dict[str, Any]:
        asked.append(named.get("bluez", named))
        return {}

    monkeypatch.setattr("bleak.BleakClient", kind)
    monkeypatch.setattr("bleak.BleakScanner", SimpleNamespace(discover=discover))
    async with Bluetooth("hci1").connected("AA:BB"):
        assert clients[0].bluez == {"adapter": "hci1"}
    await Bluetooth("hci1").scan(3.0)
    assert asked[0]["adapter"] == "hci1"


async def test_a_larger_mtu_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "room", 244)
    async with Bluetooth().connected("AA:BB") as line:
        assert line.mtu == 247


async def test_what_is_no_lock_is_said_and_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "room", None)
    with pytest.raises(Unreachable, match="not a lock"):
        async with Bluetooth().connected("AA:BB"):
            pass
    assert not clients[0].open


@pytest.mark.parametrize(("error", "words"), [
    (BleakError("No Bluetooth adapters found."), "no Bluetooth adapter"),
    (BleakError("No powered Bluetooth adapters found."), "switched off"),
    (BleakDBusError("org.bluez.Error.NotReady", ["Resource Not Ready"]), "switched off"),
    (BleakDBusError(UNKNOWN, ["The name org.bluez was not provided by any .service files"]), "systemctl start"),
    (BleakDBusError("org.freedesktop.DBus.Error.AccessDenied", ["Rejected send message"]), "group bluetooth"),
    (BleakDeviceNotFoundError("AA:BB", "Device with address AA:BB was not found."), "not in reach"),
    (FileNotFoundError(2, "No such file"), "D-Bus"),
    (ConnectionRefusedError(111, "refused"), "D-Bus"),
    (TimeoutError(), "go nearer"),
    (EOFError(), "go nearer"),
    (BleakError("something else"), "go nearer"),
])  # fmt: skip
async def test_each_way_to_fail_has_a_sentence(
    error: BaseException, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Client, "fails", {"connect": error})
    with pytest.raises(Unreachable, match=words):
        async with Bluetooth().connected("AA:BB"):
            pass


@pytest.mark.parametrize("error", [
    BleakDBusError("org.bluez.Error.Failed", ["Operation failed with ATT error: 0x82"]),
    SimpleNamespace,
])  # fmt: skip
async def test_what_the_lock_itself_refuses_is_told_by_its_code(error: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if error is SimpleNamespace:  # bleak from 2.0 on has a class for it
        kind = getattr(bleak.exc, "BleakGATTProtocolError", None)
        if kind is None:
            pytest.skip("an older bleak")
        error = kind(0x82)
    monkeypatch.setattr(Client, "fails", {"write_gatt_char": error})
    async with Bluetooth().connected("AA:BB") as line:
        with pytest.raises(Refused) as told:
            await line.write(b"frame")
    assert told.value.code == 0x82


async def test_an_att_error_of_the_protocol_below_is_no_word_of_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    error = BleakDBusError("org.bluez.Error.Failed", ["Operation failed with ATT error: 0x0e"])
    monkeypatch.setattr(Client, "fails", {"write_gatt_char": error})
    async with Bluetooth().connected("AA:BB") as line:
        with pytest.raises(Unreachable):
            await line.write(b"frame")


async def test_an_end_that_fails_is_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "fails", {"disconnect": BleakError("not connected")})
    async with Bluetooth().connected("AA:BB") as line:
        assert isinstance(line, Connection)


async def test_a_scan_gives_the_locks_alone_the_nearest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    def heard(address: str, name: str | None, rssi: int, *uuids: str) -> tuple[str, tuple[Any, Any]]:
        said = SimpleNamespace(local_name=name, rssi=rssi, service_uuids=list(uuids))
        return address, (SimpleNamespace(address=address, name="alias"), said)

    async def discover(seconds: float, return_adv: bool) -> dict[str, tuple[Any, Any]]:
        assert (seconds, return_adv) == (3.0, True)
        return dict((
            heard("far", "Shed", -90, SERVICE.upper()), heard("watch", None, -30, "180d"),
            heard("near", None, -40, SERVICE, ENROLMENT), heard("mute", None, -20),
        ))  # fmt: skip

    monkeypatch.setattr("bleak.BleakScanner", SimpleNamespace(discover=discover))
    found = await Bluetooth().scan(3.0)
    assert [(each.address, each.name, each.rssi, each.enrolling) for each in found] == [
        ("near", "alias", -40, True), ("far", "Shed", -90, False),
    ]  # fmt: skip


async def test_without_bleak_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "bleak"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "bleak", None)
    with pytest.raises(Unreachable, match="python3-bleak"):
        await Bluetooth().scan(1.0)


def test_the_sentences_say_what_to_do() -> None:
    assert all(":" in text for _, text in CAUSES)
