"""lockd: turns a Raspberry Pi into a smart lock."""

__version__ = "0.1.0"

#: When this version was made, in microseconds since 1970: a clock before it is wrong.
RELEASED = 1_795_219_200_000_000  # 2026-11-21
