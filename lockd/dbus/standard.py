"""The interfaces that every D-Bus object has, in the form of names.py, and the errors that come with them."""

from __future__ import annotations

from pathlib import Path

from lockd.dbus.shape import Interface, Method, Signal, args

#: https://dbus.freedesktop.org/doc/dbus-specification.html#standard-interfaces
ERROR = "org.freedesktop.DBus.Error."

PROPERTIES = Interface(
    "org.freedesktop.DBus.Properties",
    "Properties of all interfaces.",
    methods=(
        Method("Get", "any", "One value.", args("interface s, name s"), args("value v")),
        Method("GetAll", "any", "All values of an interface.", args("interface s"), args("values a{sv}")),
        Method("Set", "any", "Change one that is readwrite.", args("interface s, name s, value v")),
    ),
    signals=(
        Signal(
            "PropertiesChanged", "New values.", args("interface s, changed_properties a{sv}, invalidated_properties as")
        ),
    ),
)
INTROSPECTABLE = Interface(
    "org.freedesktop.DBus.Introspectable",
    "What you are reading.",
    methods=(Method("Introspect", "any", "This text.", (), args("xml s")),),
)
PEER = Interface(
    "org.freedesktop.DBus.Peer",
    "Whether somebody is there.",
    methods=(
        Method("Ping", "any", "Answers."),
        Method("GetMachineId", "any", "The id of this machine.", (), args("id s")),
    ),
)

INTERFACES = (PROPERTIES, INTROSPECTABLE, PEER)


class StandardError(Exception):
    """One of the specification's own errors, by the last word of its name."""

    def __init__(self, word: str, text: str) -> None:
        super().__init__(text)
        self.name = ERROR + word


def machine_id() -> str:
    """As every D-Bus library answers it. Raises StandardError."""
    try:
        return Path("/etc/machine-id").read_text(encoding="ascii").strip()
    except OSError:
        raise StandardError("Failed", "this machine has no id") from None
