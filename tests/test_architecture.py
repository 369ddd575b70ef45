"""Imports go one way, the core is pure, and nothing grows too long."""

from __future__ import annotations

import ast

import pytest

from tests import architecture


def test_lockd_keeps_the_rules() -> None:
    assert architecture.violations(architecture.trees()) == []


DOCUMENTED = '"""What it is for."""\n'

BROKEN = {
    "core imports an adapter": ({"core.a": "from lockd.gpio import pins", "gpio.pins": ""}, "imports lockd.gpio.pins"),
    "an adapter imports another": ({"gpio.a": "import lockd.dbus.bus", "dbus.bus": ""}, "imports lockd.dbus.bus"),
    "an adapter imports the daemon, in a function": (
        {"store.a": "def f():\n from lockd.daemon.app import run", "daemon.app": ""}, "imports lockd.daemon.app",
    ),
    "the tables import a library": ({"dbus.names": "import dbus_next"}, "imports dbus_next"),
    "lockctl imports the bus": ({"cli.main": "from lockd.dbus import bus", "dbus.bus": ""}, "imports lockd.dbus.bus"),
    "lockctl imports the store": ({"cli.main": "import sqlite3"}, "imports sqlite3"),
    "a library in the wrong part": ({"daemon.a": "from gpiozero.pins.mock import MockFactory"}, "imports gpiozero"),
    "the bottom imports the core": ({"value": "from lockd.core import a", "core.a": ""}, "imports lockd.core.a"),
    "a clock in the core": ({"core.a": "from time import monotonic"}, "imports time, and is to be pure"),
    "a file in the core": ({"core.a": "def f(): return open('x')"}, "calls open, and is to be pure"),
    "a wait in the core": ({"wire.a": "async def f(): ..."}, "f is asynchronous"),
    "a slow import before READY": ({"store.a": "from enum import Enum"}, "imports enum, which is slow"),
    "a relative import": ({"core.a": "from . import b"}, "imports . relatively"),
    "an unknown part": ({"helpers": ""}, "a part that the rules do not know"),
    "a cycle": (
        {"core.a": "from lockd.core.b import x", "core.b": "def f():\n import lockd.core.a"},
        "a cycle: core.a -> core.b -> core.a",
    ),
    "a long module": ({"core.a": "x = 1\n" * 450}, "451 lines, more than 450"),
    "a long function": ({"core.a": "@x\ndef f():\n" + " pass\n" * 59}, "f has 61 lines, more than 60"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_rule_is_noticed(what: str) -> None:
    sources, complaint = BROKEN[what]
    found = architecture.violations({name: ast.parse(DOCUMENTED + source) for name, source in sources.items()})
    assert len(found) == 1
    assert complaint in found[0]


def test_a_module_that_does_not_say_what_it_is_for_is_noticed() -> None:
    assert architecture.violations({"core.a": ast.parse("x = 1")}) == ["lockd.core.a: does not say what it is for"]


def test_what_is_allowed_is_not_complained_about() -> None:
    sources = {
        "core.a": "from lockd.settings import Settings\nfrom collections import deque",
        "settings": "from lockd import __version__\nfrom lockd.value import Value",
        "value": "",
        "store.a": "import sqlite3\nfrom lockd.core.a import deque",
        "daemon.a": "from lockd.store import a\nimport asyncio",
        "cli.a": "from lockd.dbus.names import PATH\nimport dataclasses, rich",
        "dbus.names": "",
    }
    assert architecture.violations({name: ast.parse(DOCUMENTED + source) for name, source in sources.items()}) == []


def test_the_sizes_can_be_told() -> None:
    assert "longest" in architecture.metrics(architecture.trees())
