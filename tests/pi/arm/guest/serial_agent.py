"""The rig's hands inside the emulated Pi: at its small serial port, as it has no virtio."""

import os
import tty

from agent import Agent, tell_systemd

PORT = "/dev/ttyS1"

if __name__ == "__main__":
    port = os.open(PORT, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(port)
    os.write(port, b"\n")  # ends whatever the port said when it was opened
    tell_systemd()
    Agent(port, None).serve()
