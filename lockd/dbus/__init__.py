"""lockd's own D-Bus API."""
