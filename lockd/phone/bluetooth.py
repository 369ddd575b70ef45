"""The real radio: bleak over the desktop's or server's BlueZ. What bleak raises becomes a sentence here.

https://bleak.readthedocs.io/ ; bleak is imported only when the radio is used. Its BlueZ part speaks D-Bus,
whose own errors come through at times.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

from lockd.phone.refusals import Refused, Unreachable
from lockd.phone.scan import on, scan
from lockd.phone.transport import Seen
from lockd.wire.framing import ATT_HEAD
from lockd.wire.uuids import INFO, RX, TX

if TYPE_CHECKING:
    from bleak import BleakClient

CONNECT_S = 15.0
#: What BlueZ calls the errors that the peer's application chose.
APPLICATION = range(0x80, 0xA0)

#: What stands in an error, and what it means; the first that fits.
CAUSES = (
    ("No Bluetooth adapter", "this machine has no Bluetooth adapter: plug one in, or see that it is not switched off"),
    ("No powered", "Bluetooth is switched off on this machine: bluetoothctl power on"),
    ("NotReady", "Bluetooth is switched off on this machine: bluetoothctl power on"),
    ("turned off", "Bluetooth is switched off on this machine: bluetoothctl power on"),
    ("ServiceUnknown", "bluetoothd is not running: sudo systemctl start bluetooth"),
    ("NameHasNoOwner", "bluetoothd is not running: sudo systemctl start bluetooth"),
    ("org.bluez was not provided", "bluetoothd is not running: sudo systemctl start bluetooth"),
    ("AccessDenied", "this user may not use Bluetooth: add him to the group bluetooth, and log in again"),
    ("not found", "the lock is not in reach: go nearer, and see that its Bluetooth is on"),
)
ELSE = "the connection to the lock failed; go nearer, and try again"


Heard = asyncio.Queue[bytes | None]


class Bluetooth:
    """As transport.Radio. `adapter`: this machine's, by name (hci0); None: whichever bleak takes."""

    def __init__(self, adapter: str | None = None) -> None:
        self._adapter = adapter

    async def scan(self, seconds: float) -> tuple[Seen, ...]:
        """As Radio."""
        with worded():
            return await scan(seconds, self._adapter)

    @contextlib.asynccontextmanager
    async def connected(self, address: str) -> AsyncIterator[Connection]:
        """As Radio."""
        with worded():
            from bleak import BleakClient

            heard: Heard = asyncio.Queue()
            client = BleakClient(
                address, lambda _: heard.put_nowait(None), timeout=CONNECT_S, **on(self._adapter, BleakClient)
            )
            await client.connect()
        try:
            yield await Connection.over(client, heard)
        finally:
            with contextlib.suppress(Unreachable), worded():
                await client.disconnect()


class Connection:
    """As transport.Transport, over a connected client of bleak. `heard`: notifications, None once it is
    disconnected."""

    def __init__(self, client: BleakClient, heard: Heard) -> None:
        self._client, self._heard = client, heard
        self.mtu = 0

    @classmethod
    async def over(cls, client: BleakClient, heard: Heard) -> Connection:
        """With TX subscribed."""
        connection = cls(client, heard)
        with worded():
            rx = client.services.get_characteristic(RX)
            if rx is None:
                raise Unreachable("what is at that address is not a lock; look for them with `lockctl ble scan`")
            connection.mtu = rx.max_write_without_response_size + ATT_HEAD
            await client.start_notify(TX, lambda _, value: heard.put_nowait(bytes(value)))
        return connection

    async def info(self) -> bytes:
        """As Transport."""
        with worded():
            return bytes(await self._client.read_gatt_char(INFO))

    async def write(self, frame: bytes) -> None:
        """As Transport."""
        with worded():
            await self._client.write_gatt_char(RX, frame, response=True)

    async def notified(self, until: float) -> bytes | None:
        """As Transport. What had come before the connection ended is still given."""
        try:
            async with asyncio.timeout_at(until):
                frame = await self._heard.get()
        except TimeoutError:
            return None
        if frame is None:
            self._heard.put_nowait(None)
            raise Unreachable("the lock went away; go nearer, and try again")
        return frame


@contextlib.contextmanager
def worded() -> Iterator[None]:
    """What goes wrong inside becomes Unreachable, or Refused if the lock itself said no."""
    try:
        from bleak.exc import BleakError
    except ImportError:
        text = "bleak, which speaks Bluetooth, is absent: apt install python3-bleak, or pip install 'lockd[phone]'"
        raise Unreachable(text) from None
    try:
        yield
    except (BleakError, OSError, EOFError) as error:
        raise _meaning(error) from None


def _meaning(error: Exception) -> Refused | Unreachable:
    said = f"{type(error).__name__} {error}"
    code = getattr(error, "code", None)
    found = re.search(r"ATT error: 0x([0-9a-f]{2})", said)
    number = int(found[1], 16) if found else code if isinstance(code, int) else 0
    if number in APPLICATION:
        return Refused(number)
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return Unreachable("there is no D-Bus to reach bluetoothd by: start dbus")
    return Unreachable(next((text for sign, text in CAUSES if sign in said), ELSE))
