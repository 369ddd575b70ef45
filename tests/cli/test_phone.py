"""lockctl phone: what lockd is asked, and how an invitation ends."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from lockd import errors
from lockd.cli import inviting
from lockd.dbus import names
from lockd.phone.keys import text
from lockd.wire import cose
from lockd.wire.passes import Pass, sign_pass
from tests.cli.conftest import Ctl
from tests.cli.fake import FakeLockd

URI = "lkp:1?k=kkk&p=ppp&i=iii&n=SG9tZQ"
ANNAS = {"id": "3f2a", "label": "Anna's phone", "role": "user", "user": 1, "created": 1_790_000_000, "connected": True}
BOBS = {"id": "77aa", "label": "Bob's phone", "role": "admin", "user": 2, "created": 1_790_000_000, "connected": False}
GUESTS = {"id": "99aa", "label": "", "role": "guest", "user": 1, "created": 1_790_000_000, "connected": False}


@pytest.fixture
def lockd(lockd: FakeLockd) -> FakeLockd:
    lockd.users = [{"index": 1, "name": "Anna"}]
    lockd.phones = [dict(ANNAS)]
    return lockd


def comes(phone: dict[str, Any]) -> Any:
    return lambda lockd: lockd.phones.append(phone)


def test_the_list_shows_whose_they_are(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.phones.append(BOBS)
    out = ctl("phone").out
    assert "Anna's phone" in out
    assert "user 2" in out
    assert out.count("connected") == 1
    assert ctl("phone", "list", "--json").document == [ANNAS, BOBS]
    lockd.phones.clear()
    assert "lockctl phone invite" in ctl("phone", "list").out


def test_an_invitation_is_shown_and_who_came_is_said(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.changes = [lambda lockd: None, comes(BOBS)]
    ran = ctl("phone", "invite", "--name", "Bob", "--role", "admin")
    assert lockd.done == [("CreateInvite", {"role": "admin", "name": "Bob"})]
    lines = ran.out.splitlines()
    assert URI in lines
    assert lines[-1] == "Enrolled: Bob's phone of user 2 (admin), id 77aa."
    assert ran.status == 0


def test_a_user_is_named_as_everywhere(ctl: Ctl, lockd: FakeLockd) -> None:
    ctl("phone", "invite", "--user", "anna", "--no-wait")
    assert lockd.done == [("CreateInvite", {"role": "user", "user": 1})]
    assert ctl("phone", "invite", "--user", "Zoe").status == 4


def test_with_json_the_invitation_is_the_answer(ctl: Ctl, lockd: FakeLockd) -> None:
    assert ctl("phone", "invite", "--json").document == {"ok": True, "uri": URI, "id": "77", "advice": []}
    assert lockd.done == [("CreateInvite", {"role": "user"})]


def test_what_keeps_every_phone_away_is_told_with_the_invitation(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.properties[names.MANAGER.name]["Degraded"] = ["disk: full", "phones: bluetoothd does not run"]
    said = "No phone can come now: bluetoothd does not run. See: sudo lockctl doctor bluetooth"
    assert ctl("phone", "invite", "--no-wait", "--no-qr").out.splitlines()[-1] == said
    assert said in ctl("phone", "invite", "--no-wait").out.splitlines()[:3], "before the code"
    assert ctl("phone", "invite", "--json").document["advice"] == [said]


def test_a_guest_who_opens_meanwhile_is_not_who_enrolled(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.changes = [comes(GUESTS), comes(BOBS)]
    assert "Enrolled: Bob's phone" in ctl("phone", "invite").out
    assert "guest" in ctl("phone", "list").out
    assert ctl("phone", "revoke", "99aa").out == "Revoked: guest (id 99aa).\n"


def test_nobody_comes_in_time(ctl: Ctl, lockd: FakeLockd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inviting, "LASTS_S", 0)
    lockd.waits = True
    ran = ctl("phone", "invite")
    assert ran.status == 1
    assert "within two minutes" in ran.err


def test_ctrl_c_takes_the_invitation_back(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.changes = [lambda lockd: os.kill(os.getpid(), signal.SIGINT)]
    lockd.waits = True
    ran = ctl("phone", "invite")
    assert ran.status == 130
    assert lockd.done[-1] == ("CancelInvite", "77")


def test_a_lockd_that_goes_away_is_said_and_asked_for_nothing_more(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.changes = [lambda lockd: False]
    lockd.refuse["CancelInvite"] = errors.Failure("gone")
    ran = ctl("phone", "invite")
    assert ran.status == 1
    assert "went away" in ran.err


@pytest.mark.parametrize("wanted", ["3f2a", "3f", "anna's phone"])
def test_revoke_takes_an_id_its_beginning_or_a_label(ctl: Ctl, lockd: FakeLockd, wanted: str) -> None:
    lockd.phones.append(BOBS)
    ran = ctl("phone", "revoke", wanted)
    assert lockd.done == [("Revoke", "3f2a")]
    assert ran.out == "Revoked: Anna's phone (id 3f2a).\n"


@pytest.mark.parametrize(("wanted", "words"), [
    ("zz", "no phone"), ("same", "more than one phone"), ("", "no phone"),
])  # fmt: skip
def test_revoke_revokes_one_or_none(ctl: Ctl, lockd: FakeLockd, wanted: str, words: str) -> None:
    lockd.phones = [{**ANNAS, "label": "same"}, {**BOBS, "label": "same"}]
    ran = ctl("phone", "revoke", wanted)
    assert (ran.status, lockd.done) == (4, [])
    assert words in ran.err
    assert "phone list" in ran.err


KEY, NUMBER = bytes(range(32)), bytes(range(16))
SIGNER = bytes(32)
GIVEN = sign_pass(Pass(KEY, NUMBER, cose.public(SIGNER), KEY, 1_900_000_000, 1_900_086_400), SIGNER)


@pytest.mark.parametrize(("given", "number", "words"), [
    (text(KEY), KEY, "the guest 000102030405"), (KEY.hex(), KEY, "the guest"), (text(NUMBER), NUMBER, "the pass"),
    (NUMBER.hex(), NUMBER, "the pass"), (f" {text(GIVEN)}\n", NUMBER, "the pass 000102030405"),
])  # fmt: skip
def test_a_guest_is_barred_by_what_he_was_given(
    ctl: Ctl, lockd: FakeLockd, given: str, number: bytes, words: str
) -> None:
    ran = ctl("phone", "bar", given)
    assert lockd.done == [("Bar", number.hex())]
    assert f"Barred: {words}" in ran.out
    assert ran.out.endswith(f"lockctl phone unbar {number.hex()[:12]}\n")
    assert ctl("phone", "bar", given, "--json").document == {"ok": True, "id": number.hex()}


@pytest.mark.parametrize(
    "given", ["", "Anna", "Anna's own old telephone", text(KEY[1:]), KEY.hex()[1:], text(GIVEN)[:-1],
              "AAECAwQFBg. ..cICQoLDA0ODw"]
)
def test_what_is_no_guests_is_not_barred(ctl: Ctl, lockd: FakeLockd, given: str) -> None:
    ran = ctl("phone", "bar", given)
    assert (ran.status, lockd.done) == (65, [])
    assert "lockctl ble pass key" in ran.err
    assert "lockctl phone revoke" in ran.err


@pytest.mark.parametrize("wanted", [KEY.hex(), KEY.hex()[:20], text(KEY), "000102030405060708090a0b0c0d0e0f1"])
def test_who_was_barred_is_shown_and_let_in_again(ctl: Ctl, lockd: FakeLockd, wanted: str) -> None:
    lockd.barred = [{"id": "ff" * 16, "kind": "pass"}, {"id": KEY.hex(), "kind": "guest"}]
    shown = ctl("phone", "barred").out
    assert "ff" * 16 in shown
    assert "guest" in shown
    assert ctl("phone", "barred", "--json").document == lockd.barred
    assert ctl("phone", "unbar", wanted).out == "The guest 000102030405 is barred no more.\n"
    assert lockd.done == [("Unbar", KEY.hex())]


def test_unbar_lets_one_in_or_none(ctl: Ctl, lockd: FakeLockd) -> None:
    assert ctl("phone", "barred").out == "Nobody is barred.\n"
    lockd.barred = [{"id": "ffaa" * 8, "kind": "pass"}, {"id": "ffbb" * 8, "kind": "pass"}]
    for wanted, words, status in (
        ("ff", "more than one barred", 4), ("00", "no barred", 4), ("x", "pass key", 65), ("", "pass key", 65)
    ):  # fmt: skip
        ran = ctl("phone", "unbar", wanted)
        assert (ran.status, lockd.done) == (status, [])
        assert words in ran.err


def test_the_code_is_drawn_unless_it_is_not_wanted(ctl: Ctl, lockd: FakeLockd) -> None:
    pytest.importorskip("segno")
    assert "▀" in ctl("phone", "invite", "--no-wait").out
    assert "▀" not in ctl("phone", "invite", "--no-wait", "--no-qr").out
