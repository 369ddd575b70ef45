"""The store at start: opened if it can be, and if not, lockd goes on without it and says why."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from pathlib import Path

from lockd.core.snapshot import Snapshot
from lockd.daemon.clock import boot_id
from lockd.settings import StoreSettings
from lockd.store.digests import Digester
from lockd.store.faults import InUse, StoreError
from lockd.store.keys import load_keys
from lockd.store.vault import Vault
from lockd.value import Value

log = logging.getLogger("lockd.store")


class Opened(Value):
    """`why_not`: in words, when there is no vault. `newest`: microseconds since 1970 of the newest
    record, 0 for none."""

    vault: Vault | None
    digester: Digester | None
    snapshot: Snapshot
    why_not: str = ""
    newest: int = 0


def open_store(folder: Path, settings: StoreSettings) -> Opened:
    """Never raises for what the disk or the key is like: the inside button has to work anyway.
    InUse when there is another lockd, which has the door in hand, or the folder is not lockd's."""
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    try:
        ring = load_keys(folder, settings.key, Path(credentials) if credentials else None)
        vault = Vault.open(folder, ring, settings.events)
        snapshot = vault.load(boot_id())
    except InUse:
        raise
    except StoreError as fault:
        log.error("the store cannot be opened, so no code is known and none can be added: %s", fault)
        return Opened(None, None, Snapshot(), str(fault))
    for line in snapshot.damaged:
        log.error("damaged: %s", line)
    if snapshot.rolled_back:
        log.error("an older copy of the store was put back: what came after it is missing")
    if vault.fault:
        log.error("the store can be read but not written: %s", vault.fault)
    return Opened(vault, Digester(ring), snapshot, "", _newest(vault, snapshot.last_seq))


def _newest(vault: Vault, last: int) -> int:
    """When the newest record was made; 0 where there is none that can be read."""
    with suppress(StoreError):
        return next((int(event["time"]) for event in vault.read(last, 1)), 0) if last else 0
    return 0
