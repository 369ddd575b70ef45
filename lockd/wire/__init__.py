"""LKP/1: the bytes between lock and phone, for both ends. Pure: no clock, randomness, files or await in here."""
