"""Everything that lockd refuses or fails at, by name.

Each class is one D-Bus error (`org.lockd1.Error.<Name>`) and says whose fault it was: the
caller's (a bad argument), the rules' (a refusal) or lockd's own (a failure). The text is one
line for people: what was wrong, where, and what to do. It never holds a secret.
"""

from __future__ import annotations


class LockdError(Exception):
    """Base of every error that may reach a person. `detail` is the machine's word for why."""

    name = "Failure"

    def __init__(self, text: str, detail: str = "") -> None:
        super().__init__(text)
        self.detail = detail

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other) and self.args == other.args

    def __hash__(self) -> int:
        return hash((type(self), self.args))


class Failure(LockdError):
    """lockd or its hardware could not do it."""


class InvalidField(LockdError):
    """An argument of the wrong type, range or form."""

    name = "InvalidField"


class Duplicate(LockdError):
    """The same secret, or the same unique id, is there already."""

    name = "Duplicate"


class Occupied(LockdError):
    """Add was asked of a place that is taken."""

    name = "Occupied"


class ResourceExhausted(LockdError):
    """No room for another one."""

    name = "ResourceExhausted"


class NotFound(LockdError):
    """There is nothing at that index."""

    name = "NotFound"


class ConstraintError(LockdError):
    """The value breaks a rule that other values set (a PIN's length, a limit's range)."""

    name = "ConstraintError"


class UnsupportedCommand(LockdError):
    """This lock does not do that."""

    name = "UnsupportedCommand"


class InvalidCredential(LockdError):
    """A wrong PIN, or none where one is required."""

    name = "InvalidCredential"


class DisabledUserDenied(LockdError):
    """The PIN is right, its user is disabled."""

    name = "DisabledUserDenied"


class Restricted(LockdError):
    """The mode, the user's type or his schedule forbids it now."""

    name = "Restricted"


class InsufficientBattery(LockdError):
    """There is not enough power for a whole throw."""

    name = "InsufficientBattery"


class LockedOut(LockdError):
    """Too many wrong tries; wait."""

    name = "LockedOut"


class Jammed(LockdError):
    """The bolt did not arrive."""

    name = "Jammed"


class Busy(LockdError):
    """Something else is under way; try again."""

    name = "Busy"


class AccessDenied(LockdError):
    """The caller lacks the right (org.freedesktop.DBus.Error.AccessDenied)."""

    name = "AccessDenied"


class CallError(Exception):
    """What another program answered over D-Bus instead of a result: the error's name, and its text."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text)
        self.name = name


class ConfigurationError(LockdError):
    """lockd.toml is wrong; `faults` holds one line each, with its key path. Exit status 78."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults
