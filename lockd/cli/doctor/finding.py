"""What a check comes to."""

from __future__ import annotations

from lockd.value import Value
from lockd.words import Verdict


class Finding(Value):
    """`text`: what was found, one line; `remedy`: what to do, for all that is not ok. `part` and
    `check` are put in by whoever ran the check."""

    state: Verdict
    text: str
    remedy: str = ""
    part: str = ""
    check: str = ""

    @property
    def ok(self) -> bool:
        """Nothing that needs a person."""
        return self.state in ("ok", "unchecked")


def ok(text: str) -> Finding:
    """It is as it should be."""
    return Finding("ok", text)


def warning(text: str, remedy: str) -> Finding:
    """The lock works, but something should be put right."""
    return Finding("warning", text, remedy)


def fault(text: str, remedy: str) -> Finding:
    """The lock does not work, or not safely."""
    return Finding("fault", text, remedy)


def unchecked(text: str, remedy: str = "") -> Finding:
    """It could not be looked at; `text` says why."""
    return Finding("unchecked", text, remedy)
