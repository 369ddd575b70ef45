"""Every event and every effect: comparable, hashable, and silent about secrets."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from lockd.core import effects, events
from lockd.core.credentials import Credential, credential_row
from lockd.core.snapshot import Kept, Snapshot
from lockd.value import Value

TYPES = [*get_args(events.Event), *get_args(effects.Effect), effects.Put, effects.Drop, effects.Entry, Kept]
HIDDEN = b"a digest"


def filled(kind: type[Value], **given: Any) -> Value:
    """One with something in every field."""
    hints = {n: hint for base in reversed(kind.__mro__) for n, hint in vars(base).get("__annotations__", {}).items()}
    fields = {n: {} if str(hints[n]).startswith("Mapping") else 1 for n in kind._fields}
    return kind(**(fields | given))


@pytest.mark.parametrize("kind", TYPES)
def test_it_is_equal_to_its_like_and_to_no_other_and_may_be_kept_in_a_set(kind: type[Value]) -> None:
    assert len({filled(kind), filled(kind)}) == 1
    assert filled(kind) != (filled(Kept) if kind is not Kept else filled(effects.Drop))


def test_digests_are_shown_nowhere() -> None:
    row = {"digest": HIDDEN.hex()}
    credential = Credential("PIN", 1, 1, HIDDEN)
    shown = repr([
        events.Presented("PIN", HIDDEN), filled(events.CredentialSet, digest=HIDDEN),
        effects.Put("credential", "1", row), Snapshot(credentials={"PIN:1": row}),
        credential, credential_row(credential),
        effects.Record(1, effects.Entry("System", 1, {}), (credential_row(credential),)),
    ])  # fmt: skip
    assert HIDDEN.hex() not in shown
    assert repr(HIDDEN) not in shown
