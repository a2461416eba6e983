# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's disk: a small Debian 12 with a sound server and a foreign SIP party."""

import shlex
import shutil
import subprocess
from pathlib import Path

from tests.vm import cache
from tests.vm.cache import GuestError

SUITE = "bookworm"
USER = "ada"
PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "dbus-user-session", "libpam-systemd", "udev", "kmod"),
    *("linux-image-amd64", "busybox-static", "login", "passwd", "acl", "procps"),
    *("python3", "python3-venv", "make"),
    *("pipewire", "pipewire-bin", "pipewire-pulse", "wireplumber", "pulseaudio-utils"),
    *("libspa-0.2-modules", "alsa-utils"),
    *("sip-tester", "python3-gi"),
)
LEFT_OUT = (
    *("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*"),
    # An initial file system that would not be used, and takes long to make.
    "/etc/kernel/postinst.d/initramfs-tools",
    # Most of the kernel's modules: hardware this machine does not have.
    *(f"/lib/modules/*/kernel/drivers/{part}/*" for part in ("gpu", "net", "scsi", "iio")),
)
BOOT_MODULES = (
    *("virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci"),
    *("virtio_blk", "crc16", "crc32c_generic", "mbcache", "jbd2", "ext4", "overlay"),
)
"""What reaches the disk, in the order of their dependencies."""

DISK_SIZE = "1600M"

PROGRAMS = {
    "mmdebstrap": "mmdebstrap",
    "qemu-system-x86_64": "qemu-system-x86",
    "mke2fs": "e2fsprogs",
}


def root() -> Path:
    """A directory with the disk `root.ext4`, the kernel `vmlinuz`, `busybox` and `modules/`."""
    return cache.kept("root", cache.key(Path(__file__)), _make)


def require_programs() -> None:
    missing = [package for program, package in PROGRAMS.items() if not shutil.which(program)]
    if missing:
        raise GuestError(f"The guest needs these Debian packages: {' '.join(missing)}.")


def _make(directory: Path) -> None:
    require_programs()
    log = directory / "log"
    with log.open("wb") as output:
        done = subprocess.run(
            _command(directory), stdout=output, stderr=subprocess.STDOUT, check=False
        )
    if done.returncode:
        kept = cache.DIRECTORY / "mmdebstrap.log"
        shutil.copy(log, kept)
        reason = next((one for one in _lines(kept) if one.startswith("E: ")), "E: it failed")
        raise GuestError(
            f"mmdebstrap could not make the guest ({reason[3:]}; all it said is in {kept}): it"
            " needs a Debian mirror and root, or the permission to use subordinate user ids."
        )


def _lines(log: Path) -> list[str]:
    return log.read_text(errors="replace").splitlines()


def _command(directory: Path) -> list[str]:
    return [
        *("mmdebstrap", "--variant=minbase", "--format=null", f"--include={','.join(PACKAGES)}"),
        '--aptopt=Acquire::Languages "none"',
        '--aptopt=APT::Install-Recommends "false"',
        "--dpkgopt=force-unsafe-io",  # nobody misses it if the machine goes down meanwhile
        *(f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT),
        *(f"--customize-hook={step}" for step in _steps(shlex.quote(str(directory)))),
        *(SUITE, "-"),
    ]


def _steps(out: str) -> list[str]:
    """Run by a shell with the tree as $1."""
    return [
        f'chroot "$1" useradd --create-home --shell /bin/bash --uid 1000 {USER}',
        f'chroot "$1" passwd --delete {USER}',
        f'cp "$1"/boot/vmlinuz-* {out}/vmlinuz && cp "$1"/bin/busybox {out}',
        f"mkdir {out}/modules",
        *(
            f'find "$1"/lib/modules -name {module}.ko -exec cp {{}} {out}/modules ";"'
            for module in BOOT_MODULES
        ),
        # Bound elsewhere, the tree is without the /proc and /sys that are mounted in it.
        f'mkdir {out}/tree && mount --bind "$1" {out}/tree',
        f"truncate -s {DISK_SIZE} {out}/root.ext4",
        f"mke2fs -q -t ext4 -O ^has_journal -E lazy_itable_init=1 -d {out}/tree {out}/root.ext4",
        f"umount {out}/tree && rmdir {out}/tree",
    ]
