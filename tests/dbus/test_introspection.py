"""The introspection data says all that names.py says, and D-Bus's own tools read it."""

from __future__ import annotations

import asyncio
import shutil
from xml.etree import ElementTree as Xml

import pytest

from lockd.dbus import introspect, names
from lockd.dbus.bus import Bus
from lockd.dbus.shape import Arg
from tests.dbus.conftest import Raw
from tests.dbus.fakes import FakeDesk
from tests.fakes.bus import PrivateBus

INTROSPECTABLE = "org.freedesktop.DBus.Introspectable"


def note(element: Xml.Element, name: str) -> str | None:
    return next((each.get("value") for each in element.findall("annotation") if each.get("name") == name), None)


def args(element: Xml.Element, direction: str | None) -> list[tuple[str | None, str | None]]:
    found = [arg for arg in element.findall("arg") if arg.get("direction") == direction]
    return [(arg.get("name"), arg.get("type")) for arg in found]


def named(wanted: tuple[Arg, ...]) -> list[tuple[str | None, str | None]]:
    return [(arg.name, arg.signature) for arg in wanted]


async def test_it_holds_every_name_type_and_explanation(raw: Raw) -> None:
    (text,) = await raw.say(INTROSPECTABLE, "Introspect")
    node = Xml.fromstring(text)
    for interface in names.INTERFACES:
        found = node.find(f"interface[@name='{interface.name}']")
        assert found is not None
        assert note(found, introspect.DOC) == interface.doc
        for method in interface.methods:
            element = found.find(f"method[@name='{method.name}']")
            assert element is not None
            assert args(element, "in") == named(method.takes)
            assert args(element, "out") == named(method.gives)
            assert note(element, introspect.DOC) == method.doc
        for signal in interface.signals:
            element = found.find(f"signal[@name='{signal.name}']")
            assert element is not None
            assert args(element, None) == named(signal.carries)
            assert note(element, introspect.DOC) == signal.doc
        for prop in interface.properties:
            element = found.find(f"property[@name='{prop.name}']")
            assert element is not None
            assert element.get("type") == prop.signature
            assert element.get("access") == ("readwrite" if prop.write else "read")
            assert note(element, introspect.DOC) == prop.doc
            assert note(element, introspect.CHANGES) == prop.changes
        size = len(interface.methods) + len(interface.properties) + len(interface.signals)
        assert len(found) == size + 1
    assert len(node) == len(names.INTERFACES) + 3


async def test_dictionaries_name_their_keys(raw: Raw) -> None:
    (text,) = await raw.say(INTROSPECTABLE, "Introspect")
    assert "Keys: pin s, wait b." in text


def test_every_dictionary_argument_has_its_keys() -> None:
    for interface in names.INTERFACES:
        found = [arg for method in interface.methods for arg in (*method.takes, *method.gives)]
        found += [arg for signal in interface.signals for arg in signal.carries]
        assert all(bool(arg.fields) == ("{" in arg.signature) for arg in found)


@pytest.mark.parametrize(("path", "child"), [("/", "org"), ("/org", "lockd1")])
async def test_the_way_to_the_object_is_found(raw: Raw, path: str, child: str) -> None:
    (text,) = await raw.say(INTROSPECTABLE, "Introspect", path=path)
    assert [each.get("name") for each in Xml.fromstring(text)] == [child]


async def test_without_simulation_there_is_no_simulator(desk: FakeDesk) -> None:
    bus = Bus("unix:path=/nowhere", desk, "polkit")
    with pytest.raises(KeyError):
        bus.properties_changed(names.SIMULATOR.name, {"Bolt": 1.0})


@pytest.mark.skipif(not shutil.which("busctl"), reason="busctl is not installed")
async def test_busctl_shows_everything(private_bus: PrivateBus, served: Bus) -> None:
    process = await asyncio.create_subprocess_exec(
        "busctl", f"--address={private_bus.address}", "introspect", names.BUS_NAME, names.PATH,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    shown = [line.split() for line in output.decode().splitlines()]
    for interface in names.INTERFACES:
        assert [interface.name, "interface"] in [line[:2] for line in shown]
        for method in interface.methods:
            takes = "".join(arg.signature for arg in method.takes) or "-"
            gives = "".join(arg.signature for arg in method.gives) or "-"
            assert [f".{method.name}", "method", takes, gives] in [line[:4] for line in shown]
        for prop in interface.properties:
            (line,) = (line for line in shown if line[0] == f".{prop.name}")
            assert line[1:3] == ["property", prop.signature]
            assert ("writable" in line) == bool(prop.write)
            assert ("emits-change" in line) == (prop.changes == "true")
        for signal in interface.signals:
            assert [f".{signal.name}", "signal"] in [line[:2] for line in shown]
