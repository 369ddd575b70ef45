"""The part that decides. Pure: no clock, randomness, files, logging or await in here."""
