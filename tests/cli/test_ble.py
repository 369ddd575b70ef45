"""lockctl ble against locks in memory: what reaches the lock, what is said, what is kept."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lockd.cli import bledeeds, passes
from lockd.phone.guests import read
from lockd.phone.keys import Book, text
from lockd.phone.refusals import SENTENCES, Unreachable
from lockd.phone.shelf import Shelf
from lockd.wire import results
from lockd.wire.enrolment import Offer, write_uri
from lockd.wire.events import CommandReceived
from lockd.wire.passes import Window, read_list
from tests.cli.conftest import Ctl
from tests.phone.air import Air, Line, Lock, known
from tests.wire.ends import keys, secret

STATUS = {"lock": "Locked", "motion": "Idle", "fault": "None", "door": "DoorClosed", "mode": "Normal", "battery": 80,
          "level": "Ok", "time": "Trusted"}  # fmt: skip


@pytest.fixture
def lock() -> Lock:
    lock = Lock()
    lock.world.at = time.monotonic()  # as the phone's own clock, which is the real one here
    lock.does["LOCK"] = ((results.ACCEPTED, {}), (results.COMPLETE, {"lock": "Locked"}))
    lock.does["STATUS"] = ((results.COMPLETE, STATUS),)
    return lock


@pytest.fixture
def air(lock: Lock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Air:
    air = Air(a=lock)
    monkeypatch.setattr(bledeeds, "Bluetooth", lambda _adapter: air)
    monkeypatch.setattr("lockd.phone.shelf.desktop", lambda: None)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return air


@pytest.fixture
def shelf(air: Air) -> Shelf:
    """This machine is the owner's phone."""
    shelf = Shelf()
    shelf.change(lambda book: book.add(known()))
    return shelf


def invitation(lock: Lock) -> str:
    at = time.monotonic()
    lock.world.invitations.open(b"number!!", secret("psk"), "user", 5, at)
    lock.does["ENROL"] = ((results.COMPLETE, {"role": "user", "user": 5}),)
    return write_uri(Offer(keys("lock").public, secret("psk"), b"number!!", "Home"))


def test_unlock_says_that_the_bolt_has_arrived(ctl: Ctl, lock: Lock, shelf: Shelf) -> None:
    ran = ctl("ble", "unlock")
    assert (ran.status, ran.out, ran.err) == (0, "Unlocked.\n", "")
    assert lock.asked == [("UNLOCK", {})]
    assert shelf.load().find(None).address == "a"
    assert ctl("ble", "lock", "Home", "--json").document == {"ok": True, "LockState": "Locked"}


def test_a_pin_goes_along_and_is_not_shown(ctl: Ctl, lock: Lock, shelf: Shelf) -> None:
    ran = ctl("ble", "unlock", "--pin-stdin", stdin="135790\n")
    assert lock.asked == [("UNLOCK", {"pin": "135790"})]
    assert "135790" not in ran.out + ran.err


@pytest.mark.parametrize("code", sorted(code for code in SENTENCES if code < results.BAD_HANDSHAKE))
def test_each_refusal_is_one_line_and_an_exit_status(ctl: Ctl, lock: Lock, shelf: Shelf, code: int) -> None:
    lock.does["UNLOCK"] = ((code, {}),)
    ran = ctl("ble", "unlock")
    assert ran.status in (1, 3, 4, 5, 6, 7, 8, 9, 65, 75)
    assert (ran.out, ran.err.count("\n")) == ("", 1)
    assert SENTENCES[code][1] in ran.err
    assert "as root" not in ran.err


def test_no_way_to_the_lock_is_a_status_of_its_own(ctl: Ctl, air: Air, shelf: Shelf) -> None:
    air.fault = Unreachable("this machine has no Bluetooth adapter: plug one in")
    ran = ctl("ble", "unlock", "--json")
    assert ran.status == 69
    assert ran.document["error"] == "Unreachable"
    assert ran.err == "lockctl: this machine has no Bluetooth adapter: plug one in\n"


def test_a_machine_that_knows_no_lock_says_what_to_do(ctl: Ctl, air: Air) -> None:
    for command in (("unlock",), ("pass", "revoke", "--all")):  # before it asks whether that is meant
        ran = ctl("ble", *command)
        assert ran.status == 4
        assert "ble enrol" in ran.err
    assert "ble enrol" in ctl("ble").out
    assert ctl("ble", "list", "--json").document == []


