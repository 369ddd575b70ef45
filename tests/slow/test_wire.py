"""A million random writes to a lock's end: nothing is raised, nothing is done, nothing is kept."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.wire.ends import World
from tests.wire.test_attacks import scribble, writing

WRITES = int(os.environ.get("LOCKD_WRITES", "1000000"))
AT_ONCE = 10_000
#: What the allocator may take and not give back; 2 bytes kept of each write would be more.
NOISE_KIB = 2048

pytestmark = pytest.mark.slow


def rss_kib() -> int:
    return int(Path("/proc/self/status").read_text().partition("VmRSS:")[2].split()[0])


def test_random_writes() -> None:
    drawn = random.Random(2)
    world = World()
    begun = 0
    for count in range(0, WRITES, AT_ONCE):
        assert scribble(world, [writing(drawn) for _ in range(AT_ONCE)]).commands == []
        if count == WRITES // 10:
            begun = rss_kib()
    assert rss_kib() - begun < NOISE_KIB
