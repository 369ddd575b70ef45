"""doctor: looks at all that a lock depends on, on this machine and in lockd, says what to do, and changes nothing."""