def test_enrol_keeps_a_key_that_opens(ctl: Ctl, lock: Lock, air: Air, tmp_path: Path) -> None:
    ran = ctl("ble", "enrol", invitation(lock), "--label", "Anna's laptop")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("Enrolled at Home as user.")
    file = tmp_path / "lockd" / "phone" / "locks.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    met = Shelf().load().find("Home")
    assert (met.role, met.user, met.address) == ("user", 5, "a")
    assert lock.asked == [("ENROL", {"label": "Anna's laptop", "sign": met.keys.signer})]
    assert text(met.keys.private) not in ran.out + ran.err


def test_enrol_reads_the_invitation_from_a_pipe(ctl: Ctl, lock: Lock, air: Air) -> None:
    ran = ctl("ble", "enrol", "--stdin", "--name", "Flat", "--json", stdin=invitation(lock) + "\n")
    assert ran.document == {"ok": True, "lock": "Flat", "role": "user"}


def test_what_is_no_invitation_is_refused_before_the_radio_is_used(ctl: Ctl, air: Air) -> None:
    assert ctl("ble", "enrol").status == 64
    ran = ctl("ble", "enrol", "lkp:2?k=x")
    assert (ran.status, air.scans) == (65, 0)
    assert "scan the code again" in ran.err


def test_an_invitation_is_not_used_when_its_key_could_not_be_kept(
    ctl: Ctl, lock: Lock, air: Air, tmp_path: Path
) -> None:
    (tmp_path / "lockd").touch()
    assert ctl("ble", "enrol", invitation(lock)).status == 1
    assert (air.scans, lock.asked) == (0, [])


def test_an_invitation_is_not_used_when_its_name_is_taken(ctl: Ctl, lock: Lock, air: Air, shelf: Shelf) -> None:
    shelf.change(lambda book: Book((known(name="Home").but(key=keys("other").public),)))
    ran = ctl("ble", "enrol", invitation(lock), "--name", "Home")
    assert (ran.status, air.scans) == (5, 0)
    assert ctl("ble", "enrol", invitation(lock)).out.startswith("Enrolled at Home 2")


def test_several_locks_have_one_default(ctl: Ctl, shelf: Shelf) -> None:
    shelf.change(lambda book: book.add(known(name="Shed").but(key=keys("shed").public)))
    assert ctl("ble", "default", "Shed").status == 0
    assert [row["name"] for row in ctl("ble", "list", "--json").document if row["default"]] == ["Shed"]
    assert "default" in ctl("ble", "list").out
    assert ctl("ble", "forget", "Shed").status == 64
    assert ctl("ble", "forget", "Shed", "--yes", "forget").status == 0
    assert [lock.name for lock in shelf.load().locks] == ["Home"]
    assert ctl("ble", "forget", "Shed", "--yes", "forget").status == 4


def test_scan_shows_who_is_there_and_who_invites(ctl: Ctl, lock: Lock, air: Air) -> None:
    invitation(lock)
    assert "invites" in ctl("ble", "scan").out
    assert ctl("ble", "scan", "--json").document == [
        {"address": "a", "name": "Front door", "rssi": -40, "enrolling": True}
    ]
    air.locks.clear()
    assert "No lock" in ctl("ble", "scan", "--for", "20").out


def test_status_tells_the_lock_in_words(ctl: Ctl, lock: Lock, shelf: Shelf) -> None:
    out = ctl("ble", "status").out
    assert out.splitlines()[0].split() == ["Lock", "Locked"]
    assert "80 % (Ok)" in out
    assert "Fault" not in out
    assert ctl("ble", "status", "--json").document == STATUS
    lock.does["STATUS"] = ((results.COMPLETE, {**STATUS, "fault": "Jammed"}),)
    assert "Jammed" in ctl("ble", "status").out
    lock.does["STATUS"] = ((results.COMPLETE, {}),)
    assert "same version" in ctl("ble", "status").err


def event(number: int) -> dict[str, object]:
    return {"seq": number, "time": 1_790_000_000_000_000, "kind": "LockOperation", "type": "Unlock", "source": "Keypad",
            "user": 1}  # fmt: skip


def test_log_reads_on_until_it_has_them_all(ctl: Ctl, lock: Lock, shelf: Shelf) -> None:
    def give(line: Line, asked: CommandReceived) -> None:
        fields = asked.fields
        if asked.command == "LOG_READ":
            most = min(fields["max"], 3)  # as many as fit into an answer
            events = [event(n) for n in range(fields["from"], min(fields["from"] + most, 9))]
            lock.does["LOG_READ"] = ((results.COMPLETE, {"events": events, "last": 8}),)

    lock.before = give
    lock.does["USERS"] = ((results.COMPLETE, {"users": [{"index": 1, "name": "Anna"}], "next": 0}),)
    assert [row["seq"] for row in ctl("ble", "log", "--max", "7", "--json").document] == [2, 3, 4, 5, 6, 7, 8]
    assert ctl("ble", "log").out.count("Anna") == 8


