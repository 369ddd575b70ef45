"""What was typed against the codes that are valid now: the one place that holds the issuing key."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from lockd.codes import DIGITS, Window, code_of
from lockd.core.events import Presented
from lockd.core.instant import Instant
from lockd.core.lock import Lock
from lockd.store.digests import Digester
from lockd.words import CredentialType


class Matcher:
    """`digester` None: there is no key of the store, so there is none for codes either. `lock` knows the windows."""

    def __init__(self, digester: Digester | None, lock: Lock, now: Callable[[], Instant]) -> None:
        self._digester, self._lock, self._now = digester, lock, now
        self._serial, self._key = "", b""

    def key(self, serial: str) -> bytes:
        """The issuing key of this name; empty where none can be made."""
        if serial != self._serial:
            made = self._digester.issuing_key(serial) if self._digester is not None and serial else b""
            self._serial, self._key = serial, made
        return self._key

    def presented(self, kind: CredentialType, digits: str, digest: bytes) -> Presented:
        """As the core is shown it. Every entry that was typed, whatever it is, is compared with every code."""
        if kind != "PIN":
            return Presented(kind, digest)
        key = self.key(self._lock.codes.serial)
        windows = self._lock.code_windows(self._now()) if key else ()
        shaped = bool(key) and len(digits) == DIGITS
        return Presented("PIN", digest, shaped, _match(key, windows, digits) if digest else None)


def _match(key: bytes, windows: tuple[Window, ...], digits: str) -> Window | None:
    """The window that the digits open, in a time that does not depend on which, or whether there is one."""
    typed, found = digits.encode(), None
    for window in windows:
        same = hmac.compare_digest(code_of(key, window).encode(), typed)
        found = window if same else found
    return found
