"""The pins: what moves, what is felt, what is pressed and what speaks. The only threads end here."""