def test_an_empty_log_says_so_and_unknown_names_are_numbers(ctl: Ctl, lock: Lock, shelf: Shelf) -> None:
    lock.does["LOG_READ"] = ((results.COMPLETE, {"events": [], "last": 0}),)
    lock.does["USERS"] = ((results.FORBIDDEN, {}),)
    assert ctl("ble", "log").out == "Nothing happened yet.\n"


def test_following_tells_what_happens_while_it_happens_from_session_to_session(
    ctl: Ctl, lock: Lock, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    granted = event(3) | {"phase": "granted"}
    trail = [event(1), event(2), granted | {"pad": bytes(12)}, granted | {"seq": 4, "alarm": "ForcedUser"}]
    asked_for = []

    def give(line: Line, asked: CommandReceived) -> None:
        if asked.command == "LOG_READ":
            first, waits = asked.fields["from"], asked.fields.get("wait", False)
            asked_for.append((first, waits))
            there = trail if len(asked_for) > 2 else trail[:2]
            done = (results.COMPLETE, {"events": there[first - 1 :][: asked.fields["max"]], "last": len(there)})
            gone = (results.REVOKED, {}) if first > len(trail) else done
            lock.does["LOG_READ"] = ((results.ACCEPTED, {}), gone) if waits else (done,)

    lock.before = give
    lock.does["USERS"] = ((results.COMPLETE, {"users": [{"index": 1, "name": "Anna"}], "next": 0}),)
    ran = ctl("ble", "log", "--follow", "--max", "1")
    assert asked_for == [(1, False), (2, False), (3, True), (5, True)]
    assert len(ran.out.splitlines()) == 2
    assert "under threat" in ran.out
    assert ran.status != 0
    asked_for.clear()
    monkeypatch.setattr(bledeeds, "HEED_S", 0.0)  # each session tells one page
    sessions = len(lock.lines)
    ran = ctl("ble", "log", "--follow", "--max", "1", "--json")
    assert [json.loads(line).get("seq") for line in ran.out.splitlines()] == [2, 3, 4, None]  # the refusal
    assert len(lock.lines) == sessions + 2


def test_invite_shows_the_invitation(ctl: Ctl, lock: Lock, shelf: Shelf) -> None:
    lock.does["INVITE"] = ((results.COMPLETE, {"uri": "lkp:1?k=…"}),)
    assert "lkp:1?k=…" in ctl("ble", "invite", "--role", "admin", "--user", "3", "--no-qr").out.splitlines()
    assert lock.asked == [("INVITE", {"role": "admin", "user": 3})]
    assert ctl("ble", "invite", "--json").document["uri"] == "lkp:1?k=…"


# Guest passes -----------------------------------------------------------------------------------------------


def test_a_pass_from_the_guests_key_to_the_guests_book(
    ctl: Ctl, lock: Lock, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "guest"))
    key = ctl("ble", "pass", "key").out.strip()
    assert ctl("ble", "pass", "key", "--json").document["key"] == key
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    terms = ("--until", "tomorrow", "--uses", "3", "--hours", "Mon-Fri 08:00-17:00")
    ran = ctl("ble", "pass", "create", "Eva", key, *terms)
    assert (ran.status, ran.err, lock.asked) == (0, "", [])
    made = ran.out.strip()
    said = ctl("ble", "pass", "show", made)
    assert "Allows unlock 3 times from" in said.out
    assert "only Mon,Tue,Wed,Thu,Fri 08:00-17:00" in said.out
    assert ctl("ble", "pass", "show", made, "--json").document["holder"] == key
    assert [row["state"] for row in ctl("ble", "pass", "show", "--json").document] == ["valid"]
    number = ctl("ble", "pass", "show", "--json").document[0]["number"]
    assert text(bytes.fromhex(number)) == ctl("ble", "pass", "show", made, "--json").document["id"]
    table = ctl("ble", "pass", "show").out
    assert "Eva" in table
    assert number in table

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "guest"))
    assert ctl("ble", "pass", "add", made, "--name", "Flat").status == 0
    assert Shelf().load().find("Flat").role == "guest"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "nobody"))
    assert ctl("ble", "pass", "add", made).status == 3


