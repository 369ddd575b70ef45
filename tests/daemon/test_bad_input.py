"""Everything that D-Bus callers can say wrongly to a real lockd: a named error, and nothing else happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from dbus_next.message import Message
from dbus_next.signature import Variant

from lockd import errors
from lockd.dbus import names
from lockd.dbus.client import Client
from lockd.dbus.connection import CallError, Connection
from lockd.dbus.shape import Method
from lockd.dbus.variants import to_wire
from lockd.errors import LockdError
from tests.daemon.process import LOCK, MANAGER, PATIENCE_S, SIMULATOR, USERS, Lockd, changed, enrol, everything
from tests.dbus.test_bad_input import BAD_PROPERTIES, GOOD, INVALID, METHODS, OWN, PROPS, STANDARD, TYPES, wrong_values

PIN, OTHER = "135790", "246802"
#: A call, and the name of its error. What it leaves in the trail, if anything, is documented.
REFUSED: list[tuple[str, str, tuple[Any, ...], type[LockdError]]] = [
    (LOCK, "UnlockDoor", ({"pin": "000000"},), errors.InvalidCredential),
    (LOCK, "LockDoor", ({"pin": "1"},), errors.InvalidCredential),
    (LOCK, "UnlockWithTimeout", (5, {"pin": "9" * 256}), errors.InvalidCredential),
    (USERS, "SetUser", ("Add", 1, {}), errors.Occupied),
    (USERS, "SetUser", ("Modify", 9, {}), errors.NotFound),
    (USERS, "SetUser", ("Add", 60000, {}), errors.LockdError),
    (USERS, "SetCredential", ("Add", "PIN", 1, b"111111", 1, {}), errors.Occupied),
    (USERS, "SetCredential", ("Add", "PIN", 2, PIN.encode(), 1, {}), errors.Duplicate),
    (USERS, "SetCredential", ("Modify", "PIN", 9, b"111111", 1, {}), errors.NotFound),
    (USERS, "SetCredential", ("Add", "PIN", 2, b"12345", 1, {}), errors.ConstraintError),
    (USERS, "SetCredential", ("Add", "PIN", 2, b"123456789", 1, {}), errors.ConstraintError),
    (USERS, "SetCredential", ("Add", "PIN", 2, b"111111", 9, {}), errors.LockdError),
    (USERS, "SetCredential", ("Add", "Face", 2, b"111111", 1, {}), errors.UnsupportedCommand),
    (USERS, "SetCredential", ("Add", "RFID", 2, b"12", 1, {}), errors.ConstraintError),
    (USERS, "SetCredential", ("Add", "RFID", 2, b"1" * 21, 1, {}), errors.ConstraintError),
    (USERS, "SetCredential", ("Add", "Fingerprint", 2, b"1", 1, {}), errors.ConstraintError),
    (USERS, "SetCredential", ("Add", "Phone", 2, b"1" * 31, 1, {}), errors.ConstraintError),
    (USERS, "SetCredential", ("Add", "Phone", 2, b"1" * 32, 1, {}), errors.UnsupportedCommand),
    (USERS, "SetCredential", ("Add", "PIN", 2, b"246802", 1, {"duress": True, "uses": 1}), errors.InvalidField),
    (USERS, "SetCredential", ("Add", "ProgrammingPIN", 1, b"246802", 1, {}), errors.ConstraintError),
    (USERS, "SetCredential", ("Add", "ProgrammingPIN", 1, PIN.encode(), 1, {}), errors.Duplicate),
    (USERS, "RatePIN", (b"12345", 1), errors.ConstraintError),
    (USERS, "ClearUser", (9,), errors.NotFound),
    (USERS, "ClearCredential", ("PIN", 9), errors.NotFound),
]


class Said:
    """Somebody who says anything at all to a lockd with one user."""

    def __init__(self, lockd: Lockd, caller: Client, link: Connection) -> None:
        self.lockd, self.caller, self._link = lockd, caller, link

    async def say(self, interface: str, member: str, signature: str, *body: Any) -> Any:
        """The answer's body, or the name of the error."""
        message = Message(names.BUS_NAME, names.PATH, interface, member, signature=signature, body=list(body))
        try:
            return await self._link.ask(message, PATIENCE_S)
        except CallError as error:
            return error.name


