"""Our objects as BlueZ sees them: the application with its service and three characteristics, and the
advertisements. From a method call to its answer; what a write comes to is the service's business.

https://git.kernel.org/pub/scm/bluetooth/bluez.git/tree/doc/org.bluez.GattCharacteristic.rst
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dbus_next.message import Message
from dbus_next.signature import Variant

from lockd.ble import advert, names
from lockd.value import Value
from lockd.wire import uuids

Objects = dict[str, dict[str, dict[str, Variant]]]


class Written(Value):
    """One write to RX. `device`: its path; `offset`, `mtu`: 0 where BlueZ says none."""

    device: str
    value: bytes
    offset: int
    mtu: int


class Refused(Exception):
    """A call that cannot be answered with a result: the D-Bus error's name, and its text."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


def att_error(code: int) -> Refused:
    """What the other end gets to hear as this ATT error (0x80 to 0x9f)."""
    return Refused(names.FAILED, f"0x{code:02x}")


class Gatt:
    """`info`: the value of INFO. `written` takes a write and gives the code of an ATT error, or 0. `released`:
    BlueZ has let go of the advertisement at this path."""

    def __init__(self, info: bytes, written: Callable[[Written], int], released: Callable[[str], None]) -> None:
        self.spec = advert.Spec()
        self._info, self._written, self._released = info, written, released
        self._notifying = False
        self._methods: dict[tuple[str, str], Callable[[Message], tuple[str, list[Any]]]] = {
            (names.OBJECTS, "GetManagedObjects"): self._managed,
            (names.PROPERTIES, "GetAll"): self._all,
            (names.PROPERTIES, "Get"): self._one,
            (names.PROPERTIES, "Set"): self._set,
            (names.CHARACTERISTIC, "WriteValue"): self._write,
            (names.CHARACTERISTIC, "ReadValue"): self._read,
            (names.CHARACTERISTIC, "StartNotify"): self._notify,
            (names.CHARACTERISTIC, "StopNotify"): self._notify,
            (names.ADVERTISEMENT, "Release"): self._release,
        }

    def answer(self, message: Message) -> Message:
        """The answer to any call of BlueZ's."""
        try:
            found = self._methods.get((message.interface, message.member))
            if found is None:
                raise Refused(names.NO_METHOD, f"there is no {message.member} here")
            return Message.new_method_return(message, *found(message))
        except Refused as refused:
            return Message.new_error(message, refused.name, str(refused))

    def objects(self) -> Objects:
        """What BlueZ makes the service of."""
        return {path: dict(interfaces) for path, interfaces in self._tree().items()
                if path.startswith(names.SERVICE_PATH)}  # fmt: skip

    def _tree(self) -> Mapping[str, Mapping[str, dict[str, Variant]]]:
        characteristics = {
            names.RX_PATH: _characteristic(uuids.RX, "write"),
            names.TX_PATH: _characteristic(uuids.TX, "notify") | {"Notifying": Variant("b", self._notifying)},
            names.INFO_PATH: _characteristic(uuids.INFO, "read"),
        }
        return {
            names.SERVICE_PATH: {names.GATT_SERVICE: {
                "UUID": Variant("s", uuids.SERVICE), "Primary": Variant("b", True),
            }},
            **{path: {names.CHARACTERISTIC: values} for path, values in characteristics.items()},
            **{path: {names.ADVERTISEMENT: advert.properties(path, self.spec)} for path in self.spec.paths},
        }  # fmt: skip

    def _managed(self, message: Message) -> tuple[str, list[Any]]:
        if message.path != names.APPLICATION_PATH:
            raise Refused(names.NO_METHOD, f"objects are managed at {names.APPLICATION_PATH}")
        return "a{oa{sa{sv}}}", [self.objects()]

    def _all(self, message: Message) -> tuple[str, list[Any]]:
        _expect(message, "s")
        return "a{sv}", [self._values(message)]

    def _one(self, message: Message) -> tuple[str, list[Any]]:
        _expect(message, "ss")
        value = {**advert.ASKED, **self._values(message)}.get(message.body[1])
        if value is None:
            raise Refused(names.NO_PROPERTY, f"there is no property {message.body[1]}")
        return "v", [value]

    def _set(self, message: Message) -> tuple[str, list[Any]]:
        """BlueZ tells which power an advertisement got by setting it."""
        _expect(message, "ssv")
        if message.body[:2] != [names.ADVERTISEMENT, "TxPower"]:
            raise Refused(names.DENIED, f"{message.body[1]} can only be read")
        return "", []

    def _values(self, message: Message) -> dict[str, Variant]:
        values = self._tree().get(message.path, {}).get(message.body[0])
        if values is None:
            raise Refused(names.BAD_ARGUMENTS, f"{message.path} has no {message.body[0]}")
        return values

    def _write(self, message: Message) -> tuple[str, list[Any]]:
        _expect(message, "aya{sv}")
        self._expect_at(message, names.RX_PATH)
        value, options = message.body
        device = _option(options, "device", "o", "")
        if not device:
            raise Refused(names.BAD_ARGUMENTS, "a write by nobody")
        code = self._written(Written(
            device, bytes(value), _option(options, "offset", "q", 0), _option(options, "mtu", "q", 0),
        ))  # fmt: skip
        if code:
            raise att_error(code)
        return "", []

    def _read(self, message: Message) -> tuple[str, list[Any]]:
        _expect(message, "a{sv}")
        self._expect_at(message, names.INFO_PATH)
        offset = _option(message.body[0], "offset", "q", 0)
        if offset > len(self._info):
            raise Refused(names.INVALID_OFFSET, f"it has {len(self._info)} bytes")
        return "ay", [self._info[offset:]]

    def _notify(self, message: Message) -> tuple[str, list[Any]]:
        self._expect_at(message, names.TX_PATH)
        self._notifying = message.member == "StartNotify"
        return "", []

    def _release(self, message: Message) -> tuple[str, list[Any]]:
        self._released(message.path)
        return "", []

    @staticmethod
    def _expect_at(message: Message, path: str) -> None:
        if message.path != path:
            raise Refused("org.bluez.Error.NotSupported", f"not at {message.path}")


def _characteristic(uuid: str, flag: str) -> dict[str, Variant]:
    return {
        "UUID": Variant("s", uuid), "Service": Variant("o", names.SERVICE_PATH), "Flags": Variant("as", [flag]),
    }  # fmt: skip


def _expect(message: Message, signature: str) -> None:
    if message.signature != signature:
        raise Refused(names.BAD_ARGUMENTS, f"{message.member} takes ({signature})")


def _option(options: Mapping[str, Variant], name: str, signature: str, usual: Any) -> Any:
    """What BlueZ says of a call, if it says it."""
    found = options.get(name)
    return found.value if found is not None and found.signature == signature else usual
