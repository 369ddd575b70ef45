"""The encrypted store: one SQLite file, its keys, and the anchor that dates it."""