@pytest.fixture
async def said(lockd: Lockd, caller: Client) -> AsyncIterator[Said]:
    await enrol(caller, PIN)
    link = await Connection.open(lockd.bus, lambda _message, _whole: None)
    yield Said(lockd, caller, link)
    link.close()


def _wrong(method: Method) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """Signatures and bodies that the method does not take."""
    takes = [arg.signature for arg in method.takes]
    good = [to_wire(arg, value) for arg, value in zip(method.takes, GOOD[method.name], strict=True)]
    yield "".join([*takes, "s"]), (*good, "more")
    for place, arg in enumerate(method.takes):
        for other, value in TYPES.items():
            if other != arg.signature:
                yield "".join([*takes[:place], other, *takes[place + 1 :]]), (*good[:place], value, *good[place + 1 :])
        for value in wrong_values(method, arg):
            yield "".join(takes), (*good[:place], value, *good[place + 1 :])


async def test_no_wrong_argument_of_any_method_changes_anything(said: Said) -> None:
    before, log = await everything(said.caller), said.lockd.log
    tried = 0
    for interface, method in METHODS:
        for signature, body in _wrong(method):
            answer = await said.say(interface.name, method.name, signature, *body)
            assert answer == INVALID, (method.name, signature, str(body)[:80])
            tried += 1
        assert await everything(said.caller) == before, method.name
    assert tried > 1000
    assert said.lockd.log == log


async def test_no_wrong_value_of_any_property_changes_anything(said: Said) -> None:
    before, log = await everything(said.caller), said.lockd.log
    for interface, prop in OWN:
        error = INVALID if prop.write else STANDARD + "PropertyReadOnly"
        for kind, value in TYPES.items():
            if kind != prop.signature or not prop.write:
                value = Variant(kind, value)
                assert await said.say(PROPS, "Set", "ssv", interface.name, prop.name, value) == error, prop.name
        for value in BAD_PROPERTIES.get(prop.name, []):
            value = Variant(prop.signature, value)
            assert await said.say(PROPS, "Set", "ssv", interface.name, prop.name, value) == error, prop.name
    assert await everything(said.caller) == before
    assert said.lockd.log == log


async def test_a_refusal_by_rule_has_its_name_and_leaves_what_is_documented(said: Said) -> None:
    caller, lockd = said.caller, said.lockd
    before = await everything(caller)
    for interface, method, values, error in REFUSED:
        log = lockd.log
        with pytest.raises(error) as caught:
            await caller.call(interface, method, *values)
        assert PIN not in str(caught.value)
        after = await everything(caller)
        fresh = after["trail"][len(before["trail"]) :]
        tries = [("LockOperationError", "InvalidCredential")] if error is errors.InvalidCredential else []
        assert [(event["kind"], event["error"]) for event in fresh] == tries
        assert len(lockd.log[len(log) :].splitlines()) == len(tries)
        last = {"org.lockd1.Log": after["org.lockd1.Log"], "trail": after["trail"]}
        assert after == before | last, (method, values)
        before = after


async def test_what_the_modelled_door_cannot_do_has_a_name_too(said: Said) -> None:
    caller = said.caller
    async with caller.signals() as news, asyncio.timeout(PATIENCE_S):
        await caller.call(SIMULATOR, "OpenDoor")  # by force: the bolt is out
        await changed(news, "DoorState", "DoorForcedOpen")
    before = await everything(caller)
    with pytest.raises(errors.Failure):
        await caller.call(SIMULATOR, "CloseDoor")
    await caller.call(SIMULATOR, "Press", "*" * 60)
    with pytest.raises(errors.Busy):
        await caller.call(SIMULATOR, "Press", "*" * 60)
    for name in ("users", LOCK, MANAGER, "trail"):
        assert (await everything(caller))[name] == before[name]
