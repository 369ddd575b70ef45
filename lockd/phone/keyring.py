"""The desktop's keyring (GNOME Keyring, KWallet, …), if the module `keyring` is there and finds one."""

from __future__ import annotations

import contextlib
from typing import Any, Protocol

SERVICE = "lockd phone"
#: What `keyring` gives to a place that is kept safe; below are none at all, and plain files.
SAFE = 1


class Keyring(Protocol):
    """Secrets by their place."""

    def get(self, place: str) -> str | None:
        """The secret; None: it is not there, or the keyring is shut."""

    def put(self, place: str, secret: str) -> bool:
        """Keep it. False: it was not taken."""

    def drop(self, place: str) -> None:
        """Keep it no more, if it is there."""


class Desktop:
    """A backend of the module `keyring`. `errors`: what it raises."""

    def __init__(self, backend: Any, errors: tuple[type[Exception], ...]) -> None:
        self._backend, self._errors = backend, errors

    def get(self, place: str) -> str | None:
        """As Keyring."""
        try:
            found: str | None = self._backend.get_password(SERVICE, place)
        except self._errors:
            return None
        return found

    def put(self, place: str, secret: str) -> bool:
        """As Keyring. What was not kept as it was given is not kept."""
        try:
            self._backend.set_password(SERVICE, place, secret)
        except self._errors:
            return False
        return self.get(place) == secret

    def drop(self, place: str) -> None:
        """As Keyring."""
        with contextlib.suppress(*self._errors):
            self._backend.delete_password(SERVICE, place)


def desktop() -> Desktop | None:
    """The one of this session; None: none, or none that is safe."""
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return None
    backend = keyring.get_keyring()
    return Desktop(backend, (KeyringError,)) if backend.priority >= SAFE else None
