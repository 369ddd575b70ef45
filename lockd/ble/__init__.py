"""Phones over Bluetooth LE: lockd as a GATT server behind BlueZ."""
