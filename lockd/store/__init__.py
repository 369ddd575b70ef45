"""The encrypted store: one SQLite file, its keys, and the anchor that dates it."""

from lockd.lightly import postpone

# Of its ciphers the store uses one, which is in a module of its own.
postpone("cryptography.hazmat.primitives.ciphers")
