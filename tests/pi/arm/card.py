"""The Pi's card: a Debian 13 for arm64, started by Debian's own kernel and initrd."""

from __future__ import annotations

from pathlib import Path

from tests.pi import host, root
from tests.pi.host import digest, run
from tests.pi.keep import kept

PROGRAMS = {name: package for name, package in host.PROGRAMS.items() if name != "qemu-system-x86_64"} | {
    "fdtput": "device-tree-compiler",
    "qemu-aarch64-static": "qemu-user-static",
    "qemu-system-aarch64": "qemu-system-arm",
}
#: The Pi takes no card whose size is not a power of two.
SIZE = "4G"
#: What its initrd needs to find the card.
MODULES = ("bcm2835", "ext4")

#: The machine's kernel then hands arm64 programs to qemu-aarch64, until it is started anew.
RUN_ARM64 = """
set -e
cd /proc/sys/fs
[ -e binfmt_misc/register ] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
[ -e binfmt_misc/qemu-aarch64 ] || cat /usr/lib/binfmt.d/qemu-aarch64.conf >binfmt_misc/register
"""

SMALL_INITRD = f"""
set -e
mkdir -p "$1/etc/initramfs-tools/conf.d"
echo MODULES=list >"$1/etc/initramfs-tools/conf.d/modules"
printf '%s\\n' {' '.join(MODULES)} >"$1/etc/initramfs-tools/modules"
"""

TAKE_KERNEL = """
set -e
cp "$1"/boot/vmlinuz-* "$2/vmlinuz"
cp "$1"/boot/initrd.img-* "$2/initrd"
cp "$1"/usr/lib/linux-image-*/broadcom/bcm2837-rpi-3-b.dtb "$2/pi.dtb"
"""


class Card:
    """`disk`: what is on it. Never written to. The rest is what the Pi's firmware would take from there."""

    def __init__(self, folder: Path) -> None:
        self.disk, self.kernel, self.initrd = folder / "disk.img", folder / "vmlinuz", folder / "initrd"
        self.tree = folder / "pi.dtb"


def card() -> Card:
    """With all that lockd's package depends on, and without lockd."""
    host.need_programs(PROGRAMS)
    return Card(kept("card", digest([Path(__file__), Path(root.__file__)]), _build))


def _build(folder: Path) -> None:
    run(host.as_root("sh", "-c", RUN_ARM64), 60)
    (folder / "small-initrd.sh").write_text(SMALL_INITRD)
    options = ["--arch=arm64", "--skip=check/qemu", f'--essential-hook=sh {folder}/small-initrd.sh "$1"']
    root.build(folder, more=("linux-image-arm64",), hook=TAKE_KERNEL, options=options)
