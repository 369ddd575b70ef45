"""Registered, whatever dies: bluetoothd, the adapter, the bus, an advertisement."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from dbus_next.message import Message
from dbus_next.signature import Variant

from lockd.ble import names
from lockd.ble.advert import Spec
from lockd.wire import uuids
from tests.ble.conftest import Desk, running
from tests.daemon.process import until
from tests.fakes.bluez import ADAPTER, FakeBluez
from tests.fakes.bus import PrivateBus

BACK_S = 5


async def test_it_registers_three_characteristics_and_one_advertisement(desk: Desk, radio: FakeBluez) -> None:
    # Defence: lockd/ble/adapter.py: pairable = Variant("b", False)
    await until(lambda: desk.service.advertising)
    found = {path: next(iter(each.items())) for path, each in radio.application.items()}
    assert found.keys() == {names.SERVICE_PATH, names.RX_PATH, names.TX_PATH, names.INFO_PATH}
    flags = {values["UUID"].value: values["Flags"].value for kind, values in found.values()
             if kind == names.CHARACTERISTIC}  # fmt: skip
    assert flags == {uuids.RX: ["write"], uuids.TX: ["notify"], uuids.INFO: ["read"]}
    assert radio.advertised == {names.ADVERTISEMENT_PATH: {
        "Type": "peripheral", "ServiceUUIDs": [uuids.SERVICE], "LocalName": "lockd", "Discoverable": True,
        "MinInterval": 250, "MaxInterval": 312,
    }}  # fmt: skip
    assert not radio.pairable
    assert desk.service.present
    assert desk.told_of[-1] == ""


async def test_bluetoothd_may_come_later_and_come_back(desk: Desk, private_bus: PrivateBus) -> None:
    await until(lambda: desk.service.trouble == "bluetoothd does not run")
    for _ in range(2):
        async with FakeBluez(private_bus.address) as radio, asyncio.timeout(BACK_S):
            await until(lambda: desk.service.advertising)
            assert radio.registered == 1
        await until(lambda: not desk.service.present)


async def test_an_adapter_may_be_switched_off_and_taken_away(desk: Desk, radio: FakeBluez) -> None:
    await until(lambda: desk.service.advertising)
    radio.switch(False)
    await until(lambda: desk.service.trouble == "the Bluetooth adapter is switched off")
    radio.switch(True)
    async with asyncio.timeout(BACK_S):
        await until(lambda: desk.service.advertising)
    assert "UnregisterApplication" in radio.calls  # it had never forgotten it
    radio.unplug()
    await until(lambda: desk.service.trouble == "there is no Bluetooth adapter")
    assert not desk.service.present
    radio.plug()
    async with asyncio.timeout(BACK_S):
        await until(lambda: desk.service.advertising)
    assert radio.registered == 3


class Blinking(FakeBluez):
    """Switched off between an advertisement and the word that it is there."""

    async def _on_RegisterAdvertisement(self, message: Message, path: str, options: Any) -> tuple[Any, ...]:
        answer = await super()._on_RegisterAdvertisement(message, path, options)
        if self.calls.count("RegisterAdvertisement") == 1:
            self.switch(False)
        return answer


async def test_what_was_lost_while_it_was_asked_for_is_asked_for_again(private_bus: PrivateBus) -> None:
    async with Blinking(private_bus.address) as radio, running(Desk(private_bus.address)) as desk:
        await until(lambda: desk.service.trouble == "the Bluetooth adapter is switched off")
        assert not desk.service.advertising
        radio.switch(True)
        await until(lambda: bool(radio.advertised))


class Fading(FakeBluez):
    """Switched off between the end of an advertisement and the next one, for once."""

    async def _on_UnregisterAdvertisement(self, message: Message, path: str) -> tuple[Any, ...]:
        answer = await super()._on_UnregisterAdvertisement(message, path)
        if self.calls.count("UnregisterAdvertisement") == 1:
            self.switch(False)
        return answer


async def test_what_was_lost_while_it_was_withdrawn_is_asked_for_again(private_bus: PrivateBus) -> None:
    async with Fading(private_bus.address) as radio, running(Desk(private_bus.address)) as desk:
        await until(lambda: desk.service.advertising)
        desk.service.advertise(Spec(100))
        await until(lambda: desk.service.trouble == "the Bluetooth adapter is switched off")
        radio.switch(True)
        await until(lambda: bool(radio.advertised))


async def test_without_a_bus_it_says_so_in_words() -> None:
    async with running(Desk("unix:path=/nowhere/bus")) as desk:
        await until(lambda: desk.service.trouble == "no D-Bus to reach bluetoothd by: No such file or directory")


async def test_the_bus_may_die(desk: Desk, private_bus: PrivateBus) -> None:
    async with FakeBluez(private_bus.address):
        await until(lambda: desk.service.advertising)
        private_bus.kill()
        await until(lambda: bool(desk.service.trouble))
    private_bus.start()
    async with FakeBluez(private_bus.address), asyncio.timeout(BACK_S):
        await until(lambda: desk.service.advertising)


async def test_an_advertisement_that_vanished_with_a_connection_is_missed(desk: Desk, radio: FakeBluez) -> None:
    # Defence: lockd/ble/adapter.py: if count.value < len(self._advertised):
    # Defence: lockd/ble/adapter.py: self._suspect, self._either = True, False
    await until(lambda: desk.service.advertising)
    line = radio.connect()
    await until(lambda: radio.heard)  # it was renewed, as with each connection
    radio.advertised.clear()  # without a word
    radio.drop(line)
    await until(lambda: bool(radio.advertised))


class Leaving(FakeBluez):
    """The first phone goes, and takes the advertisement along that was just renewed for it."""

    async def _on_RegisterAdvertisement(self, message: Message, path: str, options: Any) -> tuple[Any, ...]:
        answer = await super()._on_RegisterAdvertisement(message, path, options)
        if self.calls.count("RegisterAdvertisement") == 2:
            self.advertised.clear()
            (line,) = self.phones.values()
            self.drop(line)
        return answer


async def test_an_advertisement_that_vanished_while_it_was_renewed_is_missed(private_bus: PrivateBus) -> None:
    async with Leaving(private_bus.address) as radio, running(Desk(private_bus.address)) as desk:
        await until(lambda: desk.service.advertising)
        radio.connect()
        await until(lambda: radio.calls.count("RegisterAdvertisement") == 3)
        await until(lambda: bool(radio.advertised))


async def test_an_advertisement_that_vanished_by_itself_is_missed(desk: Desk, radio: FakeBluez) -> None:
    # Defence: lockd/ble/adapter.py: self._suspect = True
    await until(lambda: desk.service.advertising)
    radio.advertised.clear()
    radio.changed(ADAPTER, names.ADVERTISING_MANAGER, ActiveInstances=Variant("y", 0))
    await until(lambda: bool(radio.advertised))


async def test_it_can_be_found_beside_a_connection(desk: Desk, radio: FakeBluez) -> None:
    await until(lambda: desk.service.advertising)
    radio.connect()
    assert not radio.heard
    await until(lambda: radio.heard)


async def test_an_adapter_that_does_one_thing_at_a_time_is_left_alone_meanwhile(
    desk: Desk, radio: FakeBluez
) -> None:
    await until(lambda: desk.service.advertising)
    radio.refusals.append("RegisterAdvertisement")
    line = radio.connect()
    await until(lambda: not desk.service.advertising)
    count = len(radio.calls)
    radio.changed(ADAPTER, names.ADVERTISING_MANAGER, ActiveInstances=Variant("y", 0))
    await desk.phone(radio).connect()
    assert (radio.calls[count:], desk.service.trouble) == ([], "")
    radio.drop(line)
    await until(lambda: desk.service.advertising)


async def test_bluez_may_let_go_of_it(desk: Desk, radio: FakeBluez) -> None:
    await until(lambda: desk.service.advertising)
    del radio.advertised[names.ADVERTISEMENT_PATH]
    await radio.call(names.ADVERTISEMENT_PATH, names.ADVERTISEMENT, "Release", "")
    await until(lambda: bool(radio.advertised))


@pytest.mark.parametrize("member", ["RegisterApplication", "RegisterAdvertisement", "Set", "GetManagedObjects"])
async def test_what_fails_is_tried_again(private_bus: PrivateBus, radio: FakeBluez, member: str) -> None:
    radio.refusals += [member, member]
    async with running(Desk(private_bus.address)) as desk:
        await until(lambda: desk.service.advertising)
        assert "BlueZ refuses: not now" in desk.told_of


async def test_what_is_left_of_an_earlier_life_is_replaced(private_bus: PrivateBus, radio: FakeBluez) -> None:
    radio.application = {"/": {}}
    radio.advertised[names.ADVERTISEMENT_PATH] = {}
    async with running(Desk(private_bus.address)) as desk:
        await until(lambda: desk.service.advertising)
        assert names.RX_PATH in radio.application
        assert radio.advertised[names.ADVERTISEMENT_PATH]


async def test_an_invitation_has_an_advertisement_of_its_own(desk: Desk, radio: FakeBluez) -> None:
    desk.service.advertise(Spec(100, True, "Front"))
    await until(lambda: len(radio.advertised) == 2)
    assert radio.advertised[names.ENROLMENT_PATH]["ServiceUUIDs"] == [uuids.ENROLMENT]
    assert {each["LocalName"] for each in radio.advertised.values()} == {"Front"}
    desk.service.advertise(Spec(250, False, "Front"))
    await until(lambda: len(radio.advertised) == 1)
    desk.service.advertise(None)
    await until(lambda: not radio.advertised)


async def test_another_adapter_than_the_one_that_is_set_is_left_alone(
    private_bus: PrivateBus, radio: FakeBluez
) -> None:
    async with running(Desk(private_bus.address, "hci7")) as desk:
        await until(lambda: desk.service.trouble == "there is no Bluetooth adapter hci7")
        assert not radio.application


async def test_signals_of_others_are_passed_over(desk: Desk, radio: FakeBluez, private_bus: PrivateBus) -> None:
    await until(lambda: desk.service.advertising)
    async with FakeBluez(private_bus.address) as mallory:  # it waits in the queue for the name
        mallory.changed(ADAPTER, names.ADAPTER, Powered=Variant("b", False))
        phone = desk.phone(radio)
        await phone.connect()
        assert (await phone.open("STATUS"))[0] == 0
    assert not desk.service.trouble
