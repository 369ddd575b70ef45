"""Tries what a lock's service needs and what it does not, in whatever sandbox it finds itself, and prints
what came of each as a line: its name, a tab, `done` or the fault. Nothing it does leaves a trace."""

import fcntl
import mmap
import os
import resource
import socket
import time
from collections.abc import Callable
from pathlib import Path

HOME = os.environ.get("PROBE_HOME", "/home/keeper")


def reads(path: str) -> Callable[[], object]:
    return lambda: os.read(os.open(path, os.O_RDONLY | os.O_NONBLOCK), 1 << 13)


def opens(path: str) -> Callable[[], object]:
    """For writing, but nothing is written."""
    return lambda: os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY))


def makes(folder: str) -> Callable[[], object]:
    def attempt() -> None:
        path = Path(folder, "probe")
        path.write_text("probe")
        path.unlink()

    return attempt


def speaks(family: int, kind: int = socket.SOCK_STREAM, protocol: int = 0) -> Callable[[], object]:
    return lambda: socket.socket(family, kind, protocol).close()


def calls_dbus() -> None:
    with socket.socket(socket.AF_UNIX) as bus:
        bus.connect("/run/dbus/system_bus_socket")


def sees_others() -> None:
    """The processes of other users."""
    if not Path("/proc/1/status").exists():
        raise FileNotFoundError("/proc/1")


def asks_the_chip() -> None:
    """GPIO_GET_CHIPINFO_IOCTL"""
    chip = os.open("/dev/gpiochip0", os.O_RDWR)
    fcntl.ioctl(chip, 0x8044B401, bytearray(68))


def runs_what_it_wrote() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC).close()


def raises_its_limits() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard + 1))


def sets_suid() -> None:
    path = Path(os.environ.get("STATE_DIRECTORY", "/var/tmp"), "suid")
    path.touch()
    try:
        path.chmod(0o4700)
    finally:
        path.unlink()


def makes_a_namespace() -> None:
    """In a child, so that the probe itself stays where it is."""
    child = os.fork()
    if not child:
        try:
            os.unshare(os.CLONE_NEWNET)
        except OSError as fault:
            os._exit(fault.errno)
        os._exit(0)
    number = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if number:
        raise OSError(number, os.strerror(number))


TRIES: dict[str, Callable[[], object]] = {
    # what a lock needs
    "read lockd.toml": reads("/etc/lockd/lockd.toml"),
    "write its store": makes("/var/lib/lockd"),
    "write its run folder": makes("/run/lockd"),
    "drive the chip": asks_the_chip,
    "read its key": reads(f"{os.environ.get('CREDENTIALS_DIRECTORY', '/run')}/lockd.key"),
    "call D-Bus": calls_dbus,
    "hear udev": speaks(socket.AF_NETLINK, socket.SOCK_RAW, 15),
    # what it does not
    "read shadow": reads("/etc/shadow"),
    "list root's home": lambda: os.listdir("/root"),
    "read a home's open file": reads(f"{HOME}/open"),
    "read the sealed key": reads("/etc/lockd/lockd.key"),
    "read the handed key": reads("/run/credstore.encrypted/lockd.key"),
    "read the machine's secret": reads("/var/lib/systemd/credential.secret"),
    "see other processes": sees_others,
    "read the kernel's log": reads("/dev/kmsg"),
    "open the disk": opens("/dev/vda"),
    "open the memory": opens("/dev/mem"),
    "open the console": opens("/dev/ttyS0"),
    "open another device": reads("/dev/hwrng"),
    "change lockd.toml": opens("/etc/lockd/lockd.toml"),
    "change its own code": opens("/usr/lib/python3/dist-packages/lockd/__init__.py"),
    "write /etc": makes("/etc"),
    "write /run": makes("/run"),
    "write /var/log": makes("/var/log"),
    "write a home": makes(HOME),
    "change the kernel": opens("/proc/sys/kernel/core_pattern"),
    "change a device": opens("/sys/power/state"),
    "use IPv4": speaks(socket.AF_INET),
    "use IPv6": speaks(socket.AF_INET6),
    "use raw packets": speaks(socket.AF_PACKET, socket.SOCK_RAW),
    "become root": lambda: os.setuid(0),
    "signal systemd": lambda: os.kill(1, 0),
    "set the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()),
    "name the host": lambda: socket.sethostname(socket.gethostname()),
    "run what it wrote": runs_what_it_wrote,
    "raise its limits": raises_its_limits,
    "go before others": lambda: os.nice(-1),
    "be real-time": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
    "make a setuid file": sets_suid,
    "make a namespace": makes_a_namespace,
}


def outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except (OSError, ValueError, MemoryError) as fault:
        return f"{type(fault).__name__}: {fault}"
    return "done"


if __name__ == "__main__":
    for name, attempt in TRIES.items():
        print(f"{name}\t{outcome(attempt)}", flush=True)
