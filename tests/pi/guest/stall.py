"""stall.py PID: hold a process's first thread, which has its event loop, until the process has gone.
Its other threads go on."""

import os
import sys

from keypad import INTERRUPT, SEIZE, WAIT_ALL, ptrace

if __name__ == "__main__":
    pid = int(sys.argv[1])
    if not (ptrace(SEIZE, pid) and ptrace(INTERRUPT, pid)):
        sys.exit(f"{pid} cannot be held")
    while not os.WIFSIGNALED(os.waitpid(pid, WAIT_ALL)[1]):
        pass
