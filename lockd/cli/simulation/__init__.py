"""A private bus and a simulated lock on it, for as long as somebody looks."""
