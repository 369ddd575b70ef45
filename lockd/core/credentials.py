"""Credentials: what a person shows at the door, and the terms on which it opens."""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern
from typing import Any

from lockd.core.effects import Drop, Put, Write
from lockd.value import Value, secret
from lockd.words import CredentialType

SPENT = "spent:"  #: rows of the table `state` that say what a user or a credential has used up
USES_MAX = 255  #: the most uses that a credential may be limited to
SPARES_MAX = 2  #: spare PINs of one user
SECOND_US = 1_000_000

#: Kinds that are typed at one keypad share one space of numbers: none may equal another.
SPACES: dict[str, CredentialType] = {"ProgrammingPIN": "PIN"}


#: Kinds as LockUserChange calls them, where that is not their own name.
DATA_TYPES = {"ProgrammingPIN": "ProgrammingCode", "": "Unspecified"}


def data_type(kind: str) -> str:
    """What LockUserChange calls credentials of this kind; those of every kind: ""."""
    return DATA_TYPES.get(kind, kind)


def space(kind: str) -> str:
    """The kind that these are digested and looked up as."""
    return SPACES.get(kind, kind)


class Terms(Value):
    """On which it opens. `uses`: so often (0: always); `start`, `until`: seconds since 1970 (0: no
    such bound); `spare`: for when the usual PIN is forgotten; `duress`: opens under a silent alarm."""

    uses: int = 0
    start: int = 0
    until: int = 0
    spare: bool = False
    duress: bool = False

    @property
    def timed(self) -> bool:
        """Whether it takes a clock to know if it is valid."""
        return bool(self.start or self.until)

    @property
    def limited(self) -> bool:
        """Whether this right ends, so that it is worth nothing without the store."""
        return bool(self.uses) or self.timed


ALWAYS = Terms()


class Credential(Value):
    """One credential; its data is known by `digest` only. `forced`: the digest of the PIN's duress
    variant; empty: it has none."""

    kind: CredentialType
    index: int
    user: int
    digest: bytes = secret()
    creator: str = ""
    modifier: str = ""
    terms: Terms = ALWAYS
    forced: bytes = secret(default=b"")

    @property
    def key(self) -> str:
        """Its row in the store."""
        return f"{self.kind}:{self.index}"

    @property
    def digests(self) -> tuple[bytes, ...]:
        """All that it is found by."""
        return (self.digest, self.forced) if self.forced else (self.digest,)

    def duress(self, digest: bytes) -> bool:
        """Whether what was shown calls for help."""
        return self.terms.duress or digest != self.digest


def credential_row(credential: Credential) -> Put:
    """As it is stored; what is usual is left out."""
    row = {n: getattr(credential, n) for n in ("kind", "index", "user", "creator", "modifier")}
    row["digest"] = credential.digest.hex()
    if credential.forced:
        row["forced"] = credential.forced.hex()
    if credential.terms != ALWAYS:
        row["terms"] = {n: v for n in Terms._fields if (v := getattr(credential.terms, n))}
    return Put("credential", credential.key, row)


def credential_of(row: Mapping[str, Any]) -> Credential:
    """From its row."""
    terms = Terms(**row["terms"]) if "terms" in row else ALWAYS
    digests = {n: bytes.fromhex(row.get(n, "")) for n in ("digest", "forced")}
    words = {n: intern(row.get(n, "")) for n in ("kind", "creator", "modifier")}  # the same few, again and again
    return Credential(**(dict(row) | digests | words | {"terms": terms}))


def use_key(credential: Credential, number: int) -> str:
    """The row of one of its uses. Each has a row of its own, so that none can be counted twice, and
    to take it or to give it back is one write whatever else is under way."""
    return f"{SPENT}{credential.key}:{number}"


def renew_uses(key: str, uses: int) -> tuple[Write, ...]:
    """The writes that give the credential of this row all its uses anew."""
    return tuple(Drop("state", f"{SPENT}{key}:{number}") for number in range(1, uses + 1))


def drop_credential(credential: Credential) -> tuple[Write, ...]:
    """The writes that remove it, with what it has used up."""
    return (Drop("credential", credential.key), *renew_uses(credential.key, credential.terms.uses))
