"""The introspection data, from the tables: what `busctl introspect` and every D-Bus browser show."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as Xml

from lockd.dbus.names import PATH
from lockd.dbus.shape import Arg, Interface, Property

DOCTYPE = (
    '<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"\n'
    ' "http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">\n'
)
DOC = "org.gtk.GDBus.DocString"
CHANGES = "org.freedesktop.DBus.Property.EmitsChangedSignal"


def describe(interfaces: Iterable[Interface]) -> str:
    """The object with these interfaces."""
    node = Xml.Element("node", name=PATH)
    for interface in interfaces:
        _interface(node, interface)
    Xml.indent(node)
    return DOCTYPE + Xml.tostring(node, encoding="unicode")


def describe_parent(path: str) -> str | None:
    """A node above ours, with the way to it; None if `path` is not above."""
    above = "/" if path == "/" else path + "/"
    if path == PATH or not PATH.startswith(above):
        return None
    node = Xml.Element("node", name=path)
    Xml.SubElement(node, "node", name=PATH.removeprefix(above).split("/")[0])
    return DOCTYPE + Xml.tostring(node, encoding="unicode")


def _interface(node: Xml.Element, interface: Interface) -> None:
    own = Xml.SubElement(node, "interface", name=interface.name)
    _note(own, DOC, interface.doc)
    for method in interface.methods:
        element = Xml.SubElement(own, "method", name=method.name)
        _note(element, DOC, method.doc)
        _args(element, method.takes, "in")
        _args(element, method.gives, "out")
    for signal in interface.signals:
        element = Xml.SubElement(own, "signal", name=signal.name)
        _note(element, DOC, signal.doc)
        _args(element, signal.carries, None)
    for prop in interface.properties:
        _property(own, prop)


def _property(own: Xml.Element, prop: Property) -> None:
    access = "readwrite" if prop.write else "read"
    element = Xml.SubElement(own, "property", name=prop.name, type=prop.signature, access=access)
    _note(element, DOC, prop.doc)
    _note(element, CHANGES, prop.changes)


def _args(element: Xml.Element, args: Iterable[Arg], direction: str | None) -> None:
    for arg in args:
        own = Xml.SubElement(element, "arg", name=arg.name, type=arg.signature)
        if direction:
            own.set("direction", direction)
        if arg.fields:
            _note(own, DOC, "Keys: " + ", ".join(f"{key} {kind}" for key, kind in arg.fields.items()) + ".")


def _note(element: Xml.Element, name: str, value: str) -> None:
    Xml.SubElement(element, "annotation", name=name, value=value)
