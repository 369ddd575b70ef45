"""Invitations over a restart, or a power cut: none comes alive again, whatever became of it before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from lockd.store.faults import StoreError
from lockd.wire import results
from lockd.wire.enrolment import LASTS_S, Invitations, Offer, read_uri
from tests.daemon import test_phones
from tests.daemon.inside import Inside
from tests.daemon.test_phones import locked
from tests.fakes.bluez import FakeBluez
from tests.fakes.bus import PrivateBus
from tests.fakes.phone import FakePhone

_with_phones = test_phones._with_phones


async def invited(lock: Inside) -> tuple[Offer, str]:
    uri, number = lock.daemon.desk.phone_desk().create_invite({"role": "admin"}, "test")
    return read_uri(uri), number


async def enrolling(radio: FakeBluez, offer: Offer) -> int:
    """What a new phone hears that shows this invitation."""
    phone = FakePhone(radio, offer.lock_key)
    await phone.connect(offer.psk)
    result, _ = await phone.open("ENROL", label="late", sign=phone.sign)
    if result < 0:
        await phone.gone()
    else:
        phone.leave()
    return result


async def used(lock: Inside, radio: FakeBluez, offer: Offer, _number: str) -> None:
    assert await enrolling(radio, offer) == results.COMPLETE


async def cancelled(lock: Inside, _radio: FakeBluez, _offer: Offer, number: str) -> None:
    lock.daemon.desk.phone_desk().cancel_invite(number)


async def ran_out(lock: Inside, _radio: FakeBluez, _offer: Offer, _number: str) -> None:
    invitations = lock.daemon.desk.phone_desk()._invitations  # type: ignore[attr-defined]
    assert invitations.current(lock.daemon.clock.now().mono + LASTS_S) is None


async def tried_too_often(lock: Inside, radio: FakeBluez, offer: Offer, _number: str) -> None:
    for _ in range(5):
        assert await enrolling(radio, offer.but(psk=bytes(32))) == -results.BAD_HANDSHAKE


async def cut_off(lock: Inside, radio: FakeBluez, offer: Offer, _number: str) -> None:
    """Power is cut after it was used, and before the key of the phone is on disk."""

    def cut() -> None:
        raise StoreError("power is cut")

    lock.before_commit = cut
    assert await enrolling(radio, offer) == results.INTERNAL


async def left_open(_lock: Inside, _radio: FakeBluez, _offer: Offer, _number: str) -> None:
    """Lockd ends before it is used: whoever wants it makes another one."""


FATES: list[Callable[..., Awaitable[Any]]] = [used, cancelled, ran_out, tried_too_often, cut_off, left_open]


@pytest.mark.parametrize("fate", FATES, ids=lambda fate: fate.__name__)
async def test_none_comes_alive_again(tmp_path: Path, private_bus: PrivateBus, fate: Callable[..., Any]) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        offer, number = await invited(lock)
        await fate(lock, radio, offer, number)
        if fate is not left_open:
            assert await enrolling(radio, offer) == -results.BAD_HANDSHAKE
        known = [(phone["id"], phone["role"]) for phone in lock.daemon.desk.phone_desk().listed()]
        assert len(known) == (fate is used)
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        assert await enrolling(radio, offer) == -results.BAD_HANDSHAKE
        await invited(lock)  # nor while another one is open
        assert await enrolling(radio, offer) == -results.BAD_HANDSHAKE
        assert [(phone["id"], phone["role"]) for phone in lock.daemon.desk.phone_desk().listed()] == known
        assert (offer.id in lock.daemon.desk.phone_desk()._invitations.used) == (fate is used)  # type: ignore[attr-defined]


async def test_an_invitation_that_a_store_brought_back_would_be_used_again(
    tmp_path: Path, private_bus: PrivateBus
) -> None:
    """The control: were one kept over a restart, the phone would come in, and the check above would see it."""
    async with locked(tmp_path, private_bus.address) as (lock, _):
        offer, _ = await invited(lock)
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        kept: Invitations = lock.daemon.desk.phone_desk()._invitations  # type: ignore[attr-defined]
        kept.open(offer.id, offer.psk, "admin", 0, lock.daemon.clock.now().mono)
        assert await enrolling(radio, offer) == results.COMPLETE


async def test_one_that_was_used_is_known_as_used_after_a_restart(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        offers = [(await invited(lock))[0] for _ in range(2)]
        assert await enrolling(radio, offers[1]) == results.COMPLETE
        phones = lock.daemon.desk.phone_desk().listed()
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        assert lock.daemon.desk.phone_desk()._with.book.used == (offers[1].id,)  # type: ignore[attr-defined]
        assert len(lock.daemon.desk.phone_desk().listed()) == len(phones) == 1
