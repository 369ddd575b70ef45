"""BlueZ as it is, and as we want it: our service and advertisements registered at one adapter, whatever dies.

There is one comparison, made after each change that BlueZ or the bus tells of: what is wanted against what
is. What is missing is asked for; what fails is tried again, later and later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from dbus_next.constants import MessageFlag, MessageType
from dbus_next.message import Message
from dbus_next.signature import Variant

from lockd.ble import names
from lockd.ble.advert import Spec
from lockd.ble.gatt import Gatt
from lockd.ble.link import CALL_S, Connect, Link, call, signal
from lockd.errors import CallError

log = logging.getLogger("lockd.ble")

#: Seconds between tries: doubling from the first to the last.
FIRST_RETRY_S, LAST_RETRY_S = 0.1, 3.0
#: Any adapter will do.
AUTO = "auto"

_RULES = (
    f"type='signal',sender='{names.BUS}',member='NameOwnerChanged',arg0='{names.SERVICE}'",
    f"type='signal',sender='{names.SERVICE}',interface='{names.OBJECTS}'",
    *(f"type='signal',sender='{names.SERVICE}',interface='{names.PROPERTIES}',arg0='{each}'"
      for each in (names.ADAPTER, names.DEVICE, names.ADVERTISING_MANAGER)),
)  # fmt: skip


class Listener(Protocol):
    """Who hears of it."""

    def came(self, device: str) -> None:
        """A stranger with this path has connected."""

    def excused(self, device: str) -> None:
        """He is none: it is here for something else."""

    def left(self, device: str) -> None:
        """The device with this path has disconnected."""

    def lost(self) -> None:
        """Every connection is gone."""

    def told(self) -> None:
        """`trouble`, `present` or `advertising` has changed."""


class Adapter:
    """`trouble`: in a line for people, empty while phones can connect; `present`: there is an adapter;
    `advertising`: and it advertises. `adapter`: its name (hci0), or AUTO."""

    def __init__(self, connect: Connect, gatt: Gatt, adapter: str, listener: Listener) -> None:
        self.trouble, self.present, self.advertising = "not connected to BlueZ yet", False, False
        self._connect, self._gatt, self._name, self._listener = connect, gatt, adapter, listener
        self._wanted: Spec | None = Spec()
        self._link: Link | None = None
        self._changed = asyncio.Event()
        self._owner = ""
        self._adapters: dict[str, dict[str, Any]] = {}  # by path, what is known of each
        self._served = ""  # the adapter where our service is registered
        self._advertised: dict[str, Spec] = {}
        self._losses = self._known_losses = 0  # how often all was lost, and what was known of it
        self._suspect = False  # whether to look if our advertisements are still there
        self._stale = False  # somebody has connected, and adapters do not advertise on after that
        self._either = False  # this one has refused to do both at once
        self._friends: set[str] = set()  # devices that are here for something else

    async def run(self) -> None:
        """Keep it so until cancelled."""
        retry_s = FIRST_RETRY_S
        while True:
            try:
                self._link = await self._connect(self._receive)
                self._link.when_gone(self._changed.set)
                await self._meet(self._link)
                retry_s = FIRST_RETRY_S
                await self._keep(self._link)
                self._say("the D-Bus connection ended")
            except OSError as error:
                self._say(f"no D-Bus to reach bluetoothd by: {error.strerror or error}")
            except CallError as error:
                self._say(f"no BlueZ on D-Bus: {error}")
            finally:
                self._leave()
            await asyncio.sleep(retry_s)
            retry_s = min(2 * retry_s, LAST_RETRY_S)

    def advertise(self, spec: Spec | None) -> None:
        """From now on like this; None: not at all, and take nobody in."""
        if spec != self._wanted:
            self._wanted = spec
            self._changed.set()

    def notify(self, frame: bytes) -> None:
        """One notification of TX, to every phone that has subscribed."""
        if self._link is not None:
            values = {"Value": Variant("ay", frame)}
            self._link.post(signal(
                names.TX_PATH, names.PROPERTIES, "PropertiesChanged", "sa{sv}as", names.CHARACTERISTIC, values, []
            ))  # fmt: skip

    def disconnect(self, device: str) -> None:
        """Send it away; `left` follows."""
        if self._link is not None and self._owner:
            message = call(self._owner, device, names.DEVICE, "Disconnect")
            message.flags = MessageFlag.NO_REPLY_EXPECTED
            self._link.post(message)

    def released(self, path: str) -> None:
        """BlueZ has dropped an advertisement."""
        self._advertised.pop(path, None)
        self._changed.set()

    # What it is told -------------------------------------------------------------------------------

    def _receive(self, message: Message, whole: bool) -> None:
        if message.message_type is MessageType.SIGNAL:
            if whole:
                self._heard(message)
            return
        answer = self._answer(message, whole)
        if self._link is not None and not message.flags & MessageFlag.NO_REPLY_EXPECTED:
            self._link.post(answer)

    def _answer(self, message: Message, whole: bool) -> Message:
        """Only BlueZ may speak to our objects: everybody else on the bus could play every phone there is."""
        if not self._owner or message.sender != self._owner:
            log.warning("%s called %s, which is for BlueZ alone", message.sender, message.member)
            return Message.new_error(message, names.DENIED, "only BlueZ may call this")
        if not whole:
            return Message.new_error(message, names.BAD_ARGUMENTS, "a message that is too long, or not readable")
        return self._gatt.answer(message)

    def _heard(self, message: Message) -> None:
        if message.sender == names.BUS and message.member == "NameOwnerChanged":
            if message.body[0] == names.SERVICE:
                self._own(message.body[2])
        elif message.sender == self._owner:
            handler = self._signals.get(message.member)
            if handler is not None:
                handler(self, message)

    def _added(self, message: Message) -> None:
        path, interfaces = message.body
        self._take(path, interfaces)
        self._device(path, interfaces.get(names.DEVICE, {}))
        self._changed.set()

    def _device(self, path: str, values: Mapping[str, Variant]) -> None:
        """Whoever connects, and is no friend, counts as a stranger: he may never say a word, and holds a link. Who is
        paired, or was looked at as this machine does when it connects by itself, is a friend."""
        if any(name in values and values[name].value for name in ("Paired", "ServicesResolved")):
            self._friends.add(path)
            self._listener.excused(path)
        if "Connected" not in values:
            return
        if not values["Connected"].value:
            self._gone(path)
        elif path.rpartition("/")[0] == self._choose():
            self._stale = True
            if path not in self._friends:
                self._listener.came(path)

    def _removed(self, message: Message) -> None:
        path, interfaces = message.body
        if names.DEVICE in interfaces:
            self._friends.discard(path)
            self._gone(path)
        if names.ADAPTER in interfaces or names.GATT_MANAGER in interfaces:
            self._adapters.pop(path, None)
            if path == self._served:
                self._unserved()
        self._changed.set()

    def _properties(self, message: Message) -> None:
        interface, values, _ = message.body
        if interface == names.DEVICE:
            self._device(message.path, values)
        elif interface == names.ADAPTER and "Powered" in values and message.path in self._adapters:
            self._adapters[message.path]["powered"] = values["Powered"].value
            if message.path == self._served and not values["Powered"].value:
                self._unserved()
        elif interface == names.ADVERTISING_MANAGER and "ActiveInstances" in values:
            self._suspect = True
        else:
            return
        self._changed.set()

    _signals: Mapping[str, Callable[[Adapter, Message], None]] = {
        "InterfacesAdded": _added, "InterfacesRemoved": _removed, "PropertiesChanged": _properties,
    }  # fmt: skip

    def _gone(self, device: str) -> None:
        self._suspect, self._either = True, False
        self._listener.left(device)

    def _own(self, owner: str) -> None:
        """Another bluetoothd, or none: nothing of what was is any more."""
        if owner != self._owner:
            self._owner = owner
            self._adapters, self._friends = {}, set()
            self._unserved()
            self._changed.set()

    def _unserved(self) -> None:
        self._losses += 1
        self._served, self._advertised = "", {}
        self._stale = self._either = False
        self._listener.lost()

    def _take(self, path: str, interfaces: Mapping[str, Mapping[str, Variant]]) -> None:
        """Adapters that can be what we need."""
        known = self._adapters.setdefault(path, {})
        for interface, values in interfaces.items():
            known[interface] = True
            if interface == names.ADAPTER and "Powered" in values:
                known["powered"] = values["Powered"].value
        if not {names.ADAPTER, names.GATT_MANAGER, names.ADVERTISING_MANAGER} & known.keys():
            del self._adapters[path]

    # What it does about it -------------------------------------------------------------------------

    async def _meet(self, link: Link) -> None:
        for rule in _RULES:
            await link.ask_bus("AddMatch", "s", rule)
        try:
            (owner,) = await link.ask_bus("GetNameOwner", "s", names.SERVICE)
        except CallError:
            owner = ""
        self._own(owner)
        self._changed.set()

    async def _keep(self, link: Link) -> None:
        """Compare and mend, whenever something has changed, until the connection ends."""
        retry_s = FIRST_RETRY_S
        while link.connected:
            self._changed.clear()
            try:
                trouble = await self._mend(link)
                wait_s = None
                retry_s = FIRST_RETRY_S
            except (CallError, TimeoutError) as error:
                trouble = f"BlueZ refuses: {error}"
                wait_s, retry_s = retry_s, min(2 * retry_s, LAST_RETRY_S)
            self._say(trouble)
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            except TimeoutError:
                pass

    async def _mend(self, link: Link) -> str:
        """What is in the way, in words; empty: all is as it is wanted."""
        self._known_losses = self._losses
        if not self._owner:
            return "bluetoothd does not run"
        if not self._adapters:
            await self._look_around(link)
        path = self._choose()
        if not path:
            return "there is no Bluetooth adapter" + (f" {self._name}" if self._name != AUTO else "")
        if not self._adapters[path].get("powered"):
            return "the Bluetooth adapter is switched off"
        if self._served != path:
            await self._serve(link, path)
        await self._be_heard(link)
        return ""

    async def _look_around(self, link: Link) -> None:
        """Which adapters there are, and who is connected already."""
        (objects,) = await link.ask(call(self._owner, "/", names.OBJECTS, "GetManagedObjects"), CALL_S)
        for path, interfaces in objects.items():
            self._take(path, interfaces)
        for path, interfaces in objects.items():
            self._device(path, interfaces.get(names.DEVICE, {}))

    def _choose(self) -> str:
        needed = {names.ADAPTER, names.GATT_MANAGER, names.ADVERTISING_MANAGER}
        fit = sorted(path for path, known in self._adapters.items() if needed <= known.keys())
        return next((path for path in fit if self._name in (AUTO, path.rpartition("/")[2])), "")

    async def _serve(self, link: Link, path: str) -> None:
        """Register the service. A bond would grant nothing, so none is offered."""
        pairable = Variant("b", False)
        await self._ask(link, path, names.PROPERTIES, "Set", "ssv", names.ADAPTER, "Pairable", pairable)
        root = names.APPLICATION_PATH
        try:
            await self._ask(link, path, names.GATT_MANAGER, "RegisterApplication", "oa{sv}", root, {})
        except CallError as error:
            if error.name != names.ALREADY_EXISTS:
                raise
            await self._ask(link, path, names.GATT_MANAGER, "UnregisterApplication", "o", root)
            await self._ask(link, path, names.GATT_MANAGER, "RegisterApplication", "oa{sv}", root, {})
        self._served, self._advertised = path, {}

    async def _be_heard(self, link: Link) -> None:
        if self._stale and self._advertised:
            await self._renew(link)
        if self._suspect and self._advertised:
            await self._look(link)
        if not self._either:
            await self._advertise(link)

    async def _renew(self, link: Link) -> None:
        """A connection ends the adapter's advertising, and BlueZ begins it again when that is over: until then no
        second phone would find the lock. An adapter that cannot do both at once refuses, which is no trouble."""
        self._stale = False
        for path in tuple(self._advertised):
            await self._withdraw(link, path)
        try:
            await self._advertise(link)
        except CallError as error:
            log.info("this adapter does not advertise beside a connection: %s", error)
            self._either = True

    async def _look(self, link: Link) -> None:
        """An advertisement can vanish with a connection, and nobody says so."""
        self._suspect = False
        (count,) = await self._ask(
            link, self._served, names.PROPERTIES, "Get", "ss", names.ADVERTISING_MANAGER, "ActiveInstances"
        )  # fmt: skip
        if count.value < len(self._advertised):
            log.info("an advertisement has vanished, and is registered anew")
            for path in tuple(self._advertised):
                await self._withdraw(link, path)

    async def _advertise(self, link: Link) -> None:
        spec = self._wanted
        wanted = {} if spec is None else dict.fromkeys(spec.paths, spec.but(enrolling=False))
        for path in tuple(self._advertised):
            if self._advertised[path] != wanted.get(path):
                await self._withdraw(link, path)
        if spec is not None:
            self._gatt.spec = spec
        for path in wanted:
            if path not in self._advertised:
                self._suspect = False  # of what was; who disconnects meanwhile may take the new one along
                await self._announce(link, path)
                self._advertised[path] = wanted[path]

    async def _announce(self, link: Link, path: str) -> None:
        try:
            await self._ask(link, self._served, names.ADVERTISING_MANAGER, "RegisterAdvertisement", "oa{sv}", path, {})
        except CallError as error:
            if error.name != names.ALREADY_EXISTS:
                raise
            await self._withdraw(link, path)
            await self._ask(link, self._served, names.ADVERTISING_MANAGER, "RegisterAdvertisement", "oa{sv}", path, {})

    async def _withdraw(self, link: Link, path: str) -> None:
        """What is not there any more is withdrawn."""
        self._advertised.pop(path, None)
        try:
            await self._ask(link, self._served, names.ADVERTISING_MANAGER, "UnregisterAdvertisement", "o", path)
        except CallError as error:
            log.debug("%s was not registered: %s", path, error)

    async def _ask(self, link: Link, path: str, interface: str, member: str, signature: str, *body: Any) -> Any:
        self._expect_none_lost()
        answer = await link.ask(call(self._owner, path, interface, member, signature, *body), CALL_S)
        self._expect_none_lost()
        return answer

    def _expect_none_lost(self) -> None:
        """What BlueZ granted before it went away, or was switched off, is worth nothing."""
        if self._losses != self._known_losses:
            raise CallError(names.FAILED, "it went away meanwhile")

    def _leave(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link = None
        self._own("")

    def _say(self, trouble: str) -> None:
        present, advertising = bool(self._choose()), bool(self._advertised)
        if (trouble, present, advertising) == (self.trouble, self.present, self.advertising):
            return
        if trouble != self.trouble:
            log.log(logging.WARNING if trouble else logging.INFO, "%s", trouble or "phones can connect")
        self.trouble, self.present, self.advertising = trouble, present, advertising
        self._listener.told()
