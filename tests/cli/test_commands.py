"""What each command asks of lockd, what it says, and its exit status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lockd import errors
from lockd.cli import access
from lockd.cli.exits import MEANINGS, STATUSES, NotRunning, Usage
from lockd.dbus import names
from lockd.errors import LockdError
from lockd.phone.refusals import Unreachable
from tests.cli.conftest import Ctl
from tests.cli.fake import FakeLockd

ANNA: dict[str, Any] = {
    "index": 1, "name": "Anna", "status": "OccupiedEnabled", "type": "UnrestrictedUser", "credentials": [["PIN", 1]],
}  # fmt: skip
BERT: dict[str, Any] = {
    "index": 2, "name": "Bert", "status": "OccupiedDisabled", "type": "RemoteOnlyUser", "credentials": [],
}  # fmt: skip


def test_lock_throws_the_bolt_and_waits(ctl: Ctl, lockd: FakeLockd) -> None:
    ran = ctl("lock")
    assert lockd.done == [("LockDoor", {"wait": True})]
    assert (ran.status, ran.out, ran.err) == (0, "Locked.\n", "")


def test_unlock_for_a_while(ctl: Ctl, lockd: FakeLockd) -> None:
    assert ctl("unlock", "--for", "90").out == "Unlocked; locks again in 1 min 30 s.\n"
    assert lockd.done == [("UnlockWithTimeout", 90, {"wait": True})]


def test_unlock_can_leave_the_latch_and_not_wait(ctl: Ctl, lockd: FakeLockd) -> None:
    assert ctl("unlock", "--unbolt", "--no-wait").out == "Granted; the bolt is on its way.\n"
    assert lockd.done == [("UnboltDoor", {"wait": False})]


def test_home_says_where_the_bolt_is(ctl: Ctl, lockd: FakeLockd) -> None:
    assert ctl("home", "--json").document == {"ok": True, "LockState": "Locked"}
    assert lockd.done == [("Home",)]


def test_a_pin_comes_from_a_pipe(ctl: Ctl, lockd: FakeLockd) -> None:
    ran = ctl("unlock", "--pin-stdin", stdin="123456\n")
    assert lockd.done == [("UnlockDoor", {"wait": True, "pin": "123456"})]
    assert "123456" not in ran.out + ran.err


def test_a_pin_is_asked_for_at_a_terminal(ctl: Ctl, lockd: FakeLockd) -> None:
    ctl.at_a_terminal("123456")
    ran = ctl("unlock", "--pin")
    assert lockd.done == [("UnlockDoor", {"wait": True, "pin": "123456"})]
    assert "123456" not in ran.out + ran.err


def test_a_pin_on_the_command_line_is_wrong_usage(ctl: Ctl, lockd: FakeLockd) -> None:
    assert ctl("unlock", "--pin", "123456").status == 64
    assert lockd.done == []


def test_without_a_terminal_a_pin_is_not_guessed_from_the_pipe(ctl: Ctl, lockd: FakeLockd) -> None:
    ran = ctl("unlock", "--pin", stdin="123456\n")
    assert ran.status == 64
    assert "--pin-stdin" in ran.err
    assert lockd.done == []


def test_a_missing_pin_says_how_to_give_it(ctl: Ctl, lockd: FakeLockd) -> None:
    text = "A PIN is required (pin-required): give one, or change RequirePINforRemoteOperation."
    lockd.refuse["UnlockDoor"] = errors.InvalidCredential(text)
    ran = ctl("unlock")
    assert (ran.status, ran.err) == (3, "lockctl: a PIN is required; give yours with --pin\n")


@pytest.mark.parametrize("given", ["abc", "0", "99999", "-1", "1.5"])
def test_a_time_that_cannot_be_says_which_can(ctl: Ctl, lockd: FakeLockd, given: str) -> None:
    ran = ctl("unlock", f"--for={given}")
    assert ran.status == 64
    assert ran.err.startswith(f"lockctl: argument --for: “{given}” is not a whole number from 1 to 65535;")
    assert ran.err.count("\n") == 1
    assert lockd.done == []


@pytest.mark.parametrize("given", [("nonsense",), ("unlock", "--for", "abc"), ("mode", "Party"), ("--json",)])
def test_wrong_usage_is_told_in_json_too(ctl: Ctl, given: tuple[str, ...]) -> None:
    ran = ctl(*given, "--json")
    assert ran.status == 64
    document = ran.document
    assert document["text"] in ran.err
    assert (document["ok"], document["error"], document["status"]) == (False, "Usage", 64)


def test_wrong_usage_without_json_prints_no_document(ctl: Ctl) -> None:
    ran = ctl("nonsense")
    assert (ran.status, ran.out) == (64, "")


def test_a_word_that_is_none_names_its_place_and_the_words(ctl: Ctl) -> None:
    err = ctl("key", "sideways").err
    assert "argument DIRECTION" in err
    assert "unlock" in err


def test_nobody_is_told_how_to_begin(ctl: Ctl) -> None:
    assert "lockctl user add" in ctl("user").out


def test_users_are_listed_in_words(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [BERT, ANNA]
    assert ctl("user", "list").out.splitlines() == [
        "Index  Name  Type          Status    Credentials",
        "1      Anna  unrestricted  enabled   PIN 1",
        "2      Bert  remote-only   disabled  none",
    ]


def test_users_as_json_are_as_lockd_tells_them(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [ANNA, BERT]
    assert ctl("--json", "user").document == [ANNA, BERT]
    assert ctl("user", "show", "anna", "--json").document == {**ANNA, "text": "Anna may always come in."}


def test_a_user_is_added_at_the_first_free_place_with_a_pin(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users, lockd.made = [ANNA], 2
    ran = ctl("user", "add", "Carla", "--type", "disposable", "--pin-stdin", stdin="246810\n")
    assert lockd.done == [
        ("SetCredential", "Add", "PIN", 2, b"246810", 0, {"user_type": "DisposableUser"}),
        ("SetUser", "Modify", 2, {"name": "Carla"}),
    ]
    assert ran.out == "Added Carla (user 2) with a PIN.\n"


def test_a_refused_pin_leaves_no_user_behind(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.refuse["SetCredential"] = errors.Duplicate("This PIN is in use already: choose another one.")
    assert ctl("user", "add", "Carla", "--pin-stdin", stdin="246810\n").status == 5
    assert lockd.done == []
    assert ctl("user", "add", "Carla", "--index", "3", "--pin-stdin", stdin="246810\n").status == 5
    assert lockd.done == [("SetUser", "Add", 3, {"name": "Carla"}), ("ClearUser", 3)]


def test_a_refused_name_leaves_no_user_behind(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.refuse["SetUser"] = errors.Duplicate("unique_id 7 belongs to another user.")
    assert ctl("user", "add", "Carla", "--unique-id", "7", "--pin-stdin", stdin="246810\n").status == 5
    assert lockd.done == [("SetCredential", "Add", "PIN", 1, b"246810", 0, {}), ("ClearUser", 1)]


def test_a_refused_pin_is_called_a_pin(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [ANNA]
    lockd.refuse["SetCredential"] = errors.ConstraintError("data: a PIN has 6 to 8 digits; this has 3.")
    ran = ctl("pin", "set", "Anna", "--stdin", stdin="123\n")
    assert (ran.status, ran.err) == (65, "lockctl: a PIN has 6 to 8 digits; this has 3.\n")


def test_every_type_is_offered_and_no_other(ctl: Ctl, lockd: FakeLockd) -> None:
    assert ctl("user", "add", "Carla", "--type", "king").status == 64
    assert lockd.done == []
    assert all(name in ctl("user", "add", "--help").out for name in ("unrestricted", "week-day-schedule"))


def test_a_user_is_changed_by_name(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [ANNA]
    assert ctl("user", "set", "Anna", "--disable", "--name", "Anne").status == 0
    assert lockd.done == [("SetUser", "Modify", 1, {"name": "Anne", "status": "OccupiedDisabled"})]


def test_a_change_of_nothing_is_wrong_usage(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [ANNA]
    assert ctl("user", "set", "Anna").status == 64
    assert lockd.done == []


@pytest.mark.parametrize("name", ["", " ", "all", "12", "x" * 65, "a\nb", "\x1b[31m"])
def test_nobody_is_called_so_that_another_would_be_meant(ctl: Ctl, lockd: FakeLockd, name: str) -> None:
    lockd.users = [ANNA]
    assert ctl("user", "add", name).err.startswith("lockctl: name: ")
    assert not name.strip() or ctl("user", "set", "Anna", "--name", name).status == 64
    assert lockd.done == []


def test_words_are_taken_in_any_case_and_names_without_blanks_around(ctl: Ctl, lockd: FakeLockd) -> None:
    assert ctl("user", "add", " Cleo ", "--type", "Disposable", "--rule", "DUAL").status == 0
    assert lockd.done == [("SetUser", "Add", 1, {"name": "Cleo", "type": "DisposableUser", "rule": "Dual"})]


def test_a_second_one_of_a_name_is_told_of(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [ANNA]
    assert ctl("user", "add", "anna").out == (
        "Added anna (user 2). Of that name there is user 1 too: say by the index whom you mean.\n")


def test_a_user_is_removed(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [ANNA]
    assert ctl("user", "remove", "1").out == "Removed Anna (user 1).\n"
    assert lockd.done == [("ClearUser", 1)]


def test_everybody_is_removed_only_after_a_yes(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [ANNA, BERT]
    assert ctl("user", "remove", "all").status == 64
    assert ctl("user", "remove", "all", "--yes", "yes").status == 64
    assert lockd.done == []
    assert ctl("user", "remove", "all", "--yes", "all").status == 0
    assert lockd.done == [("ClearUser", names.ALL)] * 2  # a lockd of before asked once
    lockd.refuse["ClearUser"] = errors.ConstraintError("once more")
    assert ctl("user", "remove", "all", "--yes", "all").status != 0


def test_an_unknown_user_is_status_4(ctl: Ctl) -> None:
    ran = ctl("user", "show", "Nobody")
    assert ran.status == 4
    assert ran.err == "lockctl: there is no user “Nobody”; lockctl user list shows who is there\n"


def test_a_pin_is_asked_for_twice(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [ANNA]
    ctl.at_a_terminal("135790", "135791")
    assert ctl("pin", "set", "Anna").status == 64
    assert lockd.done == []
    ctl.at_a_terminal("135790", "135790")
    ran = ctl("pin", "set", "Anna")
    assert ran.out == "PIN 1 of Anna (user 1) changed.\n"
    assert lockd.done == [("SetCredential", "Modify", "PIN", 1, b"135790", 1, {})]


def test_a_first_and_a_further_pin_take_the_first_free_index(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [ANNA, BERT]
    assert ctl("pin", "set", "Bert", "--stdin", stdin="135790").out == "PIN 2 of Bert (user 2) added.\n"
    assert ctl("pin", "set", "Anna", "--another", "--stdin", stdin="135790").status == 0
    assert [call[1:4] for call in lockd.done] == [("Add", "PIN", 2), ("Add", "PIN", 2)]


def test_a_programming_pin_is_set_changed_and_removed_beside_the_others(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [ANNA, BERT]
    ran = ctl("pin", "set", "Anna", "--programming", "--stdin", stdin="940285")
    assert ran.out == "Programming PIN 1 of Anna (user 1) added.\n"
    lockd.users = [{**ANNA, "credentials": [["PIN", 1], ["ProgrammingPIN", 3]]}]
    assert ctl("pin", "set", "Anna", "--programming", "--stdin", stdin="940285").status == 0
    assert ctl("pin", "remove", "Anna", "--programming").out == "Programming PIN 3 of Anna (user 1) removed.\n"
    assert [call[:4] for call in lockd.done] == [
        ("SetCredential", "Add", "ProgrammingPIN", 1), ("SetCredential", "Modify", "ProgrammingPIN", 3),
        ("ClearCredential", "ProgrammingPIN", 3),
    ]  # fmt: skip
    lockd.users = [ANNA]
    assert ctl("pin", "remove", "Anna", "--programming").status == 4


def test_one_of_several_pins_must_be_named(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [{**ANNA, "credentials": [["PIN", 1], ["PIN", 7]]}]
    assert "--index" in ctl("pin", "set", "Anna", "--stdin", stdin="135790").err
    assert ctl("pin", "set", "Anna", "--index", "3", "--stdin", stdin="135790").status == 4
    assert ctl("pin", "set", "Anna", "--index", "7", "--stdin", stdin="135790").status == 0


def test_the_last_credential_takes_the_user_along_only_after_a_yes(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [ANNA]
    assert ctl("pin", "remove", "Anna").status == 64
    ran = ctl("pin", "remove", "Anna", "--yes", "remove", "--json")
    assert ran.document == {"ok": True, "index": 1, "user_removed": True}
    assert lockd.done == [("ClearCredential", "PIN", 1)]


def test_pins_are_listed_without_their_digits(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [ANNA]
    assert ctl("pin", "list", "--json").document == [{"index": 1, "user": 1, "name": "Anna"}]


def test_the_mode_is_shown_and_set(ctl: Ctl, lockd: FakeLockd) -> None:
    assert ctl("mode").out.startswith("Normal: ")
    assert ctl("mode", "privacy").status == 0
    assert lockd.properties[names.LOCK.name]["OperatingMode"] == "Privacy"
    assert ctl("mode", "--json").document == {"OperatingMode": "Privacy"}


def test_an_unknown_mode_is_wrong_usage_that_names_the_modes(ctl: Ctl) -> None:
    ran = ctl("mode", "Party")
    assert ran.status == 64
    assert "Passage" in ran.err


@pytest.mark.parametrize(
    ("name", "value", "prop", "stored"),
    [
        ("auto-relock", "30", "AutoRelockTime", 30),
        ("auto-relock", "off", "AutoRelockTime", 0),
        ("wrong-code-limit", "3", "WrongCodeEntryLimit", 3),
        ("require-pin", "on", "RequirePINforRemoteOperation", True),
    ],
)
def test_set_sets(ctl: Ctl, lockd: FakeLockd, name: str, value: str, prop: str, stored: object) -> None:
    assert ctl("set", name, value, "--json").document == {"ok": True, prop: stored}
    assert lockd.properties[names.LOCK.name][prop] == stored


@pytest.mark.parametrize(("name", "value"), [("auto-relock", "soon"), ("require-pin", "2"), ("colour", "red")])
def test_set_refuses_what_it_cannot_read(ctl: Ctl, name: str, value: str) -> None:
    assert ctl("set", name, value).status == 64


def test_set_refuses_what_does_not_fit(ctl: Ctl, lockd: FakeLockd) -> None:
    ran = ctl("set", "wrong-code-limit", "300")
    assert (ran.status, "1-255" in ran.err) == (65, True)
    assert ctl("set", "auto-relock", "99999999999").status == 65


def test_set_alone_shows_everything(ctl: Ctl) -> None:
    assert [line.split()[0] for line in ctl("set").out.splitlines()[1:]] == [
        "auto-relock", "wrong-code-limit", "lockout-time", "require-pin", "expiring-timeout",
    ]  # fmt: skip


def test_a_reset_wants_the_words(ctl: Ctl, lockd: FakeLockd) -> None:
    assert ctl("factory-reset").status == 64
    assert ctl("factory-reset", "--yes", "erase").status == 64
    assert lockd.done == []
    assert ctl("factory-reset", "--yes", "erase everything").status == 0
    assert lockd.done == [("FactoryReset", "erase everything")]


def test_the_time_is_set_to_seconds_since_1970(ctl: Ctl, lockd: FakeLockd) -> None:
    assert ctl("time", "set", "2026-11-21T14:30:00+00:00").status == 0
    assert lockd.done == [("SetTime", 1795271400)]
    assert ctl("time", "set", "soon").status == 64


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ("press 123456#", ("Press", "123456#")),
        ("present 04A1b2", ("PresentCard", b"\x04\xa1\xb2")),
        ("present W26-188-24910", ("PresentCard", b"W26-188-24910")),
        ("door open", ("OpenDoor",)),
        ("door close", ("CloseDoor",)),
        ("key unlock", ("TurnKey", "unlock")),
        ("thumb lock", ("TurnThumb", "lock")),
        ("jam on", ("Jam", True)),
        ("jam off", ("Jam", False)),
        ("tamper on", ("Tamper", True)),
        ("clock unknown", ("SetTimeState", "Unknown")),
        ("inside", ("PressInside",)),
        ("battery 12 5.1", ("SetBattery", 12.0, 5.1)),
        ("plug Emergency9V", ("Plug", "Emergency9V", 9.0)),
        ("plug EmergencyUsb 4.2", ("Plug", "EmergencyUsb", 4.2)),
        ("plug EmergencyUsb -5", ("Plug", "EmergencyUsb", -5.0)),
        ("unplug", ("Unplug",)),
        ("wheel open", ("OpenCodeWheel", True)),
        ("hole pull", ("PushPin", False)),
        ("gauge frozen", ("SetGauge", "frozen")),
        ("wear 2", ("SetWear", 2.0)),
        ("pass-time 168", ("PassTime", 168)),
        ("crank 2.5", ("Crank", 2.5)),
        ("flap 20", ("Flap", 20)),
        ("loosen", ("Loosen",)),
        ("rotate-key", ("RotateKey",)),
    ],
)
def test_hands_do_what_they_say(ctl: Ctl, lockd: FakeLockd, words: str, call: tuple[Any, ...]) -> None:
    assert ctl(*words.split()).status == 0
    assert lockd.done == [call]


@pytest.mark.parametrize("card", ["", "04a", "card", "W26-188-\u00b2"])
def test_what_is_no_card_is_not_presented(ctl: Ctl, lockd: FakeLockd, card: str) -> None:
    ran = ctl("present", card)
    assert (ran.status, "a card is its data in hex" in ran.err) == (64, True)
    assert lockd.done == []


def test_a_real_door_has_no_simulated_hands(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.simulated = False
    ran = ctl("door", "open")
    assert ran.status == 9
    assert "lockctl simulate" in ran.err


@pytest.mark.parametrize("name", sorted(set(STATUSES)))
def test_every_error_has_its_status_and_one_line(ctl: Ctl, lockd: FakeLockd, name: str) -> None:
    others = {"Usage": Usage, "NotRunning": NotRunning, "Unreachable": Unreachable}
    kind: Callable[[str], LockdError] = others.get(name) or getattr(errors, name)
    lockd.refuse["Home"] = kind("what\nhappened")
    ran = ctl("home", "--json")
    assert ran.status == STATUSES[name]
    assert ran.status in MEANINGS
    assert ran.err.startswith("lockctl: what happened")
    assert ran.err.count("\n") == 1
    assert ran.document == {"ok": False, "error": name, "text": "what\nhappened", "status": ran.status}


def test_every_error_of_lockd_has_a_status() -> None:
    known = {kind.name for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, LockdError)}
    assert known <= set(STATUSES)


def test_ctrl_c_ends_with_130_and_no_words(ctl: Ctl, lockd: FakeLockd, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lockd, "call", interrupted)
    ran = ctl("lock")
    assert (ran.status, ran.out, ran.err) == (130, "", "")


def test_the_bus_may_be_named_anywhere(ctl: Ctl, lockd: FakeLockd) -> None:
    ctl("--bus", "session", "status")
    assert lockd.bus == "session"
    ctl("status", "--bus", "unix:path=/x")
    assert lockd.bus == "unix:path=/x"
    ctl("status")
    assert lockd.bus is None


def test_names_cannot_write_to_the_terminal(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [{**ANNA, "name": "\x1b[2J[red]x\n"}]
    out = ctl("user", "list").out
    assert "?[2J[red]x?" in out
    assert "\x1b" not in out


HOSTILE = "\x1b[2J[red]x[/]\nlockctl: done\r\u202e"
SHOWN = "?[2J[red]x[/]?lockctl: done??"


@pytest.mark.parametrize("command", [
    "status", "status --watch", "mode", "user", "user show 1", "user set 1 --enable", "user remove 1", "pin", "log",
    "pin set 1 --stdin", "log --follow", "log verify", "doctor", "time", "home",
])  # fmt: skip
def test_what_a_hostile_lock_says_is_harmless_everywhere(ctl: Ctl, lockd: FakeLockd, command: str) -> None:
    lockd.users = [{**ANNA, "name": HOSTILE, "creator": HOSTILE, "type": HOSTILE}]
    lockd.events = [
        {"seq": 1, "time": 0, "kind": "LockOperation", "type": "Lock", "user": 1},
        {"seq": 2, "time": 0, "kind": HOSTILE, "detail": HOSTILE, "by": HOSTILE},
    ]
    lockd.report = {"ok": False, "first": 1, "last": 2, "bad": 1, "reason": HOSTILE}
    lockd.findings = [{"part": HOSTILE, "ok": False, "text": HOSTILE, "remedy": HOSTILE}]
    lockd.properties[names.LOCK.name].update(LockState=HOSTILE, Fault=HOSTILE, OperatingMode=HOSTILE)
    lockd.properties[names.MANAGER.name].update(TimeState=HOSTILE, Degraded=[HOSTILE])
    ran = ctl(*command.split(), stdin="246810\n")
    assert ran.err == ""
    assert SHOWN.casefold() in ran.out.casefold()
    assert all(line.isprintable() for line in ran.out.splitlines())
    assert "\nlockctl" not in ran.out


def test_a_hostile_refusal_is_one_harmless_line(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.refuse["Home"] = LockdError(HOSTILE)
    err = ctl("home").err
    assert err.count("\n") == 1
    assert err.rstrip("\n").isprintable()


def test_a_hostile_name_is_harmless_in_a_question(
    ctl: Ctl, lockd: FakeLockd, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    lockd.users = [{**ANNA, "name": HOSTILE}]
    ctl.at_a_terminal()
    monkeypatch.setattr("getpass.getpass", lambda question, stream: asked.append(question) or "135790")
    assert ctl("pin", "set", "1").status == 0
    assert SHOWN in asked[0]
    err = ctl("pin", "remove", "1").err
    assert SHOWN in err
    assert "\x1b" not in err


def test_a_good_settings_file_is_good(ctl: Ctl, tmp_path: Path) -> None:
    file = tmp_path / "lockd.toml"
    file.write_text("[lock]\nauto_relock_s = 30\n[bolt]\nforward = 5\nbackward = 6\nlocked = 13\n")
    ran = ctl("config", "check", str(file), "--json")
    assert (ran.status, ran.document["ok"], ran.document["faults"]) == (0, True, [])
    assert ctl("config", "show", str(file), "--json").document["lock.auto_relock_s"] == 30


def test_every_fault_of_a_settings_file_is_told_at_once(ctl: Ctl, tmp_path: Path) -> None:
    file = tmp_path / "lockd.toml"
    file.write_text("[lock]\nauto_relock = 30\nwrong_code_limit = 999\n")
    ran = ctl("config", "check", str(file))
    assert ran.status == 78
    assert "auto_relock_s" in ran.out
    assert "wrong_code_limit" in ran.out
    assert ctl("config", "show", str(file)).err.count("\n") == 1


def test_a_settings_file_that_is_not_there_is_a_fault(ctl: Ctl, tmp_path: Path) -> None:
    assert ctl("config", "check", str(tmp_path / "none.toml")).status == 78


WIRED = "[bolt]\nforward = 5\nbackward = 27\nlocked = 23\n"


def test_the_wiring_is_told_by_the_pins_of_the_header(ctl: Ctl, tmp_path: Path) -> None:
    file = tmp_path / "lockd.toml"
    file.write_text(WIRED)
    ran = ctl("config", "wiring", str(file))
    heading, *rows, advice = ran.out.splitlines()
    assert heading.split() == ["Pin", "GPIO", "Setting", "lockd", "On", "while", "At", "power-on", "Otherwise", "for"]
    assert [row.split()[:3] for row in rows] == [
        ["13", "27", "bolt.backward"], ["16", "23", "bolt.locked"], ["29", "5", "bolt.forward"],
    ]  # fmt: skip
    assert advice.startswith("bolt.forward: GPIO 5 is pulled up")
    file.write_text(WIRED + "[door]\ncontact = 7\n")
    assert ctl("config", "wiring", str(file), "--json").document[2] == {
        "pin": 26, "gpio": 7, "setting": "door.contact", "lockd": "reads", "on_while": "low", "at_power_on": "high",
        "otherwise_for": "SPI; leave it off",
    }  # fmt: skip


def test_what_config_txt_needs_can_be_appended_to_it(ctl: Ctl, tmp_path: Path) -> None:
    file = tmp_path / "lockd.toml"
    file.write_text(WIRED)
    first, beware, *lines = ctl("config", "boot", str(file)).out.splitlines()
    assert first.startswith(f"# How the lines of {file} wait for lockd")
    assert beware.startswith("# Beware: bolt.forward: GPIO 5 is pulled up")
    assert lines == ["[all]", "gpio=5,27=op,dl", "gpio=23=ip,pu", "dtparam=strict_gpiod"]
    document = ctl("config", "boot", str(file), "--json").document
    assert document["lines"] == lines
    assert len(document["advice"]) == 1


@pytest.mark.parametrize("command", ["wiring", "boot"])
def test_a_wrong_file_has_no_wiring(ctl: Ctl, tmp_path: Path, command: str) -> None:
    (tmp_path / "lockd.toml").write_text("[bolt]\nforward = 0\n")
    ran = ctl("config", command, str(tmp_path / "lockd.toml"))
    assert (ran.status, ran.out) == (78, "")


def test_json_goes_on_one_line(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [{**ANNA, "name": "Änne"}]
    out = ctl("user", "list", "--json").out
    assert out.count("\n") == 1
    assert json.loads(out)[0]["name"] == "Änne"


READERS = """[bolt]
forward = 17
backward = 27
locked = 23
[nfc]
port = "/dev/i2c-1"
irq = 13
[hid]
device = "16C0:27db"
[fingerprint]
port = "/dev/serial0"
touch = 19
"""


def test_what_the_readers_need_is_printed_as_the_files_that_allow_it(ctl: Ctl, tmp_path: Path) -> None:
    file = tmp_path / "lockd.toml"
    file.write_text(READERS)
    dropin, rules = ctl("config", "access", str(file), "--json").document["files"].items()
    assert dropin == (access.DROP_IN, [
        "[Service]", "DeviceAllow=char-i2c rw", "DeviceAllow=char-ttyAMA rw", "DeviceAllow=char-ttyS rw",
        "DeviceAllow=char-input rw", "SupplementaryGroups=i2c dialout",
    ])  # fmt: skip
    assert rules == (access.RULES, [
        'SUBSYSTEM=="input", KERNEL=="event*", ATTRS{id/vendor}=="16c0", ATTRS{id/product}=="27db", OWNER="lockd",'
        ' GROUP="root", MODE="0600"'
    ])  # fmt: skip
    said = ctl("config", "access", str(file)).out
    assert f"# {access.DROP_IN}\n[Service]\n" in said
    assert "daemon-reload" in said


def test_a_keypad_that_is_named_by_its_path_is_read_by_its_group(ctl: Ctl, tmp_path: Path) -> None:
    file = tmp_path / "lockd.toml"
    readers = '[hid]\ndevice = "/dev/input/by-id/x"\n[nfc]\nport = "/dev/ttyUSB0"\n'
    file.write_text(READERS.partition("[nfc]")[0] + readers)
    assert ctl("config", "access", str(file), "--json").document["files"] == {access.DROP_IN: [
        "[Service]", "DeviceAllow=char-ttyUSB rw", "DeviceAllow=char-input rw", "SupplementaryGroups=dialout input",
    ]}  # fmt: skip


def test_without_readers_nothing_more_has_to_be_allowed(ctl: Ctl, tmp_path: Path) -> None:
    file = tmp_path / "lockd.toml"
    file.write_text(READERS.partition("[nfc]")[0])
    assert ctl("config", "access", str(file), "--json").document == {"files": {}}
    assert "nothing" in ctl("config", "access", str(file)).out


def test_a_card_or_a_finger_is_added_by_showing_it(ctl: Ctl, lockd: FakeLockd) -> None:
    lockd.users = [ANNA]
    ran = ctl("card", "add", "anna", "--wait", "20")
    assert lockd.done == [("Enrol", "RFID", 1, {"timeout": 20})]
    assert ran.out == "Show the card to the reader within 20 s.\nCard 4 now belongs to Anna (user 1).\n"
    assert ctl("finger", "add", "1", "--json").document == {"ok": True, "index": 4, "user": 1}
    assert lockd.done[-1] == ("Enrol", "Fingerprint", 1, {"timeout": 30})
