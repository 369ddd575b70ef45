"""The least that a GATT server can be: what is written to it is notified. Says `ready`, and serves until it is ended.

Its characteristics are called as the lock's are, so that the same client can use it."""

import asyncio

from dbus_next.aio import MessageBus
from dbus_next.constants import BusType, MessageType
from dbus_next.message import Message
from dbus_next.signature import Variant

from lockd.wire.uuids import INFO, RX, TX

SERVICE = "5ca1ab1e-0000-4000-8000-0000000000e0"
ROOT = "/echo"
GATT, PROPERTIES = "org.bluez.GattCharacteristic1", "org.freedesktop.DBus.Properties"
FLAGS = {RX: "write", TX: "notify", INFO: "read"}
NAMES = {RX: "rx", TX: "tx", INFO: "info"}


def objects() -> dict[str, dict[str, dict[str, Variant]]]:
    """As GetManagedObjects answers."""
    service = {"UUID": Variant("s", SERVICE), "Primary": Variant("b", True)}
    parts = {
        f"{ROOT}/s/{NAMES[each]}": {GATT: {
            "UUID": Variant("s", each), "Service": Variant("o", f"{ROOT}/s"), "Flags": Variant("as", [FLAGS[each]]),
        }} for each in FLAGS
    }  # fmt: skip
    return {f"{ROOT}/s": {"org.bluez.GattService1": service}, **parts}


async def main() -> None:
    bus = await MessageBus(bus_type=BusType.SYSTEM).connect()

    def handle(message: Message) -> Message | bool:
        if message.message_type is not MessageType.METHOD_CALL:
            return False
        if message.member == "GetManagedObjects":
            return Message.new_method_return(message, "a{oa{sa{sv}}}", [objects()])
        if message.member == "WriteValue":
            changed = [GATT, {"Value": Variant("ay", message.body[0])}, []]
            bus.send(Message.new_method_return(message))
            bus.send(Message.new_signal(f"{ROOT}/s/tx", PROPERTIES, "PropertiesChanged", "sa{sv}as", changed))
            return True
        return Message.new_method_return(message)

    bus.add_message_handler(handle)
    answer = await bus.call(Message(
        destination="org.bluez", path="/org/bluez/hci0", interface="org.bluez.GattManager1",
        member="RegisterApplication", signature="oa{sv}", body=[ROOT, {}],
    ))  # fmt: skip
    assert answer is not None
    assert answer.message_type is MessageType.METHOD_RETURN, answer.body
    print("ready", flush=True)
    await bus.wait_for_disconnect()


if __name__ == "__main__":
    asyncio.run(main())
