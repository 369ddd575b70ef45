"""The reference phone: finds locks over Bluetooth LE, enrols with them, keeps their keys and gives them commands.

It knows the protocol (`lockd.wire`) and nothing of the daemon: another app can be built after it.
"""
