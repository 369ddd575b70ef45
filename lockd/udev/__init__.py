"""What feeds the lock, as the kernel's drivers tell it: batteries, chargers, USB-C ports."""
