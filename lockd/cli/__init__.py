"""lockctl: the lock from a terminal. One module a command family."""
