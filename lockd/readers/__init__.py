"""Readers that speak for themselves: PN532 cards, USB keypads and card readers, R503 fingerprint sensors.

Imported only where lockd.toml names one, and after READY. None of them decides anything: what they
read goes to the daemon, which has it digested.
"""
