"""What the keys of a keypad mean: digits, `#` enters, `*` clears, and a pause forgets.

The one place in the core that holds digits, for as long as a person types them; what leaves it
goes to the store's digester, never into an event.
"""

from __future__ import annotations

from lockd.value import Value, secret

MAX_DIGITS = 16  #: more than any PIN; further digits make the code wrong, not longer


class Digit(Value):
    """One more digit was taken."""


class Cleared(Value):
    """What was typed is forgotten. `nothing`: there was nothing."""

    nothing: bool = False


class Entered(Value):
    """`#` with no digits before it."""


class Code(Value):
    """`#` after digits. `digits` None: too many to be any PIN."""

    digits: str | None = secret()


Typed = Digit | Cleared | Entered | Code


class Entry:
    """One line of typing. `deadline`: mono seconds at which an unfinished code is forgotten."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.deadline: float | None = None
        self._digits = ""

    def press(self, key: str, at: float) -> Typed | None:
        """One key, `0`-`9`, `#` or `*`; None: a key that means nothing."""
        self.expire(at)
        if key == "#":
            return self._enter()
        if key == "*":
            return self._forget()
        if key not in "0123456789" or len(key) != 1:
            return None
        self._digits = (self._digits + key)[: MAX_DIGITS + 1]
        self.deadline = at + self.timeout_s
        return Digit()

    def expire(self, at: float) -> Cleared | None:
        """Forget a code that was left unfinished for too long."""
        if self.deadline is None or at < self.deadline:
            return None
        return self._forget()

    def _enter(self) -> Entered | Code:
        digits, self._digits, self.deadline = self._digits, "", None
        if not digits:
            return Entered()
        return Code(digits if len(digits) <= MAX_DIGITS else None)

    def _forget(self) -> Cleared:
        nothing, self._digits = not self._digits, ""
        self.deadline = None
        return Cleared(nothing)
