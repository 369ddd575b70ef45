"""Commits while the storage fails and recovers: `python -m tests.power.suffer FOLDER CONTROL`, under faulty.c.

Prints one JSON list: for each fault, what `commit` answered while it lasted and after."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lockd.core.effects import Entry, Put
from lockd.store.faults import StoreError
from lockd.store.keys import load_keys
from lockd.store.vault import Vault


def attempt(vault: Vault, uses: int) -> int | str:
    try:
        return vault.commit(Entry("System", uses, {}), (Put("state", "uses", {"left": uses}),))
    except StoreError as fault:
        return str(fault)


def main(folder: Path, control: Path) -> None:
    ring = load_keys(folder, "auto", None)
    vault = Vault.open(folder, ring, 1000)
    answers: list[object] = [attempt(vault, 0)]
    for fault in ("EIO", "ENOSPC"):
        control.write_text(fault)
        answers += [attempt(vault, 1), attempt(vault, 2)]
        control.write_text("")
        answers.append(attempt(vault, 3))
    vault.close()
    control.write_text("ENOSPC")
    vault = Vault.open(folder, ring, 1000)
    snapshot = vault.load("")
    answers += [snapshot.last_seq, snapshot.state["uses"].seq, attempt(vault, 4)]
    control.write_text("")
    answers += [attempt(vault, 5), vault.verify()["ok"]]
    vault.close()
    print(json.dumps(answers))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
