"""What phones of each role may do through the whole daemon, and what guests with a pass may."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from lockd.daemon import phone_book
from lockd.errors import Duplicate, InvalidField, NotFound, ResourceExhausted
from lockd.wire import results
from lockd.wire.enrolment import read_uri
from lockd.wire.messages import MAX_TIME
from lockd.wire.passes import Pass, RevocationList, Window, read_pass, sign_list, sign_pass
from tests.daemon import test_phones
from tests.daemon.inside import Inside
from tests.daemon.test_phones import enrolled, locked, records
from tests.fakes.bluez import FakeBluez
from tests.fakes.bus import PrivateBus
from tests.fakes.phone import FakePhone
from tests.wire.test_messages import RIGHT

_with_phones = test_phones._with_phones
DAY_S = 86_400


def signed(lock: Inside, issuer: FakePhone, guest: FakePhone, **more: Any) -> bytes:
    """A pass for a day."""
    now = lock.daemon.clock.now().wall // 1_000_000
    terms = {"not_before": now - 60, "expires": now + DAY_S, **more}
    given = Pass(issuer.lock_key, os.urandom(16), issuer.sign, guest.keys.public, **terms)
    return sign_pass(given, issuer.signing_key)


async def guest(radio: FakeBluez, issuer: FakePhone) -> FakePhone:
    phone = FakePhone(radio, issuer.lock_key)
    await phone.connect(number=9)
    return phone


async def test_an_admin_manages_users_and_no_admin_or_owner(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        await enrolled(lock, radio, "owner")
        phone = await enrolled(lock, radio, "admin")
        await phone.connect()
        assert (await phone.open("USERS", op="set", index=3, name="Eve"))[0] == results.COMPLETE
        assert (await phone.ask("USERS", op="set", index=3, status="OccupiedDisabled"))[0] == results.COMPLETE
        assert await phone.ask("USERS", op="credentials", index=3) == (results.COMPLETE, {"credentials": []})
        assert (await phone.ask("USERS", op="clear", index=3))[0] == results.COMPLETE
        assert [(await phone.ask("USERS", op="clear", index=index))[0] for index in (1, 2)] == [results.FORBIDDEN] * 2
        assert (await phone.ask("USERS", op="clear"))[0] == results.BAD_PARAM
        for everybody in (0xFFFE, 0xFFFF):  # Matter's word for all of them is no user
            assert (await phone.ask("USERS", op="clear", index=everybody))[0] == results.BAD_PARAM
            assert [user["index"] for user in lock.daemon.desk.list_users()] == [1, 2]
        assert (await phone.ask("INVITE", role="admin"))[0] == results.FORBIDDEN
        assert (await phone.ask("INVITE", role="user", user=1))[0] == results.FORBIDDEN
        assert (await phone.ask("INVITE", role="user", user=77))[0] == results.UNKNOWN_ID
        assert (await phone.ask("TIME_SET", time=1_900_000_000))[0] == results.FORBIDDEN
        _, invited = await phone.ask("INVITE", role="user")
        assert read_uri(invited["uri"]).lock_key == phone.lock_key


async def test_who_is_disabled_manages_nothing_and_does_not_enable_himself(
    tmp_path: Path, private_bus: PrivateBus
) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        await enrolled(lock, radio, "owner")
        phone = await enrolled(lock, radio, "owner")
        await phone.connect()
        assert (await phone.open("USERS", op="list"))[0] == results.COMPLETE
        await lock.daemon.desk.set_user("Modify", 2, {"status": "OccupiedDisabled"}, "test")
        for command, fields in RIGHT.items():
            if command not in ("PASS", "ENROL"):
                assert (await phone.ask(command, **fields))[0] == results.DISABLED, command
        enable = {"op": "set", "index": 2, "status": "OccupiedEnabled"}
        assert (await phone.ask("USERS", **enable))[0] == results.DISABLED
        await lock.daemon.desk.set_user("Modify", 2, {"status": "OccupiedEnabled"}, "test")
        assert (await phone.ask("STATUS"))[0] == results.COMPLETE


async def test_one_credential_is_cleared_alone_and_no_field_is_passed_over(
    tmp_path: Path, private_bus: PrivateBus
) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        await lock.enrol("482913")
        lost, phone = await enrolled(lock, radio, user=1), await enrolled(lock, radio, "owner")
        await phone.connect()
        assert (await phone.open("USERS", op="credentials", index=1))[1] == {"credentials": [["PIN", 1], ["Phone", 1]]}
        for fields in ({"credential": 1}, {"type": "Phone"}, {"name": "x"}):
            assert (await phone.ask("USERS", op="clear", index=1, **fields))[0] == results.BAD_PARAM
        for kind, number, result in (
            ("Phone", 2, results.UNKNOWN_ID), ("Phone", 1, results.COMPLETE), ("Phone", 1, results.UNKNOWN_ID)
        ):  # fmt: skip
            assert (await phone.ask("USERS", op="clear", index=1, type=kind, credential=number))[0] == result
        assert [[user["index"], user["credentials"]] for user in lock.daemon.desk.list_users()] == [
            [1, [["PIN", 1]]], [2, [["Phone", 2]]]
        ]  # fmt: skip
        await lost.connect(number=5)
        assert (await lost.open("STATUS"))[0] == results.NOT_AUTHORISED


async def test_a_time_that_no_calendar_has_does_no_harm(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        phone = await enrolled(lock, radio, "owner")
        await phone.connect()
        now = lock.daemon.clock.now().wall // 1_000_000
        assert (await phone.open("TIME_SET", time=now * 1000))[0] == results.BAD_PARAM  # milliseconds
        assert (await phone.ask("TIME_SET", time=0))[0] == results.BAD_PARAM
        assert (await phone.ask("TIME_SET", time=MAX_TIME))[0] == results.COMPLETE
        assert (await phone.ask("UNLOCK"))[0] == results.ACCEPTED
        assert (await phone.next())[0] == results.COMPLETE


async def test_an_owner_sets_what_the_lock_is_like(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        phone = await enrolled(lock, radio, "owner")
        await phone.connect()
        assert await phone.open("CONFIG", name="AutoRelockTime", value=30) == (results.COMPLETE, {"value": 30})
        assert await phone.ask("CONFIG", name="OperatingMode") == (results.COMPLETE, {"value": "Normal"})
        assert (await phone.ask("CONFIG", name="OperatingMode", value="Party"))[0] == results.BAD_PARAM
        assert (await phone.ask("CONFIG", name="Colour"))[0] == results.UNKNOWN_ID
        assert (await phone.ask("STATUS"))[1]["epoch"] == 0
        void = sign_list(RevocationList(phone.lock_key, phone.sign, 1, 3, ()), phone.signing_key)
        assert (await phone.ask("REVLIST", list=void))[0] == results.COMPLETE
        assert (await phone.ask("STATUS"))[1]["epoch"] == 3
        time = lock.daemon.clock.now().wall // 1_000_000
        assert (await phone.ask("TIME_SET", time=time + 3600))[0] == results.COMPLETE
        assert (await phone.ask("LOG_ACK", seq=3))[0] == results.COMPLETE
        assert (await records(lock, detail="log-read"))[0]["by"] == "phone owner's phone, up to 3"


async def test_the_trail_is_read_in_parts_that_fit(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        for index in range(30):
            await lock.daemon.desk.set_user("Add", index + 1, {"name": "x" * 60}, "test")
        phone = await enrolled(lock, radio, "admin")
        await phone.connect()
        _, page = await phone.open("LOG_READ", **{"from": 1})
        seen = [event["seq"] for event in page["events"]]
        while seen[-1] < page["last"]:
            _, page = await phone.ask("LOG_READ", **{"from": seen[-1] + 1})
            seen += [event["seq"] for event in page["events"]]
        assert seen == list(range(1, page["last"] + 1))
        _, users = await phone.ask("USERS", op="list")
        assert 0 < users["next"] == len(users["users"]) + 1


async def test_a_guest_opens_as_often_as_his_pass_says(tmp_path: Path, private_bus: PrivateBus) -> None:
    # Defence: lockd/daemon/phone_commands.py: await self._note("pass-used", asked.by, self._used(given, 1))
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        owner = await enrolled(lock, radio, "owner")
        visitor = await guest(radio, owner)
        given = signed(lock, owner, visitor, uses=1, rights=("UNLOCK", "LOCK"))
        assert await visitor.open("PASS", **{"pass": given}) == (results.COMPLETE, {"cmd": [1, 2]})
        assert (await visitor.ask("STATUS"))[0] == results.FORBIDDEN
        assert (await visitor.ask("UNLOCK"))[0] == results.ACCEPTED
        assert await visitor.next() == (results.COMPLETE, {"lock": "Unlocked"})
        phases = [entry.fields.get("detail") or entry.fields.get("phase") for kind, entry in lock.events
                  if kind == "durable"]  # fmt: skip
        assert phases.index("pass-used") < phases.index("guest-pass")
        assert (await visitor.ask("LOCK"))[0] == results.ACCEPTED
        assert (await visitor.next())[0] == results.COMPLETE
        assert (await visitor.ask("UNLOCK"))[0] == results.USED_UP
        opened = (await records(lock, detail="guest-pass", phase="done", type="Unlock"))[0]
        assert opened["user"] == 1  # who signed it answers for it
        assert opened["by"] == f"phone {visitor.keys.public[:6].hex()}"


async def test_a_use_that_moved_nothing_comes_back(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        owner = await enrolled(lock, radio, "owner")
        visitor = await guest(radio, owner)
        await visitor.open("PASS", **{"pass": signed(lock, owner, visitor, uses=1)})
        await lock.daemon.desk.set_property("OperatingMode", "Privacy", "test")
        assert (await visitor.ask("UNLOCK"))[0] == results.FORBIDDEN
        await lock.daemon.desk.set_property("OperatingMode", "Normal", "test")
        assert (await visitor.ask("UNLOCK"))[0] == results.ACCEPTED


@pytest.mark.parametrize(("how", "code"), [
    ({"expires": 1}, results.EXPIRED), ({"epoch": 0}, 0), ({"windows": (Window(127, 0, 0),)}, 0),
])  # fmt: skip
async def test_a_pass_holds_or_not(tmp_path: Path, private_bus: PrivateBus, how: dict[str, Any], code: int) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        owner = await enrolled(lock, radio, "owner")
        visitor = await guest(radio, owner)
        assert (await visitor.open("PASS", **{"pass": signed(lock, owner, visitor, **how)}))[0] == code


async def test_a_pass_is_for_its_holder_and_needs_a_clock(tmp_path: Path, private_bus: PrivateBus) -> None:
    # Defence: lockd/daemon/phone_commands.py: given = self._verified(asked.fields["pass"], asked.session.phone_key)
    # Defence: lockd/daemon/phone_commands.py: at.trust == "Trusted"
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        owner = await enrolled(lock, radio, "owner")
        visitor, thief = FakePhone(radio, owner.lock_key), FakePhone(radio, owner.lock_key)
        given = {"pass": signed(lock, owner, visitor)}
        await thief.connect(number=7)
        assert (await thief.open("PASS", **given))[0] == results.NOT_AUTHORISED
        lock.daemon.desk.set_time_state("Floor")
        await visitor.connect(number=8)
        assert (await visitor.open("PASS", **given))[0] == results.TIME_UNKNOWN
        await visitor.gone()
        lock.daemon.desk.set_time_state("Trusted")
        await visitor.connect(number=9)
        assert (await visitor.open("PASS", **given))[0] == results.COMPLETE


async def test_nobody_but_owners_and_admins_signs_passes(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        user = await enrolled(lock, radio, "user")
        visitor = await guest(radio, user)
        assert (await visitor.open("PASS", **{"pass": signed(lock, user, visitor)}))[0] == results.NOT_AUTHORISED
        await visitor.gone()


async def test_a_list_that_any_phone_carries_ends_a_pass_and_its_session(
    tmp_path: Path, private_bus: PrivateBus
) -> None:
    # Defence: lockd/daemon/phone_commands.py: book.void = void
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        owner, carrier = await enrolled(lock, radio, "owner"), await enrolled(lock, radio, "user")
        visitor = await guest(radio, owner)
        await visitor.open("PASS", **{"pass": signed(lock, owner, visitor)})
        void = sign_list(RevocationList(owner.lock_key, owner.sign, 1, 1, ()), owner.signing_key)
        await carrier.connect(number=2)
        assert (await carrier.open("REVLIST", list=void))[0] == results.COMPLETE
        assert await visitor.next() == (-results.REVOKED, {})
        assert (await carrier.ask("REVLIST", list=void))[0] == results.STALE


async def test_a_list_takes_back_no_other_issuers_and_outlives_a_restart(
    tmp_path: Path, private_bus: PrivateBus
) -> None:
    # Defence: lockd/daemon/phone_book.py: lists = {**self.void.lists, new.issuer: (new.number, new.passes)}
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        owner, admin = await enrolled(lock, radio, "owner"), await enrolled(lock, radio, "admin")
        visitor = FakePhone(radio, owner.lock_key)
        given = signed(lock, owner, visitor)
        issued = ((owner, 9, (read_pass(given).id,)), (admin, 2, ()), (owner, 8, ()))
        lists = [sign_list(RevocationList(owner.lock_key, each.sign, number, 0, ids), each.signing_key)
                 for each, number, ids in issued]  # fmt: skip
        await admin.connect(number=2)
        assert (await admin.open("REVLIST", list=lists[0]))[0] == results.COMPLETE
        assert (await admin.ask("REVLIST", list=lists[1]))[0] == results.COMPLETE
        assert (await admin.ask("REVLIST", list=lists[2]))[0] == results.STALE
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        late = FakePhone(radio, owner.lock_key, visitor.keys)
        await late.connect(number=9)
        assert (await late.open("PASS", **{"pass": given}))[0] == results.REVOKED


async def test_a_guest_is_revoked_at_the_lock_with_all_his_passes(tmp_path: Path, private_bus: PrivateBus) -> None:
    # Defence: lockd/daemon/phone_commands.py: or given.holder in book.barred
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        owner = await enrolled(lock, radio, "owner")
        visitor = await guest(radio, owner)
        await visitor.open("PASS", **{"pass": signed(lock, owner, visitor)})
        assert [row["role"] for row in lock.daemon.desk.phone_desk().listed()] == ["owner"], "he has not opened yet"
        assert (await visitor.ask("UNLOCK"))[0] == results.ACCEPTED
        assert (await visitor.next())[0] == results.COMPLETE
        _, seen = lock.daemon.desk.phone_desk().listed()
        assert (seen["id"], seen["user"]) == (visitor.keys.public[:6].hex(), 1)
        assert (seen["role"], seen["index"], seen["connected"]) == ("guest", 0, True)
        await lock.daemon.desk.phone_desk().revoke(seen["id"], "test")
        assert await visitor.next() == (-results.REVOKED, {})
        assert [row["role"] for row in lock.daemon.desk.phone_desk().listed()] == ["owner"]
        with pytest.raises(NotFound):
            await lock.daemon.desk.phone_desk().revoke(seen["id"], "test")
        (trace,) = await records(lock, detail="guest-barred")
        assert (trace["by"], trace["value"]) == ("test", visitor.keys.public.hex())
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        for phone in (FakePhone(radio, owner.lock_key, visitor.keys), FakePhone(radio, owner.lock_key)):
            await phone.connect(number=8)
            again = await phone.open("PASS", **{"pass": signed(lock, owner, phone)})
            assert again[0] == (results.REVOKED if phone.keys is visitor.keys else results.COMPLETE)


async def test_a_pass_or_a_guest_is_barred_before_he_has_come_and_let_in_again(
    tmp_path: Path, private_bus: PrivateBus
) -> None:
    # Defence: lockd/daemon/phone_book.py: revoked = frozenset((*void.barred,
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        phones = lock.daemon.desk.phone_desk()
        owner = await enrolled(lock, radio, "owner")
        visitor = FakePhone(radio, owner.lock_key)
        given, other = (signed(lock, owner, visitor, uses=1) for _ in range(2))
        key, number = visitor.keys.public, read_pass(given).id

        async def shown(data: bytes) -> int:
            phone = FakePhone(radio, owner.lock_key, visitor.keys)
            await phone.connect(number=8)
            result, _ = await phone.open("PASS", **{"pass": data})
            phone.leave()
            return result

        await phones.bar(number, "test")
        assert (await shown(given), await shown(other)) == (results.REVOKED, results.COMPLETE)
        await phones.bar(key, "test")
        assert phones.barred() == [{"id": number.hex(), "kind": "pass"}, {"id": key.hex(), "kind": "guest"}]
        assert await shown(other) == results.REVOKED
        await phones.unbar(number, "test")
        assert await shown(given) == results.REVOKED, "his key is barred still"
        traces = [(row["detail"], row["value"]) for row in await records(lock, by="test") if "barred" in row["detail"]]
        assert traces == [("pass-barred", number.hex()), ("guest-barred", key.hex()), ("pass-unbarred", number.hex())]
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        assert await shown(given) == results.REVOKED
        await lock.daemon.desk.phone_desk().unbar(key, "test")
        assert await shown(given) == results.COMPLETE
        assert lock.daemon.desk.phone_desk().barred() == []


async def test_a_guest_who_is_barred_while_he_is_there_goes_at_once(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        owner = await enrolled(lock, radio, "owner")
        for device in (7, 8):
            visitor = FakePhone(radio, owner.lock_key)
            given = signed(lock, owner, visitor)
            await visitor.connect(number=device)
            assert (await visitor.open("PASS", **{"pass": given}))[0] == results.COMPLETE
            number = visitor.keys.public if device == 7 else read_pass(given).id
            await lock.daemon.desk.phone_desk().bar(number, "test")
            assert await visitor.next() == (-results.REVOKED, {})


async def test_what_cannot_be_barred_or_let_in_again_is_said(
    tmp_path: Path, private_bus: PrivateBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_book, "MOST_BARRED", 2)
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        phones, user = lock.daemon.desk.phone_desk(), await enrolled(lock, radio)
        with pytest.raises(InvalidField, match=f"phone revoke {user.keys.public[:6].hex()}"):
            await phones.bar(user.keys.public, "test")
        with pytest.raises(NotFound, match="phone barred"):
            await phones.unbar(bytes(16), "test")
        await phones.bar(bytes(16), "test")
        with pytest.raises(Duplicate, match="phone barred"):
            await phones.bar(bytes(16), "test")
        await phones.bar(bytes(32), "test")
        with pytest.raises(ResourceExhausted, match="revoke --all"):
            await phones.bar(b"x" * 16, "test")
        assert [row["kind"] for row in phones.barred()] == ["pass", "guest"]


async def test_who_loses_his_phone_loses_his_guests(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        owner = await enrolled(lock, radio, "owner")
        visitor = await guest(radio, owner)
        await visitor.open("PASS", **{"pass": signed(lock, owner, visitor)})
        await lock.daemon.desk.clear_user(1, "test")
        assert await visitor.next() == (-results.REVOKED, {})


async def test_a_reset_forgets_phones_and_invitations(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        phone = await enrolled(lock, radio)
        offer = read_uri((lock.daemon.desk.phone_desk().create_invite({}, "test"))[0])
        await lock.daemon.desk.factory_reset("test")
        assert lock.daemon.desk.phone_desk().listed() == []
        late = FakePhone(radio, offer.lock_key)
        await late.connect(offer.psk)
        assert (await late.open("ENROL", label="late", sign=late.sign))[0] == -results.BAD_HANDSHAKE
        await phone.connect(number=5)
        assert (await phone.open("UNLOCK"))[0] == results.NOT_AUTHORISED


async def test_an_enrolment_that_fails_leaves_no_phone(tmp_path: Path, private_bus: PrivateBus) -> None:
    async with locked(tmp_path, private_bus.address) as (lock, radio):
        phone = await enrolled(lock, radio)
        for keys, label, user, result in (
            (phone.keys, "again", 0, results.EXISTS), (None, "a\nb", 0, results.BAD_PARAM),
            (None, "a\nb", 1, results.BAD_PARAM),  # who is there has a name, and the label is none
        ):  # fmt: skip
            fields = {"role": "admin", "user": user}
            offer = read_uri((lock.daemon.desk.phone_desk().create_invite(fields, "test"))[0])
            late = FakePhone(radio, offer.lock_key, keys)
            await late.connect(offer.psk)
            assert (await late.open("ENROL", label=label, sign=late.sign))[0] == result
            late.leave()
            assert [row["label"] for row in lock.daemon.desk.phone_desk().listed()] == ["user's phone"], "as it was"
        offer = read_uri((lock.daemon.desk.phone_desk().create_invite({"user": 1}, "test"))[0])
        await lock.daemon.desk.set_user("Add", 2, {"name": "stays"}, "test")
        await lock.daemon.desk.clear_user(1, "test")
        late = FakePhone(radio, offer.lock_key)
        await late.connect(offer.psk)
        assert (await late.open("ENROL", label="late", sign=late.sign))[0] == results.UNKNOWN_ID
        assert lock.daemon.desk.phone_desk().listed() == []
