"""PINs with terms, and cards and fingers listed and taken away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from lockd import errors
from lockd.cli.output import Output
from tests.cli.conftest import Ctl
from tests.cli.fake import FakeLockd

ANNA: dict[str, Any] = {"index": 1, "name": "Anna", "type": "UnrestrictedUser", "status": "OccupiedEnabled",
                        "credentials": [["PIN", 1], ["PIN", 2], ["RFID", 4]], "spare": [["PIN", 2]]}  # fmt: skip
BERT = {**ANNA, "index": 2, "name": "Bert", "credentials": [["Fingerprint", 1]], "spare": []}


@pytest.fixture(autouse=True)
def people(lockd: FakeLockd) -> None:
    lockd.users = [ANNA, BERT]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


@pytest.mark.parametrize(("words", "operation", "index", "fields"), [
    ((), "Modify", 1, {}),
    (("--index", "2"), "Modify", 2, {}),
    (("--another",), "Add", 3, {}),
    (("--spare", "--uses", "1"), "Add", 3, {"uses": 1, "spare": True}),
    (("--duress",), "Add", 3, {"duress": True}),
    (("--uses", "0"), "Modify", 1, {"uses": 0}),
    (("--from", "2030-12-24", "--until", "2030-12-31"), "Modify", 1,
     {"from": at("2030-12-24"), "until": at("2031-01-01")}),
    (("--from", "always", "--until", "always"), "Modify", 1, {"from": 0, "until": 0}),
])  # fmt: skip
def test_a_pin_is_set_with_its_terms(
    ctl: Ctl, lockd: FakeLockd, words: tuple[str, ...], operation: str, index: int, fields: dict[str, Any]
) -> None:
    assert ctl("pin", "set", "Anna", *words, "--stdin", stdin="246809\n").status == 0
    assert lockd.done == [("SetCredential", operation, "PIN", index, b"246809", 1, fields)]


@pytest.mark.parametrize("words", [
    ("--uses", "256"), ("--uses", "-1"), ("--until", "soon"), ("--spare", "--duress"), ("--spare", "--index", "1"),
    ("--from", "2030-12-31", "--until", "2030-12-24"), ("--until", "2020-01-01"),
])  # fmt: skip
def test_terms_that_make_no_sense_set_nothing(ctl: Ctl, lockd: FakeLockd, words: tuple[str, ...]) -> None:
    assert ctl("pin", "set", "Anna", *words, "--stdin", stdin="246809\n").status == 64
    assert lockd.done == []


def test_what_is_wrong_with_a_new_pin_is_said(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.pin_faults = ["it counts upwards"]
    ran = ctl("pin", "set", "Anna", "--stdin", stdin="123456\n")
    assert ran.out == "PIN 1 of Anna (user 1) changed. The PIN could be better: it counts upwards.\n"


@pytest.mark.parametrize("words", [("--index", "3"), ()])
def test_what_is_wrong_with_the_pin_of_a_new_user_is_said_too(
    ctl: Ctl, lockd: FakeLockd, words: tuple[str, ...]
) -> None:
    lockd.pin_faults, lockd.made = ["It counts", "It is a date"], 3
    ran = ctl("user", "add", "Cleo", *words, "--pin-stdin", stdin="123456\n")
    assert ran.out == "Added Cleo (user 3) with a PIN. The PIN could be better: It counts; It is a date.\n"
    assert lockd.asked == [("RatePIN", b"123456", 0)]
    lockd.pin_faults = []
    assert "better" not in ctl("user", "add", "Dora", "--pin-stdin", stdin="246809\n").out


def test_a_user_is_added_with_a_pin_of_some_uses(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.made = 3
    ran = ctl("user", "add", "Cleo", "--type", "remote-only", "--pin-stdin", "--uses", "3", stdin="246809\n")
    assert ran.out == "Added Cleo (user 3) with a PIN of 3 uses.\n"
    made_with = {"user_type": "RemoteOnlyUser", "uses": 3}
    assert lockd.done[0] == ("SetCredential", "Add", "PIN", 3, b"246809", 0, made_with)
    ran = ctl("user", "add", "Dora", "--index", "4", "--pin-stdin", "--uses", "1", stdin="246809\n")
    assert ran.out == "Added Dora (user 4) with a PIN of 1 use.\n"
    assert lockd.done[-1] == ("SetCredential", "Add", "PIN", 3, b"246809", 4, {"uses": 1})


@pytest.mark.parametrize("words", [("--uses", "3"), ("--uses", "0", "--pin"), ("--uses", "256", "--pin")])
def test_uses_are_those_of_a_pin_and_in_their_range(ctl: Ctl, lockd: FakeLockd, words: tuple[str, ...]) -> None:
    ran = ctl("user", "add", "Cleo", *words)
    assert (ran.status, lockd.done) == (64, [])
    assert "--uses" in ran.err


def test_who_is_there_is_shown_where_a_user_was_not_found_and_nowhere_else(ctl: Ctl, lockd: FakeLockd) -> None:
    assert ctl("user", "show", "Nobody").err.endswith("; lockctl user list shows who is there\n")
    lockd.refuse["Enrol"] = errors.NotFound("no card was shown within 5 s: begin again, and hold it there")
    assert ctl("card", "add", "Anna").err == "lockctl: no card was shown within 5 s: begin again, and hold it there\n"


@pytest.mark.parametrize("words", [("user", "add", "Cleo", "--pin-stdin"), ("pin", "set", "Anna", "--stdin")])
@pytest.mark.parametrize("quality", ["allow", "refuse"])
def test_a_pin_is_not_rated_where_the_lock_takes_any_or_refuses_it_itself(
    ctl: Ctl, lockd: FakeLockd, words: tuple[str, ...], quality: str
) -> None:
    lockd.properties["org.lockd1.Users"]["PINQuality"] = quality
    assert ctl(*words, stdin="123456\n").status == 0
    assert lockd.asked == []


def test_a_pin_that_cannot_be_rated_makes_nobody(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.refuse["RatePIN"] = errors.ConstraintError("data: a PIN has 6 to 8 digits; this has 2.")
    ran = ctl("user", "add", "Cleo", "--pin-stdin", stdin="12\n")
    assert ran.err == "lockctl: a PIN has 6 to 8 digits; this has 2.\n"
    assert lockd.done == []


def test_spare_pins_are_marked_wherever_they_are_shown(ctl: Ctl) -> None:
    assert "PIN 1, PIN 2 (spare), RFID 4" in ctl("user", "show", "Anna").out
    rows = [line.split() for line in ctl("pin").out.splitlines()[1:]]
    assert rows == [["1", "1", "Anna"], ["2", "1", "spare", "Anna"]]
    assert ctl("pin", "--json").document[1] == {"index": 2, "user": 1, "name": "Anna", "spare": True}


def test_cards_and_fingers_are_listed(ctl: Ctl, lockd: FakeLockd) -> None:
    assert ctl("card", "--json").document == [{"index": 4, "user": 1, "name": "Anna"}]
    assert ctl("finger", "list").out.splitlines()[1].split() == ["1", "2", "Bert"]
    lockd.users = []
    assert "There are no fingers. Add one: " in ctl("finger").out


def test_a_card_is_removed_and_the_last_credential_takes_a_yes(ctl: Ctl, lockd: FakeLockd) -> None:
    assert ctl("card", "remove", "4").out == "Card 4 of Anna (user 1) removed.\n"
    assert ctl("finger", "remove", "1").status == 64
    assert ctl("card", "remove", "5").status == 4
    assert lockd.done == [("ClearCredential", "RFID", 4)]
    ran = ctl("finger", "remove", "1", "--yes", "remove", "--json")
    assert ran.document == {"ok": True, "index": 1, "user_removed": True}
    assert lockd.done[1:] == [("ClearCredential", "Fingerprint", 1)]


def test_the_list_of_users_fits_80_columns(
    ctl: Ctl, lockd: FakeLockd, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [["PIN", index] for index in range(1, 11)]
    lockd.users = [{**ANNA, "name": "Anna-Katharina " * 3, "type": "ScheduleRestrictedUser", "credentials": many}]
    monkeypatch.setattr(Output, "terminal", True)
    monkeypatch.setenv("COLUMNS", "80")
    lines = ctl("user", "list").out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "PIN 10" in "".join(lines)
