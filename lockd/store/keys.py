"""The keys of the store, wrapped by a key-encryption key (KEK) that is kept elsewhere.

The KEK comes from a systemd credential or a key file. `lockd.keys` holds, sealed by it and in two
copies a page apart, everything else: the data keys by generation, and the keys and salt of
digests, row marks and anchor.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import os
import stat
from struct import Struct
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from lockd.store import files
from lockd.store.faults import KeyUnavailable, StoreError, in_words

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger("lockd.store")

CREDENTIAL = "lockd.key"
_SHORTEST = 32
_LENGTH = Struct(">I")
_NONCE = 12
_COPY = 4096
_LABEL = b"lockd keys 1"


class KeyRing:
    """The unwrapped keys of one store, 32 bytes each. `data`: data keys by generation, the newest
    one seals; those retired stay readable in memory for readers under way."""

    def __init__(self, path: Path, kek: bytes, kept: dict[str, bytes], data: dict[int, bytes]) -> None:
        self._path, self._kek, self._kept, self._live = path, kek, kept, data
        self.data = dict(data)
        self.generation = max(data)
        self.salt = kept["salt"]
        self.digest_key = kept["digest"]
        self.mark_key = kept["mark"]
        self.anchor_key = kept["anchor"]

    @property
    def rotating(self) -> bool:
        """Whether an older data key may still seal some rows."""
        return len(self._live) > 1

    def next_generation(self) -> None:
        """Make a new data key, durable before anything is sealed with it."""
        self._save(self._live | {self.generation + 1: os.urandom(32)})
        self.data |= self._live
        self.generation += 1

    def retire(self) -> None:
        """Forget the older data keys on disk: nothing is sealed with them any more."""
        self._save({self.generation: self.data[self.generation]})

    def adopt(self, salt: bytes, digest_key: bytes) -> None:
        """Take over what a restored backup's PINs and cards were digested with. They are known at once; a
        failure to keep them here is logged, as the store has them too and gives them again at the next start."""
        if (salt, digest_key) == (self.salt, self.digest_key):
            return
        self.salt, self.digest_key = salt, digest_key
        self._kept |= {"salt": salt, "digest": digest_key}
        try:
            self._save(self._live)
        except StoreError as fault:
            log.error("lockd.keys cannot be written: %s", fault)

    def copy_to(self, folder: Path) -> None:
        """Leave the wrapped keys with a store that is set aside, which they can open."""
        files.replace(folder / self._path.name, files.read(self._path) or b"")

    def _save(self, data: dict[int, bytes]) -> None:
        """Write both copies in one atomic replacement."""
        plain = {
            "kept": {name: key.hex() for name, key in self._kept.items()},
            "data": {str(generation): key.hex() for generation, key in data.items()},
        }
        nonce = os.urandom(_NONCE)
        sealed = nonce + ChaCha20Poly1305(self._kek).encrypt(nonce, json.dumps(plain).encode(), _LABEL)
        copy = (_LENGTH.pack(len(sealed)) + sealed).ljust(_COPY, b"\0")
        with files.worded():
            files.replace(self._path, copy + copy)
        self._live = data

    @classmethod
    def make(cls, path: Path, kek: bytes) -> KeyRing:
        """New keys, written to the path."""
        kept = {name: os.urandom(32) for name in ("salt", "digest", "mark", "anchor")}
        ring = cls(path, kek, kept, {1: os.urandom(32)})
        ring._save(ring._live)
        return ring

    @classmethod
    def unwrap(cls, path: Path, kek: bytes, wrapped: bytes, next_kek: bytes) -> KeyRing | None:
        """The keys in either copy, or None if this KEK opens neither. The next saving is wrapped
        with `next_kek`."""
        for copy in (wrapped[:_COPY], wrapped[_COPY:]):
            plain = _unseal(kek, copy)
            if plain is not None:
                kept = {name: bytes.fromhex(key) for name, key in plain["kept"].items()}
                data = {int(generation): bytes.fromhex(key) for generation, key in plain["data"].items()}
                return cls(path, next_kek, kept, data)
        return None


def load_keys(folder: Path, key: str, credentials_dir: Path | None) -> KeyRing:
    """The keys of the store in `folder`, made on first use.

    `key` says where the KEK is: auto (the systemd credential `lockd.key`, else the file `key` in
    the folder, made on first use), credential, or the path of a key file. With both at hand the one
    that fits opens, and the next rotation wraps with the credential. KeyUnavailable, with nothing
    touched, when there is none, when it is open to others, or did not wrap `lockd.keys`."""
    path = folder / "lockd.keys"
    with files.worded():
        claim = files.claim(folder)
        try:
            wrapped = _read(path)
            keks = _find_keks(folder, key, credentials_dir, may_create=wrapped is None)
            if wrapped is None:
                _expect_no_store(folder)
                return KeyRing.make(path, keks[0])
        finally:
            os.close(claim)
    for kek in keks:
        ring = KeyRing.unwrap(path, kek, wrapped, keks[0])
        if ring is not None:
            return ring
    raise KeyUnavailable(
        f"the key does not open {path}: put back the key (and lockd.keys) that belong to this store, or move the"
        " files away to begin a new one; nothing was changed"
    )


def _find_keks(folder: Path, key: str, credentials_dir: Path | None, may_create: bool) -> list[bytes]:
    """Every KEK the setting allows, the preferred one first; never empty."""
    if key not in ("auto", "credential"):
        return [_read_key_file(folder / key)]
    credential = _read(credentials_dir / CREDENTIAL) if credentials_dir else None
    keks = [] if credential is None else [_derive(credential, f"the systemd credential {CREDENTIAL}")]
    if key == "credential":
        if not keks:
            raise KeyUnavailable(f"store.key is credential, but systemd gave no credential {CREDENTIAL}:"
                                 f" add LoadCredentialEncrypted={CREDENTIAL} to the unit")
        return keks
    file = folder / "key"
    if not keks and not file.exists():
        if not may_create:
            raise KeyUnavailable(f"neither the systemd credential {CREDENTIAL} (lockd-key.service makes it of"
                                 f" /etc/lockd/{CREDENTIAL}) nor the key file {file} is there: put back the one that"
                                 " sealed this store, and restart lockd-key and lockd;"
                                 " nothing was changed")
        _expect_no_store(folder)
        files.replace(file, os.urandom(32))
    return keks if keks and not file.exists() else [*keks, _read_key_file(file)]


def _read_key_file(path: Path) -> bytes:
    content = _read(path)
    if content is None:
        raise KeyUnavailable(f"the key file {path} is missing: put it back, or set store.key")
    about = path.stat()
    if not stat.S_ISREG(about.st_mode) or about.st_uid != os.geteuid():
        raise KeyUnavailable(f"the key file {path} must belong to the user lockd runs as")
    if about.st_mode & 0o077:
        raise KeyUnavailable(f"the key file {path} is open to others: chmod 600 {path}")
    return _derive(content, f"the key file {path}")


def _derive(content: bytes, what: str) -> bytes:
    if len(content) < _SHORTEST:
        raise KeyUnavailable(f"{what} holds {len(content)} bytes; it takes at least {_SHORTEST} random ones")
    return hmac.digest(hashlib.sha256(content).digest(), b"lockd kek 1", "sha256")


def _unseal(kek: bytes, copy: bytes) -> dict[str, dict[str, str]] | None:
    if len(copy) < _LENGTH.size + _NONCE:
        return None
    sealed = copy[_LENGTH.size:][:_LENGTH.unpack_from(copy)[0]]
    try:
        plain = ChaCha20Poly1305(kek).decrypt(sealed[:_NONCE], sealed[_NONCE:], _LABEL)
    except (InvalidTag, ValueError):
        return None
    kept: dict[str, dict[str, str]] = json.loads(plain)
    return kept


def _read(path: Path) -> bytes | None:
    try:
        return files.read(path)
    except OSError as fault:
        raise KeyUnavailable(f"{path} cannot be read: {in_words(fault)}") from fault


def _expect_no_store(folder: Path) -> None:
    """Never make new keys beside a store that only the old ones can open."""
    database = folder / "lockd.db"
    if database.exists() and database.stat().st_size:
        raise KeyUnavailable(f"{folder / 'lockd.keys'} is missing, and without it lockd.db cannot be read: put it"
                             " back, or move lockd.db away to begin a new store; nothing was changed")

