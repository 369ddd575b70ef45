"""What the slow hash takes, it gives back: 16 MiB that a lock has better uses for."""

from __future__ import annotations

#: Of glibc's malloc.h; how large a block is asked of the kernel by itself, and given back to it.
M_MMAP_THRESHOLD = -3
LARGE = 1024 * 1024


def give_back() -> None:
    """glibc raises the threshold to the size of the first large block that is freed, and keeps
    such blocks from then on (mallopt(3)): not so once it is set. Other C libraries do not."""
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE)
