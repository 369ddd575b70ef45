"""A bluetoothd of one's own, as its source reads at 5.66 and 5.82, and phones on the other side of it.

What it does as BlueZ does: it reads the application by GetManagedObjects before it has registered it; it
gives WriteValue `device`, `link`, `mtu`, and `offset` only when that is not 0; an answer that takes 5 s is an error
0x0e; a connection takes what is advertised off the air until it ends, or something is registered; a notification
goes to every phone that has subscribed, cut without a word to what its MTU holds; another unique name has every
registration forgotten.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Literal, Self

from dbus_next.constants import MessageType
from dbus_next.message import Message
from dbus_next.signature import Variant

from lockd.ble import names
from lockd.dbus.connection import Connection
from lockd.errors import CallError
from lockd.wire import uuids

ADAPTER = "/org/bluez/hci0"
ANSWER_S = 5.0
PATIENCE_S = 10.0
UNLIKELY = 0x0E

Version = Literal["5.66", "5.82"]


class FakeBluez:
    """One adapter. `application`: our objects, as they were read; `advertised`: by path, what was read of each."""

    def __init__(self, address: str, version: Version = "5.82") -> None:
        self.version = version
        self.powered, self.pairable = True, True
        self.application: dict[str, Any] = {}
        self.advertised: dict[str, dict[str, Any]] = {}
        self.heard = False  # whether the adapter advertises now
        self.registered = 0  # how often the application was
        self.calls: list[str] = []
        self.phones: dict[str, FakeLine] = {}
        self.adapter = True
        self.refusals: list[str] = []  # members whose next call fails
        self._address = address
        self._client = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._link: Connection

    async def __aenter__(self) -> Self:
        self._link = await Connection.open(self._address, self._receive)
        for rule in ("type='signal',interface='org.freedesktop.DBus.Properties'",):
            await self._link.ask_bus("AddMatch", "s", rule)
        await self._link.ask_bus("RequestName", "su", names.SERVICE, 0)
        return self

    async def __aexit__(self, *_exc: object) -> None:
        self.die()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def die(self) -> None:
        """As if it crashed: every link is down."""
        for line in tuple(self.phones.values()):
            line.ended()
        for task in self._tasks:
            task.cancel()
        self._link.close()

    # The radio --------------------------------------------------------------------------------------

    def connect(self, mtu: int = 247, number: int = 0, **known: Variant) -> FakeLine:
        """A phone connects. `known`: what BlueZ knows of it beside that."""
        number = number or len(self.phones) + 1
        line = FakeLine(self, f"{ADAPTER}/dev_00_00_00_00_00_{number:02X}", mtu)
        self.phones[line.device] = line
        self.heard = False
        values = {"Connected": Variant("b", True), **known}
        self._emit("/", names.OBJECTS, "InterfacesAdded", "oa{sa{sv}}", line.device, {names.DEVICE: values})
        return line

    def drop(self, line: FakeLine) -> None:
        """The connection ends."""
        if self.phones.pop(line.device, None) is not None:
            self.heard = bool(self.advertised)
            self.changed(line.device, names.DEVICE, Connected=Variant("b", False))
            line.ended()

    def switch(self, powered: bool) -> None:
        """The adapter off, or on."""
        self.powered = powered
        if not powered:
            self.advertised.clear()
            for line in tuple(self.phones.values()):
                self.drop(line)
        self.changed(ADAPTER, names.ADAPTER, Powered=Variant("b", powered))

    def unplug(self) -> None:
        """The adapter is gone."""
        self.adapter, self.application, self.advertised = False, {}, {}
        interfaces = [names.ADAPTER, names.GATT_MANAGER, names.ADVERTISING_MANAGER]
        self._emit("/", names.OBJECTS, "InterfacesRemoved", "oas", ADAPTER, interfaces)

    def plug(self) -> None:
        """And is back."""
        self.adapter = True
        self._emit("/", names.OBJECTS, "InterfacesAdded", "oa{sa{sv}}", ADAPTER, self._objects()[ADAPTER])

    async def call(self, path: str, interface: str, member: str, signature: str, *body: Any) -> Any:
        """A call to lockd, as bluetoothd makes it; CallError as it answers."""
        message = Message(
            destination=self._client, path=path, interface=interface, member=member, signature=signature,
            body=list(body),
        )  # fmt: skip
        return await self._link.ask(message, ANSWER_S)

    def changed(self, path: str, interface: str, **values: Variant) -> None:
        self._emit(path, names.PROPERTIES, "PropertiesChanged", "sa{sv}as", interface, values, [])

    def _emit(self, path: str, interface: str, member: str, signature: str, *body: Any) -> None:
        self._link.post(Message(
            message_type=MessageType.SIGNAL, path=path, interface=interface, member=member, signature=signature,
            body=list(body),
        ))  # fmt: skip

    # D-Bus ------------------------------------------------------------------------------------------

    def _receive(self, message: Message, _whole: bool) -> None:
        if message.message_type is MessageType.SIGNAL:
            if message.sender == self._client and message.path == names.TX_PATH:
                self._notified(message)
            return
        self.calls.append(message.member)
        task = asyncio.get_running_loop().create_task(self._serve(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _notified(self, message: Message) -> None:
        value = message.body[1].get("Value")
        for line in tuple(self.phones.values()) if value is not None else ():
            if line.subscribed:
                line.notifications.put_nowait(bytes(value.value)[: line.mtu - 3])

    async def _serve(self, message: Message) -> None:
        try:
            signature, *body = await self._answer(message)
        except CallError as error:
            self._link.post(Message.new_error(message, error.name, str(error)))
        else:
            self._link.post(Message.new_method_return(message, signature, body))

    async def _answer(self, message: Message) -> tuple[Any, ...]:
        if message.member in self.refusals:
            self.refusals.remove(message.member)
            raise CallError(names.FAILED, "not now")
        handler = getattr(self, f"_on_{message.member}")
        answer: tuple[Any, ...] = await handler(message, *message.body)
        return answer

    async def _on_GetManagedObjects(self, _message: Message) -> tuple[Any, ...]:
        return "a{oa{sa{sv}}}", self._objects()

    def _objects(self) -> dict[str, Any]:
        instances = Variant("y", len(self.advertised))
        adapter = {
            names.ADAPTER: {"Powered": Variant("b", self.powered)}, names.GATT_MANAGER: {},
            names.ADVERTISING_MANAGER: {"ActiveInstances": instances},
        }  # fmt: skip
        devices = {device: {names.DEVICE: {"Connected": Variant("b", True)}} for device in self.phones}
        return {"/org/bluez": {}, **devices, **({ADAPTER: adapter} if self.adapter else {})}

    async def _on_RegisterApplication(self, message: Message, path: str, _options: Any) -> tuple[Any, ...]:
        if self.application:
            raise CallError(names.ALREADY_EXISTS, "Already Exists")
        self._client = message.sender
        (self.application,) = await self.call(path, names.OBJECTS, "GetManagedObjects", "")
        self.registered += 1
        return ("",)

    async def _on_UnregisterApplication(self, _message: Message, _path: str) -> tuple[Any, ...]:
        self.application = {}
        return ("",)

    async def _on_RegisterAdvertisement(self, message: Message, path: str, _options: Any) -> tuple[Any, ...]:
        if path in self.advertised:
            raise CallError(names.ALREADY_EXISTS, "Already Exists")
        self._client = message.sender
        (found,) = await self.call(path, names.PROPERTIES, "GetAll", "s", names.ADVERTISEMENT)
        values = {name: variant.value for name, variant in found.items()}
        if self.version == "5.66":  # without --experimental it does not look at them
            del values["MinInterval"], values["MaxInterval"]
        await self.call(path, names.PROPERTIES, "Set", "ssv", names.ADVERTISEMENT, "TxPower", Variant("n", 4))
        self.advertised[path] = values
        self.heard = True
        return ("",)

    async def _on_UnregisterAdvertisement(self, _message: Message, path: str) -> tuple[Any, ...]:
        if self.advertised.pop(path, None) is None:
            raise CallError("org.bluez.Error.DoesNotExist", "Does Not Exist")
        return ("",)

    async def _on_Get(self, _message: Message, _interface: str, name: str) -> tuple[Any, ...]:
        assert name == "ActiveInstances"
        return "v", Variant("y", len(self.advertised))

    async def _on_Set(self, _message: Message, interface: str, name: str, value: Variant) -> tuple[Any, ...]:
        assert (interface, name) == (names.ADAPTER, "Pairable")
        self.pairable = value.value
        return ("",)

    async def _on_Disconnect(self, message: Message) -> tuple[Any, ...]:
        if line := self.phones.get(message.path):
            self.drop(line)
        return ("",)


class FakeLine:
    """One connection of a phone. `notifications` ends with None when the connection does."""

    def __init__(self, bluez: FakeBluez, device: str, mtu: int) -> None:
        self.device, self.mtu = device, mtu
        self.subscribed = self.gone = False
        self.notifications: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._bluez = bluez

    def ended(self) -> None:
        if not self.gone:
            self.gone = True
            self.notifications.put_nowait(None)

    async def subscribe(self) -> None:
        """Only the first one is told of to lockd."""
        if not any(line.subscribed for line in self._bluez.phones.values()):
            await self._call(uuids.TX, "StartNotify", "")
        self.subscribed = True

    async def read_info(self, offset: int = 0) -> bytes:
        more = {"offset": Variant("q", offset)} if offset else {}
        (value,) = await self._call(uuids.INFO, "ReadValue", "a{sv}", self._options | more)
        return bytes(value)

    async def write(self, value: bytes, offset: int = 0) -> int:
        """The ATT error that the phone gets; 0: none."""
        more = {"offset": Variant("q", offset)} if offset else {}
        try:
            await self._call(uuids.RX, "WriteValue", "aya{sv}", value, self._options | more)
        except TimeoutError:
            return UNLIKELY
        except CallError as error:
            said = re.fullmatch(r"0x([89][0-9a-f])", str(error)) if error.name == names.FAILED else None
            return int(said[1], 16) if said else UNLIKELY
        return 0

    @property
    def _options(self) -> dict[str, Variant]:
        return {
            "device": Variant("o", self.device), "link": Variant("s", "LE"), "mtu": Variant("q", self.mtu),
        }  # fmt: skip

    async def _call(self, uuid: str, member: str, signature: str, *body: Any) -> Any:
        return await self._bluez.call(
            characteristic(self._bluez.application, uuid), names.CHARACTERISTIC, member, signature, *body
        )


def characteristic(application: Mapping[str, Any], uuid: str) -> str:
    """Its path."""
    return next(path for path, interfaces in application.items()
                if names.CHARACTERISTIC in interfaces and interfaces[names.CHARACTERISTIC]["UUID"].value == uuid)


@asynccontextmanager
async def bluez(address: str, version: Version = "5.82") -> AsyncIterator[FakeBluez]:
    """A bluetoothd, until the end of the block."""
    async with FakeBluez(address, version) as played:
        yield played
