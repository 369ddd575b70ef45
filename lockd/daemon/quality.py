"""How easy a PIN is to guess: told from its digits alone, by whoever sets it, at that moment. Nothing
of it is kept: a list of the weak ones would be what a thief wants first.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

DIGITS = "0123456789"
YEARS = range(1930, 2036)  #: in which somebody is born, married, or has moved in
#: How a date may be written: day, month and the year in two or four digits; or no year.
DATES = ("dmy", "mdy", "ymd", "dmY", "mdY", "Ymd", "dm", "md", "mY", "Ym")
WIDTHS = {"d": 2, "m": 2, "y": 2, "Y": 4}
RANGES = {"d": range(1, 32), "m": range(1, 13), "y": range(100), "Y": YEARS}


def weaknesses(pin: str) -> list[str]:
    """Why it is easy to guess, in words; empty: it is not, as far as can be told."""
    found = {
        "Its digits count up or down": _counts(pin),
        "Its digits repeat": _repeats(pin),
        "It is, or holds, a year or a date": _dates(pin),
    }
    return [text for text, is_so in found.items() if is_so]


def neighbours(pin: str) -> Iterator[str]:
    """Every PIN that differs in one digit: nine for each."""
    for place, own in enumerate(pin):
        yield from (pin[:place] + digit + pin[place + 1 :] for digit in DIGITS if digit != own)


def duress_variant(pin: str) -> str:
    """Its last digit one higher, and 0 after 9."""
    return pin[:-1] + str((int(pin[-1]) + 1) % 10)


def _counts(pin: str) -> bool:
    """1234, 9876, 2468, 7890, 112233, 123321."""
    steps = [(int(b) - int(a)) % 10 for a, b in pairwise(pin)]
    small = [step for step in steps if step]
    half = pin[: (len(pin) + 1) // 2]
    folded = pin == pin[::-1] and len(half) > 1 and _counts(half)
    return (len(set(steps)) == 1 and bool(steps[0])) or set(small) in ({1}, {9}) or folded


def _repeats(pin: str) -> bool:
    """0000, 1212, 123123, 112112, and all that is made of two digits."""
    parts = (size for size in range(1, len(pin) // 2 + 1) if len(pin) % size == 0)
    return len(set(pin)) <= 2 or any(pin == pin[:size] * (len(pin) // size) for size in parts)


def _dates(pin: str) -> bool:
    """19841231, 311284, 3112, 1984, and a year before or after other digits."""
    ends = (pin[:4], pin[-4:])
    return any(int(end) in YEARS for end in ends) or any(_is_date(pin, form) for form in DATES)


def _is_date(pin: str, form: str) -> bool:
    if len(pin) != sum(WIDTHS[part] for part in form):
        return False
    at = 0
    for part in form:
        if int(pin[at : at + WIDTHS[part]]) not in RANGES[part]:
            return False
        at += WIDTHS[part]
    return True
