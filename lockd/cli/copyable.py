"""Commands of lockctl as they can be copied: `make run` puts it where no shell looks for it."""

from __future__ import annotations

import os
import re
import shutil
import sys


def lockctl() -> str:
    """`lockctl`, or the path it was started by if the shell would not find that."""
    started = sys.argv[0]
    if shutil.which("lockctl") or os.path.basename(started) != "lockctl":
        return "lockctl"
    near = os.path.join(os.path.dirname(os.path.relpath(started)) or os.curdir, "lockctl")
    return min(started, near, key=len) if os.sep in started else near


def copyable(text: str) -> str:
    """The text with each command in it as it can be copied."""
    return re.sub(r"\blockctl(?= [a-z-])", lambda _: lockctl(), text)
