"""A million PINs are checked, of ten thousand people, and lockd has not grown by it."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from tests.bench.inside import MANY, Crowd

CHECKS, WARM = int(os.environ.get("LOCKD_CHECKS", "1000000")), 100_000
#: What Python's own bookkeeping may come to; one word for each of a million checks would be 8 MiB.
GROWTH_MIB = 1.0

pytestmark = pytest.mark.slow


def resident_mib() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_a_million_checks_leave_nothing_behind() -> None:
    crowd = Crowd(MANY)
    for n in range(WARM):
        crowd.check(n * 31 % MANY + 1)
    before = resident_mib()
    for n in range(CHECKS):
        crowd.check(n * 31 % MANY + 1)
    grown = resident_mib() - before
    print(f"{CHECKS:,} checks of {MANY:,} people: {grown:+.2f} MiB")
    assert grown < GROWTH_MIB
