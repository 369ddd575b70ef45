"""Where the phone keeps its book: one file in the user's own folder, and the keys in the desktop's keyring if there
is one.

The folder is 0700, the file 0600, and replaced as a whole: a power cut leaves the old or the new one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lockd.errors import Failure
from lockd.phone.keyring import Keyring, desktop
from lockd.phone.keys import Book, read, written

FORM = "lockd phone 1"
FILE = "locks.json"
IN_KEYRING = "keyring"


def default_folder() -> Path:
    """Where it is if nothing else is said."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "lockd" / "phone"


class Shelf:
    """The book on the disk. Failure says what is wrong with the file, the folder or the keyring."""

    def __init__(self, folder: Path | None = None, keyring: Callable[[], Keyring | None] = desktop) -> None:
        self.file = (folder or default_folder()) / FILE
        self._keyring = keyring

    def load(self) -> Book:
        """What is there; an empty book if nothing is."""
        try:
            kept = self._kept()
            return Book() if kept is None else read(self._with_keys(kept))
        except OSError as fault:
            raise Failure(f"{self.file} cannot be read: {fault.strerror}") from None
        except (ValueError, KeyError, TypeError):
            raise Failure(f"{self.file} is damaged: move it away, and enrol again") from None

    def change(self, how: Callable[[Book], Book]) -> Book:
        """Put a changed book in place of what is there now; no other lockctl can come in between."""
        try:
            with self._alone():
                before = self.load()
                book = how(before)
                self._write(self._without_keys(written(book)))
                self._drop(_places(before) - _places(book))
        except OSError as fault:
            raise Failure(f"{self.file} cannot be written: {fault.strerror}") from None
        return book

    def _kept(self) -> Any:
        try:
            with self.file.open(encoding="utf-8") as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    text = f"{self.file} can be read by others, who could open the locks: chmod 600 {self.file}"
                    raise Failure(text)
                kept = json.load(file)
        except FileNotFoundError:
            return None
        if kept["form"] != FORM:
            raise ValueError("another form")
        return kept

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self.file.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fchmod(handle, 0o700)
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
            os.fsync(handle)
        finally:
            os.close(handle)

    def _write(self, content: dict[str, Any]) -> None:
        fresh = self.file.with_name(FILE + ".new")
        fresh.unlink(missing_ok=True)
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="utf-8") as file:
            json.dump({"form": FORM, **content}, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.file)

    def _without_keys(self, content: dict[str, Any]) -> dict[str, Any]:
        """The keys go into the keyring. One that does not take them leaves them in the file."""
        keyring = self._keyring()
        for place, row in _rows(content):
            if keyring is not None and keyring.put(place, json.dumps(row["keys"])):
                row["keys"] = IN_KEYRING
        return content

    def _drop(self, places: set[str]) -> None:
        """The keys to a lock that was forgotten are nowhere any more."""
        keyring = self._keyring() if places else None
        if keyring is not None:
            for place in places:
                keyring.drop(place)

    def _with_keys(self, content: dict[str, Any]) -> dict[str, Any]:
        for place, row in _rows(content):
            if row["keys"] == IN_KEYRING:
                keyring = self._keyring()
                found = keyring.get(place) if keyring is not None else None
                if found is None:
                    raise Failure("the desktop's keyring does not give the phone's keys: unlock it, and try again")
                row["keys"] = json.loads(found)
        return content


def _places(book: Book) -> set[str]:
    return {place for place, _ in _rows(written(book))}


def _rows(content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every row that has keys, with where they are in the keyring."""
    yield from ((row["key"], row) for row in content["locks"])
    if content["guest"] is not None:
        yield "guest", content["guest"]
