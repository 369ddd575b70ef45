"""What the virtual Pi takes from the machine it runs on: programs, the package mirror, a cache folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

#: Programs that are needed, and the Debian packages they are in.
PROGRAMS = {
    "busybox": "busybox-static",
    "depmod": "kmod",
    "mkfs.ext4": "e2fsprogs",
    "mmdebstrap": "mmdebstrap",
    "qemu-img": "qemu-utils",
    "qemu-system-x86_64": "qemu-system-x86",
    "setpriv": "util-linux",
}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
#: Debian keeps some of them where an ordinary user's PATH does not look.
SEARCH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
#: Emulation leaves the machine to whoever sits at it.
GENTLY = ("nice", "-n", "10")


class RigError(Exception):
    """The rig cannot do what it was asked to; the text says why, and what to do."""


def say(text: str) -> None:
    """To whoever waits."""
    print(f"virtual Pi: {text}", file=sys.stderr, flush=True)


def cache() -> Path:
    """Where built things are kept between runs and between clones."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(home) / "lockd" / "pi"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def digest(inputs: Iterable[str | bytes | Path]) -> str:
    """A name for whatever is made from these; a Path counts as its file's content."""
    state = hashlib.sha256()
    for item in inputs:
        data = item.read_bytes() if isinstance(item, Path) else item.encode() if isinstance(item, str) else item
        state.update(hashlib.sha256(data).digest())
    return state.hexdigest()[:16]


def run(command: Sequence[str | Path], timeout_s: float, folder: Path | None = None) -> str:
    """What it printed; RigError with all it said when it fails or takes too long."""
    words = [str(word) for word in command]
    environment = {**os.environ, "PATH": SEARCH, "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=timeout_s,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        raise RigError(f"{words[0]} took longer than {timeout_s:.0f} s: {' '.join(words)}") from late
    if done.returncode:
        raise RigError(f"{' '.join(words)} failed ({done.returncode}):\n{done.stdout}{done.stderr}")
    return str(done.stdout)


def as_root(*command: str | Path) -> tuple[str | Path, ...]:
    """The command, as root runs it."""
    return command if os.geteuid() == 0 else ("sudo", "-n", *command)


def need_programs(programs: Mapping[str, str] = PROGRAMS) -> None:
    """Install from the machine's own Debian mirror what is missing."""
    missing = sorted({package for program, package in programs.items() if not shutil.which(program, path=SEARCH)})
    if not KEYRING.exists():
        missing.append("debian-archive-keyring")
    if not missing:
        return
    say(f"installing {' '.join(missing)}")
    run(as_root("apt-get", "-qq", "update"), 300)
    install = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y", "--no-install-recommends", "install")
    run(as_root(*install, *missing), 900)


def mirror() -> str:
    """The Debian mirror that this machine's apt uses."""
    listed = run(["apt-get", "indextargets", "--format", "$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(SITE)"], 60)
    for line in listed.splitlines():
        origin, label, component, site = line.split("|", 3)
        if (origin, label, component) == ("Debian", "Debian", "main"):
            return site
    raise RigError("this machine's apt knows no Debian mirror, and the virtual Pi is made of Debian's packages")


def source(suite: str) -> str:
    """A line of sources.list."""
    return f"deb [signed-by={KEYRING}] {mirror()} {suite} main"


def apt(folder: Path, suite: str) -> list[str]:
    """Options with which apt knows this suite alone, keeps all it has in `folder`, and leaves the machine's own be."""
    (folder / "lists/partial").mkdir(parents=True)
    (folder / "sources.list").write_text(f"{source(suite)}\n")
    settings = {
        "Dir::State": folder, "Dir::State::lists": folder / "lists", "Dir::State::status": "/dev/null",
        "Dir::Cache": folder, "Dir::Etc::sourcelist": folder / "sources.list", "Dir::Etc::sourceparts": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null", "APT::Architecture": "amd64", "APT::Sandbox::User": "",
    }  # fmt: skip
    return [f"-o{name}={value}" for name, value in settings.items()]