def test_revoking_tells_the_lock_and_is_noted_even_if_it_is_away(ctl: Ctl, lock: Lock, air: Air, shelf: Shelf) -> None:
    assert ctl("ble", "pass", "create", "Eva", text(keys("guest").public), "--until", "tomorrow", "--all").status == 0
    air.locks["a"] = None
    away = ctl("ble", "pass", "revoke", "Eva")
    assert (away.status, "--text" in away.err) == (69, True)
    assert "has not heard of it" in ctl("ble", "pass", "show").out
    air.locks["a"] = lock
    assert ctl("ble", "pass", "revoke", "Eva").out == "The passes of Eva are void.\n"
    assert "has not heard of it" not in ctl("ble", "pass", "show").out
    (row,) = ctl("ble", "pass", "show", "--json").document
    assert (row["state"], row["told"]) == ("revoked", True)
    assert [name for name, _ in lock.asked] == ["REVLIST"]
    assert ctl("ble", "pass", "revoke", "Bob").status == 4


def test_another_phone_may_carry_the_list(
    ctl: Ctl, lock: Lock, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctl("ble", "pass", "create", "Eva", text(keys("guest").public), "--until", "tomorrow")
    printed = ctl("ble", "pass", "revoke", "Eva", "--text").out.strip()
    assert lock.asked == []
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another"))
    assert ctl("ble", "pass", "carry", printed).status == 4
    Shelf().change(lambda book: book.add(known("user", name="Flat")))
    lock.world.people[keys("user").public] = lock.world.people[keys("owner").public].but(role="user")
    assert ctl("ble", "pass", "carry", printed).out == "Flat has the list.\n"
    assert [(name, text(fields["list"])) for name, fields in lock.asked] == [("REVLIST", printed)]
    assert ctl("ble", "pass", "carry", "AAAA").status == 65


def test_all_passes_end_with_the_next_epoch_and_new_ones_are_made_for_it(ctl: Ctl, lock: Lock, shelf: Shelf) -> None:
    make = ("ble", "pass", "create", "Eva", text(keys("guest").public), "--until", "tomorrow")
    lock.does["STATUS"] = ((results.COMPLETE, {**STATUS, "epoch": 4}),)
    assert ctl("ble", "status").status == 0
    assert read(ctl(*make).out.strip()).epoch == 4
    for wrong in ((), ("Eva", "--all"), ("--all", "--text")):
        assert ctl("ble", "pass", "revoke", *wrong).status == 64
    assert ctl("ble", "pass", "revoke", "--all").status == 64
    assert [name for name, _ in lock.asked] == ["STATUS"]
    assert ctl("ble", "pass", "revoke", "--all", "--yes", "void").out == "Every pass for Home is void.\n"
    assert read_list(lock.asked[-1][1]["list"]).epoch == 5
    assert read(ctl(*make).out.strip()).epoch == 5
    assert [row["state"] for row in ctl("ble", "pass", "show", "--json").document] == ["valid"]


@pytest.mark.parametrize(("options", "words"), [
    (("--until", "2020-01-01"), "in the past"), (("--until", "never"), "no time"),
    (("--until", "tomorrow", "--hours", "noon"), "Mon-Fri"),
    (("--until", "tomorrow", "--hours", "Xx 08:00-09:00"), "Monday"),
    (("--until", "tomorrow", "--hours", "08:61-09:00"), "24 hours"), ((), "--until"),
])  # fmt: skip
def test_terms_that_make_no_sense_say_what_would(
    ctl: Ctl, shelf: Shelf, options: tuple[str, ...], words: str
) -> None:
    ran = ctl("ble", "pass", "create", "Eva", text(keys("guest").public), *options)
    assert (ran.status, ran.out) == (64, "")
    assert words in ran.err


@pytest.mark.parametrize(("given", "window"), [
    ("Mon-Fri 08:00-17:00", Window(0b0111110, 480, 1020)), ("Sat,Sun 10:00 - 12:30", Window(0b1000001, 600, 750)),
    ("Fri-Mon 22:00-06:00", Window(0b1100011, 1320, 360)), ("00:00-24:00", Window(127, 0, 0)),
    ("Wed 9:00-10:00", Window(0b0001000, 540, 600)),
])  # fmt: skip
def test_hours_of_the_week(given: str, window: Window) -> None:
    assert passes.window(given) == window


def test_no_shown_pass_of_this_lock(ctl: Ctl, shelf: Shelf) -> None:
    assert "No pass" in ctl("ble", "pass", "show").out
    assert ctl("ble", "pass", "show", "AAAA").status == 65
    assert ctl("ble", "pass").status == 64


def test_a_pass_is_the_owners_to_make(ctl: Ctl, shelf: Shelf) -> None:
    shelf.change(lambda book: Book((known("user"),)))
    assert ctl("ble", "pass", "create", "Eva", text(keys("guest").public), "--until", "tomorrow").status == 3


def test_lockctl_starts_without_the_protocols_libraries() -> None:
    program = (
        "import sys, lockd.cli.commands as c; c.build();"
        " sys.exit(not {'lockd.wire', 'bleak', 'segno'}.isdisjoint(sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
