"""From a message to what it asks for, by the tables alone; nothing is done here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from dbus_next.message import Message
from dbus_next.signature import Variant

from lockd.dbus import introspect, names, standard
from lockd.dbus.arguments import ARGUMENTS, PROPERTIES
from lockd.dbus.codes import Codes
from lockd.dbus.desk import Caller, Desk
from lockd.dbus.lock import Lock
from lockd.dbus.log import Log
from lockd.dbus.manager import Manager
from lockd.dbus.phones import Phones
from lockd.dbus.power import Power
from lockd.dbus.shape import Arg, Interface, Method, Property, Right
from lockd.dbus.simulator import Simulator
from lockd.dbus.standard import StandardError
from lockd.dbus.users import Users
from lockd.dbus.variants import FILE, to_wire, variant
from lockd.errors import InvalidField
from lockd.value import Value

HANDLERS: Mapping[str, Callable[[Desk], object]] = {
    names.LOCK.name: Lock,
    names.USERS.name: Users,
    names.CODES.name: Codes,
    names.LOG.name: Log,
    names.POWER.name: Power,
    names.PHONES.name: Phones,
    names.MANAGER.name: Manager,
    names.SIMULATOR.name: Simulator,
}


class Answer(Value):
    """Known at once, and open to all: the values of an answer."""

    gives: tuple[Arg, ...]
    values: tuple[Any, ...]


class Call(Value):
    """Something for a caller with this right. `check` gives the arguments (or InvalidField), and `run` takes
    the caller and them, and gives the values of the answer. `files`: of the message's file descriptors some are needed
    until then."""

    name: str
    right: Right
    gives: tuple[Arg, ...]
    check: Callable[[], list[Any]]
    run: Callable[..., Awaitable[Any]]
    files: bool = False


class Router:
    """Knows every method and property of one object. `desk`: who does it."""

    def __init__(self, desk: Desk, simulator: bool) -> None:
        own = tuple(each for each in names.INTERFACES if simulator or each is not names.SIMULATOR)
        self.desk = desk
        self._interfaces: dict[str, Interface] = {each.name: each for each in (*own, *standard.INTERFACES)}
        self._handlers = {each.name: HANDLERS[each.name](desk) for each in own}
        self._properties = {each.name: {prop.name: prop for prop in each.properties} for each in own}
        self._xml = introspect.describe(self._interfaces.values())

    def understand(self, message: Message, whole: bool) -> Answer | Call:
        """What the message asks for. Raises InvalidField, StandardError."""
        interface, method = self._method(message)
        if not whole:
            raise InvalidField(f"{method.name}: the message is too long, or not readable")
        expected = "".join(arg.signature for arg in method.takes)
        if message.signature != expected:
            wanted = ", ".join(f"{arg.name} {arg.signature}" for arg in method.takes)
            raise InvalidField(f"{method.name} takes ({wanted}), not ({message.signature[:40]})")
        if interface.name in self._handlers:
            return self._own(interface, method, message)
        if interface is standard.PROPERTIES:
            return self._property(method, *message.body)
        return Answer(method.gives, self._simple(method.name, message.path))

    def signatures(self, interface: str) -> Mapping[str, str]:
        """The types of an interface's properties."""
        return {prop.name: prop.signature for prop in self._properties[interface].values()}

    def _method(self, message: Message) -> tuple[Interface, Method]:
        """The method; a message may leave out the interface, no two of our methods share a name."""
        if message.path != names.PATH and introspect.describe_parent(message.path) is None:
            raise StandardError("UnknownObject", f"there is nothing at {message.path[:80]}, only at {names.PATH}")
        here = self._interfaces
        if message.path != names.PATH:
            here = {each.name: each for each in (standard.INTROSPECTABLE, standard.PEER)}
        if message.interface and message.interface not in here:
            raise StandardError("UnknownInterface", f"there is no interface {message.interface} here")
        searched = (here[message.interface],) if message.interface else tuple(here.values())
        for interface in searched:
            for method in interface.methods:
                if method.name == message.member:
                    return interface, method
        raise StandardError("UnknownMethod", f"there is no method {message.member} here")

    def _own(self, interface: Interface, method: Method, message: Message) -> Call:
        checks = ARGUMENTS[method.name]
        wanted = [arg for arg in method.takes if arg.signature == FILE]
        sent = message.unix_fds if len(message.unix_fds) == len(wanted) else []

        def check() -> list[Any]:
            given = zip(method.takes, message.body, strict=True)
            plain = ((arg, _file(sent, value) if arg in wanted else value) for arg, value in given)
            return [checks[arg.name](value, arg.name) for arg, value in plain]

        run = getattr(self._handlers[interface.name], method.name)
        return Call(method.name, method.right, method.gives, check, run, bool(sent))

    def _simple(self, member: str, path: str) -> tuple[Any, ...]:
        if member == "Introspect":
            return (introspect.describe_parent(path) or self._xml,)
        return (standard.machine_id(),) if member == "GetMachineId" else ()

    def _property(self, method: Method, interface: str, name: str = "", value: Variant | None = None) -> Answer | Call:
        if interface not in self._interfaces:
            raise StandardError("UnknownInterface", "there is no such interface here")
        known = self._properties.get(interface, {})
        if method.name == "GetAll":
            return Answer(method.gives, ({each: self._value(interface, prop) for each, prop in known.items()},))
        if name not in known:
            raise StandardError("UnknownProperty", f"{interface} has no such property")
        if value is None:
            return Answer(method.gives, (self._value(interface, known[name]),))
        return self._set(known[name], value)

    def _value(self, interface: str, prop: Property) -> Variant:
        handler = self._handlers[interface]
        if isinstance(handler, Simulator):
            return variant(prop.signature, handler.get(prop.name))
        return variant(prop.signature, self.desk.get_property(interface, prop.name))

    def _set(self, prop: Property, value: Variant) -> Call:
        if not prop.write:
            raise StandardError("PropertyReadOnly", f"{prop.name} can only be read")
        if value.signature != prop.signature:
            raise InvalidField(f"{prop.name}: must be of type {prop.signature}, not {value.signature[:40]}")

        def check() -> list[Any]:
            return [PROPERTIES[prop.name](value.value, prop.name)]

        def run(caller: Caller, good: Any) -> Awaitable[None]:
            return self.desk.set_property(prop.name, good, caller.by)

        return Call(f"Set {prop.name}", prop.write, (), check, run)


def _file(sent: list[int], place: int) -> int:
    """The file descriptor at a place among those that were sent; -1: there is none."""
    return sent[place] if place < len(sent) else -1


def body_of(gives: tuple[Arg, ...], values: tuple[Any, ...]) -> list[Any]:
    """The body of an answer."""
    return [
        value if arg.signature in ("v", "a{sv}") and not arg.fields else to_wire(arg, value)
        for arg, value in zip(gives, values, strict=True)
    ]
