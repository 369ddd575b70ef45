"""The file with the issuing key: with it codes are made, and no lockd is needed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from lockd.codes import Label
from lockd.errors import Failure, NotFound
from lockd.value import Value, secret

FORM = "lockd issuing key 1"


class Key(Value):
    """What the file holds. `name`: of the key, as lockd knows it."""

    name: str
    key: bytes = secret()
    epoch: int
    labels: tuple[Label, ...]


def default_file() -> Path:
    """Where the key is if nothing else is said."""
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(home) / "lockd" / "issuing-key.json"


def read_key(path: Path) -> Key:
    """The key in a file that nobody else can read."""
    try:
        with path.open(encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise Failure(f"{path} can be read by others, who could make codes: chmod 600 {path}")
            kept = json.load(file)
        if kept["form"] != FORM:
            raise ValueError
        labels = tuple(label_of(row) for row in kept["labels"])
        return Key(kept["name"], bytes.fromhex(kept["key"]), int(kept["epoch"]), labels)
    except FileNotFoundError:
        text = f"there is no issuing key at {path}: make one with `lockctl code key` at the lock, and bring it here"
        raise NotFound(text) from None
    except OSError as fault:
        raise Failure(f"{path} cannot be read: {fault.strerror}") from None
    except (ValueError, KeyError, TypeError):
        raise Failure(f"{path} is not an issuing key, or is damaged: make a new one with `lockctl code key`") from None


def write_key(path: Path, key: Key) -> None:
    """In place of what is there, and for its owner alone."""
    rows = [
        {"label": each.name, "kind": each.kind, "lengths": ",".join(map(str, each.lengths)), "accept": each.accept,
         "number": each.number}
        for each in key.labels
    ]  # fmt: skip
    kept = {"form": FORM, "name": key.name, "key": key.key.hex(), "epoch": key.epoch, "labels": rows}
    fresh = draft(path)
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(kept, file, indent=1)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def draft(path: Path) -> Path:
    """An empty file beside it, for its owner alone; so it is known that a key can be kept before there is one."""
    fresh = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as fault:
        raise Failure(f"{path} cannot be written: {fault.strerror}; give another place with --key") from None
    return fresh


def label_of(row: Any) -> Label:
    """A row of ListLabels."""
    lengths = tuple(int(part) for part in row["lengths"].split(",") if part)
    return Label(row["label"], row["kind"], lengths, int(row["accept"]), int(row["number"]))
