"""Debian's newest kernel, the only one with gpio-sim, and the little that runs before the disk is there.

The rig's own programs ride in that initrd, in memory only: the disk stays what Debian and lockd's
package make of it.
"""

from __future__ import annotations

import gzip
import lzma
import shutil
import subprocess
from pathlib import Path

from tests.pi.host import RigError, apt, digest, run
from tests.pi.keep import kept

HERE = Path(__file__).parent
GUEST = HERE / "guest"
SUITE = "sid"
#: What the initrd itself loads; each brings what it depends on.
MODULES = ("virtio_pci", "virtio_blk", "ext4", "9p", "9pnet_virtio", "configfs", "gpio-sim", "virtio_console")


class Kernel:
    """`modules`: the folder that belongs at /usr/lib/modules."""

    def __init__(self, folder: Path) -> None:
        self.modules = folder / "usr/lib/modules"
        (self.version,) = (path.name for path in self.modules.iterdir())
        self.image = self.modules / self.version / "vmlinuz"


def kernel() -> Kernel:
    """Unpacked, not installed."""
    return Kernel(kept("kernel", digest([Path(__file__), SUITE]), _unpack))


def _unpack(folder: Path) -> None:
    work = folder / "apt"
    work.mkdir()
    own = apt(work, SUITE)
    run(["apt-get", "-q", *own, "update"], 300)
    image = next(
        line.split()[1] for line in run(["apt-cache", *own, "depends", "linux-image-amd64"], 60).splitlines()
        if line.strip().startswith("Depends: linux-image-")
    )  # fmt: skip
    packages = [image.replace("-image-", part) for part in ("-base-", "-binary-", "-modules-")]
    run(["apt-get", "-q", *own, "download", *packages], 600, folder=work)
    for package in work.glob("*.deb"):
        run(["dpkg", "-x", package, folder], 300)
    shutil.rmtree(work)
    (folder / "lib").symlink_to("usr/lib")  # some kmod look here, some there
    run(["depmod", "-b", folder, Kernel(folder).version], 300)


def initrd(kernel: Kernel) -> Path:
    """A compressed cpio archive."""
    inputs: list[str | Path] = [Path(__file__), str(kernel.modules)]
    inputs += sorted(GUEST.iterdir())

    def build(folder: Path) -> None:
        tree = folder / "tree"
        for name in ("bin", "modules", "proc", "sys", "dev", "root", "config", "rig"):
            (tree / name).mkdir(parents=True)
        _copy_busybox(tree / "bin")
        _copy_modules(kernel, tree / "modules")
        for file in GUEST.iterdir():
            shutil.copy(file, tree / "rig" / file.name)
        shutil.move(tree / "rig/init", tree / "init")
        (tree / "init").chmod(0o755)
        (folder / "initrd").write_bytes(gzip.compress(archive(tree), compresslevel=1))
        shutil.rmtree(tree)

    return kept("initrd", digest(inputs), build) / "initrd"


def _copy_busybox(folder: Path) -> None:
    shutil.copy(shutil.which("busybox") or "/usr/bin/busybox", folder / "busybox")
    (folder / "sh").symlink_to("busybox")


def _copy_modules(kernel: Kernel, folder: Path) -> None:
    """Unpacked, and numbered in the order of loading."""
    base = kernel.modules.parents[2]
    order: list[Path] = []
    for name in MODULES:
        shown = run(["modprobe", "-d", base, "-S", kernel.version, "--show-depends", name], 60)
        paths = [Path(line.split()[1]) for line in shown.splitlines() if line.startswith("insmod")]
        order += [path for path in paths if path not in order]
    for number, path in enumerate(order):
        packed = path.read_bytes()
        bare = lzma.decompress(packed) if path.suffix == ".xz" else packed
        (folder / f"{number:02}-{path.name.removesuffix('.xz')}").write_bytes(bare)


def archive(tree: Path) -> bytes:
    """All of this folder, as the kernel takes it for its first root."""
    names = "\n".join(str(path.relative_to(tree)) for path in sorted(tree.rglob("*")))
    packed = subprocess.run(
        ["busybox", "cpio", "-o", "-H", "newc"], cwd=tree, input=names.encode(), capture_output=True, timeout=60
    )
    if packed.returncode:
        raise RigError(f"cpio failed: {packed.stderr.decode()}")
    return packed.stdout
