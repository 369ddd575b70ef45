"""Where the phone keeps its keys: modes, several locks, damage, and the desktop's keyring."""

from __future__ import annotations

import json
import os
import stat
import sys
import types
from pathlib import Path
from typing import Any

import pytest

from lockd.errors import Duplicate, Failure, NotFound
from lockd.phone import keyring
from lockd.phone.keys import Book, Known, Made, new_keys, read, text, written
from lockd.phone.shelf import Shelf, default_folder
from tests.phone.air import known
from tests.wire.ends import keys

FULL = Book((
    known(name="Home", address="AA:BB", user=3, made=(Made(b"i" * 16, "Eva", 99, True),), listed=7),
    Known("Flat", keys("flat").public, new_keys(), "guest", shown=b"pass"),
), new_keys())  # fmt: skip


class Ring:
    """A keyring in memory. `shut`: it gives and takes nothing."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.shut = False

    def get(self, place: str) -> str | None:
        return None if self.shut else self.kept.get(place)

    def put(self, place: str, secret: str) -> bool:
        if not self.shut:
            self.kept[place] = secret
        return not self.shut

    def drop(self, place: str) -> None:
        del self.kept[place]


def shelf(folder: Path, ring: Ring | None = None) -> Shelf:
    return Shelf(folder / "phone", lambda: ring)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    shelf(tmp_path).change(lambda book: FULL)
    assert shelf(tmp_path).load() == FULL
    assert read(written(FULL)) == FULL


def test_nothing_is_there_at_first_and_nothing_is_made(tmp_path: Path) -> None:
    assert shelf(tmp_path).load() == Book()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o177])
def test_the_folder_and_the_file_are_the_users_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    (tmp_path / "phone").mkdir(mode=0o755)
    before = os.umask(umask)
    try:
        shelf(tmp_path).change(lambda book: FULL)
    finally:
        os.umask(before)
    assert mode(tmp_path / "phone") == 0o700
    assert mode(tmp_path / "phone" / "locks.json") == 0o600
    assert [path.name for path in (tmp_path / "phone").iterdir()] == ["locks.json"]


def test_it_is_in_the_users_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "lockd" / "phone"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", "/home/anna")
    assert default_folder() == Path("/home/anna/.local/share/lockd/phone")


def test_a_file_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    shelf(tmp_path).change(lambda book: FULL)
    (tmp_path / "phone" / "locks.json").chmod(0o640)
    with pytest.raises(Failure, match="chmod 600"):
        shelf(tmp_path).load()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"form": "lockd phone 1"}', '{"form": "lockd phone 2"}', "\xff"])
def test_a_damaged_file_says_so_and_stays_as_it_is(tmp_path: Path, content: str) -> None:
    file = tmp_path / "phone" / "locks.json"
    shelf(tmp_path).change(lambda book: FULL)
    file.write_text(content, encoding="latin-1")
    with pytest.raises(Failure, match="damaged"):
        shelf(tmp_path).change(lambda book: book)
    assert file.read_text(encoding="latin-1") == content


def test_a_short_key_is_damage(tmp_path: Path) -> None:
    shelf(tmp_path).change(lambda book: FULL)
    file = tmp_path / "phone" / "locks.json"
    content = json.loads(file.read_text())
    content["locks"][0]["keys"]["private"] = text(b"short")
    file.write_text(json.dumps(content))
    with pytest.raises(Failure, match="damaged"):
        shelf(tmp_path).load()


def test_where_no_folder_can_be_the_reason_is_told(tmp_path: Path) -> None:
    (tmp_path / "phone").touch()
    with pytest.raises(Failure, match="cannot be written"):
        shelf(tmp_path).change(lambda book: FULL)


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf(tmp_path).change(lambda book: FULL)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(Failure, match="No space"):
        shelf(tmp_path).change(lambda book: Book())
    monkeypatch.undo()
    assert shelf(tmp_path).load() == FULL


def test_with_a_keyring_no_key_is_in_the_file(tmp_path: Path) -> None:
    ring = Ring()
    shelf(tmp_path, ring).change(lambda book: FULL)
    content = (tmp_path / "phone" / "locks.json").read_text()
    for held in (*(lock.keys for lock in FULL.locks), FULL.guest):
        assert held is not None
        assert text(held.private) not in content
        assert text(held.sign) not in content
    assert shelf(tmp_path, ring).load() == FULL


def test_what_is_forgotten_leaves_the_keyring(tmp_path: Path) -> None:
    ring = Ring()
    shelf(tmp_path, ring).change(lambda book: FULL)
    shelf(tmp_path, ring).change(lambda book: book.but(locks=book.locks[1:]))
    assert ring.kept.keys() == {text(FULL.locks[1].key), "guest"}
    assert shelf(tmp_path, ring).load() == FULL.but(locks=FULL.locks[1:])


def test_a_keyring_that_takes_nothing_leaves_the_keys_in_the_file(tmp_path: Path) -> None:
    ring = Ring()
    ring.shut = True
    shelf(tmp_path, ring).change(lambda book: FULL)
    assert shelf(tmp_path).load() == FULL


@pytest.mark.parametrize("ring", [None, Ring()])
def test_a_keyring_that_does_not_give_them_back_says_so(tmp_path: Path, ring: Ring | None) -> None:
    shelf(tmp_path, Ring()).change(lambda book: FULL)
    with pytest.raises(Failure, match="keyring"):
        shelf(tmp_path, ring).load()


class Broken(Exception):
    pass


class Backend:
    """What the module `keyring` gives. `priority`: how safe it is; `fails`: it is shut."""

    def __init__(self, priority: float, fails: bool = False) -> None:
        self.priority, self.fails = priority, fails
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, place: str) -> str | None:
        if self.fails:
            raise Broken
        return self.kept.get((service, place))

    def set_password(self, service: str, place: str, secret: str) -> None:
        if self.fails:
            raise Broken
        self.kept[service, place] = secret

    def delete_password(self, service: str, place: str) -> None:
        if (service, place) not in self.kept:
            raise Broken
        del self.kept[service, place]


def install(patch: pytest.MonkeyPatch, backend: Backend) -> None:
    module: Any = types.ModuleType("keyring")
    errors: Any = types.ModuleType("keyring.errors")
    module.get_keyring, errors.KeyringError = (lambda: backend), Broken
    patch.setitem(sys.modules, "keyring", module)
    patch.setitem(sys.modules, "keyring.errors", errors)


def test_the_desktops_keyring_keeps_and_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Backend(5))
    ring = keyring.desktop()
    assert ring is not None
    assert ring.put("place", "secret")
    assert (ring.get("place"), ring.get("another")) == ("secret", None)
    for _ in range(2):
        ring.drop("place")
        assert ring.get("place") is None


def test_a_keyring_that_is_shut_neither_takes_nor_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, Backend(5, fails=True))
    ring = keyring.desktop()
    assert ring is not None
    assert not ring.put("place", "secret")
    assert ring.get("place") is None


@pytest.mark.parametrize("priority", [-1, 0, 0.5])
def test_none_at_all_or_a_plain_file_is_no_keyring(monkeypatch: pytest.MonkeyPatch, priority: float) -> None:
    install(monkeypatch, Backend(priority))
    assert keyring.desktop() is None


def test_without_the_module_there_is_no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert keyring.desktop() is None


# Several locks ----------------------------------------------------------------------------------------------


def test_the_first_lock_is_the_default_until_another_is_preferred() -> None:
    assert FULL.find(None).name == "Home"
    assert FULL.find("Flat").name == "Flat"
    assert FULL.prefer("Flat").find(None).name == "Flat"
    assert {lock.name for lock in FULL.prefer("Flat").locks} == {"Home", "Flat"}


def test_an_unknown_lock_says_which_there_are() -> None:
    with pytest.raises(NotFound, match="Home, Flat"):
        FULL.find("Shed")
    with pytest.raises(NotFound, match="ble enrol"):
        Book().find(None)


def test_the_same_lock_again_has_its_new_keys_and_another_needs_another_name() -> None:
    again = known(name="Home", user=4)
    assert [lock.user for lock in FULL.add(again).locks if lock.name == "Home"] == [4]
    with pytest.raises(Duplicate, match="--name"):
        FULL.add(known(name="Home").but(key=keys("third").public))


def test_a_lock_gets_a_name_that_is_free() -> None:
    other = keys("third").public
    assert FULL.name_for(other, "Shed") == "Shed"
    assert FULL.name_for(other, "Home") == "Home 2"
    assert FULL.name_for(other, "") == "lock"
    assert FULL.name_for(FULL.locks[0].key, "Front door") == "Home"


def test_no_key_is_shown() -> None:
    shown = repr(FULL)
    assert FULL.guest is not None
    assert repr(FULL.guest.private) not in shown
    assert repr(FULL.locks[0].keys.sign) not in shown
