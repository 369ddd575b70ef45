"""The disk: a clean Debian 13 with what lockd's package depends on, and lgpio, which only Raspberry Pi OS has."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.pi.host import GENTLY, KEYRING, digest, run, source
from tests.pi.keep import kept

SUITE = "trixie"
SIZE = "3G"
#: Of another architecture, on a busy machine.
LONGEST_S = 3 * 3600
LGPIO = "0.2.2.0"
PACKAGES = (
    "systemd", "systemd-sysv", "udev", "dbus", "polkitd", "libpam-systemd", "kmod", "e2fsprogs", "procps", "bluez",
    "python3", "python3-gpiozero", "python3-dbus-next", "python3-pyudev", "python3-rich", "python3-systemd",
    "python3-cryptography", "python3-cbor2", "tzdata",
)  # fmt: skip
#: Needed to build lgpio, and gone again afterwards.
BUILD = ("gcc", "libc6-dev", "python3-dev", "python3-setuptools", "swig")

#: All scripts run outside of the new system's folder, $1; what they make is put into $2.
BUILD_LGPIO = f"""
set -e
root=$1
chroot "$root" apt-get -qq -y --no-install-recommends install {' '.join(BUILD)}
tar -C "$root/opt" -xf "$2/lgpio-{LGPIO}.tar.gz"
chroot "$root" sh -ec 'cd /opt/lgpio-{LGPIO}; PYPI=1 python3 setup.py -q build; \
    cp build/lib*/*.py build/lib*/*.so /usr/lib/python3/dist-packages/'
rm -r "$root/opt/lgpio-{LGPIO}"
chroot "$root" apt-get -qq -y --autoremove purge {' '.join(BUILD)}
chroot "$root" python3 -c 'import os, tempfile; os.chdir(tempfile.mkdtemp()); import lgpio'
"""

#: Root without a password on the console, for `make pi-shell`; nothing that asks at the first boot.
CONFIGURE = """
set -e
root=$1
echo pi >"$root/etc/hostname"
echo 'LANG=C.UTF-8' >"$root/etc/locale.conf"
chroot "$root" systemd-machine-id-setup >/dev/null
chroot "$root" passwd -d root >/dev/null
mkdir -p "$root/etc/systemd/system/serial-getty@ttyS0.service.d"
cat >"$root/etc/systemd/system/serial-getty@ttyS0.service.d/rig.conf" <<'END'
[Service]
ExecStart=
ExecStart=-/sbin/agetty --autologin root --noclear --keep-baud 115200 %I linux
END
chroot "$root" systemctl -q mask systemd-firstboot.service apt-daily.timer apt-daily-upgrade.timer
"""

#: What mmdebstrap puts there to keep services from starting goes. The bind mount shows the folder
#: without what is mounted in it (/proc, /sys, /dev).
PACK = f"""
set -e
rm -rf "$1"/var/cache/apt/*.bin "$1/etc/resolv.conf" "$1/usr/sbin/policy-rc.d"
mv -f "$1/usr/sbin/start-stop-daemon.REAL" "$1/usr/sbin/start-stop-daemon"
mkdir -p "$2/root"
mount --bind "$1" "$2/root"
trap 'umount "$2/root"; rmdir "$2/root"' EXIT
test ! -e "$2/root/proc/self"
mkfs.ext4 -q -F -L root -d "$2/root" "$2/disk.img" {SIZE}
"""


def disk(more: tuple[str, ...] = ()) -> Path:
    """A raw ext4 image, with `more` packages on it. Never written to: machines lay their own over it."""
    return kept("disk", digest([Path(__file__), *more]), lambda folder: build(folder, more)) / "disk.img"


def build(folder: Path, more: tuple[str, ...], hook: str = "", options: Iterable[str] = ()) -> None:
    """Make disk.img there. `hook`: one more script, when all is installed; `options`: of mmdebstrap's."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps"]
    run([*pip, "--no-binary", "lgpio", "--dest", folder, f"lgpio=={LGPIO}"], 300)
    quoted = shlex.quote(str(folder))
    scripts = {"build-lgpio": BUILD_LGPIO, "configure": CONFIGURE, "more": hook, "pack": PACK}
    for name, script in scripts.items():
        (folder / f"{name}.sh").write_text(script)
    run([
        *GENTLY, "mmdebstrap", "--mode=auto", "--variant=minbase", "--format=null", f"--keyring={KEYRING}",
        f"--include={','.join(PACKAGES + more)}", *options,
        *(f'--customize-hook=sh {quoted}/{name}.sh "$1" {quoted}' for name in scripts),
        SUITE, "/dev/null", source(SUITE),
    ], LONGEST_S)  # fmt: skip
